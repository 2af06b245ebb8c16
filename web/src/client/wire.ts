// Made by `npm run types` of /openapi.json and /asyncapi.json. Not to be edited.

export interface paths {
    "/v1/invitations/accept": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Accept an invitation, by its token: makes the account and signs in; whoever has one signs in first */
        post: {
            parameters: {
                query?: never;
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody: {
                content: {
                    "application/json": components["schemas"]["Accept"];
                };
            };
            responses: {
                /** @description Done. */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Accepted"];
                    };
                };
                /** @description A refusal (RFC 9457). */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["ProblemBody"];
                    };
                };
            };
        };
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/me": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Your account */
        get: {
            parameters: {
                query?: never;
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description Done. */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Me"];
                    };
                };
                /** @description A refusal (RFC 9457). */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["ProblemBody"];
                    };
                };
            };
        };
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        /** Change your name */
        patch: {
            parameters: {
                query?: never;
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody: {
                content: {
                    "application/json": components["schemas"]["Rename"];
                };
            };
            responses: {
                /** @description Done. */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Me"];
                    };
                };
                /** @description A refusal (RFC 9457). */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["ProblemBody"];
                    };
                };
            };
        };
        trace?: never;
    };
    "/v1/me/avatar": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Your picture */
        get: {
            parameters: {
                query?: never;
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description Done. */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content?: never;
                };
                /** @description A refusal (RFC 9457). */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["ProblemBody"];
                    };
                };
            };
        };
        /** Set your picture: PNG, JPEG or WebP, up to 1 MiB */
        put: {
            parameters: {
                query?: never;
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description Done. */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Me"];
                    };
                };
                /** @description A refusal (RFC 9457). */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["ProblemBody"];
                    };
                };
            };
        };
        post?: never;
        /** Remove your picture */
        delete: {
            parameters: {
                query?: never;
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description Done. */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Me"];
                    };
                };
                /** @description A refusal (RFC 9457). */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["ProblemBody"];
                    };
                };
            };
        };
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/me/tokens": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Your access tokens */
        get: {
            parameters: {
                query?: never;
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description Done. */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Tokens"];
                    };
                };
                /** @description A refusal (RFC 9457). */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["ProblemBody"];
                    };
                };
            };
        };
        put?: never;
        /** A new access token, shown this once */
        post: {
            parameters: {
                query?: never;
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody: {
                content: {
                    "application/json": components["schemas"]["Rename"];
                };
            };
            responses: {
                /** @description Done. */
                201: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Token"];
                    };
                };
                /** @description A refusal (RFC 9457). */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["ProblemBody"];
                    };
                };
            };
        };
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/me/tokens/{token}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        post?: never;
        /** End an access token */
        delete: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    token: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description Done. */
                204: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content?: never;
                };
                /** @description A refusal (RFC 9457). */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["ProblemBody"];
                    };
                };
            };
        };
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/setup": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Make the first team, by the set-up link's token */
        post: {
            parameters: {
                query?: never;
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody: {
                content: {
                    "application/json": components["schemas"]["SetUp"];
                };
            };
            responses: {
                /** @description Done. */
                201: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Me"];
                    };
                };
                /** @description A refusal (RFC 9457). */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["ProblemBody"];
                    };
                };
            };
        };
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/sign_in": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Have a link to sign in mailed, if there is an account; the answer does not tell */
        post: {
            parameters: {
                query?: never;
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody: {
                content: {
                    "application/json": components["schemas"]["SignIn"];
                };
            };
            responses: {
                /** @description Done. */
                202: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content?: never;
                };
                /** @description A refusal (RFC 9457). */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["ProblemBody"];
                    };
                };
            };
        };
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/sign_in/complete": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Sign a browser in, by a link's token or an access token */
        post: {
            parameters: {
                query?: never;
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody: {
                content: {
                    "application/json": components["schemas"]["Complete"];
                };
            };
            responses: {
                /** @description Done. */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Me"];
                    };
                };
                /** @description A refusal (RFC 9457). */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["ProblemBody"];
                    };
                };
            };
        };
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/sign_out": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** End the credential of this request */
        post: {
            parameters: {
                query?: never;
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description Done. */
                204: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content?: never;
                };
                /** @description A refusal (RFC 9457). */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["ProblemBody"];
                    };
                };
            };
        };
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/workspaces": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Your workspaces */
        get: {
            parameters: {
                query?: never;
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description Done. */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Workspaces"];
                    };
                };
                /** @description A refusal (RFC 9457). */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["ProblemBody"];
                    };
                };
            };
        };
        put?: never;
        /** Make a workspace; team members */
        post: {
            parameters: {
                query?: never;
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody: {
                content: {
                    "application/json": components["schemas"]["New"];
                };
            };
            responses: {
                /** @description Done. */
                201: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["WorkspaceEntry"];
                    };
                };
                /** @description A refusal (RFC 9457). */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["ProblemBody"];
                    };
                };
            };
        };
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/workspaces/{workspace}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** The snapshot: follow from its positions */
        get: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    workspace: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description Done. */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Snapshot"];
                    };
                };
                /** @description A refusal (RFC 9457). */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["ProblemBody"];
                    };
                };
            };
        };
        put?: never;
        post?: never;
        /** Delete it; Admins */
        delete: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    workspace: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description Done. */
                204: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content?: never;
                };
                /** @description A refusal (RFC 9457). */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["ProblemBody"];
                    };
                };
            };
        };
        options?: never;
        head?: never;
        /** Change name or description */
        patch: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    workspace: string;
                };
                cookie?: never;
            };
            requestBody: {
                content: {
                    "application/json": components["schemas"]["WorkspacePatch"];
                };
            };
            responses: {
                /** @description Done. */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["WorkspaceEntry"];
                    };
                };
                /** @description A refusal (RFC 9457). */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["ProblemBody"];
                    };
                };
            };
        };
        trace?: never;
    };
    "/v1/workspaces/{workspace}/activity": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Who changed what when, newest first; ?before= is a page's next, ?limit= up to 200 */
        get: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    workspace: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description Done. */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Activity"];
                    };
                };
                /** @description A refusal (RFC 9457). */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["ProblemBody"];
                    };
                };
            };
        };
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/workspaces/{workspace}/archive": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** The workspace as a file, to move it; Admins. ?secrets=true: with the values of secrets */
        get: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    workspace: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description Done. */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Archive"];
                    };
                };
                /** @description A refusal (RFC 9457). */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["ProblemBody"];
                    };
                };
            };
        };
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/workspaces/{workspace}/changes": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Edits without a socket: all or nothing */
        post: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    workspace: string;
                };
                cookie?: never;
            };
            requestBody: {
                content: {
                    "application/json": components["schemas"]["Edit"];
                };
            };
            responses: {
                /** @description Done. */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Acked"];
                    };
                };
                /** @description A refusal (RFC 9457). */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["ProblemBody"];
                    };
                };
            };
        };
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/workspaces/{workspace}/cookies": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Your cookies */
        get: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    workspace: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description Done. */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Cookies"];
                    };
                };
                /** @description A refusal (RFC 9457). */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["ProblemBody"];
                    };
                };
            };
        };
        put?: never;
        post?: never;
        /** Delete your cookies */
        delete: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    workspace: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description Done. */
                204: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content?: never;
                };
                /** @description A refusal (RFC 9457). */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["ProblemBody"];
                    };
                };
            };
        };
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/workspaces/{workspace}/engagement": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** How far each partner has come; team members */
        get: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    workspace: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description Done. */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["EngagementReport"];
                    };
                };
                /** @description A refusal (RFC 9457). */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["ProblemBody"];
                    };
                };
            };
        };
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/workspaces/{workspace}/environments/{environment}/export": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** A Postman environment */
        get: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    environment: string;
                    workspace: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description Done. */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["File"];
                    };
                };
                /** @description A refusal (RFC 9457). */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["ProblemBody"];
                    };
                };
            };
        };
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/workspaces/{workspace}/environments/{environment}/fork": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Where an environment comes from, and what changed there since; the team */
        get: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    environment: string;
                    workspace: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description Done. */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["ForkState"];
                    };
                };
                /** @description A refusal (RFC 9457). */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["ProblemBody"];
                    };
                };
            };
        };
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/workspaces/{workspace}/environments/{environment}/pull": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** The same as of a collection */
        post: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    environment: string;
                    workspace: string;
                };
                cookie?: never;
            };
            requestBody: {
                content: {
                    "application/json": components["schemas"]["Pull"];
                };
            };
            responses: {
                /** @description Done. */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Pulled"];
                    };
                };
                /** @description A refusal (RFC 9457). */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["ProblemBody"];
                    };
                };
            };
        };
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/workspaces/{workspace}/environments/{environment}/values": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Your own values of its variables */
        get: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    environment: string;
                    workspace: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description Done. */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Values"];
                    };
                };
                /** @description A refusal (RFC 9457). */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["ProblemBody"];
                    };
                };
            };
        };
        /** Set all of them */
        put: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    environment: string;
                    workspace: string;
                };
                cookie?: never;
            };
            requestBody: {
                content: {
                    "application/json": components["schemas"]["Values"];
                };
            };
            responses: {
                /** @description Done. */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Values"];
                    };
                };
                /** @description A refusal (RFC 9457). */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["ProblemBody"];
                    };
                };
            };
        };
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/workspaces/{workspace}/forks": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Fork a collection or an environment of another workspace of the team; the team's Editors */
        post: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    workspace: string;
                };
                cookie?: never;
            };
            requestBody: {
                content: {
                    "application/json": components["schemas"]["NewFork"];
                };
            };
            responses: {
                /** @description Done. */
                201: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Imported"];
                    };
                };
                /** @description A refusal (RFC 9457). */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["ProblemBody"];
                    };
                };
            };
        };
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/workspaces/{workspace}/history": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Your history, newest first: ?search=WORDS&before=ID&limit=N */
        get: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    workspace: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description Done. */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["History"];
                    };
                };
                /** @description A refusal (RFC 9457). */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["ProblemBody"];
                    };
                };
            };
        };
        put?: never;
        post?: never;
        /** Delete your history */
        delete: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    workspace: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description Done. */
                204: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content?: never;
                };
                /** @description A refusal (RFC 9457). */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["ProblemBody"];
                    };
                };
            };
        };
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/workspaces/{workspace}/history/{entry}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** One entry, with request and response */
        get: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    entry: string;
                    workspace: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description Done. */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["WholeEntry"];
                    };
                };
                /** @description A refusal (RFC 9457). */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["ProblemBody"];
                    };
                };
            };
        };
        put?: never;
        post?: never;
        /** Delete an entry */
        delete: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    entry: string;
                    workspace: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description Done. */
                204: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content?: never;
                };
                /** @description A refusal (RFC 9457). */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["ProblemBody"];
                    };
                };
            };
        };
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/workspaces/{workspace}/history/{entry}/send": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Sends it again: what it was made of is as it was then, all values are those of now. Up to 12 MiB */
        post: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    entry: string;
                    workspace: string;
                };
                cookie?: never;
            };
            requestBody: {
                content: {
                    "application/json": components["schemas"]["SendAgain"];
                };
            };
            responses: {
                /** @description Done. */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["SendAnswer"];
                    };
                };
                /** @description A refusal (RFC 9457). */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["ProblemBody"];
                    };
                };
            };
        };
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/workspaces/{workspace}/import": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** A Postman Collection (v2.0, v2.1) or environment, up to 64 MiB */
        post: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    workspace: string;
                };
                cookie?: never;
            };
            requestBody: {
                content: {
                    "application/json": components["schemas"]["File"];
                };
            };
            responses: {
                /** @description Done. */
                201: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Imported"];
                    };
                };
                /** @description A refusal (RFC 9457). */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["ProblemBody"];
                    };
                };
            };
        };
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/workspaces/{workspace}/invitations": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** The invitations there are to see */
        get: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    workspace: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description Done. */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Invitations"];
                    };
                };
                /** @description A refusal (RFC 9457). */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["ProblemBody"];
                    };
                };
            };
        };
        put?: never;
        /** Invite: JSON, or a CSV or text file */
        post: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    workspace: string;
                };
                cookie?: never;
            };
            requestBody: {
                content: {
                    "application/json": components["schemas"]["Body"];
                };
            };
            responses: {
                /** @description Done. */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Invited"];
                    };
                };
                /** @description A refusal (RFC 9457). */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["ProblemBody"];
                    };
                };
            };
        };
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/workspaces/{workspace}/invitations/{invitation}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        post?: never;
        /** Take an invitation back */
        delete: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    invitation: string;
                    workspace: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description Done. */
                204: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content?: never;
                };
                /** @description A refusal (RFC 9457). */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["ProblemBody"];
                    };
                };
            };
        };
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/workspaces/{workspace}/items/{item}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** One item with its content */
        get: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    item: string;
                    workspace: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description Done. */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["SeenItem"];
                    };
                };
                /** @description A refusal (RFC 9457). */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["ProblemBody"];
                    };
                };
            };
        };
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/workspaces/{workspace}/items/{item}/comments": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** The comments on an item; classic mode */
        get: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    item: string;
                    workspace: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description Done. */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Comments"];
                    };
                };
                /** @description A refusal (RFC 9457). */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["ProblemBody"];
                    };
                };
            };
        };
        put?: never;
        /** Comment on an item, or reply */
        post: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    item: string;
                    workspace: string;
                };
                cookie?: never;
            };
            requestBody: {
                content: {
                    "application/json": components["schemas"]["NewComment"];
                };
            };
            responses: {
                /** @description Done. */
                201: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["SeenComment"];
                    };
                };
                /** @description A refusal (RFC 9457). */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["ProblemBody"];
                    };
                };
            };
        };
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/workspaces/{workspace}/items/{item}/comments/{comment}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        post?: never;
        /** Delete your comment; Admins, any */
        delete: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    comment: string;
                    item: string;
                    workspace: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description Done. */
                204: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content?: never;
                };
                /** @description A refusal (RFC 9457). */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["ProblemBody"];
                    };
                };
            };
        };
        options?: never;
        head?: never;
        /** Change your comment */
        patch: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    comment: string;
                    item: string;
                    workspace: string;
                };
                cookie?: never;
            };
            requestBody: {
                content: {
                    "application/json": components["schemas"]["CommentPatch"];
                };
            };
            responses: {
                /** @description Done. */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["SeenComment"];
                    };
                };
                /** @description A refusal (RFC 9457). */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["ProblemBody"];
                    };
                };
            };
        };
        trace?: never;
    };
    "/v1/workspaces/{workspace}/items/{item}/comments/{comment}/resolve": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Resolve a thread, or open it again */
        post: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    comment: string;
                    item: string;
                    workspace: string;
                };
                cookie?: never;
            };
            requestBody: {
                content: {
                    "application/json": components["schemas"]["Resolve"];
                };
            };
            responses: {
                /** @description Done. */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["SeenComment"];
                    };
                };
                /** @description A refusal (RFC 9457). */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["ProblemBody"];
                    };
                };
            };
        };
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/workspaces/{workspace}/items/{item}/export": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** A Postman Collection v2.1 */
        get: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    item: string;
                    workspace: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description Done. */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["File"];
                    };
                };
                /** @description A refusal (RFC 9457). */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["ProblemBody"];
                    };
                };
            };
        };
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/workspaces/{workspace}/items/{item}/export_link": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** An address of the export that needs no credential, for ten minutes */
        post: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    item: string;
                    workspace: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description Done. */
                201: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["ExportLink"];
                    };
                };
                /** @description A refusal (RFC 9457). */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["ProblemBody"];
                    };
                };
            };
        };
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/workspaces/{workspace}/items/{item}/fork": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Where a collection comes from, and what changed there since; the team */
        get: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    item: string;
                    workspace: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description Done. */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["ForkState"];
                    };
                };
                /** @description A refusal (RFC 9457). */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["ProblemBody"];
                    };
                };
            };
        };
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/workspaces/{workspace}/items/{item}/pull": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Merge what changed in the parent; 409 `conflict` with `Conflicts` when choices are needed; the team's Editors */
        post: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    item: string;
                    workspace: string;
                };
                cookie?: never;
            };
            requestBody: {
                content: {
                    "application/json": components["schemas"]["Pull"];
                };
            };
            responses: {
                /** @description Done. */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Pulled"];
                    };
                };
                /** @description A refusal (RFC 9457). */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["ProblemBody"];
                    };
                };
            };
        };
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/workspaces/{workspace}/items/{item}/send": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Sends the request, and answers with what came of it; kept in the caller's history alone. Up to 12 MiB */
        post: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    item: string;
                    workspace: string;
                };
                cookie?: never;
            };
            requestBody: {
                content: {
                    "application/json": components["schemas"]["NewSend"];
                };
            };
            responses: {
                /** @description Done. */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["SendAnswer"];
                    };
                };
                /** @description A refusal (RFC 9457). */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["ProblemBody"];
                    };
                };
            };
        };
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/workspaces/{workspace}/members": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** The members there are to see */
        get: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    workspace: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description Done. */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Members"];
                    };
                };
                /** @description A refusal (RFC 9457). */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["ProblemBody"];
                    };
                };
            };
        };
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/workspaces/{workspace}/members/{user}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        post?: never;
        /** Remove a member, or leave */
        delete: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    user: string;
                    workspace: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description Done. */
                204: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content?: never;
                };
                /** @description A refusal (RFC 9457). */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["ProblemBody"];
                    };
                };
            };
        };
        options?: never;
        head?: never;
        /** Change role or Lead; Admins */
        patch: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    user: string;
                    workspace: string;
                };
                cookie?: never;
            };
            requestBody: {
                content: {
                    "application/json": components["schemas"]["MemberPatch"];
                };
            };
            responses: {
                /** @description Done. */
                204: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content?: never;
                };
                /** @description A refusal (RFC 9457). */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["ProblemBody"];
                    };
                };
            };
        };
        trace?: never;
    };
    "/v1/workspaces/{workspace}/members/{user}/avatar": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** A picture there is to see */
        get: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    user: string;
                    workspace: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description Done. */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content?: never;
                };
                /** @description A refusal (RFC 9457). */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["ProblemBody"];
                    };
                };
            };
        };
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/workspaces/{workspace}/multi_partner": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Switch to multi-partner mode; there is no way back */
        post: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    workspace: string;
                };
                cookie?: never;
            };
            requestBody: {
                content: {
                    "application/json": components["schemas"]["Confirm"];
                };
            };
            responses: {
                /** @description Done. */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["WorkspaceEntry"];
                    };
                };
                /** @description A refusal (RFC 9457). */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["ProblemBody"];
                    };
                };
            };
        };
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/workspaces/{workspace}/own": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        post?: never;
        /** Delete all that is your own there: history, runs, values, cookies */
        delete: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    workspace: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description Done. */
                204: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content?: never;
                };
                /** @description A refusal (RFC 9457). */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["ProblemBody"];
                    };
                };
            };
        };
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/workspaces/{workspace}/runs": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Your runs, newest first: ?before=ID&limit=N */
        get: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    workspace: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description Done. */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Runs"];
                    };
                };
                /** @description A refusal (RFC 9457). */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["ProblemBody"];
                    };
                };
            };
        };
        put?: never;
        /** Begin a run */
        post: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    workspace: string;
                };
                cookie?: never;
            };
            requestBody: {
                content: {
                    "application/json": components["schemas"]["NewRun"];
                };
            };
            responses: {
                /** @description Done. */
                201: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Run"];
                    };
                };
                /** @description A refusal (RFC 9457). */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["ProblemBody"];
                    };
                };
            };
        };
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/workspaces/{workspace}/runs/{run}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** A run with its results: ?after=NUMBER&limit=N */
        get: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    run: string;
                    workspace: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description Done. */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["WholeRun"];
                    };
                };
                /** @description A refusal (RFC 9457). */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["ProblemBody"];
                    };
                };
            };
        };
        put?: never;
        post?: never;
        /** Delete a run */
        delete: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    run: string;
                    workspace: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description Done. */
                204: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content?: never;
                };
                /** @description A refusal (RFC 9457). */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["ProblemBody"];
                    };
                };
            };
        };
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/workspaces/{workspace}/runs/{run}/end": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** End a run; the first end stands */
        post: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    run: string;
                    workspace: string;
                };
                cookie?: never;
            };
            requestBody: {
                content: {
                    "application/json": components["schemas"]["EndRun"];
                };
            };
            responses: {
                /** @description Done. */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Run"];
                    };
                };
                /** @description A refusal (RFC 9457). */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["ProblemBody"];
                    };
                };
            };
        };
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/workspaces/{workspace}/runs/{run}/results": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Add a result to a run that is on; with its `sequence` it is safe to send again */
        post: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    run: string;
                    workspace: string;
                };
                cookie?: never;
            };
            requestBody: {
                content: {
                    "application/json": components["schemas"]["RunResult"];
                };
            };
            responses: {
                /** @description Done. */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Run"];
                    };
                };
                /** @description A refusal (RFC 9457). */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["ProblemBody"];
                    };
                };
            };
        };
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/workspaces/{workspace}/send": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Sends a request that is no item: a script's own, or one that is tried out. Up to 12 MiB */
        post: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    workspace: string;
                };
                cookie?: never;
            };
            requestBody: {
                content: {
                    "application/json": components["schemas"]["SendAlone"];
                };
            };
            responses: {
                /** @description Done. */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["SendAnswer"];
                    };
                };
                /** @description A refusal (RFC 9457). */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["ProblemBody"];
                    };
                };
            };
        };
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/workspaces/import_archive": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Make a workspace of an archive, up to 256 MiB; team members */
        post: {
            parameters: {
                query?: never;
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody: {
                content: {
                    "application/json": components["schemas"]["Archive"];
                };
            };
            responses: {
                /** @description Done. */
                201: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["FromArchive"];
                    };
                };
                /** @description A refusal (RFC 9457). */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["ProblemBody"];
                    };
                };
            };
        };
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
}
export type webhooks = Record<string, never>;
export interface components {
    schemas: {
        Accept: {
            name?: string | null;
            token: string;
        };
        Accepted: {
            user: components["schemas"]["Me"];
            workspace: components["schemas"]["WorkspaceId"];
        };
        /** @description The answer to an edit over HTTP. */
        Acked: {
            op: components["schemas"]["OpId"];
            /** Format: int64 */
            position: number;
        };
        /** @description A page of activity. */
        Activity: {
            /** @description Newest first. */
            entries: components["schemas"]["ActivityEntry"][];
            /** @description What `before` is for the next page; null: there is none. A page can be shorter than asked for and have a next. */
            next?: string | null;
        };
        /** @description Something that somebody did. */
        ActivityEntry: {
            /**
             * Format: date-time
             * @description When.
             */
            at: string;
            by?: components["schemas"]["Person"] | null;
            /** @description What. */
            change: components["schemas"]["ActivityLine"];
        };
        /** @description What somebody did. */
        ActivityLine: {
            /** @enum {string} */
            kind: "workspace_created";
        } | {
            fields: string[];
            /** @enum {string} */
            kind: "workspace_updated";
        } | {
            /** @enum {string} */
            kind: "mode_switched";
        } | {
            item: components["schemas"]["Named"];
            /** @enum {string} */
            kind: "item_created";
        } | {
            fields: string[];
            item: components["schemas"]["Named"];
            /** @enum {string} */
            kind: "item_updated";
        } | {
            item: components["schemas"]["Named"];
            /** @enum {string} */
            kind: "item_moved";
        } | {
            item: components["schemas"]["Named"];
            /** @enum {string} */
            kind: "item_deleted";
        } | {
            count: number;
            items: components["schemas"]["ImportedRoot"][];
            /** @enum {string} */
            kind: "items_imported";
        } | {
            environment: components["schemas"]["Named"];
            /** @enum {string} */
            kind: "environment_created";
        } | {
            environment: components["schemas"]["Named"];
            fields: string[];
            /** @enum {string} */
            kind: "environment_updated";
        } | {
            environment: components["schemas"]["Named"];
            /** @enum {string} */
            kind: "environment_deleted";
        } | {
            /** @enum {string} */
            kind: "member_joined";
            lead: boolean;
            person: components["schemas"]["Person"];
            role: components["schemas"]["Role"];
        } | {
            /** @enum {string} */
            kind: "member_updated";
            lead: boolean;
            person: components["schemas"]["Person"];
            role: components["schemas"]["Role"];
        } | {
            /** @enum {string} */
            kind: "member_removed";
            person: components["schemas"]["Person"];
        } | {
            email: string;
            /** @enum {string} */
            kind: "invitation_sent";
            lead: boolean;
            role: components["schemas"]["Role"];
            side: components["schemas"]["Side"];
        } | {
            id: components["schemas"]["InvitationId"];
            /** @enum {string} */
            kind: "invitation_revoked";
        } | {
            item: components["schemas"]["Named"];
            /** @enum {string} */
            kind: "forked";
        } | {
            changes: number;
            item: components["schemas"]["Named"];
            /** @enum {string} */
            kind: "pulled";
        };
        /** @description A workspace as a file. */
        Archive: {
            /** @description Markdown. */
            description: string;
            /** @description All environments. */
            environments: components["schemas"]["ArchivedEnvironment"][];
            /** @description All items, parents before children, siblings in order. */
            items: components["schemas"]["ArchivedItem"][];
            /**
             * Format: int32
             * @description The form: 1.
             */
            loggia_archive: number;
            /** @description The team's members. */
            members: components["schemas"]["ArchivedMember"][];
            /** @description Its mode. */
            mode: components["schemas"]["Mode"];
            /** @description The workspace's name. */
            name: string;
        };
        /** @description An environment as it is archived. */
        ArchivedEnvironment: {
            /** @description The Postman environment without its name; values of secrets are left out unless asked for. */
            content: Record<string, unknown>;
            /** @description Its name. */
            name: string;
        };
        /** @description An item as it is archived. */
        ArchivedItem: {
            /** @description The Postman object without its name and children; values of secrets are left out unless asked for. */
            content: Record<string, unknown>;
            /** @description Its id within the file. */
            id: components["schemas"]["ItemId"];
            /** @description What it is. */
            kind: components["schemas"]["ItemKind"];
            /** @description Its name. */
            name: string;
            /** @description Sorts siblings: a fractional index, in hexadecimal. */
            order: string;
            parent?: components["schemas"]["ItemId"] | null;
        };
        /** @description A member of the team as it is archived. */
        ArchivedMember: {
            /** @description The address. */
            email: string;
            /** @description The role. */
            role: components["schemas"]["Role"];
        };
        /** @description One thing that was tested. */
        Assertion: {
            /** @description Why not. */
            error?: string | null;
            /** @description Its name. */
            name: string;
            /** @description Whether it holds. */
            passed: boolean;
        };
        Body: {
            /** Format: int64 */
            days?: number | null;
            invitees: components["schemas"]["Line"][];
            lead?: boolean;
            role?: components["schemas"]["Role"];
            side?: components["schemas"]["Side"];
        };
        /** @description One thing that changed in the parent. */
        Came: {
            /**
             * Format: uuid
             * @description The item or environment here, or the one in the parent when there is none here.
             */
            item: string;
            /** @description What happened to it. */
            kind: components["schemas"]["CameKind"];
            /** @description Its name in the parent, the last it had there. */
            name: string;
        };
        /**
         * @description What happened to an item in the parent. One that was changed and moved is `changed`.
         * @enum {string}
         */
        CameKind: "added" | "changed" | "removed" | "moved";
        /** @description One edit, as a client sends it. */
        Change: {
            after?: components["schemas"]["ItemId"] | null;
            /** @description The Postman object without name and children. */
            content?: Record<string, unknown>;
            /** @description A new UUIDv7, made by the client. */
            id: components["schemas"]["ItemId"];
            /** @description What it is. */
            item_kind: components["schemas"]["ItemKind"];
            /** @enum {string} */
            kind: "item_create";
            /** @description Its name. */
            name: string;
            parent?: components["schemas"]["ItemId"] | null;
        } | {
            base?: components["schemas"]["u64"] | null;
            /** @description Which. */
            id: components["schemas"]["ItemId"];
            /** @enum {string} */
            kind: "item_update";
            /** @description JSON Merge Patch (RFC 7396) of `{name, content}`. */
            patch: components["schemas"]["Patch"];
        } | {
            after?: components["schemas"]["ItemId"] | null;
            /** @description Which. */
            id: components["schemas"]["ItemId"];
            /** @enum {string} */
            kind: "item_move";
            parent?: components["schemas"]["ItemId"] | null;
        } | {
            /** @description Which. */
            id: components["schemas"]["ItemId"];
            /** @enum {string} */
            kind: "item_delete";
        } | {
            /** @description The Postman environment without its name. */
            content?: Record<string, unknown>;
            /** @description A new UUIDv7, made by the client. */
            id: components["schemas"]["EnvironmentId"];
            /** @enum {string} */
            kind: "environment_create";
            /** @description Its name. */
            name: string;
        } | {
            base?: components["schemas"]["u64"] | null;
            /** @description Which. */
            id: components["schemas"]["EnvironmentId"];
            /** @enum {string} */
            kind: "environment_update";
            /** @description JSON Merge Patch of `{name, content}`. */
            patch: components["schemas"]["Patch"];
        } | {
            /** @description Which. */
            id: components["schemas"]["EnvironmentId"];
            /** @enum {string} */
            kind: "environment_delete";
        } | {
            /** @enum {string} */
            kind: "workspace_update";
            /** @description What changes. */
            patch: components["schemas"]["WorkspacePatch"];
        };
        /** @description What a person chose for an item. */
        Choice: "ours" | "theirs" | {
            /** @description The item stays, or comes, with this name and content. */
            value: components["schemas"]["Chosen"];
        };
        /** @description A name and a content. */
        Chosen: {
            /** @description The Postman object without name and children. */
            content: Record<string, unknown>;
            /** @description The name. */
            name: string;
        };
        /** @description What a client may send over the socket. */
        ClientMessage: {
            /** @description What changes. */
            changes: components["schemas"]["Change"][];
            /** @description The client's name for it: the same again gets the first answer again. */
            op: components["schemas"]["OpId"];
            /** @enum {string} */
            type: "edit";
        } | {
            /** @description Whether it is at it. */
            status: components["schemas"]["Status"];
            /** @enum {string} */
            type: "presence";
            viewing?: components["schemas"]["ItemId"] | null;
        };
        /**
         * Format: uuid
         * @description A comment on an item.
         */
        CommentId: string;
        CommentPatch: {
            mentions?: components["schemas"]["UserId"][] | null;
            text?: string | null;
        };
        /** @description The comments on an item. */
        Comments: {
            /** @description Oldest first; at most 1,000. */
            comments: components["schemas"]["SeenComment"][];
        };
        /** @description The members of one partner company. */
        Company: {
            /** @description Its registrable domain; for team viewers. Others get one group without. */
            domain?: string | null;
            /** @description Its people. */
            members: components["schemas"]["SeenMember"][];
        };
        Complete: {
            token: string;
        };
        Confirm: {
            confirm: string;
        };
        /** @description A refused pull: what needs a choice. */
        Conflicts: components["schemas"]["ProblemBody"] & {
            /** @description The items without a choice. */
            conflicts: components["schemas"]["SeenConflict"][];
        };
        /** @description What servers have asked a person's requests to keep. */
        Cookies: {
            /** @description Each with its domain, path and end; null while there is none. */
            cookies?: Record<string, unknown>[] | null;
        };
        /**
         * Format: uuid
         * @description A credential: a browser's sign-in, or a personal access token.
         */
        CredentialId: string;
        /**
         * @description Why a body is not whole.
         * @enum {string}
         */
        Cut: "too_large" | "interrupted" | "timed_out" | "undecodable";
        Edit: {
            changes: components["schemas"]["Change"][];
            op: components["schemas"]["OpId"];
        };
        /** @description How a run ends. */
        EndRun: {
            state: components["schemas"]["RunState"];
        };
        /** @description How far a partner company has come: of its people, how many. */
        EngagedCompany: {
            /** @description Sent a request. */
            called: number;
            /** @description Its registrable domain. */
            domain: string;
            /** @description Were invited. */
            invited: number;
            /** @description Came in. */
            joined: number;
            /** @description They, in order of address. */
            people: components["schemas"]["EngagedPerson"][];
            /** @description Sent one that succeeded. */
            succeeded: number;
            /** @description Opened the workspace. */
            visited: number;
        };
        /** @description How far somebody has come. Times are null for what has not happened. */
        EngagedPerson: {
            /** @description The address. */
            email: string;
            /**
             * Format: date-time
             * @description When the first request was sent.
             */
            first_call?: string | null;
            /**
             * Format: date-time
             * @description When the first one was sent that succeeded.
             */
            first_success?: string | null;
            /**
             * Format: date-time
             * @description When the workspace was first open.
             */
            first_visit?: string | null;
            /**
             * Format: date-time
             * @description When the invitation was sent.
             */
            invited_at?: string | null;
            /**
             * Format: date-time
             * @description When it was accepted, the first time.
             */
            joined_at?: string | null;
            /**
             * Format: date-time
             * @description When the person last opened the workspace or sent a request.
             */
            last_seen?: string | null;
            person?: components["schemas"]["Person"] | null;
            /**
             * Format: int64
             * @description Seconds from joining to the first request.
             */
            seconds_to_first_call?: number | null;
        };
        /** @description How far partners have come. */
        EngagementReport: {
            /** @description In order of the domain. */
            domains: components["schemas"]["EngagedCompany"][];
        };
        /**
         * Format: uuid
         * @description An entry of a person's history.
         */
        EntryId: string;
        /**
         * Format: uuid
         * @description An environment of a workspace.
         */
        EnvironmentId: string;
        /**
         * Format: uuid
         * @description A run of positions that can be resumed; a workspace gets a new one when its mode is switched.
         */
        Epoch: string;
        /** @description An event on the wire. */
        EventMessage: {
            /**
             * Format: date-time
             * @description When.
             */
            at: string;
            by?: components["schemas"]["Person"] | null;
            /** @description What. */
            change: components["schemas"]["WireChange"];
            op?: components["schemas"]["OpId"] | null;
            /** @description Its place there: dense. */
            position: components["schemas"]["u64"];
            /** @description Its stream. */
            stream: components["schemas"]["StreamName"];
        };
        ExportLink: {
            /** Format: date-time */
            expires_at: string;
            url: string;
        };
        /** @description Why nothing came back. */
        Failure: {
            /** @description A stable word: `name_not_found`, `timed_out`, `target_refused`. */
            code: string;
            /** @description A sentence. */
            title: string;
        };
        /** @description A file of Postman's. */
        File: Record<string, unknown>;
        /** @description A fork and its parent. */
        ForkState: {
            /** @description How many of the parent's items changed since the last pull. */
            behind: number;
            /** @description Which. */
            changes: components["schemas"]["Came"][];
            /**
             * Format: uuid
             * @description The parent: a collection or an environment there.
             */
            item: string;
            /** @description The parent's workspace. */
            workspace: components["schemas"]["WorkspaceId"];
        };
        /** @description What came of an archive. */
        FromArchive: {
            /** @description Members of the archive who have an account in the team here, and are members now. */
            added: string[];
            /** @description The new workspace; the caller is its Admin. */
            id: components["schemas"]["WorkspaceId"];
            /** @description Those who have none: invite them. */
            unknown: string[];
        };
        /** @description A header line. */
        Header: {
            /** @description Before the colon. */
            name: string;
            /** @description After it; what is not UTF-8 is replaced. */
            value: string;
        };
        /** @description One session in a presence message. */
        Here: {
            /** @description Whose. */
            person: components["schemas"]["Person"];
            /** @description The session. */
            session: components["schemas"]["SessionId"];
            /** @description Whether it is at it. */
            status: components["schemas"]["Status"];
            viewing?: components["schemas"]["ItemId"] | null;
        };
        /** @description A page of a history. */
        History: {
            /** @description Newest first. */
            entries: components["schemas"]["HistoryEntry"][];
            next?: components["schemas"]["EntryId"] | null;
        };
        /** @description A request that was sent, in a list. */
        HistoryEntry: {
            /**
             * Format: date-time
             * @description When it was sent.
             */
            at: string;
            /** @description Why none came, as a stable word. */
            error?: string | null;
            /** @description Its id; a later one sorts behind. */
            id: components["schemas"]["EntryId"];
            item?: components["schemas"]["ItemId"] | null;
            /** @description The HTTP method. */
            method: string;
            /** @description The item's name then. */
            name: string;
            /**
             * Format: int64
             * @description Bytes of the answer's body.
             */
            size: number;
            /**
             * Format: int32
             * @description The status of the answer; null when none came.
             */
            status?: number | null;
            /**
             * Format: double
             * @description How long it took, in milliseconds.
             */
            total_ms: number;
            /** @description Where it went, without secrets. */
            url: string;
        };
        Imported: {
            items: components["schemas"]["ImportedRoot"][];
        };
        /** @description The topmost item of an import. */
        ImportedRoot: {
            /**
             * Format: uuid
             * @description Its id: of an item, or of an environment.
             */
            id: string;
            /** @description `collection` or `environment`; of what came into a collection, `folder`, `request` or `example`. */
            kind: string;
            /** @description Its name. */
            name: string;
        };
        /**
         * Format: uuid
         * @description An invitation.
         */
        InvitationId: string;
        /** @description The invitations there are to see. */
        Invitations: {
            /** @description Oldest first. */
            invitations: components["schemas"]["SeenInvitation"][];
        };
        /** @description What became of the lines of an invitation. */
        Invited: {
            /** @description A row a line. */
            rows: components["schemas"]["InvitedRow"][];
        };
        /** @description What became of one line. */
        InvitedRow: {
            /** @description The address as it was written. */
            email: string;
            /** @description The line, from 1 (of a file: its line there). */
            line: number;
            /** @description The invitation's link; for Admins. */
            link?: string | null;
            /** @description What became of it. */
            outcome: components["schemas"]["Outcome"];
        };
        /**
         * Format: uuid
         * @description An item of a workspace's tree.
         */
        ItemId: string;
        /**
         * @description What a node of the tree is.
         * @enum {string}
         */
        ItemKind: "collection" | "folder" | "request" | "example";
        Line: {
            email: string;
            lead?: boolean | null;
            name?: string | null;
        };
        /** @description Somebody's own account. */
        Me: {
            avatar?: string | null;
            email: string;
            id: components["schemas"]["UserId"];
            name: string;
            team?: components["schemas"]["TeamId"] | null;
        };
        MemberPatch: {
            lead?: boolean | null;
            role?: components["schemas"]["Role"] | null;
        };
        /** @description The members there are to see. */
        Members: {
            /** @description The partners', by company. */
            partners: components["schemas"]["Company"][];
            /** @description The team's. */
            team: components["schemas"]["SeenMember"][];
            /** @description Yourself. */
            you: components["schemas"]["SeenMember"];
        };
        /**
         * @description Whether partners see each other.
         * @enum {string}
         */
        Mode: "classic" | "multi_partner";
        /** @description An item or environment by its name. */
        Named: {
            /**
             * Format: uuid
             * @description Its id.
             */
            id: string;
            kind?: components["schemas"]["ItemKind"] | null;
            /** @description The name it was given or had then, or else has now; null when that is not known. */
            name?: string | null;
        };
        New: {
            description?: string;
            name: string;
        };
        NewComment: {
            id?: components["schemas"]["CommentId"] | null;
            mentions?: components["schemas"]["UserId"][];
            reply_to?: components["schemas"]["CommentId"] | null;
            text: string;
        };
        /** @description What to fork: an item (a collection) or an environment. */
        NewFork: {
            environment?: components["schemas"]["EnvironmentId"] | null;
            item?: components["schemas"]["ItemId"] | null;
            /** @description The parent's workspace. */
            workspace: components["schemas"]["WorkspaceId"];
        };
        /** @description A run to begin. */
        NewRun: {
            environment?: components["schemas"]["EnvironmentId"] | null;
            item?: components["schemas"]["ItemId"] | null;
            /** Format: int32 */
            iterations?: number;
        };
        /** @description What a request is sent with. */
        NewSend: {
            environment?: components["schemas"]["EnvironmentId"] | null;
            /** @description Files for the body, by the `src` or else the `key` of where they go. */
            files?: {
                [key: string]: components["schemas"]["SentFile"];
            };
            /** @description Values that win over all others, for this once; null: the variable has none. */
            overrides?: {
                [key: string]: string | null;
            };
            /** @description A Postman request that takes the place of the item's, for this once. */
            request?: Record<string, unknown> | null;
        };
        /** @description Assertions that are counted and not kept. */
        Omitted: {
            /**
             * Format: int32
             * @description Those that did not.
             */
            failed: number;
            /**
             * Format: int32
             * @description Those that held.
             */
            passed: number;
        };
        /**
         * Format: uuid
         * @description A client's name for one edit; it makes a retry safe.
         */
        OpId: string;
        /**
         * @description What became of one line.
         * @enum {string}
         */
        Outcome: "sent" | "already_member" | "invalid" | "repeated" | "not_external" | "not_internal" | "other_domain";
        /** @description What changes of an item or an environment. */
        Patch: {
            /** @description A merge patch on the content. */
            content?: Record<string, unknown> | null;
            /** @description The new name. */
            name?: string | null;
        };
        /** @description Somebody, as somebody else sees them. */
        Person: {
            /** @description A path to the picture; null: show initials. */
            avatar?: string | null;
            /** @description The registrable domain; for team viewers, of partners. */
            domain?: string | null;
            /** @description The account. */
            id: components["schemas"]["UserId"];
            /** @description The name. */
            name: string;
            /** @description The side. */
            side: components["schemas"]["Side"];
        };
        /** @description A refusal (RFC 9457). */
        ProblemBody: {
            /** @description A stable word. */
            code: string;
            /** @description What exactly. */
            detail?: string | null;
            /** @description Where in what was sent, as a JSON path. */
            path?: string | null;
            /**
             * Format: int32
             * @description The HTTP status, over HTTP.
             */
            status?: number | null;
            /** @description What it means. */
            title: string;
        };
        /** @description What to make of conflicts. */
        Pull: {
            /** @description By the ids that conflicts and changes have. */
            choices?: {
                [key: string]: components["schemas"]["Choice"];
            };
        };
        /** @description What came of a pull. */
        Pulled: {
            /** @description What came; empty when there was nothing to pull. */
            changes: components["schemas"]["Came"][];
            /** @description The shared position after it. */
            position: components["schemas"]["u64"];
        };
        /** @description A redirect that was followed. */
        Redirect: {
            /** @description Where to. */
            location: string;
            /**
             * Format: int32
             * @description 301, 302, 303, 307 or 308.
             */
            status: number;
        };
        Rename: {
            name: string;
        };
        Resolve: {
            resolved: boolean;
        };
        /**
         * @description What somebody may do. Each may do all that those before it may.
         * @enum {string}
         */
        Role: "viewer" | "editor" | "admin";
        /** @description A run of a collection or folder. */
        Run: {
            /**
             * Format: date-time
             * @description When it ended.
             */
            ended_at?: string | null;
            environment?: components["schemas"]["EnvironmentId"] | null;
            /** @description Its id; a later one sorts behind. */
            id: components["schemas"]["RunId"];
            item?: components["schemas"]["ItemId"] | null;
            /**
             * Format: int32
             * @description How often.
             */
            iterations: number;
            /**
             * Format: date-time
             * @description When it began.
             */
            started_at: string;
            /** @description Where it stands. */
            state: components["schemas"]["RunState"];
            /** @description What its results come to. */
            totals: components["schemas"]["Totals"];
        };
        /**
         * Format: uuid
         * @description A run of a collection.
         */
        RunId: string;
        /** @description What came of one request of a run. */
        RunResult: {
            /** @description What was tested. */
            assertions?: components["schemas"]["Assertion"][];
            /** @description Why none came. */
            error?: string | null;
            item?: components["schemas"]["ItemId"] | null;
            /**
             * Format: int32
             * @description In which iteration, from 0.
             */
            iteration?: number;
            /**
             * Format: double
             * @description How long it took, in milliseconds.
             */
            ms: number;
            /** @description Its name. */
            name: string;
            /** @description What was tested besides: there was no room for it. */
            omitted?: components["schemas"]["Omitted"];
            /**
             * Format: int64
             * @description Which one it is, from 0, without a gap: who sends it again is answered again, and it counts once. Left out: the next.
             */
            sequence?: number | null;
            /**
             * Format: int32
             * @description The status of the answer; null when none came.
             */
            status?: number | null;
        };
        /** @description A page of runs. */
        Runs: {
            next?: components["schemas"]["RunId"] | null;
            /** @description Newest first. */
            runs: components["schemas"]["Run"][];
        };
        /**
         * @description Where a run stands.
         * @enum {string}
         */
        RunState: "running" | "finished" | "aborted";
        /** @description A comment. */
        SeenComment: {
            /**
             * Format: date-time
             * @description When.
             */
            at: string;
            by?: components["schemas"]["Person"] | null;
            /**
             * Format: date-time
             * @description When its text was last changed.
             */
            edited_at?: string | null;
            /** @description Its id. */
            id: components["schemas"]["CommentId"];
            /** @description The members it calls by name. */
            mentions: components["schemas"]["UserId"][];
            reply_to?: components["schemas"]["CommentId"] | null;
            resolved_by?: components["schemas"]["Person"] | null;
            /** @description Markdown; null once it was deleted while it has replies. */
            text?: string | null;
        };
        /** @description An item of which both sides made something else. */
        SeenConflict: {
            base?: components["schemas"]["SeenSide"] | null;
            /**
             * Format: uuid
             * @description What the choice is for: the item here, or the one in the parent when there is none here.
             */
            item: string;
            /** @description Its name here, or else there. */
            name: string;
            ours?: components["schemas"]["SeenSide"] | null;
            theirs?: components["schemas"]["SeenSide"] | null;
        };
        /** @description An environment. */
        SeenEnvironment: {
            /** @description The Postman environment without its name. */
            content: Record<string, unknown>;
            /** @description Its id. */
            id: components["schemas"]["EnvironmentId"];
            /** @description Its name. */
            name: string;
            /** @description The shared position of its last change. */
            position: components["schemas"]["u64"];
        };
        /** @description An invitation, as its viewer sees it. */
        SeenInvitation: {
            /** @description Whether it was accepted; for the team. */
            accepted?: boolean | null;
            /**
             * Format: date-time
             * @description When it was sent.
             */
            at: string;
            by?: components["schemas"]["Person"] | null;
            /** @description For whom. */
            email: string;
            /**
             * Format: date-time
             * @description When it ends.
             */
            expires_at: string;
            /** @description Its id. */
            id: components["schemas"]["InvitationId"];
            /** @description Whether it makes a Lead. */
            lead: boolean;
            /** @description The name the inviter gave. */
            name?: string | null;
            /** @description The role it gives. */
            role: components["schemas"]["Role"];
            /** @description Where it leads. */
            side: components["schemas"]["Side"];
        };
        /** @description One item with its content. */
        SeenItem: components["schemas"]["TreeEntry"] & {
            /** @description The Postman object without its name and children. */
            content: Record<string, unknown>;
            /**
             * Format: date-time
             * @description When it was last changed.
             */
            updated_at: string;
            updated_by?: components["schemas"]["Person"] | null;
        };
        /** @description A member. */
        SeenMember: components["schemas"]["Person"] & {
            /** @description The address; for the team, and one's own. */
            email?: string | null;
            /** @description Whether a Partner Lead. */
            lead: boolean;
            /** @description The role. */
            role: components["schemas"]["Role"];
        };
        /** @description How far a viewer's streams have come. `team` is there for the team alone. */
        SeenPositions: {
            /** @description Of the stream for everyone. */
            shared: components["schemas"]["u64"];
            team?: components["schemas"]["u64"] | null;
        };
        /** @description One side of a conflict. */
        SeenSide: {
            /** @description The Postman object without name and children. */
            content: Record<string, unknown>;
            /** @description The name. */
            name: string;
            /**
             * Format: uuid
             * @description The item it stands in: the one here, or the one in the parent when there is none here.
             */
            parent?: string | null;
        };
        /** @description What a request of a history is sent again with. */
        SendAgain: {
            /** @description Files for the body: none are kept. */
            files?: {
                [key: string]: components["schemas"]["SentFile"];
            };
            /** @description Values laid over those it was sent with; null: the variable has none. */
            overrides?: {
                [key: string]: string | null;
            };
            /** @description A Postman request that takes the place of the one that was kept. */
            request?: Record<string, unknown> | null;
        };
        /** @description A request that is no item: a script's own, or one that is tried out. */
        SendAlone: {
            environment?: components["schemas"]["EnvironmentId"] | null;
            /** @description Files for the body, by the `src` or else the `key` of where they go. */
            files?: {
                [key: string]: components["schemas"]["SentFile"];
            };
            item?: components["schemas"]["ItemId"] | null;
            /** @description What the history calls it. */
            name?: string | null;
            /** @description Values that win over all others, for this once; null: the variable has none. */
            overrides?: {
                [key: string]: string | null;
            };
            /** @description A Postman request. */
            request: Record<string, unknown>;
        };
        /** @description What was sent, and what came of it. */
        SendAnswer: {
            entry?: components["schemas"]["HistoryEntry"] | null;
            error?: components["schemas"]["Failure"] | null;
            /** @description What went out. */
            request: components["schemas"]["SentRequest"];
            response?: components["schemas"]["SentOutcome"] | null;
            /** @description Names without a value: they stand in the request as they are. */
            undefined: string[];
        };
        /** @description A body in an answer of ours. */
        SentBody: {
            /** @description Else the bytes in base64. */
            base64?: string | null;
            cut?: components["schemas"]["Cut"] | null;
            /** @description `Content-Type` without parameters; empty when there was none. */
            media_type: string;
            /** @description The text, when it is text in a charset that is known. */
            text?: string | null;
        };
        /** @description A file for a body. */
        SentFile: {
            /** @description What is in it. A body with all its files has at most 8 MiB. */
            base64: string;
            /** @description Its media type; `application/octet-stream` when left out. */
            content_type?: string;
            /** @description Its name, as the receiver is told. */
            file_name: string;
        };
        /** @description What came of a request that was answered. */
        SentOutcome: {
            /** @description What came after the head, decoded from its `Content-Encoding`. */
            body: components["schemas"]["SentBody"];
            /** @description In order, as they came. */
            headers: components["schemas"]["Header"][];
            /** @description `1.0` or `1.1`. */
            http_version: string;
            /** @description Its words as the server wrote them, else the usual ones. */
            reason: string;
            /** @description Each redirect that was followed: its status and where it led. */
            redirects: components["schemas"]["Redirect"][];
            /** @description How much came. */
            sizes: components["schemas"]["Sizes"];
            /**
             * Format: int32
             * @description The HTTP status.
             */
            status: number;
            /** @description How long it took. */
            timings: components["schemas"]["Timings"];
            /** @description The URL that answered, after redirects. */
            url: string;
        };
        /** @description A request as it went out. */
        SentRequest: {
            /** @description In order. What every connection has (`Host` and so on) comes beside it. */
            headers: components["schemas"]["Header"][];
            /** @description The method. */
            method: string;
            /** @description The URL. */
            url: string;
        };
        /** @description What the server sends over the socket. */
        ServerMessage: {
            /** @description The epoch of the positions. */
            epoch: components["schemas"]["Epoch"];
            /** @description Whether you are a Partner Lead. */
            lead: boolean;
            /** @description The workspace's mode. */
            mode: components["schemas"]["Mode"];
            /** @description Where you are; what was missed since what you asked for follows. */
            positions: components["schemas"]["SeenPositions"];
            /** @description Your role. */
            role: components["schemas"]["Role"];
            /** @description This session's id. */
            session: components["schemas"]["SessionId"];
            /** @enum {string} */
            type: "welcome";
            /** @description The side you are seated on. */
            viewer: components["schemas"]["Side"];
            /** @description Who you are. */
            you: components["schemas"]["Person"];
        } | (components["schemas"]["EventMessage"] & {
            /** @enum {string} */
            type: "event";
        }) | {
            /** @description Every session there is to see, this one too. */
            sessions: components["schemas"]["Here"][];
            /** @enum {string} */
            type: "presence";
        } | {
            /** @description Look elsewhere, or became idle, active or typing. */
            changed: components["schemas"]["Here"][];
            /** @description Came. May repeat what a `presence` message told already, one's own session too. */
            joined: components["schemas"]["Here"][];
            /** @description Left. May name sessions that were never told of: they came and went at once. */
            left: components["schemas"]["SessionId"][];
            /** @enum {string} */
            type: "presence_delta";
        } | {
            /** @description Which. */
            op: components["schemas"]["OpId"];
            /** @description The shared position of its last event. */
            position: components["schemas"]["u64"];
            /** @enum {string} */
            type: "ack";
        } | {
            /** @description Which. */
            op: components["schemas"]["OpId"];
            /** @description Why. */
            problem: components["schemas"]["ProblemBody"];
            /** @enum {string} */
            type: "reject";
        } | {
            /** @description What came of it. */
            entry: components["schemas"]["HistoryEntry"];
            /** @enum {string} */
            type: "history";
        } | {
            /** @description The run as it is now. */
            run: components["schemas"]["Run"];
            /** @enum {string} */
            type: "run";
        } | {
            /** @description Why. */
            code: string;
            /**
             * Format: int64
             * @description When to come back, in milliseconds; jittered.
             */
            reconnect_in_ms: number;
            /** @enum {string} */
            type: "goodbye";
        };
        /**
         * Format: uuid
         * @description An open WebSocket.
         */
        SessionId: string;
        SetUp: {
            domains: string[];
            email: string;
            name: string;
            team: string;
            token: string;
        };
        /**
         * @description Which side of the wall somebody is on.
         * @enum {string}
         */
        Side: "team" | "partner";
        SignIn: {
            email: string;
        };
        /** @description In bytes, as they came over the wire but for TLS. */
        Sizes: {
            /**
             * Format: int64
             * @description Its body, encoded.
             */
            body: number;
            /**
             * Format: int64
             * @description Its body, decoded, as far as it is kept.
             */
            decoded: number;
            /**
             * Format: int64
             * @description The answer's head.
             */
            head: number;
        };
        /** @description A workspace's state at some positions. */
        Snapshot: {
            /** @description Markdown. */
            description: string;
            /** @description All environments. */
            environments: components["schemas"]["SeenEnvironment"][];
            /** @description The epoch of the positions. */
            epoch: components["schemas"]["Epoch"];
            /** @description Its id. */
            id: components["schemas"]["WorkspaceId"];
            /** @description Its mode. */
            mode: components["schemas"]["Mode"];
            /** @description Its name. */
            name: string;
            /** @description Follow from here. */
            positions: components["schemas"]["SeenPositions"];
            /** @description The team's members. */
            team: components["schemas"]["Person"][];
            /** @description All items, parents before children, siblings in order. */
            tree: components["schemas"]["TreeEntry"][];
        };
        /** @description What a request was made of, without secrets: with it, it can be sent again. */
        Source: {
            environment?: components["schemas"]["EnvironmentId"] | null;
            /** @description Whether it is an item's own and has authorization and behavior of what that stands in. */
            inherits: boolean;
            /** @description What was secret or too large and has to be given to send it again: `overrides.token`, `request.body`, `request`. */
            left_out: string[];
            /** @description Values that were given for this once; null: none. */
            overrides: {
                [key: string]: string | null;
            };
            /** @description The Postman request as it was written then, with its variables; null when it was too large to be kept. */
            request?: Record<string, unknown> | null;
        };
        /**
         * @description Whether somebody is at it.
         * @enum {string}
         */
        Status: "active" | "idle" | "typing";
        /**
         * @description A stream's name.
         * @enum {string}
         */
        StreamName: "shared" | "team";
        /**
         * Format: uuid
         * @description A host organisation.
         */
        TeamId: string;
        /** @description Of the last request in a chain of redirects, in milliseconds; `None`: it was not needed (an address, no TLS). */
        Timings: {
            /**
             * Format: double
             * @description TCP.
             */
            connect_ms?: number | null;
            /**
             * Format: double
             * @description Looking up the name.
             */
            dns_ms?: number | null;
            /**
             * Format: double
             * @description From that to the last.
             */
            download_ms: number;
            /**
             * Format: double
             * @description From the request's last byte to the first of the answer.
             */
            first_byte_ms: number;
            /**
             * Format: double
             * @description TLS.
             */
            tls_ms?: number | null;
            /**
             * Format: double
             * @description Of everything, redirects and handshakes included.
             */
            total_ms: number;
        };
        Token: {
            /** Format: date-time */
            created_at: string;
            id: components["schemas"]["CredentialId"];
            name: string;
            token?: string | null;
        };
        Tokens: {
            tokens: components["schemas"]["Token"][];
        };
        /** @description What the results of a run come to. */
        Totals: {
            /**
             * Format: int64
             * @description Of them, those without an answer.
             */
            errors: number;
            /**
             * Format: int64
             * @description Assertions that did not.
             */
            failed: number;
            /**
             * Format: int64
             * @description Assertions that held.
             */
            passed: number;
            /**
             * Format: int64
             * @description Requests with a result.
             */
            requests: number;
            /**
             * Format: double
             * @description Milliseconds of all requests together.
             */
            total_ms: number;
        };
        /** @description A node of the tree, without its content. */
        TreeEntry: {
            /** @description Its id. */
            id: components["schemas"]["ItemId"];
            /** @description What it is. */
            kind: components["schemas"]["ItemKind"];
            /** @description The HTTP method, for a request. */
            method?: string | null;
            /** @description Its name. */
            name: string;
            /** @description Sorts siblings, as text. */
            order: string;
            parent?: components["schemas"]["ItemId"] | null;
            /** @description The shared position of its last change. */
            position: components["schemas"]["u64"];
        };
        /** Format: int64 */
        u64: number;
        /**
         * Format: uuid
         * @description A person, on either side.
         */
        UserId: string;
        /** @description A person's own values of an environment's variables, laid over the shared ones. */
        Values: {
            /** @description By the variable's name. */
            values: {
                [key: string]: string;
            };
        };
        /** @description A request that was sent, with what was said. */
        WholeEntry: {
            /** @description As in the list. */
            entry: components["schemas"]["HistoryEntry"];
            /** @description What went out, without secrets: `{method, url, headers, body}`. */
            request: Record<string, unknown>;
            /** @description What came back, without secrets; null when nothing did. */
            response?: Record<string, unknown> | null;
            /** @description What it was made of. */
            source: components["schemas"]["Source"];
        };
        /** @description A run with results. */
        WholeRun: {
            /**
             * Format: int64
             * @description Ask with `after` set to this for more; null at the end.
             */
            next?: number | null;
            /** @description In the order they came. */
            results: components["schemas"]["RunResult"][];
            /** @description As in the list. */
            run: components["schemas"]["Run"];
        };
        /** @description What an event changed. */
        WireChange: {
            /** @enum {string} */
            kind: "workspace_created";
        } | {
            /** @enum {string} */
            kind: "workspace_updated";
            patch: components["schemas"]["WorkspacePatch"];
        } | {
            /** @enum {string} */
            kind: "workspace_deleted";
        } | {
            epoch: components["schemas"]["Epoch"];
            /** @enum {string} */
            kind: "mode_switched";
        } | {
            /** @enum {string} */
            kind: "member_joined";
            lead: boolean;
            person: components["schemas"]["Person"];
            role: components["schemas"]["Role"];
        } | {
            /** @enum {string} */
            kind: "member_updated";
            lead: boolean;
            role: components["schemas"]["Role"];
            user: components["schemas"]["UserId"];
        } | {
            /** @enum {string} */
            kind: "member_removed";
            user: components["schemas"]["UserId"];
        } | {
            /** @enum {string} */
            kind: "person_updated";
            person: components["schemas"]["Person"];
        } | {
            invitation: components["schemas"]["SeenInvitation"];
            /** @enum {string} */
            kind: "invitation_sent";
        } | {
            id: components["schemas"]["InvitationId"];
            /** @enum {string} */
            kind: "invitation_used";
        } | {
            id: components["schemas"]["InvitationId"];
            /** @enum {string} */
            kind: "invitation_revoked";
        } | {
            /** @description The content is large: read the item. */
            by_reference?: boolean;
            content?: Record<string, unknown> | null;
            id: components["schemas"]["ItemId"];
            item_kind: components["schemas"]["ItemKind"];
            /** @enum {string} */
            kind: "item_created";
            method?: string | null;
            name: string;
            order: string;
            parent?: components["schemas"]["ItemId"] | null;
        } | {
            /** @description The patch is large: read the item. */
            by_reference?: boolean;
            id: components["schemas"]["ItemId"];
            /** @enum {string} */
            kind: "item_updated";
            /** @description The HTTP method, when the patch gives the request one. */
            method?: string | null;
            patch?: components["schemas"]["WirePatch"] | null;
        } | {
            id: components["schemas"]["ItemId"];
            /** @enum {string} */
            kind: "item_moved";
            order: string;
            parent?: components["schemas"]["ItemId"] | null;
        } | {
            id: components["schemas"]["ItemId"];
            /** @enum {string} */
            kind: "item_deleted";
        } | {
            items: components["schemas"]["ImportedRoot"][];
            /** @enum {string} */
            kind: "items_imported";
        } | {
            by_reference?: boolean;
            content?: Record<string, unknown> | null;
            id: components["schemas"]["EnvironmentId"];
            /** @enum {string} */
            kind: "environment_created";
            name: string;
        } | {
            by_reference?: boolean;
            id: components["schemas"]["EnvironmentId"];
            /** @enum {string} */
            kind: "environment_updated";
            patch?: components["schemas"]["WirePatch"] | null;
        } | {
            id: components["schemas"]["EnvironmentId"];
            /** @enum {string} */
            kind: "environment_deleted";
        } | {
            /** Format: uuid */
            id: string;
            /** @enum {string} */
            kind: "forked";
        } | {
            /** @description How many of the parent's changes came. */
            changes: number;
            /** Format: uuid */
            id: string;
            /** @enum {string} */
            kind: "pulled";
        } | {
            id: components["schemas"]["CommentId"];
            item: components["schemas"]["ItemId"];
            /** @enum {string} */
            kind: "comment_posted";
            mentions: components["schemas"]["UserId"][];
            reply_to?: components["schemas"]["CommentId"] | null;
            text: string;
        } | {
            id: components["schemas"]["CommentId"];
            item: components["schemas"]["ItemId"];
            /** @enum {string} */
            kind: "comment_edited";
            mentions: components["schemas"]["UserId"][];
            text: string;
        } | {
            id: components["schemas"]["CommentId"];
            item: components["schemas"]["ItemId"];
            /** @enum {string} */
            kind: "comment_resolved";
            resolved: boolean;
        } | {
            id: components["schemas"]["CommentId"];
            item: components["schemas"]["ItemId"];
            /** @enum {string} */
            kind: "comment_deleted";
        };
        /** @description What changed of an item or environment. */
        WirePatch: {
            /** @description A merge patch on the content. */
            content?: Record<string, unknown> | null;
            /** @description The new name. */
            name?: string | null;
        };
        /** @description A workspace in a list. */
        WorkspaceEntry: {
            /** @description Markdown. */
            description: string;
            /** @description Its id. */
            id: components["schemas"]["WorkspaceId"];
            /** @description Its mode. */
            mode: components["schemas"]["Mode"];
            /** @description Its name. */
            name: string;
            /** @description The caller's role. */
            role: components["schemas"]["Role"];
            /** @description The caller's side. */
            viewer: components["schemas"]["Side"];
        };
        /**
         * Format: uuid
         * @description A workspace.
         */
        WorkspaceId: string;
        /** @description What changes of a workspace. */
        WorkspacePatch: {
            /** @description The new description, Markdown. */
            description?: string | null;
            /** @description The new name. */
            name?: string | null;
        };
        /** @description The caller's workspaces. */
        Workspaces: {
            /** @description In the order they were made. */
            workspaces: components["schemas"]["WorkspaceEntry"][];
        };
    };
    responses: never;
    parameters: never;
    requestBodies: never;
    headers: never;
    pathItems: never;
}
export type $defs = Record<string, never>;
export type operations = Record<string, never>;

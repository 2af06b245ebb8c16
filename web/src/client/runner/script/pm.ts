// The `pm` of one script.

import type { Job } from "../protocol";
import type { Scopes } from "../scopes";
import type { PostmanRequest, SentResponse } from "../types";
import { chai } from "./expect";
import { library } from "./libraries";
import type { Pending } from "./pending";
import { Request } from "./request";
import { Response } from "./response";
import { Scope, Variables } from "./scope";
import type { Tests } from "./tests";

/** Thrown to leave a script whose request is to be skipped. */
export class Skip extends Error {}

/** What a script decides about its run. */
export interface Decisions {
  next?: string | null;
  skip: boolean;
}

/** What a `pm` is made of. */
export interface Parts {
  job: Job;
  scopes: Scopes;
  request: Request;
  response: Response | undefined;
  tests: Tests;
  pending: Pending;
  decisions: Decisions;
  send: (request: PostmanRequest) => Promise<SentResponse>;
  failed: (error: unknown) => void;
}

type Callback = (error: Error | null, response?: Response) => unknown;

/** Makes the object. */
export function makePm(parts: Parts) {
  const { job, scopes, request, response, tests, decisions } = parts;
  const { layers } = scopes;
  const test = Object.assign(
    (name: string, body?: () => unknown) => {
      tests.run(name, body);
      return pm;
    },
    { skip: (name: string) => (tests.skip(name), pm) },
  );
  const cookies = response?.cookies;
  const pm = {
    info: { eventName: job.when, ...job.about },
    globals: new Scope(layers.globals),
    collectionVariables: new Scope(layers.collection),
    environment: new Scope(layers.environment),
    iterationData: new Scope(layers.data),
    variables: new Variables(scopes),
    request,
    response,
    cookies: {
      get: (name: string) => cookies?.get(name),
      has: (name: string) => cookies?.has(name) ?? false,
      toObject: () => cookies?.toObject() ?? {},
      jar: () => missing("pm.cookies.jar()"),
    },
    test,
    expect: chai.expect,
    sendRequest: (what: unknown, callback?: Callback) => sendRequest(parts, what, callback),
    execution: {
      setNextRequest: (name: unknown) => setNext(decisions, name),
      skipRequest: () => {
        if (job.when !== "prerequest")
          throw new TypeError("pm.execution.skipRequest is there in pre-request scripts only");
        decisions.skip = true;
        throw new Skip("The request is skipped.");
      },
    },
    require: library,
    get visualizer(): never {
      return missing("pm.visualizer");
    },
    get vault(): never {
      return missing("pm.vault");
    },
  };
  return pm;
}

/** `setNextRequest`: `null` ends the iteration. */
export function setNext(decisions: Decisions, name: unknown): void {
  decisions.next = name === null || name === undefined ? null : String(name);
}

function sendRequest(parts: Parts, what: unknown, callback?: Callback): Promise<Response> | undefined {
  const ended = parts.pending.begin();
  const sent = (async () => {
    if (!what) throw new Error("pm.sendRequest was given no request.");
    const request = what instanceof Request ? what : new Request(what);
    return new Response(await parts.send(request.toJSON()));
  })();
  if (typeof callback !== "function") {
    // A turn later, so that what awaits it can begin something else first. Nobody may await it: that is no failure.
    void sent.catch(() => {}).then(ended);
    return sent;
  }
  const call = async () => {
    const [error, response] = await sent.then(
      (response): [null, Response] => [null, response],
      (error: Error): [Error, undefined] => [error, undefined],
    );
    await callback(error, response);
  };
  void call().catch(parts.failed).then(ended);
  return undefined;
}

function missing(what: string): never {
  throw new Error(`${what} is not available here.`);
}

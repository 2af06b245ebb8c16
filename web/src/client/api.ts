// State over HTTP: one method a verb, typed by path from what the server says of itself.

import { Problem } from "./problem";
import type { paths } from "./wire";

type Method = "get" | "post" | "put" | "patch" | "delete";

/** The paths that answer a method. */
type PathsOf<M extends Method> = {
  [P in keyof paths]: paths[P] extends { [K in M]: { responses: object } } ? P : never;
}[keyof paths];

type Operation<M extends Method, P extends keyof paths> = paths[P] extends { [K in M]: infer O } ? O : never;

type JsonOf<R> = R extends { content: { "application/json": infer T } } ? T : undefined;

/** What the operation answers with. */
export type Answer<M extends Method, P extends keyof paths> =
  Operation<M, P> extends { responses: infer R } ? { [S in keyof R]: S extends number ? JsonOf<R[S]> : never }[keyof R] : never;

/** What it takes. */
export type Body<M extends Method, P extends keyof paths> =
  Operation<M, P> extends { requestBody: { content: { "application/json": infer T } } } ? T : never;

type Parameters<P extends string> = P extends `${string}{${infer Name}}${infer Rest}` ? Name | Parameters<Rest> : never;

export interface Options {
  signal?: AbortSignal;
  /** What is undefined is left out. */
  query?: Record<string, string | number | boolean | null | undefined>;
  headers?: Record<string, string>;
  /** The media type of a body that is no JSON. */
  type?: string;
}

type PathOptions<P extends string> = [Parameters<P>] extends [never]
  ? Options
  : Options & { path: Record<Parameters<P>, string> };

type Rest<P extends string> = [Parameters<P>] extends [never] ? [options?: PathOptions<P>] : [options: PathOptions<P>];

/** A path that is written out, with its ids in it. */
type Written = `/${string}`;

export interface ApiOptions {
  /** Where the server is. Default: where the page comes from. */
  url?: string;
  /** An access token. Default: the browser's cookie. */
  token?: string;
  fetch?: typeof fetch;
}

export class Api {
  /** Without a slash at its end. */
  readonly url: string;
  readonly token: string | undefined;
  readonly #fetch: typeof fetch;

  constructor({ url = globalThis.location?.origin, token, fetch = globalThis.fetch }: ApiOptions = {}) {
    if (!url) throw new TypeError("Api needs the option url: there is no page whose origin it could take.");
    this.url = url.replace(/\/+$/, "");
    this.token = token;
    this.#fetch = fetch.bind(globalThis);
  }

  get<P extends PathsOf<"get">>(path: P, ...rest: Rest<P>): Promise<Answer<"get", P>>;
  get<T>(path: Written, options?: Options): Promise<T>;
  get(path: string, options?: Options): Promise<unknown> {
    return this.#json("GET", path, undefined, options);
  }

  post<P extends PathsOf<"post">>(path: P, body: Body<"post", P> | Blob | string | undefined, ...rest: Rest<P>): Promise<Answer<"post", P>>;
  post<T>(path: Written, body?: unknown, options?: Options): Promise<T>;
  post(path: string, body?: unknown, options?: Options): Promise<unknown> {
    return this.#json("POST", path, body, options);
  }

  put<P extends PathsOf<"put">>(path: P, body: Body<"put", P> | Blob | string | undefined, ...rest: Rest<P>): Promise<Answer<"put", P>>;
  put<T>(path: Written, body?: unknown, options?: Options): Promise<T>;
  put(path: string, body?: unknown, options?: Options): Promise<unknown> {
    return this.#json("PUT", path, body, options);
  }

  patch<P extends PathsOf<"patch">>(path: P, body: Body<"patch", P>, ...rest: Rest<P>): Promise<Answer<"patch", P>>;
  patch<T>(path: Written, body?: unknown, options?: Options): Promise<T>;
  patch(path: string, body?: unknown, options?: Options): Promise<unknown> {
    return this.#json("PATCH", path, body, options);
  }

  delete<P extends PathsOf<"delete">>(path: P, ...rest: Rest<P>): Promise<Answer<"delete", P>>;
  delete<T>(path: Written, options?: Options): Promise<T>;
  delete(path: string, options?: Options): Promise<unknown> {
    return this.#json("DELETE", path, undefined, options);
  }

  /** The answer itself, for what is no JSON. A refusal is thrown; 304 is none. */
  async send(method: string, path: string, body?: unknown, options: Options = {}): Promise<Response> {
    const address = this.#address(path, options);
    const headers = new Headers(options.headers);
    headers.set("accept", "application/json");
    if (this.token) headers.set("authorization", `Bearer ${this.token}`);
    const init: RequestInit = { method, headers, credentials: this.token ? "omit" : "include" };
    if (options.signal) init.signal = options.signal;
    if (body !== undefined) {
      const raw = typeof body === "string" || body instanceof Blob;
      init.body = raw ? body : JSON.stringify(body);
      // A Blob brings its type along.
      const type = options.type ?? (raw ? (typeof body === "string" ? "text/plain" : undefined) : "application/json");
      if (type) headers.set("content-type", type);
    }
    let response: Response;
    try {
      response = await this.#fetch(address, init);
    } catch (error) {
      options.signal?.throwIfAborted();
      throw Problem.offline(error);
    }
    if (!response.ok && response.status !== 304) throw await Problem.of(response);
    return response;
  }

  async #json(method: string, path: string, body: unknown, options: Options = {}): Promise<unknown> {
    const response = await this.send(method, path, body, options);
    return readJson(response, options.signal);
  }

  #address(path: string, options: Options & { path?: Record<string, string> }): string {
    const filled = path.replace(/\{(\w+)\}/g, (_, name: string) => {
      const value = options.path?.[name];
      if (value === undefined) throw new TypeError(`${path} needs the option path.${name}.`);
      return encodeURIComponent(value);
    });
    const query = new URLSearchParams();
    for (const [name, value] of Object.entries(options.query ?? {})) {
      if (value !== undefined && value !== null) query.set(name, String(value));
    }
    const asked = query.toString();
    return `${this.url}${filled}${asked ? `?${asked}` : ""}`;
  }
}

/** The JSON of an answer; undefined when it has no body. */
export async function readJson(response: Response, signal?: AbortSignal): Promise<unknown> {
  let text: string;
  try {
    text = await response.text();
  } catch (error) {
    signal?.throwIfAborted();
    throw Problem.offline(error);
  }
  try {
    return text ? JSON.parse(text) : undefined;
  } catch (error) {
    // A proxy's page, say.
    const { status } = response;
    throw new Problem({ code: "unexpected", title: "The answer is no JSON.", status }, { cause: error });
  }
}

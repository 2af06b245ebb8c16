// The names that scripts used before there was `pm`, as variables of the global scope.

import type { Job } from "../protocol";
import type { Scopes } from "../scopes";
import { library } from "./libraries";
import { type Decisions, setNext } from "./pm";
import type { Request } from "./request";
import type { Response } from "./response";

/** Puts them there. Snapshots: what a script writes into `environment` itself is lost, as it always was. */
export function addLegacy(
  job: Job,
  scopes: Scopes,
  request: Request,
  response: Response | undefined,
  decisions: Decisions,
) {
  const { layers } = scopes;
  // As text: the old interface knew nothing else.
  const stored = (value: unknown) => (value === undefined || value === null ? value : String(value));
  const values: Record<string, unknown> = {
    tests: {},
    environment: Object.fromEntries(layers.environment),
    globals: Object.fromEntries(layers.globals),
    data: Object.fromEntries(layers.data),
    iteration: job.about.iteration,
    request: {
      method: request.method,
      url: request.url.toString(),
      headers: request.headers.toObject(),
      data: request.body.toString(),
    },
    postman: {
      setEnvironmentVariable: (name: string, value: unknown) =>
        void layers.environment.set(String(name), stored(value)),
      getEnvironmentVariable: (name: string) => layers.environment.get(name),
      clearEnvironmentVariable: (name: string) => void layers.environment.delete(name),
      clearEnvironmentVariables: () => layers.environment.clear(),
      setGlobalVariable: (name: string, value: unknown) => void layers.globals.set(String(name), stored(value)),
      getGlobalVariable: (name: string) => layers.globals.get(name),
      clearGlobalVariable: (name: string) => void layers.globals.delete(name),
      clearGlobalVariables: () => layers.globals.clear(),
      getResponseHeader: (name: string) => response?.headers.get(name),
      getResponseCookie: (name: string) => response?.cookies.one(name),
      setNextRequest: (name: unknown) => setNext(decisions, name),
    },
  };
  if (response) {
    const { code, status: name } = response;
    values.responseBody = response.text();
    values.responseCode = { code, name, detail: name };
    values.responseHeaders = response.headers.toObject();
    values.responseTime = response.responseTime;
    values.responseCookies = response.cookies.all().map((cookie) => ({ name: cookie.key, value: cookie.value }));
  }
  for (const [name, value] of Object.entries(values)) define(name, { value, writable: true });
  for (const [name, from] of [
    ["_", "lodash"],
    ["CryptoJS", "crypto-js"],
  ] as const) {
    define(name, {
      get: () => library(from),
      set: (value: unknown) => define(name, { value, writable: true }),
    });
  }
}

function define(name: string, descriptor: PropertyDescriptor): void {
  Object.defineProperty(globalThis, name, { configurable: true, ...descriptor });
}

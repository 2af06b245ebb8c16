// A request with its variables filled in, for senders that have no server to do it, and for what tests see.

import { fillAll } from "./scopes";
import { List } from "./script/list";
import { Request } from "./script/request";
import type { PostmanRequest, Variables } from "./types";

/** The same request, its variables filled in. */
export function resolve(request: PostmanRequest, variables: Variables): PostmanRequest {
  const made = new Request(fillAll(request, (name) => variables.get(name)));
  // A variable often holds more than a host: only now can the parts be told from each other.
  made.url = made.url.toString();
  return made.toJSON();
}

/** A request as `fetch` takes it. Of bodies: `raw`, `urlencoded`, `graphql`; others throw and say so. No `auth`. */
export function forFetch(request: PostmanRequest, variables: Variables): { url: string; init: RequestInit } {
  const made = new Request(resolve(request, variables));
  const headers = new List(
    made.headers.filter((entry) => !entry.disabled),
    true,
  );
  const { mode } = made.body;
  if (mode && !["raw", "urlencoded", "graphql"].includes(mode))
    throw new Error(`A body of mode ${mode} can't be sent here.`);
  const type =
    mode === "urlencoded" ? "application/x-www-form-urlencoded" : mode === "graphql" ? "application/json" : null;
  if (type && !headers.has("content-type")) headers.add({ key: "Content-Type", value: type });
  const init: RequestInit = {
    method: made.method,
    headers: headers.map(({ key, value }): [string, string] => [key, String(value ?? "")]),
  };
  const body = made.body.toString();
  if (body !== "") init.body = body;
  const url = made.url.toString();
  return { url: url.includes("://") ? url : `http://${url}`, init };
}

// JSON Merge Patch (RFC 7396), as the server applies it.

import type { Json } from "./types";

export function isObject(value: unknown): value is Json {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** The target as it is after the patch; what the patch leaves alone is shared with the target. */
export function mergePatch(target: unknown, patch: Json): Json {
  const made = new Map<string, unknown>(isObject(target) ? Object.entries(target) : []);
  for (const [key, value] of Object.entries(patch)) {
    if (value === null) made.delete(key);
    else made.set(key, isObject(value) ? mergePatch(made.get(key), value) : value);
  }
  // By entries: a key may be `__proto__`.
  return Object.fromEntries(made);
}

/** The HTTP method that a patch gives to a request; undefined when it leaves it as it is. */
export function patchedMethod(patch: Json): string | undefined {
  if (!("request" in patch)) return undefined;
  const { request } = patch;
  // What is no object takes the place of the whole request, and GET is the default.
  if (!isObject(request)) return "GET";
  if (!("method" in request)) return undefined;
  return typeof request.method === "string" ? request.method : "GET";
}

/** The method of a request with this content. */
export function methodOf(content: Json): string {
  return isObject(content.request) && typeof content.request.method === "string" ? content.request.method : "GET";
}

// Reading and writing the Postman v2.1 objects that items hold. What is read may have any form that a file had: nothing
// is taken for granted, and what is not understood stays as it is.

import type { Json } from "../../../../client";

/** A row of headers, parameters, form fields, variables. */
export interface Pair {
  key: string;
  value: string;
  disabled?: boolean;
  description?: unknown;
  [more: string]: unknown;
}

export function isObject(value: unknown): value is Json {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

export function text(value: unknown): string {
  if (value === undefined || value === null) return "";
  return typeof value === "string" ? value : typeof value === "object" ? JSON.stringify(value) : String(value);
}

/** A description is a text, or an object with one. */
export function descriptionOf(owner: unknown): string {
  if (!isObject(owner)) return "";
  const { description } = owner;
  return isObject(description) ? text(description["content"]) : text(description);
}

/** An item's request; one that is a text only is a GET of it. */
export function requestOf(content: Json): Json {
  const request = content["request"];
  if (typeof request === "string") return { method: "GET", url: request };
  return isObject(request) ? request : {};
}

export function methodOf(request: Json): string {
  return text(request["method"]) || "GET";
}

/** Lists of pairs; old files have headers as one text. */
export function pairsOf(list: unknown): Pair[] {
  if (typeof list === "string") {
    return list.split(/\r?\n/).filter(Boolean).map((line) => {
      const at = line.indexOf(":");
      return { key: (at < 0 ? line : line.slice(0, at)).trim(), value: at < 0 ? "" : line.slice(at + 1).trim() };
    });
  }
  if (!Array.isArray(list)) return [];
  return list.filter(isObject).map((one) => ({ ...one, key: text(one["key"] ?? one["id"]), value: text(one["value"]) }));
}

/** A variable whose value is not for everybody. */
export function isSecret(variable: Json): boolean {
  return text(variable["type"]).toLowerCase() === "secret" || variable["secret"] === true;
}

/** Rows as they are written where secrets were withheld: one without a value keeps the one it has. */
export function withheld(rows: readonly Pair[]): Json[] {
  return rows.map(({ value, ...row }) => (value === "" && isSecret(row) ? row : { ...row, value }));
}

export const METHODS = ["GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS"] as const;

export type When = "prerequest" | "test";

export function scriptOf(content: Json, when: When): string {
  const events = Array.isArray(content["event"]) ? content["event"].filter(isObject) : [];
  const found = events.filter((event) => event["listen"] === when && event["disabled"] !== true);
  return found.map(({ script }) => {
    const exec = isObject(script) ? script["exec"] : script;
    return Array.isArray(exec) ? exec.map(text).join("\n") : text(exec);
  }).join("\n");
}

/** The same content with another script; an empty one goes. */
export function withScript(content: Json, when: When, code: string): Json {
  const events = Array.isArray(content["event"]) ? content["event"].filter(isObject) : [];
  const before = events.find((event) => event["listen"] === when);
  const others = events.filter((event) => event["listen"] !== when);
  if (!code.trim()) return { ...content, event: others };
  const script = { ...(isObject(before?.["script"]) ? before["script"] : {}), type: "text/javascript", exec: code.split("\n") };
  return { ...content, event: [...others, { ...before, listen: when, script }] };
}

export interface Auth {
  type: string;
  /** Its fields by name. */
  fields: Record<string, unknown>;
}

/** Undefined: what stands around it decides. */
export function authOf(owner: Json): Auth | undefined {
  const auth = owner["auth"];
  if (!isObject(auth)) return undefined;
  const type = text(auth["type"]) || "noauth";
  const kept = auth[type];
  const list = Array.isArray(kept) ? kept.filter(isObject).map((one) => [text(one["key"]), one["value"]] as const) : [];
  return { type, fields: isObject(kept) ? kept : Object.fromEntries(list) };
}

export function authJson({ type, fields }: Auth): Json {
  if (type === "noauth") return { type };
  return { type, [type]: Object.entries(fields).map(([key, value]) => ({ key, value, type: typeof value === "string" ? "string" : "any" })) };
}

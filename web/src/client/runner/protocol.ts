// What host and sandbox say to each other. Whatever comes out of the sandbox is text that somebody else's script may
// have written: `heard` is the only way in, and lets nothing through that is not of the expected form.

import type { When } from "./collection";
import { type Entries, SCOPES, type ScopeName } from "./scopes";
import type { Assertion, ConsoleLine, PostmanRequest, SentResponse } from "./types";

/** The scopes with their variables. */
export type ScopeEntries = Record<ScopeName, Entries>;

/** What a script can ask about where it runs. */
export interface About {
  iteration: number;
  iterationCount: number;
  requestName: string;
  requestId: string;
}

/** A script to run, and its world. */
export interface Job {
  when: When;
  script: string;
  scopes: ScopeEntries;
  request: PostmanRequest;
  response: SentResponse | null;
  about: About;
}

/** To the script's side, once it runs: what came of a request that it sent. */
export interface Answer {
  call: number;
  response?: SentResponse;
  error?: string;
}

/** From the script's side, while it runs. */
export type Heard =
  | { kind: "assertion"; assertion: Assertion }
  | { kind: "console"; line: ConsoleLine }
  | { kind: "send"; call: number; request: PostmanRequest }
  | { kind: "done"; done: Done };

/** How a script ended by itself. */
export interface Done {
  scopes: ScopeEntries;
  /** As the script left it. */
  request: PostmanRequest;
  /** What `setNextRequest` got; absent when it was not called. */
  next?: string | null;
  skip: boolean;
  error?: string;
}

/** Of one script. */
export const LIMITS = {
  /** Characters of one message. */
  message: 4 * 1024 * 1024,
  /** Characters of all messages. */
  total: 16 * 1024 * 1024,
  messages: 10_000,
  /** Characters of an assertion's name, an error, a line of the console. */
  text: 10_000,
} as const;

/** Reads a message of a script's side; `null` when it is none. */
export function heard(text: unknown): Heard | null {
  if (typeof text !== "string" || text.length > LIMITS.message) return null;
  let message: unknown;
  try {
    message = JSON.parse(text);
  } catch {
    return null;
  }
  if (!isObject(message)) return null;
  switch (message.kind) {
    case "assertion":
      return isObject(message.assertion) ? assertion(message.assertion) : null;
    case "console":
      return isObject(message.line) ? line(message.line) : null;
    case "send": {
      const { call, request } = message;
      return Number.isSafeInteger(call) && isObject(request) ? { kind: "send", call: call as number, request } : null;
    }
    case "done":
      return isObject(message.done) ? done(message.done) : null;
    default:
      return null;
  }
}

function line({ level, text }: Fields): Heard | null {
  const known = (["log", "info", "warn", "error", "debug"] as const).find((one) => one === level);
  return known && isText(text) ? { kind: "console", line: { level: known, text } } : null;
}

function assertion({ name, passed, skipped, error }: Fields): Heard | null {
  if (!isText(name) || typeof passed !== "boolean") return null;
  if (skipped !== undefined && skipped !== true) return null;
  if (error !== undefined && !isText(error)) return null;
  const read: Assertion = { name, passed };
  if (skipped) read.skipped = true;
  if (error !== undefined) read.error = error;
  return { kind: "assertion", assertion: read };
}

function done({ scopes, request, next, skip, error }: Fields): Heard | null {
  if (!isObject(scopes) || !isObject(request) || typeof skip !== "boolean") return null;
  if (!SCOPES.every((name) => isEntries(scopes[name]))) return null;
  if (next !== undefined && next !== null && !isText(next)) return null;
  if (error !== undefined && !isText(error)) return null;
  const read: Done = { scopes: scopes as ScopeEntries, request, skip };
  if (next !== undefined) read.next = next;
  if (error !== undefined) read.error = error;
  return { kind: "done", done: read };
}

type Fields = { [field: string]: unknown };

function isObject(value: unknown): value is Fields {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function isText(value: unknown): value is string {
  return typeof value === "string" && value.length <= LIMITS.text;
}

function isEntries(value: unknown): value is Entries {
  return (
    Array.isArray(value) && value.every((one) => Array.isArray(one) && one.length === 2 && typeof one[0] === "string")
  );
}

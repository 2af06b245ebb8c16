// What goes in and out of a run, as plain data.

/** A header line. */
export interface Header {
  name: string;
  value: string;
}

/** What came of a request that was answered: the part of the server's `Outcome` that a run needs. */
export interface SentResponse {
  status: number;
  reason: string;
  headers: Header[];
  /** `text` when it is text in a known charset, else `base64`. */
  body: { media_type: string; text?: string | null; base64?: string | null };
  timings: { total_ms: number };
  /** Bytes. */
  sizes: { head: number; body: number; decoded: number };
}

/** A request of a Postman collection: an object of its format, v2.1. */
export type PostmanRequest = { [field: string]: unknown };

/** A request on its way out. Its variables are not filled in: `resolve` does that for a sender without a server. */
export interface OutgoingRequest {
  /** The item it comes from; `null` for one that a script made with `pm.sendRequest`. */
  item: string | null;
  name: string;
  request: PostmanRequest;
  /** Whether a script has changed it: it is not what the item says then. */
  changed: boolean;
}

/** All variables that hold, by name; nearer scopes have won already. */
export type Variables = ReadonlyMap<string, string>;

/** Sends a request and answers with what came back, whatever its status. Rejects when nothing did. */
export type Send = (request: OutgoingRequest, variables: Variables, signal: AbortSignal) => Promise<SentResponse>;

/** A test of a script. */
export interface Assertion {
  name: string;
  passed: boolean;
  skipped?: true;
  /** `AssertionError: expected 404 to equal 200` */
  error?: string;
}

/** A line that a script wrote to its console. */
export interface ConsoleLine {
  level: "log" | "info" | "warn" | "error" | "debug";
  text: string;
}

/** What came of one request of one iteration. */
export interface Result {
  item: string;
  name: string;
  /** The folders it is in, from the outside in. */
  folders: string[];
  /** From 0. */
  iteration: number;
  /** The HTTP status; `null` when there was no answer. */
  status: number | null;
  /** How long the answer took; `null` when there was none. */
  ms: number | null;
  /** A script said `pm.execution.skipRequest()`. */
  skipped?: true;
  assertions: Assertion[];
  /** The first thing that went wrong outside of a test: a script that threw, a request that could not be sent. */
  error?: string;
  console: ConsoleLine[];
}

/** Why a run ended. */
export type Ended = "complete" | "failure" | "aborted" | "too_many_requests";

/** A run in numbers. */
export interface Summary {
  ended: Ended;
  iterations: number;
  requests: { total: number; failed: number; skipped: number };
  assertions: { total: number; failed: number; skipped: number };
  /** Of the answers: the mean of `ms`, `null` without any. */
  mean_ms: number | null;
  /** From the first to the last moment. */
  total_ms: number;
}

/** What a run says while it goes on. */
export type RunEvent =
  | { type: "iteration"; iteration: number; iterations: number }
  | { type: "request"; item: string; name: string; iteration: number }
  | { type: "result"; result: Result }
  | { type: "end"; summary: Summary; environment: [string, unknown][]; globals: [string, unknown][]; collection: [string, unknown][] };

/** A refusal of what was given to a run; `message` says what was wrong and where. */
export class RunError extends Error {
  override name = "RunError";
}

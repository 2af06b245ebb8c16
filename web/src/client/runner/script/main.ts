// The script's side: runs one script, in a worker that no other script has been in and none will be.

import { type Answer, type Done, type Heard, type Job, LIMITS } from "../protocol";
import { Scopes } from "../scopes";
import type { PostmanRequest, SentResponse } from "../types";
import { harden } from "./harden";
import { addLegacy } from "./legacy";
import { library } from "./libraries";
import { countTimers, Pending } from "./pending";
import { type Decisions, makePm, Skip } from "./pm";
import { Request } from "./request";
import { Response } from "./response";
import { Tests } from "./tests";
import { cut, errorText, shown } from "./text";

/** Further lines of the console are dropped. */
const MOST_LINES = 1000;

// Taken before any script runs, so that none can put others in their place.
const post = (self.postMessage as (text: string) => void).bind(self);
const stringify = JSON.stringify;
const AsyncFunction = (async () => {}).constructor as new (text: string) => () => Promise<unknown>;

let said = 0;

function say(message: Heard): void {
  const text = stringify(message);
  if (text.length > LIMITS.message) throw new RangeError(`it is more than ${LIMITS.message} characters`);
  said += 1;
  // The frame ends a script that goes beyond; until it does, nothing more piles up there.
  if (said > LIMITS.messages + 1) throw new RangeError("The script said more than a script may.");
  post(text);
}

const calls = new Map<number, { resolve: (response: SentResponse) => void; reject: (error: Error) => void }>();
let started = false;

self.addEventListener("message", ({ data }: MessageEvent<Job | Answer>) => {
  if (!started) {
    started = true;
    void run(data as Job);
    return;
  }
  const { call, response, error } = data as Answer;
  const waiting = calls.get(call);
  calls.delete(call);
  if (response) waiting?.resolve(response);
  else waiting?.reject(new Error(error ?? "The request was not sent."));
});
harden();

async function run(job: Job): Promise<void> {
  const scopes = new Scopes(job.scopes);
  const request = new Request(job.request);
  const before = stringify(request);
  const response = job.response ? new Response(job.response) : undefined;
  const decisions: Decisions = { skip: false };
  const pending = new Pending();
  let error: string | undefined;
  const failed = (what: unknown) => {
    if (!(what instanceof Skip)) error ??= errorText(what);
  };
  const tests = new Tests((assertion) => say({ kind: "assertion", assertion }), pending);
  const pm = makePm({ job, scopes, request, response, tests, pending, decisions, send, failed });

  addLegacy(job, scopes, request, response, decisions);
  countTimers(pending, failed);
  Object.assign(globalThis, { pm, console: consoleOf(), require: library });
  try {
    await new AsyncFunction(job.script)();
  } catch (thrown) {
    failed(thrown ?? new Error("The script threw nothing."));
  }
  if (!decisions.skip) await pending.idle();
  tests.close();
  tests.legacy((globalThis as { tests?: unknown }).tests);
  const done: Done = { scopes: scopes.entries(), request: job.request, skip: decisions.skip };
  if (decisions.next !== undefined) done.next = decisions.next;
  try {
    if (stringify(request) !== before) done.request = request.toJSON();
    if (error !== undefined) done.error = error;
    say({ kind: "done", done });
  } catch (thrown) {
    // Its variables or its request can't be told: too large, or nothing that JSON can say.
    error ??= `What the script set can't be kept: ${errorText(thrown)}`;
    say({ kind: "done", done: { scopes: job.scopes, request: job.request, skip: decisions.skip, error: cut(error) } });
  }
}

let lastCall = 0;

function send(request: PostmanRequest): Promise<SentResponse> {
  return new Promise((resolve, reject) => {
    lastCall += 1;
    calls.set(lastCall, { resolve, reject });
    say({ kind: "send", call: lastCall, request });
  });
}

function consoleOf(): Record<string, (...values: unknown[]) => void> {
  let lines = 0;
  const line =
    (level: "log" | "info" | "warn" | "error" | "debug") =>
    (...values: unknown[]) => {
      lines += 1;
      if (lines > MOST_LINES) return;
      const text = lines < MOST_LINES ? values.map(shown).join(" ") : "… (further lines are dropped)";
      say({ kind: "console", line: { level, text: cut(text) } });
    };
  return {
    log: line("log"),
    info: line("info"),
    warn: line("warn"),
    error: line("error"),
    debug: line("debug"),
    trace: line("debug"),
    table: line("log"),
  };
}

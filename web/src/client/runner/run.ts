// A run: a collection's requests in order, as often as wanted, with the scripts before and after each.

import { type Collection, plan, type Script, type Step, type When } from "./collection";
import { forStep, type Notes } from "./notes";
import type { About, Job } from "./protocol";
import { resolve } from "./resolve";
import type { Sandbox } from "./sandbox";
import { type Entries, Scopes } from "./scopes";
import { type Ended, type PostmanRequest, RunError, type RunEvent, type Send, type SentResponse } from "./types";
import { Tally } from "./tally";

export interface RunOptions {
  collection: Collection;
  /** Ids of requests and folders: no others are run. */
  only?: readonly string[];
  sandbox: Sandbox;
  send: Send;
  environment?: Entries;
  globals?: Entries;
  /** Rows of a data file (`readData`), one an iteration; when there are fewer, the last goes on. */
  data?: readonly Entries[];
  /** As many as `data` has rows, else 1, unless given. */
  iterations?: number;
  /** Milliseconds between requests. */
  delay?: number;
  /** Ends the run after the first request with a failed test or an error. */
  bail?: boolean;
  /** A script can send a run in circles: it ends after so many requests. 10,000 unless given. */
  maxRequests?: number;
  signal?: AbortSignal;
}

/**
 * Runs a collection, and tells what happens. The last event is `end`, also when the run was aborted.
 *
 * Throws a `RunError` before the first event when the options are wrong; what goes wrong later is in the results.
 */
export async function* run(options: RunOptions): AsyncGenerator<RunEvent, void, void> {
  const { steps, variables } = plan(options.collection, options.only);
  const data = options.data ?? [];
  const iterations = positive("iterations", options.iterations ?? Math.max(data.length, 1));
  const most = positive("maxRequests", options.maxRequests ?? 10_000);
  const delay = options.delay ?? 0;
  if (!(delay >= 0 && Number.isFinite(delay))) throw new RunError("delay must be a number of milliseconds.");
  if (steps.length === 0) throw new RunError("There is no request to run.");

  const signal = options.signal ?? new AbortController().signal;
  const { environment = [], globals = [] } = options;
  const scopes = new Scopes({ globals, environment, collection: variables });
  const tally = new Tally();
  let ended: Ended = "complete";

  every: for (let iteration = 0; iteration < iterations; iteration += 1) {
    if (signal.aborted) break;
    yield { type: "iteration", iteration, iterations };
    scopes.layers.data = new Map(data[Math.min(iteration, data.length - 1)] ?? []);
    for (let at = 0; at < steps.length;) {
      const step = steps[at] as Step;
      if (tally.requests > 0) await pause(delay, signal);
      if (signal.aborted) break every;
      if (tally.requests === most) {
        ended = "too_many_requests";
        break every;
      }
      yield { type: "request", item: step.item, name: step.name, iteration };
      const about = { iteration, iterationCount: iterations, requestName: step.name, requestId: step.item };
      const one = new StepRun(options, step, scopes, about, signal);
      await one.run();
      tally.add(one.notes.result);
      yield { type: "result", result: one.notes.result };
      if (options.bail && tally.failed(one.notes.result)) {
        ended = "failure";
        break every;
      }
      at = one.next === undefined ? at + 1 : find(steps, one.next);
    }
  }
  if (signal.aborted) ended = "aborted";
  const left = scopes.entries();
  yield { type: "end", summary: tally.summary(ended), environment: left.environment, globals: left.globals, collection: left.collection };
}

/** One request of one iteration, with its scripts. */
class StepRun {
  readonly notes: Notes;
  /** What `setNextRequest` was given last. */
  next: string | null | undefined;
  #request: PostmanRequest;
  #response: SentResponse | null = null;
  #skip = false;

  constructor(
    private readonly options: RunOptions,
    private readonly step: Step,
    private readonly scopes: Scopes,
    private readonly about: About,
    private readonly signal: AbortSignal,
  ) {
    this.#request = step.request;
    this.notes = forStep(step, about.iteration);
  }

  async run(): Promise<void> {
    const { step, notes, signal } = this;
    for (const script of step.scripts.prerequest) {
      await this.#script("prerequest", script, this.#request);
      if (this.#skip) {
        notes.result.skipped = true;
        return;
      }
    }
    if (signal.aborted) return;
    const variables = this.scopes.texts();
    const changed = this.#request !== step.request;
    try {
      const outgoing = { item: step.item, name: step.name, request: this.#request, changed };
      this.#response = await this.options.send(outgoing, variables, signal);
      notes.result.status = this.#response.status;
      notes.result.ms = this.#response.timings.total_ms;
    } catch (error) {
      notes.error(
        signal.aborted ? "The run was stopped." : `The request was not answered: ${(error as Error).message}`,
      );
    }
    // As it went out.
    const sent = resolve(this.#request, variables);
    for (const script of step.scripts.test) await this.#script("test", script, sent);
  }

  async #script(when: When, { of, text }: Script, request: PostmanRequest): Promise<void> {
    if (this.signal.aborted) return;
    const { about, notes, scopes } = this;
    const response = when === "test" ? this.#response : null;
    const job: Job = { when, script: text, scopes: scopes.entries(), request, response, about };
    const send = (adHoc: PostmanRequest) => {
      const outgoing = {
        item: null,
        name: String(new Map(Object.entries(adHoc)).get("name") ?? ""),
        request: adHoc,
        changed: true,
      };
      return this.options.send(outgoing, this.scopes.texts(), this.signal);
    };
    const hooks = { assertion: notes.assertion, console: notes.console, send };
    const named = `The ${when === "test" ? "test" : "pre-request"} script of the ${of}`;
    try {
      const ending = await this.options.sandbox.run(job, hooks, this.signal);
      if ("stopped" in ending) {
        notes.error(`${named}: ${ending.error}`);
        return;
      }
      const { done } = ending;
      // The data of a row are the row's, whatever a script does.
      for (const name of ["globals", "collection", "environment", "local"] as const) {
        scopes.layers[name] = new Map(done.scopes[name]);
      }
      if (when === "prerequest" && JSON.stringify(done.request) !== JSON.stringify(request))
        this.#request = done.request;
      if (done.next !== undefined) this.next = done.next;
      this.#skip = done.skip && when === "prerequest";
      if (done.error !== undefined) notes.error(`${named}: ${done.error}`);
    } catch (error) {
      notes.error(`${named} could not be run: ${(error as Error).message}`);
    }
  }
}

/** Where to go on; behind the last one for what is not there, which ends the iteration. */
function find(steps: readonly Step[], next: string | null): number {
  const byId = steps.findIndex(({ item }) => item === next);
  const at = byId < 0 ? steps.findLastIndex(({ name }) => name === next) : byId;
  return at < 0 ? steps.length : at;
}

function positive(name: string, value: number): number {
  if (!Number.isSafeInteger(value) || value < 1) throw new RunError(`${name} must be a whole number, at least 1.`);
  return value;
}

function pause(ms: number, signal: AbortSignal): Promise<void> {
  if (ms === 0 || signal.aborted) return Promise.resolve();
  return new Promise((resolve) => {
    const end = () => {
      clearTimeout(timer);
      signal.removeEventListener("abort", end);
      resolve();
    };
    const timer = setTimeout(end, ms);
    signal.addEventListener("abort", end);
  });
}

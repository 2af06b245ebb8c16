// A run that goes on in this page, whatever screen is shown; what comes of it is recorded, and told to other windows.

import type { Api, Run } from "../../../client";
import type { Entries } from "../../../client/runner";
import { codeOf, faultOf } from "../../fault";
import type { Live } from "../../live.svelte";
import { patiently } from "../../patience";
import { counted } from "../settings/words";
import { collectionOf, environmentOf, sender } from "../workspace/model/plan";
import type { Scope } from "../workspace/model/variables";
import { added, recordOf, resultOf, type RunResult, type Totals } from "./record";

export interface RunOrder {
  /** What was chosen: a collection or folder. */
  item: string;
  /** Requests, in order. */
  requests: readonly string[];
  environment: string | null;
  /** What the server knows of variables. */
  known: Scope;
  iterations: number;
  delay: number;
  data: readonly Entries[];
  bail: boolean;
}

const NOTHING: Totals = { requests: 0, errors: 0, passed: 0, failed: 0, total_ms: 0 };

export class Runner {
  run = $state.raw<Run>();
  results = $state.raw<readonly RunResult[]>([]);
  /** Of these results; those of the run are of what is recorded. */
  totals = $state.raw(NOTHING);
  /** How many results there will be, unless scripts go other ways. */
  expected = $state(0);
  going = $state(false);
  /** Why it broke off, or was not recorded. */
  failure = $state.raw<unknown>();
  #abort: AbortController | undefined;
  /** Results that could not be recorded. */
  #lost = 0;
  readonly #api: Api;
  readonly #live: Live;

  constructor(api: Api, live: Live) {
    this.#api = api;
    this.#live = live;
    // Who has left the workspace, or was put out of it, could not stop it any more.
    live.on(({ type }) => type === "connection" && live.connection.state === "ended" && this.abort());
  }

  abort(): void {
    this.#abort?.abort();
  }

  /** Answers as soon as the run has begun; it goes on by itself. */
  async start(order: RunOrder): Promise<Run> {
    if (this.going) throw new Error("A run is going on already.");
    this.going = true;
    this.failure = undefined;
    this.results = [];
    this.totals = NOTHING;
    this.#lost = 0;
    this.expected = order.requests.length * order.iterations;
    this.#abort = new AbortController();
    try {
      const [collection, runner] = await Promise.all([collectionOf(this.#live, order.requests), import("../../../client/runner")]);
      const { item, environment, iterations } = order;
      const run: Run = await this.#api.post("/v1/workspaces/{workspace}/runs", { item, environment, iterations }, { path: { workspace: this.#live.id } });
      this.run = run;
      void this.#go(run, order, collection, runner, this.#abort.signal);
      return run;
    } catch (error) {
      this.going = false;
      throw error;
    }
  }

  async #go(run: Run, order: RunOrder, collection: Awaited<ReturnType<typeof collectionOf>>, runner: typeof import("../../../client/runner"), signal: AbortSignal): Promise<void> {
    const sandbox = runner.openSandbox({ src: "/sandbox.html" });
    const { api, workspace } = { api: this.#api, workspace: this.#live.id };
    let state: "finished" | "aborted" = "aborted";
    let recording = Promise.resolve();
    try {
      const events = runner.run({
        collection,
        sandbox,
        send: sender({ api, workspace, environment: order.environment, known: order.known }),
        environment: environmentOf(order.known),
        data: order.data,
        iterations: order.iterations,
        delay: order.delay,
        bail: order.bail,
        signal,
      });
      for await (const event of events) {
        if (event.type === "result" && !event.result.skipped && !signal.aborted) {
          const result = resultOf(event.result);
          this.results = [...this.results, result];
          this.totals = added(this.totals, result);
          recording = recording.then(() => this.#record(run.id, result, signal));
        } else if (event.type === "end" && event.summary.ended !== "aborted") state = "finished";
      }
    } catch (error) {
      this.failure = error;
    } finally {
      sandbox.close();
      await recording;
      try {
        const end = () => api.post("/v1/workspaces/{workspace}/runs/{run}/end", { state }, { path: { workspace, run: run.id } });
        this.run = await patiently(end, ({ transient }) => transient, signal);
      } catch (error) {
        this.failure = error;
      }
      this.going = false;
    }
  }

  /** What can't be recorded is still shown, and the next one takes its place in the record. */
  async #record(run: string, result: RunResult, signal: AbortSignal): Promise<void> {
    const record = { ...recordOf(result), sequence: this.run?.totals.requests ?? 0 };
    try {
      const post = () => this.#api.post<Run>(`/v1/workspaces/${this.#live.id}/runs/${run}/results`, record);
      this.run = await patiently(post, ({ transient }) => transient, signal);
    } catch (error) {
      this.#lost += 1;
      const { code, title, detail } = faultOf(error);
      this.failure = { code, title: `${counted(this.#lost, "result")} could not be recorded.`, detail: [title, detail].filter(Boolean).join(" ") };
      // It was deleted, in another window.
      if (codeOf(error) === "not_found") this.abort();
    }
  }
}

const runners = new WeakMap<Live, Runner>();

/** One for a workspace in this page. */
export function runnerOf(api: Api, live: Live): Runner {
  let runner = runners.get(live);
  if (!runner) runners.set(live, (runner = new Runner(api, live)));
  return runner;
}

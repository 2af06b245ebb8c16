// A run that goes on in this page, whatever screen is shown; what comes of it is recorded, and told to other windows.

import type { Api, Run, Schemas } from "../../../client";
import type { Entries, Result } from "../../../client/runner";
import type { Live } from "../../live.svelte";
import { collectionOf, entriesOf, sender } from "../workspace/model/plan";
import type { Scope } from "../workspace/model/variables";

export interface RunOrder {
  /** What was chosen: a collection or folder. */
  item: string;
  /** Requests, in order. */
  requests: readonly string[];
  environment: string | null;
  scope: Scope;
  iterations: number;
  delay: number;
  data: readonly Entries[];
  bail: boolean;
}

type RunResult = Schemas["RunResult"];

export class Runner {
  run = $state.raw<Run>();
  results = $state.raw<readonly RunResult[]>([]);
  /** How many results there will be, unless scripts go other ways. */
  expected = $state(0);
  going = $state(false);
  /** Why it broke off, or was not recorded. */
  failure = $state.raw<unknown>();
  #abort: AbortController | undefined;
  readonly #api: Api;
  readonly #live: Live;

  constructor(api: Api, live: Live) {
    this.#api = api;
    this.#live = live;
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
    const known = new Map(entriesOf(order.scope).map(([name, value]) => [name, String(value)]));
    let state: "finished" | "aborted" = "aborted";
    let recording = Promise.resolve();
    let recorded = 0;
    try {
      const events = runner.run({
        collection,
        sandbox,
        send: sender({ api, workspace, environment: order.environment, known }),
        environment: entriesOf(order.scope),
        data: order.data,
        iterations: order.iterations,
        delay: order.delay,
        bail: order.bail,
        signal,
      });
      for await (const event of events) {
        if (event.type === "result" && !event.result.skipped && !signal.aborted) {
          const result = shortened(event.result, recorded);
          recorded += 1;
          this.results = [...this.results, result];
          recording = recording.then(() => this.#record(run.id, result));
        } else if (event.type === "end" && event.summary.ended !== "aborted") state = "finished";
      }
    } catch (error) {
      this.failure = error;
    } finally {
      sandbox.close();
      await recording.catch((error: unknown) => (this.failure = error));
      try {
        this.run = await api.post("/v1/workspaces/{workspace}/runs/{run}/end", { state }, { path: { workspace, run: run.id } });
      } catch (error) {
        this.failure = error;
      }
      this.going = false;
    }
  }

  async #record(run: string, result: RunResult): Promise<void> {
    this.run = await this.#api.post(`/v1/workspaces/${this.#live.id}/runs/${run}/results`, result);
  }
}

/** A result as it is recorded; long words of tests are cut, so that it fits. */
function shortened({ item, name, iteration, status, ms, error, assertions }: Result, sequence: number): RunResult & { sequence: number } {
  const cut = (text: string) => (text.length > 500 ? `${text.slice(0, 500)}…` : text);
  return {
    sequence,
    item,
    name,
    iteration,
    status,
    ms: ms ?? 0,
    ...(error !== undefined && { error: cut(error) }),
    assertions: assertions.filter(({ skipped }) => !skipped).slice(0, 50).map((one) => ({ name: cut(one.name), passed: one.passed, ...(one.error !== undefined && { error: cut(one.error) }) })),
  };
}

export function hasFailed({ status, error, assertions }: RunResult): boolean {
  return status === null || status === undefined || Boolean(error) || (assertions ?? []).some(({ passed }) => !passed);
}

const runners = new WeakMap<Live, Runner>();

/** One for a workspace in this page. */
export function runnerOf(api: Api, live: Live): Runner {
  let runner = runners.get(live);
  if (!runner) runners.set(live, (runner = new Runner(api, live)));
  return runner;
}

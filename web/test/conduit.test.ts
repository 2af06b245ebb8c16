// The Conduit collection, and one of our own that uses all of `pm`: run by us in Chromium and by newman, with equal results.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { after, before, test } from "node:test";
import newman from "newman";
import type { Collection, Entries, Result, RunEvent, Summary } from "../src/client/runner";
import { openPage, type TestPage } from "./browser";
import { serveConduit } from "./conduit";

let opened: TestPage;
before(async () => {
  opened = await openPage();
});
after(() => opened.close());

type Line = { iteration: number; name: string; status: number | null; assertions: string[]; failed: boolean };
interface Options {
  environment: Entries;
  data?: Entries[];
  iterations?: number;
  bail?: boolean;
}

/** By the runner, in the page. */
async function ours(
  collection: Collection,
  options: Options,
): Promise<{ results: Result[]; summary: Summary; left: Entries }> {
  const events = await opened.page.evaluate(
    async ([collection, options]) => {
      const page = globalThis as unknown as {
        runner: typeof import("../src/client/runner");
        sandbox: import("../src/client/runner").Sandbox;
        sendFromNode: (
          request: unknown,
          variables: [string, string][],
        ) => Promise<import("../src/client/runner").SentResponse>;
      };
      const send: import("../src/client/runner").Send = (request, variables) =>
        page.sendFromNode(request, [...variables]);
      const events: RunEvent[] = [];
      for await (const event of page.runner.run({ collection, sandbox: page.sandbox, send, ...options }))
        events.push(event);
      return events;
    },
    [collection, options] as const,
  );
  const results = events.flatMap((event) => (event.type === "result" ? [event.result] : []));
  const end = events.at(-1);
  assert(end?.type === "end");
  return { results, summary: end.summary, left: end.environment };
}

/** By newman. */
function theirs(collection: Collection, { environment, data, iterations, bail }: Options): Promise<Line[]> {
  return new Promise((resolve, reject) => {
    newman.run(
      {
        collection: collection as never,
        envVar: environment.map(([key, value]) => ({ key, value: String(value) })),
        ...(data ? { iterationData: data.map((row) => Object.fromEntries(row)) as never } : {}),
        ...(iterations ? { iterationCount: iterations } : {}),
        ...(bail ? { bail: true } : {}),
        reporters: [],
      } as never,
      (error, summary) => {
        if (error) return reject(error);
        type Script = { error?: Error };
        type Execution = (typeof summary.run.executions)[number] & {
          testScript?: Script[];
          prerequestScript?: Script[];
        };
        // What pm.sendRequest sends, newman lists as well: behind the item's own, with the same ref.
        const refs = summary.run.executions.map(({ cursor }) => cursor.ref);
        resolve(
          summary.run.executions
            .filter(({ cursor }, at) => refs.indexOf(cursor.ref) === at)
            .map((execution: Execution) => {
              const assertions = execution.assertions ?? [];
              const threw = [...(execution.prerequestScript ?? []), ...(execution.testScript ?? [])].some(
                ({ error }) => error,
              );
              const unsent = Boolean((execution as { requestError?: unknown }).requestError);
              const failed = threw || unsent || assertions.some(({ error }) => error);
              return {
                iteration: execution.cursor.iteration,
                name: execution.item.name,
                status: execution.response?.code ?? null,
                assertions: assertions.map((one) => {
                  const { assertion, error, skipped } = one as { assertion: string; error?: Error; skipped?: boolean };
                  return `${skipped ? "skipped" : error ? "failed" : "passed"}: ${assertion}`;
                }),
                failed,
              };
            }),
        );
      },
    );
  });
}

function lines(results: Result[]): Line[] {
  // Of a request that is skipped, newman says nothing.
  return results
    .filter(({ skipped }) => !skipped)
    .map(({ iteration, name, status, assertions, error }) => ({
      iteration,
      name,
      status,
      assertions: assertions.map((one) => `${one.skipped ? "skipped" : one.passed ? "passed" : "failed"}: ${one.name}`),
      failed: error !== undefined || assertions.some(({ passed }) => !passed),
    }));
}

/** By both, each with a Conduit of its own. */
async function both(collection: Collection, options: Options) {
  const runs: { url: string; environment: Entries }[] = [];
  const servers = await Promise.all([serveConduit(), serveConduit()]);
  try {
    for (const { url } of servers) runs.push({ url, environment: [["APIURL", url], ...options.environment] });
    const [first, second] = runs as [(typeof runs)[0], (typeof runs)[0]];
    const mine = await ours(collection, { ...options, environment: first.environment });
    const newmans = await theirs(collection, { ...options, environment: second.environment });
    return { ...mine, newmans };
  } finally {
    for (const { server } of servers) server.close().closeAllConnections();
  }
}

const PEOPLE: Entries = [
  ["EMAIL", "ada@host.com"],
  ["PASSWORD", "secret"],
  ["USERNAME", "ada"],
];

function read(name: string): Collection {
  return JSON.parse(readFileSync(name, "utf8")) as Collection;
}

test("the Conduit collection has newman's assertions, all of them", async () => {
  const { results, summary, newmans } = await both(read("../tests/data/conduit.postman_collection.json"), {
    environment: PEOPLE,
  });
  assert.deepEqual(lines(results), newmans);
  assert.deepEqual(
    lines(results).filter(({ failed }) => failed),
    [],
  );
  assert.deepEqual(summary.requests, { total: 32, failed: 0, skipped: 0 });
  assert(summary.assertions.total > 300, `${summary.assertions.total} assertions`);
});

test("its failures are newman's, too", async () => {
  const wrong: Entries = [
    ["EMAIL", "ada@host.com"],
    ["PASSWORD", ""],
    ["USERNAME", "ada"],
  ];
  const { results, summary, newmans } = await both(read("../tests/data/conduit.postman_collection.json"), {
    environment: wrong,
  });
  assert.deepEqual(lines(results), newmans);
  assert(summary.assertions.failed > 10, `${summary.assertions.failed} failed`);
});

test("a collection that uses all of pm has newman's outcomes", async () => {
  const data: Entries[] = [
    [
      ["row", 1],
      ["word", "one"],
    ],
    [
      ["row", 2],
      ["word", "two"],
    ],
  ];
  const options = { environment: PEOPLE, data, iterations: 3 };
  const { results, newmans } = await both(read("test/data/pm.postman_collection.json"), options);
  assert.deepEqual(lines(results), newmans);
});

test("with bail, both stop at the same place", async () => {
  const options = { environment: PEOPLE, bail: true };
  const { results, summary, newmans } = await both(read("test/data/failing.postman_collection.json"), options);
  assert.deepEqual(lines(results), newmans);
  assert.equal(summary.ended, "failure");
  assert.equal(results.length, 2);
});

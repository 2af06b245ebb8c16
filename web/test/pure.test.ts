// What needs no browser: the steps of a collection, data files, variables, addresses, and the order of a run.

import assert from "node:assert/strict";
import { test } from "node:test";
import { type Collection, plan } from "../src/client/runner/collection";
import { readData } from "../src/client/runner/data";
import { heard, type Job, LIMITS } from "../src/client/runner/protocol";
import { run, type RunOptions } from "../src/client/runner/run";
import type { Ending, Sandbox } from "../src/client/runner/sandbox";
import { fill } from "../src/client/runner/scopes";
import { Url } from "../src/client/runner/script/url";
import type { RunEvent, SentResponse } from "../src/client/runner/types";

const request = (id: string, ...scripts: [string, string][]) => ({
  id,
  name: id,
  request: { method: "GET", url: `http://127.0.0.1/${id}` },
  event: scripts.map(([listen, exec]) => ({ listen, script: { exec } })),
});

const TREE: Collection = {
  info: { name: "Tree" },
  event: [{ listen: "prerequest", script: { exec: ["all", "of it"] } }],
  item: [
    {
      id: "f",
      name: "Folder",
      event: [{ listen: "prerequest", script: { exec: "folder" } }],
      item: [request("a"), { id: "g", item: [request("b", ["prerequest", "own"])] }],
    },
    request("c"),
  ],
};

test("steps come depth first, with the scripts around them from the outside in", () => {
  const { steps } = plan(TREE);
  assert.deepEqual(
    steps.map(({ item, folders }) => [item, ...folders]),
    [["a", "Folder"], ["b", "Folder", ""], ["c"]],
  );
  assert.deepEqual(
    steps[1]?.scripts.prerequest.map(({ text }) => text),
    ["all\nof it", "folder", "own"],
  );
  assert.deepEqual(
    plan(TREE, ["g", "c"]).steps.map(({ item }) => item),
    ["b", "c"],
  );
});

test("what is no collection is refused by name", () => {
  const refused = (collection: unknown, words: RegExp, only?: string[]) =>
    assert.throws(() => plan(collection as Collection, only), words);
  refused(null, /no list named item/);
  refused({ item: [{ name: "x" }] }, /“x” at 0 has neither items nor a request/);
  refused({ item: [{ name: "x", item: [7] }] }, /item at 0\/0 is no object/);
  refused(TREE, /no item nowhere/, ["a", "nowhere"]);
});

test("data files: CSV with quotes, JSON, and the line of what is wrong", () => {
  assert.deepEqual(readData('\uFEFFname,n,q\r\n"a ""b"", c",1.5,"7"\r\n"two\nlines",007,\r\n'), [
    [
      ["name", 'a "b", c'],
      ["n", 1.5],
      ["q", "7"],
    ],
    [
      ["name", "two\nlines"],
      ["n", "007"],
      ["q", ""],
    ],
  ]);
  assert.deepEqual(readData('[{"a": {"b": 1}}]'), [[["a", { b: 1 }]]]);
  const cases: [string, RegExp][] = [
    ["", /is empty/],
    ["a,b\n", /header row and no rows/],
    ["a,b\n1,2\n3\n", /^RunError: Line 3 of the data file has 1 fields, and the header has 2\.$/],
    ['a,b\n1,2\n"3,4\n', /Quote Not Closed.*line 3/],
    ["a,a\n1,2\n", /^RunError: Line 1 of the data file: two columns are named a\.$/],
    ["a,\n1,2\n", /column 2 has no name/],
    ["[1]", /^RunError: Row 1 of the data file is no object\.$/],
    ["[", /is no JSON/],
    ["{}", /must hold an array/],
    ["[]", /no rows/],
  ];
  for (const [text, words] of cases) assert.throws(() => readData(text), words, text);
});

test("variables are filled in, through one another, and what nothing has stays", () => {
  const known: Record<string, string> = { a: "1", b: "{{a}}2", loop: "{{loop}}x" };
  const lookup = (name: string) => known[name];
  assert.equal(fill("{{b}} {{ a }} {{none}} {{}} {", lookup), "12 1 {{none}} {{}} {");
  assert(fill("{{loop}}", lookup).length < 100);
  assert.match(fill("{{$timestamp}}", lookup), /^\d{10}$/);
});

test("an address with variables is read in its parts and written back", () => {
  for (const text of [
    "https://u.host.com:81/a//b/?x=1&y#z",
    "{{base}}/a?b={{c}}",
    "host.com",
    "https://h/",
    "/only/path",
  ]) {
    assert.equal(new Url(text).toString(), text);
  }
  assert.equal(new Url("http://h/a?b=1=2&c#d").query.get("b"), "1=2");
  const url = new Url({
    raw: "http://h/:id",
    protocol: "http",
    host: ["h"],
    path: [":id"],
    variable: [{ key: "id", value: "7" }],
  });
  assert.equal(url.getPath(), "/7");
});

test("what the sandbox says is let in only in its form", () => {
  const scopes = { globals: [], collection: [], environment: [], data: [], local: [] };
  const done = { scopes, request: {}, skip: false };
  assert.deepEqual(heard(JSON.stringify({ kind: "done", done, more: 1 })), { kind: "done", done });
  assert.deepEqual(heard('{"kind":"assertion","assertion":{"name":"a","passed":true,"x":1}}'), {
    kind: "assertion",
    assertion: { name: "a", passed: true },
  });
  const wrong: unknown[] = [
    { kind: "done", done },
    "no json",
    "[]",
    "null",
    '{"kind":"other"}',
    '{"kind":"done"}',
    JSON.stringify({ kind: "done", done: { ...done, scopes: { ...scopes, globals: [["a"]] } } }),
    JSON.stringify({ kind: "done", done: { ...done, scopes: { ...scopes, globals: [[1, 2]] } } }),
    JSON.stringify({ kind: "done", done: { ...done, scopes: { globals: [] } } }),
    JSON.stringify({ kind: "done", done: { ...done, next: 7 } }),
    JSON.stringify({ kind: "done", done: { ...done, skip: "yes" } }),
    JSON.stringify({ kind: "done", done: { ...done, request: [] } }),
    '{"kind":"send","call":{},"request":{}}',
    '{"kind":"send","call":1,"request":"x"}',
    '{"kind":"assertion","assertion":{"name":7,"passed":true}}',
    '{"kind":"assertion","assertion":{"name":"a","passed":"yes"}}',
    '{"kind":"console","line":{"level":"shout","text":"x"}}',
    JSON.stringify({ kind: "console", line: { level: "log", text: "x".repeat(LIMITS.text + 1) } }),
    " ".repeat(LIMITS.message) + '{"kind":"done"}',
  ];
  for (const text of wrong) assert.equal(heard(text), null, String(text).slice(0, 80));
});

const ANSWER: SentResponse = {
  status: 200,
  reason: "OK",
  headers: [],
  body: { media_type: "text/plain", text: "" },
  timings: { total_ms: 2 },
  sizes: { head: 0, body: 0, decoded: 0 },
};

/** A sandbox whose scripts are functions of the test, by their text. */
function scripted(scripts: Record<string, (job: Job) => Partial<Extract<Ending, { done: unknown }>["done"]>>): Sandbox {
  return {
    run: async (job) => ({
      done: { scopes: job.scopes, request: job.request, skip: false, ...scripts[job.script]?.(job) },
    }),
    close: () => {},
  };
}

async function events(options: Partial<RunOptions> & { collection: Collection }): Promise<RunEvent[]> {
  const all: RunEvent[] = [];
  for await (const event of run({ sandbox: scripted({}), send: async () => ANSWER, ...options })) all.push(event);
  return all;
}

function summary(all: RunEvent[]) {
  const end = all.at(-1);
  assert(end?.type === "end");
  return end.summary;
}

const names = (all: RunEvent[]) => all.flatMap((event) => (event.type === "result" ? [event.result.name] : []));

test("a circle of setNextRequest ends after the most requests there may be", async () => {
  const collection = { item: [request("a", ["test", "again"])] };
  const all = await events({ collection, maxRequests: 5, sandbox: scripted({ again: () => ({ next: "a" }) }) });
  assert.deepEqual(names(all), ["a", "a", "a", "a", "a"]);
  assert.equal(summary(all).ended, "too_many_requests");
});

test("a changed request goes out changed, with the variables that hold", async () => {
  const sent: unknown[] = [];
  const sandbox = scripted({
    change: ({ scopes, request }) => ({
      request: { ...request, method: "PUT" },
      scopes: {
        ...scopes,
        local: [["near", 1]],
        environment: [
          ["near", 2],
          ["far", 3],
        ],
      },
    }),
  });
  const collection = {
    item: [request("a", ["prerequest", "change"]), request("b")],
    variable: [{ key: "base", value: "x" }],
  };
  await events({
    collection,
    sandbox,
    send: async ({ item, request, changed }, variables) => {
      sent.push([item, request.method, changed, Object.fromEntries(variables)]);
      return ANSWER;
    },
  });
  const variables = { base: "x", near: "1", far: "3" };
  assert.deepEqual(sent, [
    ["a", "PUT", true, variables],
    ["b", "GET", false, variables],
  ]);
});

test("an aborted run ends at once, and says so", async () => {
  const stop = new AbortController();
  const send = () => {
    stop.abort();
    return Promise.reject(new Error("stopped"));
  };
  const all = await events({ collection: TREE, send, signal: stop.signal, delay: 60_000 });
  assert.deepEqual(names(all), ["a"]);
  assert.equal(summary(all).ended, "aborted");
  const result = all.find((event) => event.type === "result");
  assert(result?.type === "result" && result.result.error === "The run was stopped.");
});

test("what was not answered is in the result, and the run goes on", async () => {
  const all = await events({ collection: TREE, send: () => Promise.reject(new Error("refused")) });
  assert.deepEqual(names(all), ["a", "b", "c"]);
  assert.deepEqual(summary(all).requests, { total: 3, failed: 3, skipped: 0 });
});

test("rows of data are iterations, and the last goes on", async () => {
  const seen: unknown[] = [];
  const sandbox = scripted({ look: ({ scopes }) => (seen.push(scopes.data[0]?.[1]), {}) });
  const collection = { item: [request("a", ["prerequest", "look"])] };
  await events({ collection, sandbox, data: [[["n", 1]], [["n", 2]]], iterations: 3 });
  assert.deepEqual(seen, [1, 2, 2]);
});

test("options that make no sense are refused before anything is sent", async () => {
  const send = () => assert.fail("sent");
  await assert.rejects(events({ collection: TREE, send, iterations: 0 }), /iterations must be/);
  await assert.rejects(events({ collection: TREE, send, maxRequests: 1.5 }), /maxRequests must be/);
  await assert.rejects(events({ collection: TREE, send, delay: -1 }), /delay must be/);
  await assert.rejects(events({ collection: { item: [] }, send }), /no request to run/);
});

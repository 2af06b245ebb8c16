// What goes into a run, and what of it is recorded: as much as the server takes, and what failed before all else.

import assert from "node:assert/strict";
import { test } from "node:test";
import type { Live } from "../../src/app/live.svelte";
import { countsOf, hasFailed, recordOf, resultOf } from "../../src/app/screens/runs/record";
import { collectionOf, ofCollection } from "../../src/app/screens/workspace/model/plan";
import { type Layers, Scripted, type Values } from "../../src/app/screens/workspace/scripted.svelte";
import type { Assertion, Entries, Result } from "../../src/client/runner";

const LARGEST = 16 * 1024;
const result = (assertions: Assertion[]): Result => ({ item: crypto.randomUUID(), name: "Ping", folders: [], iteration: 0, status: 200, ms: 12.5, assertions, console: [] });
const bytes = (value: object) => new TextEncoder().encode(JSON.stringify({ ...value, sequence: 4999 })).length;

test("a result that is too large is recorded in part, with what failed and the counts of all", () => {
  const passed = Array.from({ length: 900 }, (_, at) => ({ name: `${at} ${"ü".repeat(600)}`, passed: true }));
  const whole = resultOf(result([...passed, { name: "the last", passed: false, error: "expected 200 to equal 404" }]));
  assert.equal(whole.assertions?.length, 901, "all are shown");
  const record = recordOf(whole);
  assert.ok(bytes(record) <= LARGEST && bytes(record) > LARGEST / 2, `${bytes(record)} bytes`);
  assert.deepEqual(record.assertions?.at(-1), { name: "the last", passed: false, error: "expected 200 to equal 404" });
  for (const one of [whole, record]) assert.deepEqual([countsOf(one), hasFailed(one)], [{ passed: 900, failed: 1 }, true]);
});

test("a result that fits is recorded as it is, but for what is too long and halves of characters", () => {
  const skipped = { name: "later", passed: true, skipped: true } as const;
  const whole = resultOf(result([{ name: "\ud83d is half", passed: true }, skipped, { name: `${"x".repeat(499)}😀`, passed: false }]));
  const record = recordOf(whole);
  assert.deepEqual(record.assertions?.map(({ name }) => name), ["� is half", `${"x".repeat(499)}…`]);
  assert.deepEqual(record.omitted, { passed: 0, failed: 0 });
});

test("a secret that was withheld is unknown to scripts, not empty", async () => {
  const variable = [{ key: "token", type: "secret" }, { key: "other", value: "", type: "Secret" }, { key: "own", value: "1", type: "secret" }, { key: "empty", value: "" }];
  const entry = (id: string, parent: string | null, kind: string) => [id, { id, parent, kind, name: id }] as const;
  const items = new Map([entry("shop", null, "collection"), entry("ping", "shop", "request")]);
  const live = { items, item: (id: string) => Promise.resolve({ content: id === "shop" ? { variable } : {} }) } as unknown as Live;
  const collection = await collectionOf(live, ["ping"]);
  assert.deepEqual(collection.variable?.map(({ key }) => key), ["own", "empty"]);
  assert.deepEqual(ofCollection({ variable: [...variable, { key: "off", value: "1", disabled: true }] }), [["own", "1"], ["empty", ""]]);
});

test("what scripts set holds until it is changed by hand; sends at once keep what the other set", () => {
  const scripted = new Scripted();
  const layers = (environment: Entries): Layers<Entries> => ({ globals: [], collection: [["base", "x"]], environment });
  const known = layers([["token", "0"], ["old", "1"]]);
  const set = (environment: Entries): Layers<Values> => scripted.of("env", "shop", layers(environment));
  const before = set(known.environment);
  scripted.keep("env", "shop", known, before, layers([["token", "t1"]]));
  scripted.keep("env", "shop", known, before, { ...layers([...known.environment, ["other", "2"]]), globals: [["wide", 3]] });
  const now = set(known.environment);
  assert.deepEqual([...now.environment], [["token", "t1"], ["old", undefined], ["other", "2"]]);
  assert.deepEqual([[...now.globals], [...now.collection]], [[["wide", "3"]], []]);
  assert.deepEqual([...set([["token", "by hand"], ["old", "1"]]).environment], [["old", undefined], ["other", "2"]]);
  // A script that sets what there is without it takes back what another set.
  scripted.keep("env", "shop", known, now, layers([...known.environment, ["other", "2"]]));
  assert.deepEqual([...set(known.environment).environment], [["other", "2"]]);
});

// Contents that are read while events go on.

import assert from "node:assert/strict";
import { test } from "node:test";
import { Contents } from "../../src/client/contents";
import type { EventMessage, Item, WireChange } from "../../src/client/types";

/** A tree of one item, whose reads a test answers. */
function reading(): { contents: Contents; answer: (position: number, text: string, at?: string) => Promise<void>; hear: (position: number, change: Partial<WireChange>, at?: string) => void; known: { position: number | undefined; epoch: string } } {
  const known: { position: number | undefined; epoch: string } = { position: 1, epoch: "e1" };
  const asked: ((item: Item) => void)[] = [];
  const contents = new Contents({
    fetch: () => new Promise((resolve) => asked.push(resolve)),
    position: () => known.position,
    epoch: () => known.epoch,
    sleep: () => Promise.resolve(),
  });
  const answer = async (position: number, text: string, updated_at = "2026-01-01T00:00:00Z"): Promise<void> => {
    const next = asked.shift();
    assert.ok(next, "somebody asks");
    next({ id: "a", kind: "request", parent: null, order: "80", name: "A", position, content: { text }, updated_at, updated_by: null });
    await new Promise(setImmediate);
  };
  const hear = (position: number, change: Partial<WireChange>, at = "2026-01-01T00:00:01Z"): void => {
    const event = { type: "event", stream: "shared", position, at, by: null, change: { id: "a", kind: "item_updated", ...change } };
    contents.apply(event as EventMessage);
    if (known.position !== undefined && change.kind !== "item_moved") known.position = position;
  };
  return { contents, answer, hear, known };
}

const patch = (text: string): Partial<WireChange> => ({ patch: { content: { text } } });

test("what comes while it is read is not lost, and not applied twice", async () => {
  const { contents, answer, hear } = reading();
  const read = contents.read("a");
  const again = contents.read("a");
  hear(5, { patch: { content: { more: 1 } } });
  hear(6, patch("six"));
  // The server answered between the two.
  await answer(5, "five");
  assert.deepEqual((await read).content, { text: "six" });
  assert.equal(await again, await read, "asked once");
  assert.equal(contents.get("a")?.position, 6);
});

test("an answer that is ahead of the events waits for them to catch up", async () => {
  const { contents, answer, hear } = reading();
  const read = contents.read("a");
  await answer(9, "nine");
  assert.deepEqual((await read).content, { text: "nine" });
  hear(8, patch("eight"));
  assert.deepEqual(contents.get("a")?.content, { text: "nine" });
  // One by reference that is known already needs no second read; its name is known too.
  hear(9, {});
  assert.equal(contents.get("a")?.name, "A");
  hear(10, { patch: { name: "B" } });
  assert.deepEqual([contents.get("a")?.name, contents.get("a")?.position], ["B", 10]);
  hear(11, {});
  assert.equal(contents.get("a"), undefined);
});

test("an answer from before what is known is asked for again", async () => {
  const { contents, answer, known } = reading();
  known.position = 7;
  const read = contents.read("a");
  await answer(6, "six");
  await answer(7, "seven");
  assert.deepEqual((await read).content, { text: "seven" });
});

test("a node that never catches up is believed, but not for good", async () => {
  const { contents, answer, known } = reading();
  known.position = 7;
  const read = contents.read("a");
  for (let turn = 0; turn < 8; turn += 1) await answer(6, "six");
  assert.deepEqual((await read).content, { text: "six" });
  assert.equal(contents.get("a"), undefined);
});

test("what was read over a switch of epochs is read again", async () => {
  const { contents, answer, known } = reading();
  const read = contents.read("a");
  Object.assign(known, { epoch: "e2", position: 0 });
  await answer(1, "old");
  await answer(0, "new");
  assert.deepEqual((await read).content, { text: "new" });
});

test("what is deleted meanwhile is not kept", async () => {
  const { contents, answer, known } = reading();
  const read = contents.read("a");
  known.position = undefined;
  await answer(1, "one");
  assert.deepEqual((await read).content, { text: "one" });
  assert.equal(contents.get("a"), undefined);
});

test("of moves the last one counts, to the microsecond", async () => {
  const { contents, answer, hear } = reading();
  const read = contents.read("a");
  await answer(1, "one", "2026-01-01T00:00:00.036163Z");
  await read;
  hear(2, { kind: "item_moved" }, "2026-01-01T00:00:00.036085Z");
  assert.equal(contents.get("a")?.updated_at, "2026-01-01T00:00:00.036163Z");
  hear(3, { kind: "item_moved" }, "2026-01-01T00:00:00.1Z");
  assert.equal(contents.get("a")?.updated_at, "2026-01-01T00:00:00.1Z");
});

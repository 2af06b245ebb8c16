// Prose that two people write at once, as far as it needs no page.

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { type Draft, rebase } from "../../src/app/screens/workspace/model/draft";
import { changesBetween, mergedText } from "../../src/app/screens/workspace/model/merge";

describe("two changes of one text", () => {
  const clean = (base: string, theirs: string, mine: string) => {
    const { text, clashes } = mergedText(base, theirs, mine);
    assert.equal(clashes, false, text);
    return text;
  };

  test("at different places both stand", () => {
    assert.equal(clean("List all the users", "List nearly all the users", "List all the users, paged"), "List nearly all the users, paged");
    assert.equal(clean("a\nb\nc\n", "A\nb\nc\n", "a\nb\nC\n"), "A\nb\nC\n");
    assert.equal(clean("one two three", "one three", "one two three four"), "one three four");
    assert.equal(clean("one two", "one zwei", "one two, three"), "one zwei, three");
  });

  test("at one place, what both add stands once each, and what is equal once", () => {
    assert.equal(clean("Hello.", "Hello. Theirs.", "Hello. Mine."), "Hello. Theirs. Mine.");
    assert.equal(clean("", "Theirs.", "Mine."), "Theirs.Mine.");
    assert.equal(clean("Hello.", "Hello. Both.", "Hello. Both."), "Hello. Both.");
    assert.equal(clean("Hello.", "Hello.", "Hello. Mine."), "Hello. Mine.");
    assert.equal(clean("Hello.", "Hello. Theirs.", "Hello."), "Hello. Theirs.");
  });

  test("of the same words the writer's own stand, with what else others did, and it is told", () => {
    assert.deepEqual(mergedText("one two three", "one 2 three, four", "one II three"), { text: "one II three, four", clashes: true });
    assert.deepEqual(mergedText("one two three", "one three", "one II three"), { text: "one II three", clashes: true });
    assert.deepEqual(mergedText("one two three", "one 2 three", "one 2 three"), { text: "one 2 three", clashes: false });
  });

  test("a draft takes in another's prose; of the same words it asks", () => {
    const draft = (mine: string): Draft => ({ base: { request: { description: "Takes money." } }, mine: { request: { description: mine } }, theirs: {} });
    const now = { request: { description: "Takes much money." } };
    assert.deepEqual(rebase(draft("Takes money. Asks."), now, "Ada"), { base: now, mine: { request: { description: "Takes much money. Asks." } }, theirs: {} });
    const asked = rebase(draft("Takes gold."), { request: { description: "Takes silver. Always." } }, "Ada");
    assert.deepEqual(asked.mine, { request: { description: "Takes gold. Always." } });
    assert.deepEqual(asked.theirs, { "request.description": { value: "Takes silver. Always.", by: "Ada" } });
    // What is no prose is one's own or theirs.
    const url = rebase({ base: { request: { url: "a b" } }, mine: { request: { url: "a B" } }, theirs: {} }, { request: { url: "A b" } }, null);
    assert.deepEqual(url.theirs, { "request.url": { value: "A b", by: null } });
  });
});

test("one text is made of another by small changes", () => {
  const made = (now: string, next: string) =>
    changesBetween(now, next).toReversed().reduce((text, { from, to, insert }) => text.slice(0, from) + insert + text.slice(to), now);
  const pairs = [["", "a"], ["a", ""], ["one two three", "ONE two THREE"], ["a b c d", "b x d e"], ["aa", "aaa"], ["x\ny\n", "y\nx\n"], ["x", "x"]] as const;
  for (const [now, next] of pairs) assert.equal(made(now, next), next);
  const around = changesBetween("Begins. Here it is. Ends.", "It begins. Here it is. It ends.");
  assert.ok(around.every(({ from, to }) => to <= 7 || from >= 19), "what is between stays alone");
  const long = "word ".repeat(60_000);
  assert.deepEqual(changesBetween(`${long}x`, `y${long}`), [{ from: 0, to: long.length + 1, insert: `y${long}` }], "what is long is one");
});

// Edits that are under way, laid over what the server has said.

import assert from "node:assert/strict";
import { test } from "node:test";
import { contentOver } from "../../src/client/overlay";
import { Replica } from "../../src/client/replica";
import type { Change, Entry, Snapshot } from "../../src/client/types";
import { View } from "../../src/client/view";

const NOTHING = { items: new Set<string>(), environments: new Set<string>() };

function entry(id: string, parent: string | null, order: string, kind: Entry["kind"] = "request"): Entry {
  return { id, kind, parent, order, name: id, position: 1, ...(kind === "request" && { method: "GET" }) };
}

function snapshot(): Snapshot {
  return {
    id: "w",
    name: "W",
    description: "",
    mode: "classic",
    epoch: "e1",
    positions: { shared: 1, team: 0 },
    tree: [entry("c", null, "80", "collection"), entry("f", "c", "80", "folder"), entry("r1", "f", "80"), entry("r2", "f", "8080"), entry("r3", "f", "8180")],
    environments: [{ id: "v", name: "V", content: { values: [1] }, position: 1 }],
    team: [],
  };
}

function viewOf(): { replica: Replica; view: View; lay: (changes: Change[]) => { items: string[]; environments: string[] }; ids: (parent: string | null) => string[] } {
  const replica = new Replica();
  replica.load(snapshot());
  const view = new View(replica);
  view.rebuild([]);
  const lay = (changes: Change[]): { items: string[]; environments: string[] } => {
    const { items, environments } = view.refresh(NOTHING, changes);
    return { items: [...items].sort(), environments: [...environments].sort() };
  };
  return { replica, view, lay, ids: (parent) => view.tree.children(parent).map(({ id }) => id) };
}

const create = (id: string, after?: string | null): Change => ({
  kind: "item_create",
  id,
  parent: "f",
  item_kind: "request",
  name: id,
  content: {},
  ...(after !== undefined && { after }),
});

test("a new item stands where `after` says, until the server gives it a place", () => {
  const { lay, ids } = viewOf();
  lay([create("first", null), create("last"), create("middle", "r1"), create("later", "r1"), create("next", "middle"), create("top", null)]);
  assert.deepEqual(ids("f"), ["top", "first", "r1", "later", "middle", "next", "r2", "r3", "last"]);
});

test("every edit is taken back when it is refused, and only what it touched is told", () => {
  const { replica, view, lay, ids } = viewOf();
  const before = new Map(view.tree.entries);
  const edits: Change[][] = [
    [create("n"), { kind: "item_update", id: "n", patch: { name: "N", content: { request: { method: "PUT" } } } }],
    [{ kind: "item_update", id: "r1", patch: { name: "R", content: { request: { method: "PUT" } } } }],
    [{ kind: "item_move", id: "r1", parent: "c", after: null }],
    [{ kind: "item_delete", id: "f" }],
    [{ kind: "environment_update", id: "v", patch: { name: "E", content: { values: [2] } } }],
    [{ kind: "environment_create", id: "x", name: "X", content: {} }, { kind: "environment_delete", id: "v" }],
  ];
  const told = edits.map((edit) => {
    const on = lay(edit);
    const off = lay([]);
    assert.deepEqual(on, off);
    assert.deepEqual(view.tree.entries, before);
    assert.deepEqual(view.environments, replica.environments);
    return [...on.items, ...on.environments];
  });
  assert.deepEqual(told, [["n"], ["r1"], ["r1"], ["f", "r1", "r2", "r3"], ["v"], ["v", "x"]]);
  lay(edits.flat());
  assert.equal(view.tree.entries.get("n"), undefined, "what stood in the folder went with it");
  assert.equal(view.tree.entries.get("r1")?.method, "PUT");
  assert.deepEqual(ids("c"), ["r1"]);
});

test("the workspace's own name is laid over too", () => {
  const { view, lay } = viewOf();
  lay([{ kind: "workspace_update", patch: { name: "New" } }]);
  assert.deepEqual([view.name, view.description], ["New", ""]);
  lay([]);
  assert.equal(view.name, "W");
});

test("what the server would refuse is not shown", () => {
  const { view, lay, ids } = viewOf();
  const before = new Map(view.tree.entries);
  lay([
    { kind: "item_move", id: "f", parent: "r1" },
    { kind: "item_move", id: "gone", parent: "c" },
    { kind: "item_move", id: "r1", parent: "gone" },
    { kind: "item_update", id: "gone", patch: { name: "x" } },
    { ...(create("orphan") as Change & { kind: "item_create" }), parent: "gone" },
    { ...(create("r1") as Change & { kind: "item_create" }), name: "a second one" },
    { kind: "item_delete", id: "gone" },
  ]);
  assert.deepEqual(view.tree.entries, before);
  assert.deepEqual(ids(null), ["c"]);
});

test("lists of children that no edit touches stay the same", () => {
  const { view, lay } = viewOf();
  const before = view.tree.children("f");
  lay([{ kind: "item_move", id: "f", parent: "c", after: null }]);
  assert.equal(view.tree.children("f"), before);
});

test("contents have the edits laid over in their order", () => {
  const changes: Change[] = [
    { kind: "item_update", id: "a", patch: { content: { x: 1, y: null } } },
    { kind: "item_update", id: "b", patch: { content: { x: 9 } } },
    { kind: "item_update", id: "a", patch: { name: "n", content: { x: 2 } } },
  ];
  assert.deepEqual(contentOver("a", { y: 1, z: 1 }, changes), { x: 2, z: 1 });
  assert.equal(contentOver("a", undefined, changes), undefined, "there is nothing to lay them over");
  const made: Change = { kind: "item_create", id: "a", parent: "f", item_kind: "request", name: "a", content: { x: 0, w: 1 } };
  assert.deepEqual(contentOver("a", undefined, [made, ...changes]), { x: 2, w: 1 });
  assert.deepEqual(contentOver("a", { x: 5 }, [made]), { x: 5 }, "done already, and only its answer was lost");
});

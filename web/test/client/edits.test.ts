// Edits on their way, and events that do not follow: by sockets that a test makes up.

import assert from "node:assert/strict";
import { test } from "node:test";
import type { Notice, Workspace } from "../../src/client";
import type { Change } from "../../src/client/types";
import { MemoryStorage } from "./common";
import { type FakeServer, opened, settled } from "./fake";

const folder = (id: string): Change => ({ kind: "item_create", id, parent: "c", item_kind: "folder", name: id, content: {} });
const text = (name: string, base?: number): Change => ({ kind: "item_update", id: "c", patch: { name }, ...(base !== undefined && { base }) });

const edits = (server: FakeServer): FakeServer["socket"]["said"] => server.socket.said.filter(({ type, changes }) => type === "edit" && changes?.length);

function ids(workspace: Workspace): string[] {
  return [...workspace.items.keys()].sort();
}

test("an answer may come before its events or after them", async () => {
  const { server, workspace } = await opened();
  const told: Notice[] = [];
  workspace.subscribe((notice) => told.push(notice));
  const first = workspace.edit([folder("a"), folder("b")]);
  const op = edits(server)[0]?.op ?? "";
  server.socket.says({ type: "ack", op, position: 6 });
  assert.deepEqual(await first, { position: 6 });
  assert.deepEqual([workspace.pending, ids(workspace)], [0, ["a", "b", "c"]], "shown until its events are here");
  server.created(5, "a", op);
  assert.deepEqual(ids(workspace), ["a", "b", "c"]);
  assert.equal(workspace.items.get("a")?.position, 5);
  assert.equal(workspace.items.get("b")?.position, 0, "still as it was laid over");
  server.created(6, "b", op);
  assert.equal(workspace.items.get("b")?.position, 6);
  const second = workspace.edit([folder("d")]);
  const next = edits(server)[1]?.op ?? "";
  server.created(7, "d", next);
  assert.equal(workspace.pending, 1);
  server.socket.says({ type: "ack", op: next, position: 7 });
  await second;
  assert.deepEqual(ids(workspace), ["a", "b", "c", "d"]);
  // Once undone by somebody else, nothing of it comes back.
  server.socket.says({ type: "event", stream: "shared", position: 8, at: "2026-01-01T00:00:00Z", by: null, change: { kind: "item_deleted", id: "d" } });
  assert.deepEqual(ids(workspace), ["a", "b", "c"]);
  assert.ok(told.some((notice) => notice.type === "changed" && notice.by === null && notice.items?.has("d")));
  workspace.close();
});

test("after a lost connection an edit comes again under its name, in its order", async () => {
  const { server, workspace } = await opened();
  const ended = ["a", "b", "d"].map((id) => workspace.edit([folder(id)]));
  const ops = edits(server).map(({ op }) => op ?? "");
  server.socket.says({ type: "ack", op: ops[0] ?? "", position: 5 });
  server.socket.ends(1006);
  const late = workspace.edit([folder("late")]);
  server.clock.advance(250);
  await settled();
  server.welcome();
  // The first one is answered: only its event was missed.
  assert.deepEqual(edits(server).slice(0, 2).map(({ op }) => op), ops.slice(1));
  assert.equal(edits(server).length, 3);
  server.created(5, "a", ops[0]);
  edits(server).forEach(({ op = "" }, at) => {
    server.created(6 + at, ["b", "d", "late"][at] ?? "", op);
    server.socket.says({ type: "ack", op, position: 6 + at });
  });
  assert.deepEqual(await Promise.all([...ended, late]), [5, 6, 7, 8].map((position) => ({ position })));
  assert.deepEqual([workspace.pending, workspace.items.get("late")?.position], [0, 8]);
  workspace.close();
});

test("a server that can't now is asked again, and what follows waits with it", async () => {
  const { server, workspace } = await opened();
  const ended = [workspace.edit([folder("a")]), workspace.edit([{ kind: "item_update", id: "a", patch: { name: "A" } }])];
  const [first, second] = edits(server).map(({ op }) => op ?? "");
  server.socket.says({ type: "reject", op: first ?? "", problem: { code: "unavailable", title: "Later." } });
  // Decided without the first one, this is no answer to what was meant.
  server.socket.says({ type: "reject", op: second ?? "", problem: { code: "not_found", title: "No such thing." } });
  assert.equal(workspace.pending, 2);
  assert.equal(workspace.items.get("a")?.name, "A");
  server.clock.advance(2_000);
  assert.deepEqual(edits(server).slice(2).map(({ op }) => op), [first, second]);
  server.socket.says({ type: "ack", op: first ?? "", position: 5 });
  server.socket.says({ type: "ack", op: second ?? "", position: 6 });
  await Promise.all(ended);
  workspace.close();
});

test("no more go out than a second allows, and fewer after the server found them too many", async () => {
  const { server, workspace } = await opened();
  for (let at = 0; at < 120; at += 1) void workspace.edit([folder(`f${at}`)]);
  assert.equal(edits(server).length, 50);
  server.clock.advance(1_000);
  assert.equal(edits(server).length, 100);
  server.socket.ends(4029);
  assert.equal(workspace.connection.reason, "too_many");
  server.clock.advance(250);
  await settled();
  server.welcome();
  assert.equal(edits(server).length, 25);
  server.clock.advance(1_000);
  assert.equal(edits(server).length, 50);
  workspace.close();
});

test("an edit that a socket was closed over goes over HTTP, which says what is wrong", async () => {
  const { server, workspace } = await opened();
  const wrong = workspace.edit([{ kind: "item_update", id: "c", patch: { nam: "x" } } as unknown as Change]);
  const refused = assert.rejects(wrong, { code: "malformed", path: "changes[0]" });
  const right = workspace.edit([text("Right")]);
  server.socket.ends(4009);
  const found = server.answer;
  server.answer = (asked) => {
    if (asked.method === "GET") return found(asked);
    const { op, changes } = asked.body as { op: string; changes: Change[] };
    if (JSON.stringify(changes).includes("nam\"")) return Response.json({ code: "malformed", title: "?", path: "changes[0]" }, { status: 400 });
    return Response.json({ op, position: 5 });
  };
  server.clock.advance(250);
  await settled();
  server.welcome();
  await refused;
  assert.deepEqual(await right, { position: 5 });
  assert.equal(edits(server).length, 0);
  assert.deepEqual(server.asked.filter(({ method }) => method === "POST").map(({ path }) => path), Array(2).fill("/v1/workspaces/w/changes"));
  workspace.close();
});

test("an edit over HTTP that finds one signed out is no edit refused", async () => {
  const storage = new MemoryStorage();
  const { server, workspace } = await opened({ storage });
  server.answer = () => Response.json({ code: "signed_out", title: "Sign in first." }, { status: 401 });
  const large = workspace.edit([{ ...folder("a"), content: { text: "x".repeat(70_000) } } as Change]);
  await assert.rejects(large, { code: "signed_out" });
  assert.deepEqual([workspace.connection.state, storage.length, ids(workspace)], ["ended", 1, ["c"]]);
});

test("where one looks is not said again when that is what was not understood", async () => {
  const { server, workspace } = await opened();
  workspace.look("no id", "active");
  server.socket.ends(4009);
  server.clock.advance(250);
  await settled();
  server.welcome();
  server.clock.advance(1_000);
  assert.equal(server.socket.said.length, 0);
  workspace.look(null, "active");
  assert.equal(server.socket.said.length, 1);
  workspace.close();
});

test("a text's writer is said to have seen what its own edit before came to, and not what others wrote", async () => {
  const { server, workspace } = await opened();
  const updated = (position: number, name: string, op?: string): void =>
    server.socket.says({ type: "event", stream: "shared", position, at: "2026-01-01T00:00:00Z", by: null, ...(op && { op }), change: { kind: "item_updated", id: "c", patch: { name } } });
  for (const name of ["one", "two", "three"]) void workspace.edit([text(name, 4)]);
  assert.equal(edits(server).length, 1, "the others wait for its event");
  const op = (at: number): string => edits(server)[at]?.op ?? "";
  server.socket.says({ type: "ack", op: op(0), position: 5 });
  assert.equal(edits(server).length, 1);
  updated(5, "one", op(0));
  assert.deepEqual(edits(server)[1]?.changes, [text("two", 5)]);
  // Somebody else comes first: the writer of the third had not seen that.
  updated(6, "TWO");
  updated(7, "TWO two", op(1));
  server.socket.says({ type: "ack", op: op(1), position: 7 });
  assert.deepEqual(edits(server)[2]?.changes, [text("three", 5)]);
  workspace.close();
});

test("events that do not follow have the snapshot read again, and what comes meanwhile counts", async () => {
  for (const position of [7, 4]) {
    const { server, workspace } = await opened();
    server.created(5, "five");
    let answer!: (response: Response) => void;
    server.answer = () => new Promise((resolve) => (answer = resolve));
    server.created(position === 7 ? 7 : 5, "wrong");
    server.created(position === 7 ? 8 : 6, "after");
    await settled();
    assert.equal(workspace.items.has("wrong"), false);
    const entry = (id: string, at: number): unknown => ({ id, kind: "folder", parent: "c", order: `80${at}`, name: id, position: at });
    const more = position === 7 ? [entry("five", 5), entry("six", 6), entry("wrong", 7)] : [entry("five", 5)];
    answer(Response.json({ ...server.snapshot, positions: { shared: 4 + more.length, team: 0 }, tree: [...server.snapshot.tree, ...more] }));
    await settled();
    await settled();
    assert.deepEqual(ids(workspace), position === 7 ? ["after", "c", "five", "six", "wrong"] : ["after", "c", "five"]);
    assert.equal(workspace.connection.state, "live");
    workspace.close();
  }
});

test("a snapshot from before what is known is no answer", async () => {
  const { server, workspace } = await opened();
  server.created(5, "five");
  server.created(7, "seven");
  await settled();
  await settled();
  assert.equal(ids(workspace).length, 2, "the server is behind: it is asked again");
  const tree = ["five", "six", "seven"].map((id, at) => ({ id, kind: "folder" as const, parent: "c", order: `8${at}`, name: id, position: 5 + at }));
  server.snapshot = { ...server.snapshot, positions: { shared: 7, team: 0 }, tree: [...server.snapshot.tree, ...tree] };
  server.clock.advance(1_000);
  await settled();
  await settled();
  assert.deepEqual(ids(workspace), ["c", "five", "seven", "six"]);
  workspace.close();
});

test("a socket that ends while the snapshot is read leaves nothing to resume from", async () => {
  const { server, workspace } = await opened();
  const found = server.answer;
  server.answer = () => new Promise(() => {});
  server.created(9, "nine");
  server.socket.ends(1006);
  server.answer = found;
  const asked = server.asked.length;
  server.clock.advance(250);
  await settled();
  assert.equal(server.asked.length, asked + 1);
  assert.equal(server.sockets.length, 2);
  workspace.close();
});

test("edits are kept by workspace and person until they are answered", async () => {
  const storage = new MemoryStorage();
  const { server, workspace } = await opened({ storage });
  const done = workspace.edit([folder("a")]);
  const refused = workspace.edit([folder("b")]);
  const [one, two] = edits(server).map(({ op }) => op ?? "");
  assert.deepEqual([...storage.kept.keys()], [`loggia.edit.w.you.${one}`, `loggia.edit.w.you.${two}`]);
  server.socket.says({ type: "ack", op: one ?? "", position: 5 });
  server.socket.says({ type: "reject", op: two ?? "", problem: { code: "forbidden", title: "No." } });
  await done;
  await assert.rejects(refused, { code: "forbidden" });
  assert.equal(storage.length, 0);
  // A storage that is full is no reason to lose the edit now.
  storage.setItem = () => {
    throw new Error("QuotaExceededError");
  };
  void workspace.edit([folder("d")]).catch(() => {});
  assert.equal(edits(server).length, 3);
  workspace.close();
});

test("where one looks is said once, not too often, and again to the next session", async () => {
  const { server, workspace } = await opened();
  const looks = (): unknown[] => server.socket.said.filter(({ type }) => type === "presence").map(({ viewing }) => viewing);
  for (let turn = 0; turn < 100; turn += 1) workspace.look(turn % 2 ? "c" : null, "active");
  assert.deepEqual(looks(), [null]);
  server.clock.advance(100);
  assert.deepEqual(looks(), [null, "c"]);
  workspace.look("c", "active");
  server.clock.advance(1_000);
  assert.equal(looks().length, 2);
  server.socket.ends(1006);
  workspace.look(null, "idle");
  server.clock.advance(250);
  await settled();
  server.welcome();
  assert.deepEqual(looks(), [null]);
  // The same session, with other rights.
  server.welcome(undefined, { session: workspace.session ?? "", role: "viewer" });
  server.clock.advance(1_000);
  assert.deepEqual([looks().length, workspace.role], [1, "viewer"]);
  workspace.close();
});

test("a listener that fails does not keep others from hearing", async () => {
  const { server, workspace } = await opened();
  const before = globalThis.reportError;
  const reported: unknown[] = [];
  globalThis.reportError = (error) => void reported.push(error);
  let heard = 0;
  const stop = workspace.subscribe(() => {
    throw new Error("mine");
  });
  workspace.subscribe(() => (heard += 1));
  server.created(5, "five");
  stop();
  globalThis.reportError = before;
  assert.equal(heard, 1);
  assert.deepEqual(reported.map(String), ["Error: mine"]);
  workspace.close();
});

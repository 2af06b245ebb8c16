// Edits that say what their writer had seen, and come late: after others' edits, and after positions have begun anew. They
// are merged or refused, and never take the place of what nobody saw.

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { Json, Workspace } from "../../src/client";
import type { Change } from "../../src/client/types";
import { MemoryStorage, state, until } from "./common";
import { FakeServer, opened, PERSON, settled } from "./fake";
import { PROGRAM } from "./server";
import { idOf, onStage } from "./stage";

const update = (description: string, base: number): Change => ({ kind: "item_update", id: "c", patch: { content: { description } }, base });
const edits = (server: FakeServer): FakeServer["socket"]["said"] => server.socket.said.filter(({ type }) => type === "edit");
/** The item is so, as of a position. */
function says(server: FakeServer, description: string, position: number): void {
  const answer = server.answer;
  server.answer = (asked) => {
    if (!asked.path.endsWith("/items/c")) return answer(asked);
    const item = { id: "c", kind: "collection", parent: null, order: "80", name: "C", content: { description }, position, updated_at: "2026-01-01T00:00:00Z", updated_by: null };
    return Response.json(item);
  };
}

/** Somebody reads a text, loses the connection, and writes another one. */
async function written(seen = "as read"): Promise<{ server: FakeServer; workspace: Workspace; edit: Promise<{ position: number }> }> {
  const { server, workspace } = await opened({ storage: new MemoryStorage() });
  says(server, seen, 4);
  await workspace.item("c");
  server.socket.ends(1006);
  const edit = workspace.edit([update("mine", 4)]);
  edit.catch(() => {});
  return { server, workspace, edit };
}
/** The server is there again, in another epoch. */
async function another(server: FakeServer, description: string, position: number): Promise<void> {
  says(server, description, position);
  server.snapshot = { ...server.snapshot, epoch: "e2", positions: { shared: position, team: 1 }, tree: server.snapshot.tree.map((entry) => ({ ...entry, position })) };
  server.clock.advance(250);
  await settled();
  server.welcome();
  for (let turn = 0; turn < 6; turn += 1) await settled();
}

test("in the same epoch it goes with the base that it was made upon", async () => {
  const { server, workspace } = await written();
  server.clock.advance(250);
  await settled();
  server.welcome({ shared: 6, team: 0 });
  server.created(5, "a");
  server.created(6, "b");
  assert.deepEqual(edits(server).map(({ changes }) => changes), [[update("mine", 4)]]);
  workspace.close();
});

test("in another epoch it goes with the base of the same text, if that is still the text", async () => {
  const { server, workspace, edit } = await written();
  await another(server, "as read", 3);
  assert.deepEqual(edits(server).map(({ changes }) => changes), [[update("mine", 3)]]);
  server.socket.says({ type: "ack", op: edits(server)[0]?.op ?? "", position: 9 });
  assert.deepEqual(await edit, { position: 9 });
  workspace.close();
});

test("a text that is another one by then is not overwritten: the edit is refused and undone", async () => {
  const { server, workspace, edit } = await written();
  assert.deepEqual(workspace.peek("c")?.content, { description: "mine" });
  await another(server, "theirs", 0);
  const [asked] = edits(server);
  assert.deepEqual(asked?.changes, [], "it is only asked whether it was done");
  server.socket.says({ type: "reject", op: asked?.op ?? "", problem: { code: "invalid", title: "No changes." } });
  await assert.rejects(edit, { code: "stale_base" });
  assert.deepEqual([workspace.pending, (await workspace.item("c")).content], [0, { description: "theirs" }]);
  workspace.close();
});

test("one that was done before, and its answer lost, is answered", async () => {
  const { server, workspace, edit } = await written();
  await another(server, "mine, and theirs since", 2);
  server.socket.says({ type: "ack", op: edits(server)[0]?.op ?? "", position: 2 });
  assert.deepEqual(await edit, { position: 2 });
  workspace.close();
});

test("an environment's edits, too: each upon the one before it, and none upon what nobody saw", async () => {
  const values = (...keys: string[]): Json => ({ values: keys.map((key) => ({ key })) });
  const change = (content: Json, base: number): Change => ({ kind: "environment_update", id: "v", patch: { content }, base });
  const server = new FakeServer();
  server.snapshot = { ...server.snapshot, environments: [{ id: "v", name: "E", content: values("a"), position: 4 }] };
  const { workspace } = await opened({ storage: new MemoryStorage() }, server);
  workspace.edit([change(values("a", "b"), 4)]).catch(() => {});
  const second = workspace.edit([change(values("a", "b", "c"), 4)]);
  assert.deepEqual(edits(server).map(({ changes }) => changes), [[change(values("a", "b"), 4)]], "the second waits");
  const op = edits(server)[0]?.op ?? "";
  server.socket.says({ type: "event", stream: "shared", position: 5, at: "2026-01-01T00:00:00Z", by: PERSON, op, change: { kind: "environment_updated", id: "v", patch: { content: values("a", "b") } } });
  server.socket.says({ type: "ack", op, position: 5 });
  assert.deepEqual(edits(server)[1]?.changes, [change(values("a", "b", "c"), 5)]);

  server.socket.ends(1006);
  const refused = assert.rejects(second, { code: "stale_base" });
  server.snapshot = { ...server.snapshot, environments: [{ id: "v", name: "E", content: values("z"), position: 0 }] };
  await another(server, "as read", 0);
  const [asked] = edits(server);
  assert.deepEqual(asked?.changes, [], "it is only asked whether it was done");
  server.socket.says({ type: "reject", op: asked?.op ?? "", problem: { code: "invalid", title: "No changes." } });
  await refused;
  assert.deepEqual(workspace.environments.get("v")?.content, values("z"));
  workspace.close();
});

test("what was seen outlives a reload", async () => {
  const storage = new MemoryStorage();
  const first = await opened({ storage });
  says(first.server, "as read", 4);
  await first.workspace.item("c");
  first.server.socket.ends(1006);
  first.workspace.edit([update("mine", 4)]).catch(() => {});
  first.workspace.close();
  const server = new FakeServer();
  server.snapshot = { ...server.snapshot, epoch: "e2" };
  says(server, "as read", 4);
  const { workspace } = await opened({ storage }, server);
  for (let turn = 0; turn < 6; turn += 1) await settled();
  assert.deepEqual(edits(server).map(({ changes }) => changes), [[update("mine", 4)]]);
  workspace.close();
});

describe("on a real server", { timeout: 60_000, skip: PROGRAM ? false : "LOGGIA_BIN names no server" }, () => {
  const stage = onStage();

  const described = (id: string): Promise<Json> =>
    stage.home.admin.get<{ content: Json }>(`/v1/workspaces/${stage.home.workspace}/items/${id}`).then(({ content }) => (content["request"] as Json));
  const change = (id: string, description: string, base: number): Change => ({ kind: "item_update", id, patch: { content: { request: { description } } }, base });

  test("two who wrote at once, one of them away: merged; over the switch: refused, and nothing is lost", async () => {
    const { home, proxy } = stage;
    const away = await stage.open(home.admin);
    const here = await stage.open(home.admin, { direct: true });
    const ping = idOf(away, "Ping");
    const leave = async (): Promise<number> => {
      await Promise.all([away.item(ping), here.item(ping)]);
      proxy.target = 1;
      proxy.cut();
      await until(away, "the loss", () => away.connection.state !== "live");
      return away.positions.shared;
    };
    let base = await leave();
    const merged = away.edit([change(ping, "Says that all is well today, of course", base)]);
    await here.edit([change(ping, "Tells that all is well today", here.positions.shared)]);
    proxy.target = home.server.port;
    away.retryNow();
    await merged;
    assert.equal((await described(ping))["description"], "Tells that all is well today, of course");

    await until(here, "what was merged", () => JSON.stringify(here.peek(ping)?.content).includes("of course"));
    await until(away, "what was merged", () => JSON.stringify(away.peek(ping)?.content).includes("of course"));
    base = await leave();
    const refused = assert.rejects(away.edit([change(ping, "Mine alone", base)]), { code: "stale_base" });
    await here.edit([change(ping, "What the other has not seen", here.positions.shared)]);
    await home.admin.post("/v1/workspaces/{workspace}/multi_partner", { confirm: "Payments" }, { path: { workspace: home.workspace } });
    proxy.target = home.server.port;
    away.retryNow();
    await refused;
    await state(away, "live");
    assert.equal((await described(ping))["description"], "What the other has not seen");
    assert.match(JSON.stringify((await away.item(ping)).content), /What the other has not seen/);
  });
});

// A workspace of a real server, while nothing fails.

import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { newId, type Notice, type Problem, Workspace } from "../../src/client";
import { count, isTrue, made, until } from "./common";
import { type House, house, invite, PROGRAM, Socket } from "./server";

describe("a live workspace", { timeout: 120_000, skip: PROGRAM ? false : "LOGGIA_BIN names no server" }, () => {
  let home: House;
  let editor: Workspace;
  let partner: Workspace;
  let partnerApi: House["admin"];

  before(async () => {
    home = await house();
    partnerApi = (await invite(home, "pia@partner.example", "partner")).api;
    editor = Workspace.open(home.admin, home.workspace, { WebSocket: Socket });
    partner = Workspace.open(partnerApi, home.workspace, { WebSocket: Socket });
    await Promise.all([editor.ready, partner.ready]);
  });

  after(async () => {
    editor.close();
    partner.close();
    await home.server.close();
  });

  const bothAreTrue = async (): Promise<void> => {
    await isTrue(editor, home.admin);
    await isTrue(partner, partnerApi);
  };

  test("tells who one is", () => {
    assert.deepEqual([editor.viewer, editor.role, editor.lead, editor.mode], ["team", "admin", false, "classic"]);
    assert.deepEqual([partner.viewer, partner.role, partner.you.name], ["partner", "viewer", "pia"]);
    assert.equal(editor.connection.state, "live");
    assert.equal(partner.positions.team, undefined);
  });

  test("shows an edit at once, and to others when it is done", async () => {
    const change = made(home.collection, "Refund", { request: { method: "DELETE", url: "https://api.example/refund" } });
    const ended = editor.edit([change]);
    assert.equal(editor.pending, 1);
    assert.equal(editor.items.get(change.id)?.method, "DELETE");
    assert.equal(editor.children(home.collection).at(-1)?.id, change.id);
    assert.deepEqual((await editor.item(change.id)).content, change.content);
    const { position } = await ended;
    assert.equal(editor.pending, 0);
    await until(partner, "the edit", () => partner.positions.shared >= position);
    assert.equal(partner.items.get(change.id)?.name, "Refund");
    await bothAreTrue();
  });

  test("keeps contents that were read true by events", async () => {
    const id = [...partner.items.values()].find(({ name }) => name === "Ping")?.id ?? "";
    const first = await partner.item(id);
    assert.equal(partner.peek(id)?.updated_at, first.updated_at);
    await editor.edit([{ kind: "item_update", id, patch: { name: "Pong", content: { request: { method: "HEAD" } } } }]);
    await editor.edit([{ kind: "item_move", id, parent: home.collection, after: null }]);
    await until(partner, "the edits", () => partner.children(home.collection)[0]?.name === "Pong");
    const request = partner.peek(id)?.content.request as { method: string; url: unknown };
    assert.equal(request.method, "HEAD");
    assert.deepEqual(request.url, (first.content.request as { url: unknown }).url);
    await bothAreTrue();
  });

  test("undoes what is refused, and says why", async () => {
    const notices: Notice[] = [];
    const before = new Map(partner.items);
    const stop = partner.subscribe((notice) => notices.push(notice));
    const change = made(home.collection, "Not mine");
    const ended = partner.edit([change]);
    assert.equal(count(partner, "Not mine"), 1);
    await assert.rejects(ended, { name: "Problem", code: "forbidden" });
    stop();
    assert.deepEqual(partner.items, before);
    assert.equal(partner.pending, 0);
    const rejected = notices.find((notice) => notice.type === "rejected");
    assert.equal(rejected?.type === "rejected" && rejected.problem.code, "forbidden");
    assert.ok(rejected?.type === "rejected" && rejected.changes[0]?.kind === "item_create");
    await assert.rejects(partner.item(change.id), { code: "not_found" });

    // All or nothing: the first change alone would be fine.
    const folder = [...editor.items.values()].find(({ name }) => name === "Charges")?.id ?? "";
    const both = editor.edit([
      { kind: "item_update", id: folder, patch: { name: "Half" } },
      { kind: "item_move", id: folder, parent: folder },
    ]);
    assert.equal(editor.items.get(folder)?.name, "Half");
    await assert.rejects(both, (problem: Problem) => problem.code === "cycle" && problem.path === "changes[1].parent");
    assert.equal(editor.items.get(folder)?.name, "Charges");
    await bothAreTrue();
  });

  test("sends what is too large for a frame over HTTP, in its order", async () => {
    const large = made(home.collection, "Large", { request: { method: "POST", body: { raw: "ü".repeat(100_000) } } });
    const answers = await Promise.all([
      editor.edit([large]),
      editor.edit([{ kind: "item_update", id: large.id, patch: { name: "Still large" } }]),
      editor.edit([{ kind: "item_update", id: large.id, patch: { content: { request: { body: { raw: "y".repeat(70_000) } } } } }]),
      editor.edit([{ kind: "item_update", id: large.id, patch: { name: "Largest" } }]),
    ]);
    const positions = answers.map(({ position }) => position);
    assert.deepEqual([...positions].sort((a, b) => a - b), positions);
    await until(partner, "the edits", () => count(partner, "Largest") === 1);
    await bothAreTrue();
  });

  test("reads again what is by reference, and what an import brought", async () => {
    const file = { info: { name: "Imported", schema: "https://schema.getpostman.com/json/collection/v2.1.0/collection.json" }, item: [] };
    await home.admin.post("/v1/workspaces/{workspace}/import", JSON.stringify(file), { path: { workspace: home.workspace }, type: "application/json" });
    await editor.edit([{ kind: "workspace_update", patch: { description: "# Payments" } }]);
    await until(partner, "the import", () => count(partner, "Imported") === 1);
    await until(partner, "the description", () => partner.description === "# Payments");
    const vault = { name: "Vault", values: [{ key: "token", type: "secret", value: "t" }, { key: "host", value: "h".repeat(80_000) }] };
    await home.admin.post("/v1/workspaces/{workspace}/import", JSON.stringify(vault), { path: { workspace: home.workspace }, type: "application/json" });
    for (const one of [editor, partner]) await until(one, "the environment", () => one.environments.size === 1);
    assert.ok(!JSON.stringify([...partner.environments]).includes('"t"'), "a secret is the team's");
    const id = [...editor.environments.keys()][0] ?? "";
    await editor.edit([{ kind: "environment_update", id, patch: { name: "Vault 2", content: { values: [{ key: "host", value: "h" }] } } }]);
    await bothAreTrue();
    await editor.edit([{ kind: "environment_delete", id }]);
    await bothAreTrue();
  });

  test("tells who is here and where they look, and says so no oftener than it may", async () => {
    const [item, other] = [...editor.items.keys()];
    assert.ok(item && other);
    for (let turn = 0; turn < 200; turn += 1) editor.look(turn % 2 ? item : other, "active");
    editor.look(item, "idle");
    const seen = (): string => JSON.stringify(partner.presence.get(editor.session ?? ""));
    await until(partner, "where the editor looks", () => {
      const here = partner.presence.get(editor.session ?? "");
      return here?.viewing === item && here.status === "idle";
    });
    assert.equal(editor.connection.state, "live", seen());
    assert.ok(partner.presence.has(partner.session ?? ""), "oneself too");
  });

  test("more edits than a second allows all arrive, in their order", async () => {
    const names = Array.from({ length: 130 }, (_, at) => `burst ${at}`);
    await Promise.all(names.map((name) => editor.edit([made(home.collection, name)])));
    const mine = editor.children(home.collection).filter(({ name }) => name.startsWith("burst"));
    assert.deepEqual(mine.map(({ name }) => name), names);
    await editor.edit(mine.map(({ id }) => ({ kind: "item_delete", id })));
    await bothAreTrue();
  });

  test("tells a person of what is its own", async () => {
    const told: Notice[] = [];
    const foreign: Notice[] = [];
    const stops = [partner.subscribe((notice) => told.push(notice)), editor.subscribe((notice) => foreign.push(notice))];
    await partnerApi.post("/v1/workspaces/{workspace}/runs", { item: home.collection, iterations: 1 }, { path: { workspace: home.workspace } });
    await until(partner, "the run", () => told.some((notice) => notice.type === "run"));
    await editor.edit([{ kind: "workspace_update", patch: { description: "" } }]);
    for (const stop of stops) stop();
    assert.ok(!foreign.some((notice) => notice.type === "run"));
  });

  test("whoever opens what is not theirs, or nothing, is told so", async () => {
    const stranger = Workspace.open(partnerApi, newId(), { WebSocket: Socket });
    await assert.rejects(stranger.ready, { code: "gone" });
    assert.deepEqual([stranger.connection.state, stranger.connection.reason], ["ended", "gone"]);
    await assert.rejects(stranger.edit([]), { code: "gone" });
    assert.throws(() => stranger.you, /not ready/);
  });
});

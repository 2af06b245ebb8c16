// Two edit at random and a partner looks on, while connections break, stall and die, the server is killed and the mode switched. Afterwards
// everybody shows the same, and the log has each edit that was acknowledged once and nothing else. A seed that fails can be
// run alone: LOGGIA_SEED=7.

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { Api, type Change, newId, Problem, Workspace } from "../../src/client";
import { FastClock, seeded } from "./clocks";
import { isTrue, live } from "./common";
import { Proxy } from "./proxy";
import { type House, house, invite, PROGRAM, Socket } from "./server";

const SEEDS = process.env.LOGGIA_SEED ? [Number(process.env.LOGGIA_SEED)] : [1, 2, 3, 4, 5, 6];
const EDITS = 120;

describe("edits at random", { skip: PROGRAM ? false : "LOGGIA_BIN names no server" }, () => {
  for (const seed of SEEDS) test(`seed ${seed}`, { timeout: 120_000 }, () => run(seed));
});

async function run(seed: number): Promise<void> {
  const random = seeded(seed);
  const home = await house();
  const proxy = await Proxy.to(home.server.port);
  const clock = new FastClock(12);
  const through = (api: Api): Api => new Api({ url: proxy.url, ...(api.token && { token: api.token }) });
  const { api: eve } = await invite(home, "eve@acme.example", "team", "editor");
  const { api: pia } = await invite(home, "pia@partner.example", "partner");
  const apis = [home.admin, eve, pia];
  const workspaces = apis.map((api) => Workspace.open(through(api), home.workspace, { WebSocket: Socket, clock, random }));
  try {
    await Promise.all(workspaces.map(({ ready }) => ready));
    const begun = await edits(home);
    const switchAt = random() < 0.5 ? Math.floor(random() * EDITS) : undefined;
    const answers: Promise<number>[] = [];
    for (let turn = 0; turn < EDITS; turn += 1) {
      const workspace = workspaces[Math.floor(random() * 2)];
      assert.ok(workspace);
      const changes = Array.from({ length: random() < 0.2 ? 3 : 1 }, () => change(workspace, random, `${seed}.${turn}`));
      answers.push(workspace.edit(changes).then(() => changes.length, refused));
      if (random() < 0.3) workspaces.at(-1)?.look(pick([...workspace.items.keys()], random) ?? null, "active");
      if (random() < 0.3) void workspaces.at(-1)?.item(pick([...workspace.items.keys()], random) ?? "").catch(unread);
      if (turn === switchAt) await home.admin.post("/v1/workspaces/{workspace}/multi_partner", { confirm: "Payments" }, { path: { workspace: home.workspace } });
      await fault(random, proxy, home.server);
      // Some go out together, some one after the other.
      if (random() < 0.5) await new Promise(setImmediate);
    }
    proxy.release();
    const done = (await Promise.all(answers)).reduce((sum, one) => sum + one, 0);
    assert.ok(done > EDITS / 5, `${done} changes were made`);
    await Promise.all(workspaces.map(live));
    await Promise.all(workspaces.map((workspace, at) => isTrue(workspace, apis[at] ?? home.admin)));
    assert.equal(await edits(home), begun + done, "each once");
  } finally {
    for (const workspace of workspaces) workspace.close();
    await proxy.close();
    await home.server.close();
  }
}

/** Changes of items and environments in the log, over epochs. */
async function edits({ admin, workspace }: House): Promise<number> {
  let count = 0;
  for (let before: string | undefined; ; ) {
    const page = await admin.get("/v1/workspaces/{workspace}/activity", { path: { workspace }, query: { limit: 200, before } });
    count += page.entries.filter(({ change }) => /^(item|environment)_/.test(change.kind)).length;
    if (!page.next) return count;
    before = page.next;
  }
}

/** Two at once may want what does not go together; nothing else may be refused. */
function refused(error: unknown): number {
  assert.ok(error instanceof Problem, String(error));
  assert.ok(["not_found", "cycle", "wrong_place"].includes(error.code), `${error.code}: ${error.message} ${error.path}`);
  return 0;
}

function unread(error: unknown): void {
  assert.ok(error instanceof Problem, String(error));
  assert.ok(["not_found", "offline"].includes(error.code), `${error.code}: ${error.message}`);
}

async function fault(random: () => number, proxy: Proxy, server: { stop(signal: "SIGKILL"): Promise<void>; start(): Promise<void> }): Promise<void> {
  const dice = random();
  if (dice < 0.04) proxy.cut();
  else if (dice < 0.07) proxy.forget();
  else if (dice < 0.12) proxy.hold();
  else if (dice < 0.3) proxy.release();
  else if (dice < 0.315) {
    await server.stop("SIGKILL");
    await server.start();
  }
}

function change(workspace: Workspace, random: () => number, name: string): Change {
  const entries = [...workspace.items.values()];
  const folders = entries.filter(({ kind }) => kind === "folder" || kind === "collection");
  const inside = entries.filter(({ kind }) => kind !== "collection");
  const parent = pick(folders, random)?.id ?? null;
  const after = pick([undefined, null, pick(workspace.children(parent), random)?.id], random);
  const place = { parent, ...(after !== undefined && { after }) };
  const content = { request: { method: pick(["GET", "PUT", "POST"], random), description: `${name} ${"x".repeat(random() < 0.05 ? 70_000 : 10)}` } };
  const one = pick(inside, random)?.id;
  const dice = random();
  if (!one || dice < 0.35) return { kind: "item_create", id: newId(), item_kind: pick(["folder", "request"] as const, random) ?? "folder", name, content, ...place };
  if (dice < 0.6) return { kind: "item_update", id: one, patch: { content, ...(random() < 0.5 && { name }) }, ...(random() < 0.5 && { base: workspace.positions.shared }) };
  if (dice < 0.8) return { kind: "item_move", id: one, ...place };
  if (dice < 0.85) return { kind: "item_delete", id: one };
  const environment = pick([...workspace.environments.keys()], random);
  if (!environment || dice < 0.92) return { kind: "environment_create", id: newId(), name, content: { values: [] } };
  return { kind: "environment_update", id: environment, patch: { name, content: { values: [{ key: name, value: random() }] } } };
}

function pick<T>(list: readonly T[], random: () => number): T | undefined {
  return list[Math.floor(random() * list.length)];
}

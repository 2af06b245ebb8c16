// When a connection is made again, and when it is taken for dead: by a clock that stands still between.

import assert from "node:assert/strict";
import { test } from "node:test";
import { opened, settled, FakeServer } from "./fake";

const MINUTE = 60_000;

test("a lost connection comes back after a delay that doubles, and a stable one begins anew", async () => {
  const { server, workspace } = await opened();
  const delays: number[] = [];
  for (let turn = 0; turn < 8; turn += 1) {
    server.socket.ends(1006);
    delays.push((workspace.connection.retryAt ?? 0) - server.clock.now());
    assert.equal(workspace.connection.attempt, turn + 1);
    server.clock.advance(delays.at(-1) ?? 0);
    await settled();
  }
  assert.deepEqual(delays, [250, 500, 1_000, 2_000, 4_000, 8_000, 15_000, 15_000]);
  // Live, but not for long: no reason to hurry.
  server.welcome();
  server.clock.advance(1_000);
  server.socket.ends(1006);
  assert.equal((workspace.connection.retryAt ?? 0) - server.clock.now(), 15_000);
  server.clock.advance(15_000);
  await settled();
  server.welcome();
  server.clock.advance(10_000);
  server.socket.ends(1006);
  assert.equal((workspace.connection.retryAt ?? 0) - server.clock.now(), 250);
  workspace.close();
});

test("it resumes from where it is, and a failed handshake has the server asked why", async () => {
  const { server, workspace } = await opened();
  server.created(5, "five");
  server.socket.ends(4008);
  assert.equal(workspace.connection.reason, "slow");
  server.clock.advance(250);
  await settled();
  assert.deepEqual(Object.fromEntries(server.socket.url.searchParams), { epoch: "e1", shared: "5", team: "0" });
  assert.equal(server.asked.length, 1, "what it has is enough to resume");
  server.socket.ends(1006);
  assert.equal(workspace.connection.reason, "unreachable");
  server.answer = () => Response.json({ code: "not_found", title: "No." }, { status: 404 });
  server.clock.advance(500);
  await settled();
  assert.deepEqual([server.asked.length, workspace.connection.state, workspace.connection.reason], [2, "ended", "gone"]);
  assert.equal(server.clock.next, undefined, "no timer is left");
});

test("a snapshot that is known is not sent again", async () => {
  const { server, workspace } = await opened();
  server.socket.ends(1006);
  server.clock.advance(250);
  await settled();
  server.socket.ends(1006);
  server.answer = ({ headers }) => new Response(null, { status: headers.get("if-none-match") === '"1"' ? 304 : 500 });
  server.clock.advance(500);
  await settled();
  assert.equal(server.sockets.length, 3);
  server.welcome();
  assert.equal(workspace.connection.state, "live");
  assert.equal(workspace.items.size, 1);
  workspace.close();
});

test("a goodbye's delay is kept to, once", async () => {
  const { server, workspace } = await opened();
  server.clock.advance(10_000);
  server.socket.says({ type: "goodbye", code: "restart", reconnect_in_ms: 1_840 });
  server.socket.ends(1012);
  assert.equal(workspace.connection.reason, "restart");
  server.clock.advance(1_839);
  await settled();
  assert.equal(server.sockets.length, 1);
  server.clock.advance(1);
  await settled();
  assert.equal(server.sockets.length, 2);
  server.socket.ends(1006);
  assert.equal((workspace.connection.retryAt ?? 0) - server.clock.now(), 500);
  workspace.close();
});

test("positions that the server does not know have the snapshot read again", async () => {
  const { server, workspace } = await opened();
  server.created(5, "five");
  server.socket.ends(1006);
  server.snapshot = { ...server.snapshot, epoch: "e2", positions: { shared: 0, team: 0 } };
  server.clock.advance(250);
  await settled();
  server.socket.ends(4010);
  server.clock.advance(500);
  await settled();
  assert.equal(server.asked.length, 2);
  assert.equal(server.asked[1]?.headers.get("if-none-match"), null);
  assert.equal(server.socket.url.searchParams.get("epoch"), "e2");
  server.welcome();
  assert.deepEqual([workspace.epoch, workspace.items.has("five")], ["e2", false]);
  workspace.close();
});

test("a handshake that hangs is given up", async () => {
  const { server, workspace } = await opened();
  server.socket.ends(1006);
  server.clock.advance(250);
  await settled();
  const hanging = server.socket;
  server.clock.advance(15_000);
  assert.ok(hanging.isClosed);
  assert.equal(workspace.connection.state, "waiting");
  workspace.close();
});

test("silence has the server asked, and no answer ends the socket without its consent", async () => {
  const { server, workspace } = await opened();
  const first = server.socket;
  server.clock.advance(44_000);
  assert.equal(first.said.length, 0);
  server.clock.advance(6_000);
  assert.deepEqual(first.said.map(({ type, changes }) => [type, changes]), [["edit", []]]);
  // Its answer is one like any other.
  first.says({ type: "reject", op: first.said[0]?.op ?? "", problem: { code: "invalid", title: "No." } });
  server.clock.advance(40_000);
  assert.equal(first.said.length, 1);
  server.clock.advance(10_000);
  assert.equal(first.said.length, 2);
  server.clock.advance(9_000);
  assert.equal(workspace.connection.state, "live");
  server.clock.advance(6_000);
  assert.deepEqual([first.isClosed, workspace.connection.reason], [true, "silent"]);
  // What it says now comes from a dead one.
  first.ends(1006);
  assert.equal(workspace.connection.attempt, 1);
  workspace.close();
});

test("presence and events are signs of life", async () => {
  const { server, workspace } = await opened();
  for (let turn = 0; turn < 20; turn += 1) {
    server.clock.advance(40_000);
    server.socket.says({ type: "presence_delta", joined: [], changed: [], left: [] });
  }
  assert.equal(server.socket.said.length, 0);
  workspace.close();
});

test("an edit that has no answer while other things come is sent again on another socket", async () => {
  const { server, workspace } = await opened();
  void workspace.edit([{ kind: "item_create", id: "n", parent: "c", item_kind: "folder", name: "N", content: {} }]);
  const first = server.socket;
  for (let turn = 0; turn < 11; turn += 1) {
    server.clock.advance(5_000);
    first.says({ type: "presence_delta", joined: [], changed: [], left: [] });
  }
  assert.equal(workspace.connection.state, "live");
  server.clock.advance(5_000);
  assert.equal(workspace.connection.reason, "silent");
  server.clock.advance(250);
  await settled();
  server.welcome();
  assert.equal(server.socket.said[0]?.op, first.said[0]?.op);
  workspace.close();
});

test("after a sleep the server is asked at once, and what came meanwhile counts", async () => {
  const { server, workspace } = await opened();
  server.clock.jump(60 * MINUTE);
  assert.equal(server.socket.said.length, 1);
  assert.equal(workspace.connection.state, "live");
  server.created(5, "slept over");
  server.clock.advance(20_000);
  assert.equal(workspace.connection.state, "live");
  server.clock.jump(60 * MINUTE);
  server.clock.advance(6_000);
  assert.equal(workspace.connection.reason, "silent");
  server.clock.jump(-24 * 60 * MINUTE);
  server.clock.advance(24 * 60 * MINUTE + MINUTE);
  await settled();
  assert.equal(server.sockets.length, 2);
  workspace.close();
});

test("who asks for it is connected at once", async () => {
  const { server, workspace } = await opened();
  for (let turn = 0; turn < 6; turn += 1) {
    server.socket.ends(1006);
    server.clock.advance(8_000);
    await settled();
  }
  server.socket.ends(1006);
  const before = server.sockets.length;
  workspace.retryNow();
  workspace.retryNow();
  await settled();
  // Nor while that handshake is on.
  workspace.retryNow();
  await settled();
  assert.equal(server.sockets.length, before + 1);
  server.welcome();
  workspace.retryNow();
  assert.equal(server.socket.said.length, 1, "whether a live one is alive");
  workspace.close();
});

test("a page's events bring an attempt forward, spread and not too often", async () => {
  const page = new EventTarget();
  const names = ["addEventListener", "removeEventListener"] as const;
  const before = names.map((name) => globalThis[name]);
  for (const name of names) globalThis[name] = page[name].bind(page) as never;
  try {
    const { server, workspace } = await opened();
    for (let turn = 0; turn < 7; turn += 1) {
      server.socket.ends(1006);
      server.clock.advance((workspace.connection.retryAt ?? 0) - server.clock.now());
      await settled();
    }
    server.socket.ends(1006);
    assert.equal((workspace.connection.retryAt ?? 0) - server.clock.now(), 15_000);
    page.dispatchEvent(new Event("online"));
    assert.equal((workspace.connection.retryAt ?? 0) - server.clock.now(), 1_000, "there was an attempt just now");
    server.clock.advance(1_000);
    await settled();
    server.socket.ends(1006);
    server.clock.advance(2_000);
    page.dispatchEvent(new Event("online"));
    assert.equal((workspace.connection.retryAt ?? 0) - server.clock.now(), 500, "half of a second, as the dice have it");
    server.clock.advance(500);
    await settled();
    server.welcome();
    page.dispatchEvent(new Event("online"));
    assert.equal(server.socket.said.length, 1, "another network may be a dead socket");
    workspace.close();
    page.dispatchEvent(new Event("online"));
    assert.equal(server.clock.next, undefined);
  } finally {
    names.forEach((name, at) => {
      globalThis[name] = before[at] as never;
    });
  }
});

test("a server that is not there at first is waited for", async () => {
  const server = new FakeServer();
  let isThere = false;
  const found = server.answer;
  server.answer = (asked) => {
    if (!isThere) throw new TypeError("fetch failed");
    return found(asked);
  };
  const workspace = server.open();
  await settled();
  assert.deepEqual([workspace.connection.state, workspace.connection.reason], ["waiting", "unreachable"]);
  const edit = workspace.edit([{ kind: "item_create", id: "n", parent: "c", item_kind: "folder", name: "N", content: {} }]);
  isThere = true;
  server.clock.advance(250);
  await settled();
  server.welcome();
  await workspace.ready;
  assert.equal(workspace.items.get("n")?.name, "N");
  server.socket.says({ type: "ack", op: server.socket.said[0]?.op ?? "", position: 5 });
  assert.deepEqual(await edit, { position: 5 });
  workspace.close();
});

test("another person's session is not gone on with", async () => {
  const { server, workspace } = await opened();
  server.socket.ends(1006);
  server.clock.advance(250);
  await settled();
  server.welcome(undefined, { you: { id: "other", name: "O", avatar: null, side: "team" } });
  assert.deepEqual([workspace.connection.state, workspace.connection.reason], ["ended", "signed_out"]);
});

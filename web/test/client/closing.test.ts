// The end of a workspace: whatever is under way ends with it.

import assert from "node:assert/strict";
import { test } from "node:test";
import { opened, settled } from "./fake";

test("a workspace that is closed leaves nothing behind that would keep a process", async () => {
  const unanswered = (_: unknown, init: RequestInit): Promise<Response> => new Promise((_, reject) => init.signal?.addEventListener("abort", () => reject(init.signal?.reason)));
  const { server, workspace } = await opened();
  const given: RequestInit[] = [];
  server.fetch = (url, init) => {
    given.push(init);
    return unanswered(url, init);
  };
  const item = workspace.item("c");
  // Events are missing: the snapshot is read again.
  server.created(9, "nine");
  await settled();
  assert.equal(given.length, 2);
  workspace.close();
  await assert.rejects(item, { code: "offline" });
  assert.ok(given.every(({ signal }) => signal?.aborted));
  assert.equal(server.clock.next, undefined, "no timer");

  // Nor one that waits to read it again.
  const later = await opened();
  later.server.created(5, "five");
  later.server.created(9, "nine");
  for (let turn = 0; turn < 4; turn += 1) await settled();
  later.workspace.close();
  await settled();
  assert.equal(later.server.clock.next, undefined, "no timer");
});

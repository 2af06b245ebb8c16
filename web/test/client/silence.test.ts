// Sockets that are dead and do not say so, and clocks that jump.

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { Clock } from "../../src/client";
import { FastClock } from "./clocks";
import { count, made, until } from "./common";
import { PROGRAM } from "./server";
import { allTrue, onStage } from "./stage";

describe("silence", { timeout: 240_000, skip: PROGRAM ? false : "LOGGIA_BIN names no server" }, () => {
  const stage = onStage();
  const { open } = stage;

  test("a socket that is dead and does not say so is noticed by an edit without an answer", async () => {
    const { home, proxy, partnerApi } = stage;
    const clock = new FastClock(20);
    const editor = await open(home.admin, { clock });
    const partner = await open(partnerApi, { direct: true });
    proxy.forget();
    await editor.edit([made(home.collection, "into the void")]);
    assert.ok(proxy.connections >= 2);
    await allTrue([[editor, home.admin], [partner, partnerApi]], ["into the void"]);
  });

  test("a socket that is dead is noticed by its silence alone, and a quiet one is left alone", async () => {
    const { home, proxy, partnerApi } = stage;
    const clock = new FastClock(60);
    const partner = await open(partnerApi, { clock });
    const editor = await open(home.admin, { direct: true });
    // Several questions are asked and answered in this time.
    const quiet = clock.now() + 200_000;
    const states = new Set<string>();
    partner.subscribe(() => states.add(partner.connection.state));
    await new Promise<void>((resolve) => clock.setTimeout(resolve, quiet - clock.now()));
    assert.deepEqual([...states].filter((one) => one !== "live"), []);
    proxy.forget();
    await editor.edit([made(home.collection, "unheard")]);
    await until(partner, "the edit", () => count(partner, "unheard") === 1);
    assert.ok(states.has("waiting"));
    await allTrue([[partner, partnerApi]], ["unheard"]);
  });

  for (const isDead of [true, false]) {
    test(`a tab that slept an hour, its socket ${isDead ? "dead" : "alive"}`, async () => {
      const { home, proxy } = stage;
      const clock = new FastClock(10);
      const editor = await open(home.admin, { clock });
      const other = await open(home.admin, { direct: true });
      clock.sleep();
      if (isDead) proxy.forget();
      const edit = editor.edit([made(home.collection, "just before")]);
      await other.edit([made(home.collection, "meanwhile")]);
      clock.wake(3_600_000);
      await edit;
      await until(editor, "what was missed", () => count(editor, "meanwhile") === 1);
      await allTrue([[editor, home.admin], [other, home.admin]], ["just before", "meanwhile"]);
    });
  }

  test("a clock that is set back or forth changes nothing", async () => {
    const { home, proxy } = stage;
    let skew = 0;
    const clock: Clock = {
      now: () => Date.now() + skew,
      setTimeout: (callback, ms) => setTimeout(callback, ms),
      clearTimeout: (timer) => clearTimeout(timer as ReturnType<typeof setTimeout>),
    };
    const editor = await open(home.admin, { clock });
    const names: string[] = [];
    for (const jump of [-86_400_000, 3 * 86_400_000, -1]) {
      skew += jump;
      names.push(`after ${jump}`, `cut ${jump}`);
      await editor.edit([made(home.collection, `after ${jump}`)]);
      editor.look(home.collection, "active");
      proxy.cut();
      await editor.edit([made(home.collection, `cut ${jump}`)]);
    }
    await allTrue([[editor, home.admin]], names);
  });
});

// Two hundred clients whose server goes away: they come back spread over time, whether it said goodbye or not.

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { Api, Workspace } from "../../src/client";
import { count, isTrue, live, made, until } from "./common";
import { type House, house, invite, PROGRAM, Socket } from "./server";

const CLIENTS = 200;

interface Attempt {
  reason: string | undefined;
  delay: number;
  attempt: number;
}

describe("two hundred clients", { skip: PROGRAM ? false : "LOGGIA_BIN names no server" }, () => {
  for (const signal of ["SIGKILL", "SIGTERM"] as const) {
    test(`come back one by one after a ${signal}`, { timeout: 120_000 }, () => comeBack(signal));
  }
});

async function comeBack(signal: "SIGKILL" | "SIGTERM"): Promise<void> {
  const home = await house();
  const { api: partner } = await invite(home, "pia@partner.example", "partner");
  const apis = Array.from({ length: CLIENTS }, (_, at) => (at % 2 ? partner : home.admin));
  const clients = apis.map((api) => Workspace.open(api, home.workspace, { WebSocket: Socket }));
  const attempts = clients.map(record);
  try {
    await Promise.all(clients.map(({ ready }) => ready));
    await home.server.stop(signal);
    const first = clients[0];
    assert.ok(first);
    const edit = first.edit([made(home.collection, "while it was away")]);
    await home.server.start();
    await edit;
    await Promise.all(clients.map(live));
    await Promise.all(clients.map((client) => until(client, "the edit", () => count(client, "while it was away") === 1)));
    await checkSome(clients, apis, home);

    const firsts = attempts.map((of) => of[0]).filter((one) => one !== undefined);
    assert.equal(firsts.length, CLIENTS, "everybody noticed");
    const said = signal === "SIGTERM";
    assert.ok(firsts.every(({ reason }) => reason === (said ? "restart" : "lost")), JSON.stringify(firsts[0]));
    // The server spreads those it says goodbye to over two seconds; others spread themselves over half of one.
    spread(firsts.map(({ delay }) => delay), said ? 2_000 : 500);
    for (const attempt of [2, 3, 4]) {
      const later = attempts.flatMap((of) => of.filter((one) => one.attempt === attempt).map(({ delay }) => delay));
      if (later.length >= 150) spread(later, 500 * 2 ** (attempt - 1));
    }
  } finally {
    for (const client of clients) client.close();
    await home.server.close();
  }
}

function record(client: Workspace): Attempt[] {
  const attempts: Attempt[] = [];
  let last: number | undefined;
  client.subscribe((notice) => {
    const { state, retryAt, reason, attempt } = client.connection;
    if (notice.type !== "connection" || state !== "waiting" || retryAt === undefined || retryAt === last) return;
    last = retryAt;
    attempts.push({ reason, delay: retryAt - Date.now(), attempt });
  });
  return attempts;
}

/** No fifth of the time has much more than its share, or much less. */
function spread(delays: number[], within: number): void {
  assert.ok(delays.every((delay) => delay >= -50 && delay <= within), `${Math.max(...delays)} of ${within}`);
  const fifths = [0, 1, 2, 3, 4].map((fifth) => delays.filter((delay) => Math.min(4, Math.max(0, Math.floor((5 * delay) / within))) === fifth).length);
  const share = delays.length / 5;
  assert.ok(fifths.every((one) => one > share / 4 && one < share * 2.2), `${fifths} of ${within} ms`);
}

/** Reading everything for two hundred would be a test of the server. */
async function checkSome(clients: Workspace[], apis: Api[], home: House): Promise<void> {
  for (const at of [0, 1, 2, 3]) {
    const client = clients[at];
    assert.ok(client);
    await isTrue(client, apis[at] ?? home.admin);
  }
}

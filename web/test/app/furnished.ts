// A workspace in which every screen has something to show, to the team and to a partner.

import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { newId } from "../../src/client";
import type { Person } from "./around-house";
import { collection, GUESTS, House, requestTo } from "./journey";

export interface Furnished {
  house: House;
  grace: Person;
  id: (name: string) => string;
  /** Where a fork is whose parent changed what was changed here. */
  fork: string;
  /** A run of each, by their ids. */
  runs: Map<string, string>;
  close(): Promise<void>;
}

export async function furnished(): Promise<Furnished> {
  const service = createServer((_request, response) => {
    response.writeHead(200, { "content-type": "application/json", "set-cookie": "seen=1; Path=/", connection: "close" });
    response.end(JSON.stringify({ payments: [{ id: 1, paid: true, note: null }] }));
  });
  service.listen(0, "127.0.0.1");
  const [house] = await Promise.all([House.open(), once(service, "listening")]);
  const { port } = service.address() as AddressInfo;
  const values = [
    { key: "base", value: `http://127.0.0.1:${port}`, type: "default", enabled: true },
    { key: "token", value: "4711", type: "secret", enabled: true },
  ];
  await house.import({ name: "Sandbox", values, _postman_variable_scope: "environment" });
  const id = await house.import(payments());
  const [[grace], [_invited]] = await Promise.all([house.join(GUESTS), house.invite([{ name: "Zoe Vandelay", email: "zoe@vandelay.example" }])]);
  assert.ok(grace && _invited);
  const runs = new Map<string, string>();
  for (const person of [house.ada, grace]) {
    const call = <T>(method: string, path: string, body: object) => person.call<T>(method, house.api(path), body);
    await call("POST", `/items/${id("List payments")}/send`, { environment: id("Sandbox") });
    await call("PUT", `/environments/${id("Sandbox")}/values`, { values: { token: "mine" } });
    await call("POST", `/items/${id("List payments")}/comments`, { id: newId(), text: `**Is this** paged? asks ${person.name}`, mentions: [house.ada.id] });
    runs.set(person.id, await run(call, id("List payments"), id("Shop")));
  }
  const fork = await forked(house, id("Shop"));
  return {
    house,
    grace,
    id,
    fork,
    runs,
    close: async () => {
      await house.close();
      service.closeAllConnections();
      service.close();
    },
  };
}

type Call = <T>(method: string, path: string, body: object) => Promise<T>;

/** A run that is over, with a test that failed. */
async function run(call: Call, request: string, item: string): Promise<string> {
  const { id } = await call<{ id: string }>("POST", "/runs", { item, environment: null, iterations: 1 });
  for (const [sequence, passed] of [true, false, true].entries()) {
    const assertions = [{ name: "is answered", passed: true }, { name: "is paged", passed, ...(!passed && { error: "expected undefined to be a number" }) }];
    await call("POST", `/runs/${id}/results`, { sequence, item: request, name: "List payments", iteration: 0, status: 200, ms: 12 * (sequence + 1), assertions });
  }
  await call("POST", `/runs/${id}/end`, { state: "finished" });
  return id;
}

async function forked(house: House, item: string): Promise<string> {
  const { ada } = house;
  const { id: child } = await ada.call<{ id: string }>("POST", "/v1/workspaces", { name: "Forks" });
  await ada.call("POST", `/v1/workspaces/${child}/forks`, { workspace: house.workspace, item });
  for (const [at, workspace] of [child, house.workspace].entries()) {
    const { tree } = await ada.call<{ tree: { id: string; name: string }[] }>("GET", `/v1/workspaces/${workspace}`);
    const id = tree.find(({ name }) => name === "Refund")?.id;
    const content = { request: { url: `https://side${at}.example/refund` } };
    await ada.call("POST", `/v1/workspaces/${workspace}/changes`, { op: newId(), changes: [{ kind: "item_update", id, patch: { content } }] });
  }
  return child;
}

function payments(): object {
  const script = (listen: string, line: string) => ({ listen, script: { type: "text/javascript", exec: [line] } });
  const response = [{ name: "Paid", originalRequest: { method: "GET", url: "{{base}}/payments" }, status: "OK", code: 200, header: [{ key: "content-type", value: "application/json" }], body: '{"payments": []}' }];
  const list = {
    name: "List payments",
    event: [script("prerequest", `pm.variables.set("page", 1);`), script("test", `pm.test("is answered", () => pm.response.to.have.status(200)); pm.test("is paged", () => pm.expect(pm.response.json().next).to.be.a("number"));`)],
    request: {
      method: "POST",
      header: [{ key: "X-Trace", value: "{{trace}}" }, { key: "X-Off", value: "1", disabled: true }],
      url: { raw: "{{base}}/payments?page={{page}}", host: ["{{base}}"], path: ["payments"], query: [{ key: "page", value: "{{page}}" }] },
      auth: { type: "bearer", bearer: [{ key: "token", value: "{{token}}", type: "string" }] },
      body: { mode: "raw", raw: '{"since": "{{since}}", "limit": 10}', options: { raw: { language: "json" } } },
      description: "# Payments\n\nWith a [link](https://example.com), `code` and\n\n| a | b |\n|---|---|\n| 1 | 2 |",
    },
    response,
  };
  return collection("Shop", [list, requestTo("Refund", "https://api.example/refund"), { name: "People", item: [requestTo("Find one", "https://api.example/one")] }], {
    variable: [{ key: "page", value: "1" }],
  });
}

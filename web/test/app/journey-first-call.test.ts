// A partner comes by the link of an invitation, and has sent a request that succeeded: in five clicks or fewer.

import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { after, before, describe, test } from "node:test";
import type { Page } from "playwright-core";
import { live } from "./around-house";
import { PROGRAM } from "./browser";
import { ALAN, collection, EDSGER, GRACE, GUESTS, type Guest, House, requestTo } from "./journey";

const MOST_CLICKS = 5;

describe("a partner's first call", { skip: PROGRAM ? false : "LOGGIA_BIN names no server" }, () => {
  let house: House;
  let service: Server;
  /** Paths that were asked for. */
  const asked: string[] = [];
  before(async () => {
    service = createServer((request, response) => {
      asked.push(request.url ?? "");
      response.writeHead(200, { "content-type": "application/json", connection: "close" });
      response.end(JSON.stringify({ greeting: "It works." }));
    });
    service.listen(0, "127.0.0.1");
    [house] = await Promise.all([House.open(), once(service, "listening")]);
    await house.separatePartners();
    const { port } = service.address() as AddressInfo;
    const values = [{ key: "base", value: `http://127.0.0.1:${port}`, type: "default", enabled: true }];
    await house.import({ name: "Sandbox", values, _postman_variable_scope: "environment" });
    await house.import(collection("Payments API", [requestTo("List payments", "{{base}}/payments")]));
  });
  after(async () => {
    await house?.close();
    service?.closeAllConnections();
    service?.close();
  });

  test("from the link to a 2xx; each sees the team alone", async (t) => {
    const links = await house.invite(GUESTS);
    // At the same time, so that each comes while the others do.
    const first = await Promise.all([arrive(GRACE, links[0]), arrive(ALAN, links[1])]);
    const all = [...first, await arrive(EDSGER, links[2])];
    assert.equal(asked.filter((path) => path === "/payments").length, 3);
    for (const { guest, trace, wrong, clicks } of all) {
      t.diagnostic(`${guest.name}: ${clicks()} clicks`);
      assert.ok(clicks() > 0 && clicks() <= MOST_CLICKS, `${clicks()} clicks`);
      await trace.findsNothing(house.others(guest));
      assert.deepEqual(wrong, []);
    }
    await house.leave();
  });

  async function arrive(guest: Guest, link = "") {
    const { page, wrong, trace } = await house.page();
    const clicks = await count(page);
    await page.goto(link);
    await page.getByLabel("Your name").fill(guest.name);
    await page.getByLabel("Your name").press("Enter");
    await live(page);
    assert.equal(clicks(), 1, "Enter is one");
    await page.getByLabel("Environment").selectOption({ label: "Sandbox" });
    await page.getByRole("treeitem", { name: "List payments" }).click();
    await page.getByRole("button", { name: "Send", exact: true }).click();
    const response = page.getByRole("region", { name: "Response" });
    await response.getByText("200 OK").waitFor();
    await response.locator(".cm-content").getByText("It works.").waitFor();
    return { guest, wrong, trace, clicks };
  }
});

/**
 * Counts what the person does by pointer: each click, those that Enter in a form stands for among them, and two for a
 * choice from a list, which the browser shows by itself.
 */
async function count(page: Page): Promise<() => number> {
  let clicks = 0;
  await page.exposeFunction("clicked", (by: number) => void (clicks += by));
  await page.addInitScript(() => {
    const { clicked } = window as unknown as { clicked(by: number): void };
    addEventListener("click", (event) => event.isTrusted && clicked(1), { capture: true });
    addEventListener("change", ({ target }) => target instanceof HTMLSelectElement && clicked(2), { capture: true });
  });
  return () => clicks;
}

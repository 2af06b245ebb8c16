// The server goes away and comes back while somebody edits: what was typed meanwhile is kept, arrives, and arrives once.

import assert from "node:assert/strict";
import { after, afterEach, before, describe, test } from "node:test";
import type { Page } from "playwright-core";
import type { Person } from "./around-house";
import { PROGRAM } from "./browser";
import { collection, GUESTS, House, requestTo } from "./journey";

describe("an outage while somebody edits", { skip: PROGRAM ? false : "LOGGIA_BIN names no server" }, () => {
  let house: House;
  let id: (name: string) => string;
  let partners: Person[];
  before(async () => {
    house = await House.open();
    await house.separatePartners();
    const docs = "Takes money.";
    id = await house.import(
      collection("Shop", [
        requestTo("Charge", "https://api.example/charge", { description: docs }),
        requestTo("Refund", "https://api.example/refund", { description: docs }),
      ]),
    );
    partners = await house.join(GUESTS);
  });
  afterEach(() => house?.leave());
  after(() => house?.close());

  const url = (page: Page) => page.getByLabel("URL");
  const shows = (page: Page, label: string, value: string) =>
    page.waitForFunction(([label, value]) => document.querySelector<HTMLInputElement>(`input[aria-label="${label}"]`)?.value === value, [label, value] as const);
  const lost = (page: Page) => page.locator(".connection:is(.waiting, .offline)").waitFor();
  const content = async (item: string) => (await house.ada.call<{ content: Content }>("GET", house.api(`/items/${item}`))).content.request;
  const position = async () => (await house.ada.call<{ positions: { shared: number } }>("GET", house.api())).positions.shared;
  /** Another's edit of an item, over HTTP. */
  const change = (item: string, request: object) =>
    house.ada.call("POST", house.api("/changes"), { op: crypto.randomUUID(), changes: [{ kind: "item_update", id: item, patch: { content: { request } } }] });
  /** How often a page is told of a change with this text. */
  function told(page: Page, text: string): () => number {
    let times = 0;
    page.on("websocket", (socket) => socket.on("framereceived", ({ payload }) => (times += Number(payload.toString().includes(text)))));
    return () => times;
  }

  test("an edit typed while the server is away is kept, said to be, and arrives once", async () => {
    const item = id("Charge");
    const [grace, alan] = partners as [Person, Person];
    const [ada, first, second] = await Promise.all([house.visit(house.ada, "workspace", item), house.visit(grace, "workspace", item), house.visit(alan, "workspace", item)]);
    const pages = [ada.page, first.page, second.page];
    // There has been life before: positions to come back from.
    await change(item, { method: "PUT" });
    await Promise.all(pages.map((page) => shows(page, "Method", "PUT")));
    const before = await position();
    const times = [first.page, second.page].map((page) => told(page, "typed-meanwhile"));

    await house.server.kill();
    await Promise.all(pages.map(lost));
    // Trying helps nothing yet, and loses nothing.
    await ada.page.getByRole("button", { name: "Now" }).click();
    await lost(ada.page);
    await url(ada.page).fill("https://api.example/typed-meanwhile");
    await ada.page.keyboard.press("Control+s");
    await ada.page.locator(".connection .text", { hasText: "1 edit kept" }).waitFor();
    assert.equal(await url(ada.page).inputValue(), "https://api.example/typed-meanwhile");
    assert.equal(await url(first.page).inputValue(), "https://api.example/charge");

    await house.server.again();
    await ada.page.getByText("Up to date").first().waitFor();
    await Promise.all(pages.map((page) => shows(page, "URL", "https://api.example/typed-meanwhile")));
    assert.equal((await content(item)).url.raw, "https://api.example/typed-meanwhile");
    assert.equal(await position(), before + 1, "it was done once");
    assert.ok(times.every((count) => count() <= 1), "nobody was told twice");
    await first.trace.findsNothing(house.others(grace));
    await second.trace.findsNothing(house.others(alan));
    const said = await ada.page.getByRole("alert").allInnerTexts();
    assert.deepEqual(said.filter(Boolean), []);
  });

  test("a colleague has changed another field meanwhile: both stand", async () => {
    const item = id("Refund");
    const [grace] = partners as [Person];
    const [ada, partner] = await Promise.all([house.visit(house.ada, "workspace", item), house.visit(grace, "workspace", item)]);
    await url(ada.page).waitFor();
    await ada.page.context().setOffline(true);
    await house.server.kill();
    await Promise.all([lost(ada.page), lost(partner.page)]);
    await url(ada.page).fill("https://api.example/mine");
    await ada.page.keyboard.press("Control+s");
    await ada.page.locator(".connection .text", { hasText: "1 edit kept" }).waitFor();
    // And a draft, which nobody else knows of.
    await ada.page.getByRole("tab", { name: "Headers" }).click();
    await ada.page.getByLabel("Header 1: name").fill("X-Draft");

    await house.server.again();
    await change(item, { method: "PATCH" });
    await shows(partner.page, "Method", "PATCH");
    assert.equal(await ada.page.getByLabel("Method").inputValue(), "GET", "it has not come here yet");
    await ada.page.context().setOffline(false);
    for (const page of [ada.page, partner.page]) {
      await shows(page, "URL", "https://api.example/mine");
      await shows(page, "Method", "PATCH");
    }
    const { url: saved, method } = await content(item);
    assert.deepEqual([saved.raw, method], ["https://api.example/mine", "PATCH"]);
    await shows(ada.page, "Header 1: name", "X-Draft");
    await ada.page.keyboard.press("Control+s");
    await partner.page.getByRole("tab", { name: "Headers" }).click();
    await shows(partner.page, "Header 1: name", "X-Draft");
    assert.deepEqual([(await content(item)).url.raw, (await content(item)).method], ["https://api.example/mine", "PATCH"]);
    await partner.trace.findsNothing(house.others(grace));
  });
});

interface Content {
  request: { method: string; url: { raw: string } };
}

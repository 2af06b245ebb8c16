// Two editors write in one description at once: both texts stand, and nobody's cursor goes elsewhere.

import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import type { Page } from "playwright-core";
import type { Person } from "./around-house";
import { PROGRAM } from "./browser";
import { collection, GUESTS, House, requestTo, type Visit } from "./journey";

const BEFORE = "First paragraph.\n\nSecond paragraph.\n\nThird paragraph.";

describe("two editors in one description", { skip: PROGRAM ? false : "LOGGIA_BIN names no server" }, () => {
  let house: House;
  let id: (name: string) => string;
  let barbara: Person;
  let partners: Person[];
  before(async () => {
    house = await House.open();
    await house.separatePartners();
    id = await house.import(
      collection("Shop", [
        requestTo("Charge", "https://api.example/charge", { description: BEFORE }),
        requestTo("Refund", "https://api.example/refund", { description: BEFORE }),
      ]),
    );
    const [[colleague], joined] = await Promise.all([house.join([{ name: "Barbara Liskov", email: "barbara@acme.example" }], "team"), house.join(GUESTS)]);
    assert.ok(colleague);
    [barbara, partners] = [colleague, joined];
  });
  after(() => house?.close());

  const text = (page: Page) => page.locator(".cm-content").evaluate((element) => [...element.querySelectorAll(".cm-line")].map((line) => line.textContent).join("\n"));
  const saved = async (item: string) =>
    (await house.ada.call<{ content: { request: { description: string } } }>("GET", house.api(`/items/${item}`))).content.request.description;
  async function write(person: Person, item: string): Promise<Visit> {
    const visit = await house.visit(person, "workspace", item);
    await visit.page.getByRole("tab", { name: "Docs" }).click();
    await visit.page.getByRole("button", { name: "Write" }).click();
    await visit.page.locator(".cm-content").waitFor();
    return visit;
  }
  /** Waits until the editor has this text. */
  const has = (page: Page, part: string) => page.locator(".cm-content").filter({ hasText: part }).waitFor();
  async function read(person: Person, item: string): Promise<Visit> {
    const visit = await house.visit(person, "workspace", item);
    await visit.page.getByRole("tab", { name: "Docs" }).click();
    await visit.page.locator(".markdown").waitFor();
    return visit;
  }

  test("both texts stand on both screens, on the server, and at partners'", async () => {
    const item = id("Charge");
    const [ada, second] = [await write(house.ada, item), await write(barbara, item)];
    const readers = [await read(partners[0] as Person, item), await read(partners[1] as Person, item)];
    // Letter by letter, by turns, in two paragraphs.
    await ada.page.locator(".cm-line").first().click();
    await ada.page.keyboard.press("End");
    await second.page.locator(".cm-line").last().click();
    await second.page.keyboard.press("End");
    const [hers, theirs] = [" Ada was here.", " So was Barbara."];
    for (let at = 0; at < Math.max(hers.length, theirs.length); at++) {
      await Promise.all([ada.page.keyboard.type(hers[at] ?? ""), second.page.keyboard.type(theirs[at] ?? "")]);
    }
    // What is not saved is nobody else's.
    assert.equal(await text(second.page), `${BEFORE}${theirs}`);
    await ada.page.keyboard.press("Control+s");
    await has(second.page, "Ada was here.");
    const both = `First paragraph. Ada was here.\n\nSecond paragraph.\n\nThird paragraph. So was Barbara.`;
    assert.equal(await text(second.page), both, "what is not saved stays beside it");
    assert.equal(await second.page.getByText("and so did you").count(), 0, "there is nothing to choose");

    // The cursor is where it was, although a line above has grown.
    await second.page.keyboard.type(" Still.");
    assert.equal(await text(second.page), `${both} Still.`);
    await second.page.keyboard.press("Control+s");
    await has(ada.page, "So was Barbara. Still.");
    assert.equal(await text(ada.page), `${both} Still.`);
    // So is the other's, with a change below it; and what she takes back is her own.
    await ada.page.keyboard.type(" Twice.");
    assert.equal((await text(ada.page)).split("\n")[0], "First paragraph. Ada was here. Twice.");
    await ada.page.keyboard.press("Control+s");
    const all = `First paragraph. Ada was here. Twice.\n\nSecond paragraph.\n\nThird paragraph. So was Barbara. Still.`;
    await has(second.page, "Twice.");
    assert.equal(await text(second.page), all);
    for (const { page } of readers) {
      await page.locator(".markdown").filter({ hasText: "Twice." }).waitFor();
      assert.deepEqual(await page.locator(".markdown p").allInnerTexts(), all.split("\n\n"));
    }
    assert.equal(await saved(item), all);
    for (const [at, reader] of readers.entries()) await reader.trace.findsNothing(house.others(partners[at] as Person));
    assert.deepEqual([ada, second, ...readers].flatMap(({ wrong }) => wrong), []);
    await house.leave();
  });

  test("both saved in the same moment: neither is lost, and the partner sees one text", async () => {
    const item = id("Refund");
    const [ada, second, reader] = [await write(house.ada, item), await write(barbara, item), await read(partners[2] as Person, item)];
    await ada.page.locator(".cm-line").first().click();
    await ada.page.keyboard.press("Home");
    await ada.page.keyboard.type("Above. ");
    await ada.page.keyboard.press("Control+End");
    await ada.page.keyboard.type(" Below.");
    // Between two places that the other has changed.
    await second.page.locator(".cm-line").nth(2).click();
    await second.page.keyboard.press("End");
    await second.page.keyboard.type(" Middle.");
    await Promise.all([ada.page.keyboard.press("Control+s"), second.page.keyboard.press("Control+s")]);
    const both = `Above. First paragraph.\n\nSecond paragraph. Middle.\n\nThird paragraph. Below.`;
    for (const { page } of [ada, second]) {
      await Promise.all([has(page, "Below."), has(page, "Middle.")]);
      assert.equal(await text(page), both);
    }
    await second.page.keyboard.type("!");
    assert.equal((await text(second.page)).split("\n")[2], "Second paragraph. Middle.!", "the cursor has stayed");
    await second.page.keyboard.press("Backspace");
    assert.equal(await saved(item), both);
    await reader.page.locator(".markdown").filter({ hasText: "Middle." }).filter({ hasText: "Above." }).waitFor();

    // The same words: the later writer is asked, and sees the other's on demand.
    await ada.page.keyboard.press("Control+a");
    await ada.page.keyboard.type("All new.");
    await second.page.keyboard.press("Control+a");
    await second.page.keyboard.type("All different.");
    await ada.page.keyboard.press("Control+s");
    await second.page.getByText("Ada Lovelace changed the docs, and so did you.").waitFor();
    assert.equal(await text(second.page), "All different.");
    await second.page.getByRole("button", { name: "Take it" }).click();
    await has(second.page, "All new.");
    assert.equal(await text(second.page), "All new.");
    assert.equal(await second.page.getByRole("button", { name: "Save" }).count(), 0, "there is nothing left to save");
    await reader.trace.findsNothing(house.others(partners[2] as Person));
    assert.deepEqual([ada, second, reader].flatMap(({ wrong }) => wrong), []);
    await house.leave();
  });
});

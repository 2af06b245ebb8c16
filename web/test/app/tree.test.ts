// The tree: what is dragged comes where it is let go of, and others see it; what a colleague changes flashes.

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { Page } from "playwright-core";
import { collection, GRACE, type House, requestTo } from "./journey";
import { menuOf, onServer, row, rows, rowsAre, suite } from "./suite";

const EVE = { name: "Eve Engineer", email: "eve@acme.example" };
const EVA = { name: "Eva Editor", email: "eva@acme.example" };
const AT_FIRST = ["Shop", "Ping", "Pong", "Users"];

describe("the tree", onServer, () => {
  let id: (name: string) => string;
  const house = suite(async (house) => {
    const folder = { name: "Users", item: [requestTo("List", "https://api.example/users")] };
    id = await house.import(collection("Shop", [requestTo("Ping", "https://api.example/ping"), requestTo("Pong", "https://api.example/pong"), folder]));
  });
  /** Lets go of a row over a part of another one. */
  async function drag(page: Page, what: string, onto: string, part: "top" | "middle" | "bottom"): Promise<void> {
    const box = await row(page, onto).boundingBox();
    assert.ok(box);
    const y = { top: 2, middle: box.height / 2, bottom: box.height - 2 }[part];
    await row(page, what).dragTo(row(page, onto), { targetPosition: { x: 60, y } });
  }

  test("a row that is dragged is moved into a folder, or among its siblings; others see it so", async () => {
    const { page, wrong } = await house().visit(house().ada, "workspace");
    const [grace] = await house().join([GRACE]);
    assert.ok(grace);
    const { page: there, wrong: alsoWrong } = await house().visit(grace, "workspace");
    await rowsAre(page, AT_FIRST);

    await drag(page, "Pong", "Ping", "top");
    await rowsAre(page, ["Shop", "Pong", "Ping", "Users"]);
    await drag(page, "Pong", "Users", "bottom");
    await rowsAre(page, ["Shop", "Ping", "Users", "Pong"]);
    await drag(page, "Pong", "Users", "middle");
    await rowsAre(page, ["Shop", "Ping", "Users"]);
    await row(page, "Users").locator(".twist").click();
    await rowsAre(page, ["Shop", "Ping", "Users", "List", "Pong"]);
    // A folder is not to be in itself.
    await drag(page, "Users", "List", "top");
    await page.locator(".connection.live:not(.saving)").waitFor();
    assert.deepEqual(await rows(page), ["Shop", "Ping", "Users", "List", "Pong"]);

    await row(there, "Users").locator(".twist").click();
    await rowsAre(there, ["Shop", "Ping", "Users", "List", "Pong"]);
    assert.equal(await parentOf(house(), id("Pong")), id("Users"));
    // And back, for what follows.
    await drag(page, "Pong", "Users", "top");
    await rowsAre(there, ["Shop", "Ping", "Pong", "Users", "List"]);

    // Who may not edit drags nothing.
    assert.equal(await row(there, "Ping").getAttribute("draggable"), "false");
    await drag(there, "Ping", "Users", "middle");
    await there.locator(".connection.live").waitFor();
    assert.deepEqual(await rows(there), ["Shop", "Ping", "Pong", "Users", "List"]);
    assert.equal(await parentOf(house(), id("Ping")), id("Shop"));
    assert.deepEqual([...wrong, ...alsoWrong], []);
  });

  test("what a colleague changes flashes, with their avatar; one's own changes do not", async () => {
    const [eve] = await house().join([EVE], "team");
    assert.ok(eve);
    const { page, wrong } = await house().visit(house().ada, "workspace");
    const { page: hers, wrong: alsoWrong } = await house().visit(eve, "workspace");
    await row(hers, "Ping").click();
    await hers.keyboard.press("F2");
    await hers.getByLabel("Name of Ping").fill("Ping again");
    await hers.keyboard.press("Enter");
    const changed = row(page, "Ping again");
    await changed.and(page.locator(".flash")).waitFor();
    await changed.getByRole("img", { name: /^Eve Engineer/ }).waitFor();
    assert.notEqual(await changed.evaluate((element) => getComputedStyle(element).animationName), "none");
    assert.equal(await row(hers, "Ping again").and(hers.locator(".flash")).count(), 0);
    // Each change anew, and in a folder that is closed the folder.
    const rename = (name: string) => eve.call("POST", house().api("/changes"), { op: crypto.randomUUID(), changes: [{ kind: "item_update", id: id("Ping"), patch: { name } }] });
    await rename("Ping once more");
    await row(page, "Ping once more").and(page.locator(".flash.again")).waitFor();
    await row(page, "Shop").locator(".twist").click();
    await rename("Ping");
    await row(page, "Shop").and(page.locator(".flash")).waitFor();
    await row(page, "Shop").getByRole("img", { name: /^Eve Engineer/ }).waitFor();
    assert.deepEqual([...wrong, ...alsoWrong], []);
  });

  test("who types is said to be editing until it pauses; what is saved then flashes in its field, with their avatar", async () => {
    const [eva] = await house().join([EVA], "team");
    assert.ok(eva);
    const { page, wrong } = await house().visit(house().ada, "workspace", id("Ping"));
    const { page: hers, wrong: alsoWrong } = await house().visit(eva, "workspace", id("Ping"));
    await hers.getByLabel("URL").fill("https://api.example/typed");
    const said = page.getByText("Eva is editing", { exact: true });
    await said.waitFor();
    await row(page, "Ping").locator(".editing").waitFor();
    assert.equal(await page.getByLabel("URL").inputValue(), "https://api.example/ping");
    await hers.keyboard.press("Control+s");
    // Behind the field, whose own background would cover the text.
    await page.locator(".field", { has: page.getByLabel("URL") }).locator(".behind.flash").waitFor();
    assert.equal(await page.getByLabel("URL").and(page.locator(".flash")).count(), 0);
    assert.equal(await page.getByLabel("URL").inputValue(), "https://api.example/typed");
    await page.locator("form.bar").getByRole("img", { name: "Eva Editor" }).waitFor();
    assert.equal(await page.getByLabel("Method").and(page.locator(".flash")).count(), 0);
    await hers.getByRole("tab", { name: "Docs" }).click();
    await hers.getByRole("button", { name: "Write" }).click();
    await hers.locator(".cm-content").click();
    await hers.keyboard.type("Says hello.");
    await hers.keyboard.press("Control+s");
    await page.getByRole("tab", { name: "Docs" }).and(page.locator(".flash")).waitFor();
    await said.waitFor({ state: "detached" });
    assert.deepEqual([...wrong, ...alsoWrong], []);
  });

  test("a name that is ended by a press elsewhere leaves the focus there; a menu stays open while the pointer goes over other rows", async () => {
    const { page, wrong } = await house().visit(house().ada, "workspace");
    const search = page.getByLabel("Search in the tree");
    await row(page, "Pong").click();
    await page.keyboard.press("F2");
    await page.getByLabel("Name of Pong").fill("Pang");
    await search.click();
    await row(page, "Pang").waitFor();
    await page.keyboard.type("Pa");
    assert.equal(await search.inputValue(), "Pa");
    await search.fill("");

    const menu = await menuOf(page, "Users");
    await row(page, "Pang").hover();
    await page.evaluate(() => new Promise((drawn) => requestAnimationFrame(() => requestAnimationFrame(drawn))));
    assert.ok(await menu.isVisible());
    assert.deepEqual(wrong, []);
  });

  test("what is added while the server is away is named at once, and takes nobody back later", async () => {
    const { page } = await house().visit(house().ada, "workspace");
    await house().server.kill();
    await page.getByRole("button", { name: "New collection" }).click();
    await page.getByLabel("Name of New collection").fill("Offline");
    await page.keyboard.press("Enter");
    await row(page, "Shop").click();
    const search = page.getByLabel("Search in the tree");
    await search.click();
    const address = page.url();
    await house().server.again();
    await page.locator(".connection.live:not(.saving)").waitFor({ timeout: 60_000 });
    await page.keyboard.type("Off");
    assert.deepEqual([await search.inputValue(), page.url()], ["Off", address]);
    await rowsAre(page, ["Offline"]);
  });
});

async function parentOf(house: House, id: string): Promise<string | null> {
  const { tree } = await house.ada.call<{ tree: { id: string; parent: string | null }[] }>("GET", house.api());
  return tree.find((entry) => entry.id === id)?.parent ?? null;
}

// The tree: what is dragged comes where it is let go of, and others see it; what a colleague changes flashes.

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { Page } from "playwright-core";
import { collection, GRACE, type House, requestTo } from "./journey";
import { onServer, row, rows, rowsAre, suite } from "./suite";

const EVE = { name: "Eve Engineer", email: "eve@acme.example" };
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
    assert.deepEqual([...wrong, ...alsoWrong], []);
  });
});

async function parentOf(house: House, id: string): Promise<string | null> {
  const { tree } = await house.ada.call<{ tree: { id: string; parent: string | null }[] }>("GET", house.api());
  return tree.find((entry) => entry.id === id)?.parent ?? null;
}

// Collections as files: exported by the tree's menu, and imported by being dropped.

import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { describe, test } from "node:test";
import type { Locator, Page } from "playwright-core";
import { collection, GRACE, requestTo } from "./journey";
import { menuOf, onServer, row, rows, rowsAre, suite } from "./suite";

const SHOP = collection("Shop", [requestTo("Ping", "https://api.example/ping", { description: "Says **hello**" })], { variable: [{ key: "base", value: "x" }] });

describe("files", onServer, () => {
  const house = suite(async (house) => void (await house.import(SHOP)));

  async function exported(page: Page, name: string): Promise<{ name: string; text: string }> {
    const menu = await menuOf(page, name);
    const [download] = await Promise.all([page.waitForEvent("download"), menu.getByRole("menuitem", { name: "Export" }).click()]);
    return { name: download.suggestedFilename(), text: await readFile(await download.path(), "utf8") };
  }
  /** As a browser tells of files that are dragged from outside. */
  async function drop(onto: Locator, files: { name: string; text: string }[]): Promise<void> {
    await onto.evaluate((element, files) => {
      const data = new DataTransfer();
      for (const { name, text } of files) data.items.add(new File([text], name, { type: "application/json" }));
      for (const type of ["dragover", "drop"]) element.dispatchEvent(new DragEvent(type, { dataTransfer: data, bubbles: true, cancelable: true, composed: true }));
    }, files);
  }

  test("what is exported can be dropped in again; a file that is none says what is wrong", async () => {
    const { page, wrong } = await house().visit(house().ada, "workspace");
    const file = await exported(page, "Shop");
    assert.equal(file.name, "Shop.postman_collection.json");
    const { info, item, variable } = JSON.parse(file.text);
    assert.equal(info.name, "Shop");
    assert.deepEqual([item.length, item[0].name, item[0].request.url.raw, item[0].request.description], [1, "Ping", "https://api.example/ping", "Says **hello**"]);
    assert.deepEqual(variable.map(({ key }: { key: string }) => key), ["base"]);

    await drop(page.locator("body"), [{ name: file.name, text: file.text.replace('"Shop"', '"Shop again"') }, { name: "broken.json", text: '{"info": {' }]);
    const dialog = page.getByRole("dialog", { name: "Import" });
    await dialog.getByText("1 file of 2 could not be imported.").waitFor();
    await dialog.getByText("broken.json").waitFor();
    await dialog.getByRole("link", { name: "Shop again" }).click();
    await row(page, "Shop again").waitFor();
    assert.equal(JSON.parse((await exported(page, "Shop again")).text).item[0].request.url.raw, "https://api.example/ping");

    // An export that fails says so.
    await page.route("**/export", (route) => route.abort());
    await (await menuOf(page, "Shop")).getByRole("menuitem", { name: "Export" }).click();
    await page.getByText("The server can't be reached.").waitFor();
    assert.deepEqual(wrong.filter((text) => !text.includes("ERR_FAILED")), []);
  });

  test("a file can be dropped on a row and on an editor of code, or be chosen", async () => {
    const { page, wrong } = await house().visit(house().ada, "workspace");
    const named = (name: string) => ({ name: "shop.json", text: JSON.stringify({ ...SHOP, info: { ...(SHOP as { info: object }).info, name } }) });
    const done = async (name: string) => {
      const dialog = page.getByRole("dialog", { name: "Import" });
      await dialog.getByRole("link", { name }).waitFor();
      await dialog.getByRole("button", { name: "Done" }).click();
      await row(page, name).waitFor();
    };
    await row(page, "Ping").first().click();
    await page.getByRole("tab", { name: "Scripts" }).click();
    const editor = page.locator(".cm-content").first();
    await drop(editor, [named("On an editor")]);
    await done("On an editor");
    assert.equal((await editor.innerText()).trim(), "", "it is not put into the text");
    await drop(row(page, "Shop"), [named("On a row")]);
    await done("On a row");
    const [chooser] = await Promise.all([page.waitForEvent("filechooser"), page.getByRole("button", { name: "Import", exact: true }).click()]);
    const { name, text } = named("Chosen");
    await chooser.setFiles({ name, mimeType: "application/json", buffer: Buffer.from(text) });
    await done("Chosen");
    assert.deepEqual(wrong, []);
  });

  test("an import that fails after one went on and elsewhere says so", async () => {
    const { page } = await house().visit(house().ada, "workspace");
    let fail = () => {};
    const failing = new Promise<void>((resolve) => (fail = resolve));
    await page.route("**/import", async (route) => {
      await failing;
      await route.abort();
    });
    await drop(page.locator("body"), [{ name: "shop.json", text: JSON.stringify(SHOP) }]);
    await page.getByRole("button", { name: "Go on in the background" }).click();
    await page.getByRole("link", { name: "Environments" }).click();
    await page.getByRole("heading", { name: "Environments", exact: true }).waitFor();
    fail();
    await page.getByText("The server can't be reached.").waitFor();
  });

  test("who may not edit exports, and drops nothing", async () => {
    const [grace] = await house().join([GRACE]);
    assert.ok(grace);
    const { page, wrong } = await house().visit(grace, "workspace");
    const file = await exported(page, "Shop");
    assert.equal(JSON.parse(file.text).info.name, "Shop");
    const before = await rows(page);
    await drop(page.locator("body"), [{ name: file.name, text: file.text }]);
    assert.equal(await page.getByRole("dialog").count(), 0);
    await rowsAre(page, before);
    assert.deepEqual(wrong, []);
  });
});

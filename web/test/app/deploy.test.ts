// A new server in place of the old one, under an open page: a blink, and nothing is lost.

import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import type { Browser, Route } from "playwright-core";
import { openBrowser, openPage, PROGRAM, startServer, type TestServer } from "./browser";
import { type Item, largeCollection } from "./large";
import { type Cookies, live, setUp } from "./people";

describe("a deploy", { skip: PROGRAM ? false : "LOGGIA_BIN names no server" }, () => {
  let browser: Browser;
  let server: TestServer;
  let ada: Cookies;
  let workspace: string;
  /** A request, and the collection that it is in. */
  let open: string;
  let above: string;
  before(async () => {
    [browser, server] = await Promise.all([openBrowser(), startServer("serve", /#setup=\w+\s/)]);
    ada = await setUp(browser, server);
    const { page } = await openPage(browser, { storageState: ada });
    await page.goto(server.url);
    ({ workspace, open, above } = await page.evaluate(async (collection) => {
      const { workspaces } = (await (await fetch("/v1/workspaces")).json()) as { workspaces: { id: string }[] };
      const workspace = workspaces[0]?.id ?? "";
      const headers = { "content-type": "application/json" };
      const response = await fetch(`/v1/workspaces/${workspace}/import`, { method: "POST", headers, body: JSON.stringify(collection) });
      if (!response.ok) throw new Error(await response.text());
      const { tree } = (await (await fetch(`/v1/workspaces/${workspace}`)).json()) as { tree: Item[] };
      const open = tree.find(({ name }) => name === "Request 75")?.id ?? "";
      const above = tree.find(({ kind }) => kind === "collection")?.id ?? "";
      return { workspace, open, above };
    }, largeCollection("Things", 120)));
    await page.context().close();
  });
  after(async () => {
    await browser?.close();
    await server?.stop();
  });

  test("is a blink: the page, its focus, what is being typed and where it was scrolled to stay", async () => {
    const { page, wrong } = await openPage(browser, { storageState: ada });
    await page.goto(`${server.url}/w/${workspace}/workspace/${open}`);
    await live(page);
    const url = page.getByLabel("URL");
    await url.fill("{{base}}/half-typ");
    const scroller = page.getByRole("tree").locator(".scroll");
    await scroller.evaluate((element) => {
      element.scrollTop = 300;
      // The list is drawn anew where it was scrolled to.
      return new Promise(requestAnimationFrame);
    });
    const scrolled = await scroller.evaluate((element) => element.scrollTop);
    assert.ok(scrolled > 0, "there is something to scroll");
    // What is to be so the whole time, and every state that the bar shows.
    await page.evaluate(() => {
      const bar = document.querySelector(".connection");
      const field = document.activeElement;
      const seen = { states: [] as string[], moved: 0, blurred: 0, gone: 0 };
      const look = () => {
        const state = bar?.classList.item(1) ?? "";
        if (seen.states.at(-1) !== state) seen.states.push(state);
        if (!field?.isConnected || !bar?.isConnected) seen.gone += 1;
      };
      look();
      new MutationObserver(look).observe(document.body, { subtree: true, childList: true, attributes: true });
      document.querySelector('[role="tree"] .scroll')?.addEventListener("scroll", () => (seen.moved += 1));
      field?.addEventListener("blur", () => (seen.blurred += 1));
      Object.assign(window, { seen });
    });
    const navigations: string[] = [];
    page.on("framenavigated", (frame) => void navigations.push(frame.url()));

    // From what the page wrote down: on a fast machine it is away for less than it takes to look from here.
    const states = () => page.evaluate(() => (window as unknown as { seen?: { states: string[] } }).seen?.states ?? []);
    await server.deploy(() => page.keyboard.type("ed-on"));
    await page
      .waitForFunction(() => {
        const { seen } = window as unknown as { seen?: { states: string[] } };
        return !seen || (seen.states.length > 1 && seen.states.at(-1) === "live");
      })
      .catch(async (error: unknown) => assert.fail(`${(await states()).join(" → ")}: ${String(error)}`));
    await page.locator(".connection.live", { hasText: "Up to date" }).waitFor();
    await page.keyboard.type("-after");

    const seen = await page.evaluate(() => (window as unknown as { seen?: { states: string[]; moved: number; blurred: number; gone: number } }).seen);
    assert.ok(seen, "it is the same page as before");
    assert.deepEqual(navigations, []);
    assert.equal(seen.states[0], "live");
    assert.equal(seen.states.at(-1), "live");
    assert.ok(seen.states.length > 2, seen.states.join(" → "));
    assert.ok(!seen.states.some((state) => state === "offline" || state === "ended"), seen.states.join(" → "));
    assert.equal(await url.inputValue(), "{{base}}/half-typed-on-after");
    assert.ok(await url.evaluate((field) => field === document.activeElement), "the field has the focus");
    assert.equal(await scroller.evaluate((element) => element.scrollTop), scrolled);
    assert.deepEqual({ moved: seen.moved, blurred: seen.blurred, gone: seen.gone }, { moved: 0, blurred: 0, gone: 0 });

    // It is followed again: what is changed now is seen, and what was typed can be saved.
    await page.keyboard.press("Control+s");
    await page.getByRole("button", { name: "Save" }).waitFor({ state: "detached" });
    const { content } = await page.evaluate(async (path) => (await fetch(path)).json(), `/v1/workspaces/${workspace}/items/${open}`);
    assert.equal(content.request.url.raw, "{{base}}/half-typed-on-after");
    assert.deepEqual(wrong.filter(beside), []);
    await page.context().close();
  });

  test("takes nothing from a page that had read a part: what is typed stays, and the rest is read when there is a server", async () => {
    const { page, wrong } = await openPage(browser, { storageState: ada });
    const collection = `**/items/${above}`;
    const asked = new Promise<Route>((resolve) => void page.route(collection, resolve));
    await page.goto(`${server.url}/w/${workspace}/workspace/${open}`);
    await live(page);
    const url = page.getByLabel("URL");
    await url.fill("{{base}}/typed");
    const field = await url.elementHandle();
    const failed = page.waitForEvent("requestfailed", (request) => request.url().endsWith(above));
    await (await asked).abort();
    await failed;
    await page.unroute(collection);
    const read = page.waitForResponse((response) => response.url().endsWith(above) && response.ok());
    await server.deploy(() => page.keyboard.type("-meanwhile"));
    await read;
    await live(page);
    await page.keyboard.type("-after");
    assert.equal(await url.inputValue(), "{{base}}/typed-meanwhile-after");
    assert.ok(await field?.evaluate((element) => element.isConnected && element === document.activeElement), "it is the same field, with the focus");
    assert.deepEqual(wrong.filter(beside), []);
    await page.context().close();
  });
});

/** What a browser says of a server that isn't there is no fault of the page. */
function beside(text: string): boolean {
  return !text.includes("WebSocket connection to") && !/Failed to load resource: net::ERR_(CONNECTION_REFUSED|FAILED)/u.test(text);
}

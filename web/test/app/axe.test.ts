// What axe finds in the app's pages, in both themes, on a wide window and a narrow one.

import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import type { Browser } from "playwright-core";
import { inaccessible, openBrowser, openPage, PROGRAM, startServer, type TestServer } from "./browser";
import { type Cookies, live, setUp } from "./people";

const SIZES = { wide: { width: 1280, height: 800 }, narrow: { width: 390, height: 780 } };
const SCHEMES = ["light", "dark"] as const;

describe("nothing serious for axe", { skip: PROGRAM ? false : "LOGGIA_BIN names no server" }, () => {
  let browser: Browser;
  let server: TestServer;
  /** The team's Admin. */
  let ada: Cookies;
  before(async () => {
    [browser, server] = await Promise.all([openBrowser(), startServer("serve", /#setup=\w+\s/)]);
    ada = await setUp(browser, server);
  });
  after(async () => {
    await browser?.close();
    await server?.stop();
  });

  for (const colorScheme of SCHEMES) {
    for (const [size, viewport] of Object.entries(SIZES)) {
      test(`${colorScheme}, ${size}`, async () => {
        const { page, wrong } = await openPage(browser, { colorScheme, viewport, storageState: ada });
        const check = async (what: string) => assert.deepEqual(await inaccessible(page), [], what);
        await page.goto(server.url);
        await page.getByRole("link", { name: /Payments/ }).waitFor();
        await check("workspaces");
        await page.getByRole("button", { name: "New workspace" }).click();
        await page.getByRole("dialog").waitFor();
        await check("new workspace");
        await page.keyboard.press("Escape");
        await page.getByRole("button", { name: "Import archive" }).click();
        await page.getByRole("dialog").getByRole("button", { name: "Import" }).waitFor();
        await check("import of an archive");
        await page.keyboard.press("Escape");
        await page.getByRole("link", { name: /Payments/ }).click();
        await live(page);
        await page.goto(page.url().replace(/workspace$/, "overview"));
        await page.getByRole("heading", { name: "Payments" }).waitFor();
        await check("overview");
        await page.getByRole("button", { name: /Here now/ }).click();
        await page.getByText("Ada Lovelace (you)").waitFor();
        await check("who is here");
        await page.keyboard.press("Escape");
        await page.keyboard.press("Control+k");
        await page.getByRole("combobox").fill("nothing like this");
        await page.getByText("Nothing here has").waitFor();
        await check("search");
        assert.ok(await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth), "nothing is wider than the window");
        await page.goto(`${server.url}/account`);
        await page.getByLabel("Name of a new token").waitFor();
        await check("account");
        assert.ok(await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth), "nothing is wider than the window");
        await page.context().clearCookies();
        for (const path of ["/sign-in", "/#sign_in=nothing", "/#invite=nothing", "/#setup=nothing"]) {
          await page.goto("about:blank");
          await page.goto(server.url + path);
          await page.getByRole("heading").first().waitFor();
          await check(path);
        }
        await page.goto(`${server.url}/sign-in`);
        await page.getByLabel("E-mail").fill("nobody@nowhere.example");
        await page.keyboard.press("Enter");
        await page.getByText("a link to sign in is on its way").waitFor();
        await check("a link is on its way");
        assert.deepEqual(wrong, []);
        await page.context().close();
      });
    }
  }
});

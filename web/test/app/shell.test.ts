// The app's shell on a real server, in Chromium: from the set-up link into a workspace, by links, the account.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { after, before, describe, test } from "node:test";
import type { Browser } from "playwright-core";
import { openBrowser, openPage, PROGRAM, startServer, type TestServer } from "./browser";
import { type Cookies, live } from "./people";

describe("the app's shell", { skip: PROGRAM ? false : "LOGGIA_BIN names no server" }, () => {
  let browser: Browser;
  let server: TestServer;
  /** The team's Admin. */
  let ada: Cookies;
  before(async () => {
    [browser, server] = await Promise.all([openBrowser(), startServer("serve", /#setup=\w+\s/)]);
  });
  after(async () => {
    await browser?.close();
    await server?.stop();
  });

  test("the set-up link makes a team, and its Admin a workspace", async () => {
    const { page, wrong } = await openPage(browser);
    const link = server.said.match(/http\S+#setup=\S+/)?.[0];
    assert.ok(link);
    await page.goto(link);
    await page.getByLabel("Team", { exact: true }).fill("Acme");
    await page.getByLabel("Your name").fill("Ada Lovelace");
    await page.getByLabel("Your e-mail", { exact: true }).fill("ada@acme.example");
    const domains = page.getByLabel("Your team's e-mail domains");
    assert.equal(await domains.inputValue(), "acme.example", "proposed by the address");
    await domains.fill("no domain at all!");
    await page.getByRole("button", { name: "Create the team" }).click();
    await page.getByText("is no domain").first().waitFor();
    await domains.fill("acme.example");
    await page.getByRole("button", { name: "Create the team" }).click();

    await page.getByRole("heading", { name: "No workspaces yet" }).waitFor();
    assert.equal(new URL(page.url()).hash, "", "the link's secret is not kept in the address");
    await page.getByRole("button", { name: "New workspace" }).click();
    await page.getByRole("dialog").getByLabel("Name").fill("Payments");
    await page.getByRole("dialog").getByRole("button", { name: "Create" }).click();
    await live(page);
    assert.match(page.url(), /\/w\/[\w-]+\/workspace$/);
    await page.getByRole("link", { name: "Engagement" }).waitFor();

    // The screens have addresses, and going back is the browser's.
    await page.getByRole("link", { name: "Overview" }).click();
    await page.getByRole("button", { name: "Edit" }).click();
    await page.getByLabel("Description, in Markdown").fill("# Hello\n\n<img src=x onerror=alert(1)>[link](https://example.com)");
    await page.getByRole("button", { name: "Save" }).click();
    await page.getByRole("heading", { name: "Hello" }).waitFor();
    assert.equal(await page.locator(".markdown img").count(), 0);
    assert.equal(await page.locator(".markdown a").getAttribute("rel"), "noopener noreferrer");
    await page.goBack();
    await page.waitForURL(/\/workspace$/);
    ada = await page.context().storageState();
    assert.deepEqual(wrong, []);
    await page.context().close();
  });

  test("the account: a name, a token that is shown once", async () => {
    const { page, wrong } = await openPage(browser, { storageState: ada });
    await page.goto(`${server.url}/account`);
    await page.getByLabel("Name", { exact: true }).fill("Ada King");
    await page.getByRole("button", { name: "Save" }).click();
    await page.getByRole("button", { name: "Your account: Ada King" }).waitFor();
    await page.getByLabel("Name of a new token").fill("ci");
    await page.getByRole("button", { name: "Make a token" }).click();
    const token = await page.locator(".secret code").innerText();
    assert.match(token, /^lgp_/);
    const me = await fetch(`${server.url}/v1/me`, { headers: { authorization: `Bearer ${token}` } });
    assert.equal(((await me.json()) as { name: string }).name, "Ada King");
    await page.reload();
    await page.getByText("ci", { exact: true }).waitFor();
    assert.equal(await page.getByText(token).count(), 0);
    await page.getByRole("button", { name: "End the token ci" }).click();
    await page.getByText("no longer valid").waitFor();
    assert.equal((await fetch(`${server.url}/v1/me`, { headers: { authorization: `Bearer ${token}` } })).status, 401);
    assert.deepEqual(wrong, []);
    await page.context().close();
  });

  test("what is refused is said, and what is not there", async () => {
    const { page, wrong } = await openPage(browser);
    await page.goto(`${server.url}/#sign_in=nothing`);
    await page.getByText("This link is no longer valid.").waitFor();
    assert.ok(await page.getByText("stale_token").isVisible());
    await page.goto(`${server.url}/#invite=nothing`);
    await page.getByRole("button", { name: "Join the workspace" }).click();
    await page.getByRole("heading", { name: "This invitation is over" }).waitFor();
    await page.goto(`${server.url}/w/0190a000-0000-7000-8000-000000000000/workspace`);
    await page.getByLabel("E-mail").fill("nobody@acme.example");
    await page.getByRole("button", { name: "Send the link" }).click();
    await page.getByText("If there is an account for nobody@acme.example").waitFor();
    await page.context().close();

    const { page: inside, wrong: alsoWrong } = await openPage(browser, { storageState: ada });
    await inside.goto(`${server.url}/w/0190a000-0000-7000-8000-000000000000/workspace`);
    await inside.getByRole("heading", { name: "This workspace is not there for you" }).waitFor();
    await inside.goto(`${server.url}/w/x/nothing`);
    await inside.getByRole("heading", { name: "There is no such page" }).waitFor();
    assert.deepEqual([...wrong, ...alsoWrong], []);
    await inside.context().close();
  });

  test("a link to sign in: asked for, mailed, good for one use", async () => {
    const { page, wrong } = await openPage(browser);
    await page.goto(`${server.url}/account`);
    await page.getByLabel("E-mail").fill("ada@acme.example");
    await page.getByRole("button", { name: "Send the link" }).click();
    await page.getByText("If there is an account for ada@acme.example").waitFor();
    const link = await server.hears(/(http\S+#sign_in=\w+)/);
    const other = await page.context().newPage();
    await other.goto(link);
    await live(other);
    // The page that asked goes on where it was, once it is looked at.
    await page.bringToFront();
    await page.evaluate(() => window.dispatchEvent(new Event("focus")));
    await page.getByRole("heading", { name: "Account" }).waitFor();
    await other.goto("about:blank");
    await other.goto(link);
    await other.getByText("This link is no longer valid.").waitFor();
    assert.deepEqual(wrong, []);
    await page.context().close();
  });

  test("a picture, and what is none; a workspace out of an archive", async () => {
    const { page, wrong } = await openPage(browser, { storageState: ada });
    await page.goto(`${server.url}/account`);
    const file = page.getByLabel("Picture");
    await file.setInputFiles({ name: "a.png", mimeType: "image/png", buffer: Buffer.from("no picture") });
    await page.locator("main .note").waitFor();
    await file.setInputFiles({ name: "a.png", mimeType: "image/png", buffer: Buffer.from(PICTURE, "base64") });
    await page.locator("main .avatar img").waitFor();
    assert.ok(await page.locator("main .avatar img").evaluate((img: HTMLImageElement) => img.decode().then(() => img.naturalWidth > 0)));
    await page.getByRole("button", { name: "Remove it" }).click();
    await page.locator("main .avatar .initials").waitFor();

    await page.goto(server.url);
    const archive = await page.evaluate(async () => {
      const { workspaces } = await (await fetch("/v1/workspaces")).json();
      return (await fetch(`/v1/workspaces/${workspaces[0].id}/archive`)).text();
    });
    await page.getByRole("button", { name: "Import archive" }).click();
    const dialog = page.getByRole("dialog");
    const chosen = (text: string) => ({ name: "workspace.json", mimeType: "application/json", buffer: Buffer.from(text) });
    await dialog.getByLabel("Archive", { exact: true }).setInputFiles(chosen("{}"));
    await dialog.getByRole("button", { name: "Import" }).click();
    await dialog.getByRole("alert").waitFor();
    await dialog.getByLabel("Archive", { exact: true }).setInputFiles(chosen(archive));
    await dialog.getByRole("button", { name: "Import" }).click();
    await dialog.getByRole("button", { name: "Open the workspace" }).click();
    await live(page);
    await page.evaluate(async () => {
      const response = await fetch(location.pathname.replace(/^\/w\/([^/]+).*/, "/v1/workspaces/$1"), { method: "DELETE" });
      if (!response.ok) throw new Error(await response.text());
    });
    // The socket may be closed before it is told why: then nothing tells it from a removal.
    await page.getByRole("heading", { name: "This workspace was deleted" }).waitFor();
    assert.deepEqual(wrong, []);
    await page.context().close();
  });

  test("a demo's links sign people in, where they belong", async () => {
    const demo = await startServer("demo", /Ctrl-C/);
    try {
      const links = [...demo.said.matchAll(/^ {2}(\S+ \S+) .*(http\S+#sign_in=\S+)$/gm)];
      assert.ok(links.length >= 2, demo.said);
      for (const [, name = "", link = ""] of links) {
        const { page, wrong } = await openPage(browser);
        await page.goto(link);
        await live(page);
        assert.equal(new URL(page.url()).hash, "");
        await page.getByRole("button", { name: `Your account: ${name}` }).waitFor();
        assert.deepEqual(wrong, []);
        await page.context().close();
      }
    } finally {
      await demo.stop();
    }
  });

  test("scripts run in the served sandbox, under the page's policy, and reach nothing of it", async () => {
    const { page } = await openPage(browser, { storageState: ada });
    await page.goto(`${server.url}/account`);
    await page.evaluate(readFileSync("build/page/page.js", "utf8"));
    const said = await page.evaluate(async () => {
      const { runner } = window as unknown as { runner: typeof import("../../src/client/runner") };
      const sandbox = runner.openSandbox({ src: "/sandbox.html", limit: 3000 });
      const said: string[] = [];
      const script = `
        console.log(Function("return 1 + 1")());
        try { await fetch("/v1/me"); console.log("reached"); } catch (error) { console.log("refused"); }`;
      const scopes = { globals: [], collection: [], environment: [], data: [], local: [] };
      const about = { iteration: 0, iterationCount: 1, requestName: "r", requestId: "1" };
      const job = { when: "test" as const, script, scopes, request: {}, response: null, about };
      const hooks = {
        assertion: () => {},
        console: ({ text }: { text: string }) => void said.push(text),
        send: () => Promise.reject(new Error("Nothing is sent.")),
      };
      const ending = await sandbox.run(job, hooks, new AbortController().signal);
      if ("stopped" in ending) said.push(ending.error);
      sandbox.close();
      return said;
    });
    assert.deepEqual(said, ["2", "refused"]);
    await page.context().close();
  });
});

/** One point, transparent. */
const PICTURE = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNkYPhfDwAChwGA60e6kgAAAABJRU5ErkJggg==";

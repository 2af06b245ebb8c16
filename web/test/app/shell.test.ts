// The app's shell on a real server, in Chromium: from the set-up link into a workspace, by links, in both themes.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { after, before, describe, test } from "node:test";
import type { Browser, Page } from "playwright-core";
import { inaccessible, openBrowser, openPage, PROGRAM, startServer, type TestServer } from "./browser";

const SIZES = { wide: { width: 1280, height: 800 }, narrow: { width: 390, height: 780 } };
const schemes = ["light", "dark"] as const;

describe("the app's shell", { skip: PROGRAM ? false : "LOGGIA_BIN names no server" }, () => {
  let browser: Browser;
  let server: TestServer;
  before(async () => {
    [browser, server] = await Promise.all([openBrowser(), startServer("serve", /#setup=\w+\s/)]);
  });
  after(async () => {
    await browser?.close();
    await server?.stop();
  });

  /** Cookies of who has set the team up. */
  let ada: Awaited<ReturnType<import("playwright-core").BrowserContext["storageState"]>>;

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

  test("an invitation: joined by it, with nothing in sight that is the team's alone, and out again", async () => {
    const { page: team, wrong } = await openPage(browser, { storageState: ada });
    await team.goto(server.url);
    await team.getByRole("link", { name: /Payments/ }).click();
    await live(team);
    const workspace = new URL(team.url()).pathname.split("/")[2] ?? "";
    await team.evaluate(async (workspace) => {
      const init = { method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify({ confirm: "Payments" }) };
      const response = await fetch(`/v1/workspaces/${workspace}/multi_partner`, init);
      if (!response.ok) throw new Error(await response.text());
    }, workspace);
    const [link, other] = await invite(team, workspace, ["grace@globex.example", "edsger@globex.example"]);
    assert.ok(link && other);

    const { page: partner, wrong: alsoWrong } = await openPage(browser);
    await partner.goto(link);
    await partner.getByLabel("Your name").fill("Grace Hopper");
    await partner.getByRole("button", { name: "Join the workspace" }).click();
    await live(partner);
    await partner.getByRole("link", { name: "Settings" }).waitFor();
    assert.equal(await partner.getByRole("link", { name: "Engagement" }).count(), 0);
    await partner.getByRole("button", { name: "Here now: 2" }).click();
    await partner.getByText("Grace Hopper (you)").waitFor();
    const list = await partner.getByRole("dialog", { name: "Here now" }).innerText();
    assert.doesNotMatch(list, /partner|globex|company|team/i);
    await partner.keyboard.press("Escape");
    // By its address it is not there either.
    await partner.goto(`${server.url}/w/${workspace}/engagement`);
    await partner.getByText("There is no such thing here.").waitFor();
    // Nor does the list of workspaces say more than it has to.
    await partner.goto(server.url);
    await partner.getByRole("link", { name: /Payments/ }).waitFor();
    assert.doesNotMatch(await partner.locator("main").innerText(), /partner|classic|import|new/i);
    await partner.getByRole("link", { name: /Payments/ }).click();
    await live(partner);

    // The team sees whose they are.
    await team.getByRole("button", { name: "Here now: 2" }).click();
    await team.getByRole("heading", { name: /globex\.example/ }).waitFor();
    await team.keyboard.press("Escape");

    // An invitation of an account that is not signed in asks for that first.
    const again = await invite(team, await makeWorkspace(team, "Second"), ["grace@globex.example"]);
    const { page: stranger } = await openPage(browser);
    await stranger.goto(again[0] ?? "");
    await stranger.getByRole("button", { name: "Join the workspace" }).click();
    await stranger.getByRole("heading", { name: "Sign in first" }).waitFor();
    await stranger.getByLabel("E-mail").fill("grace@globex.example");
    await stranger.getByRole("button", { name: "Send the link" }).click();
    await stranger.getByText("a link to sign in is on its way").waitFor();
    // In a browser where it is signed in it is accepted as it is.
    await partner.goto(again[0] ?? "");
    await partner.getByText("You are signed in as grace@globex.example").waitFor();
    await partner.getByRole("button", { name: "Join the workspace" }).click();
    await live(partner);
    await partner.goto(`${server.url}/w/${workspace}/overview`);
    await live(partner);

    // Who is removed is told so at once.
    await team.evaluate(async (workspace) => {
      const { partners } = await (await fetch(`/v1/workspaces/${workspace}/members`)).json();
      const user = partners[0].members[0].id as string;
      const response = await fetch(`/v1/workspaces/${workspace}/members/${user}`, { method: "DELETE" });
      if (!response.ok) throw new Error(await response.text());
    }, workspace);
    await partner.getByRole("heading", { name: "This workspace is not there for you" }).waitFor();
    assert.deepEqual([...wrong, ...alsoWrong], []);
    await Promise.all([team, partner, stranger].map((page) => page.context().close()));
  });

  test("the bar says when the connection is lost, what is kept, and that all is there again", async () => {
    const { page } = await openPage(browser, { storageState: ada });
    await page.goto(server.url);
    await page.getByRole("link", { name: /Payments/ }).click();
    await live(page);
    await page.getByRole("link", { name: "Overview" }).click();
    await page.getByRole("heading", { name: "Hello" }).waitFor();
    await server.kill();
    await page.locator(".connection:is(.waiting, .offline)").waitFor();
    await page.getByRole("button", { name: "Edit" }).click();
    await page.getByLabel("Description, in Markdown").fill("# Kept");
    await page.getByRole("button", { name: "Save" }).click();
    await page.getByRole("heading", { name: "Kept" }).waitFor();
    await page.locator(".connection .text", { hasText: "1 edit kept" }).waitFor();
    await server.again();
    await page.getByText("Up to date").first().waitFor();
    const id = new URL(page.url()).pathname.split("/")[2];
    const { description } = await page.evaluate(async (id) => (await fetch(`/v1/workspaces/${id}`)).json(), id);
    assert.equal(description, "# Kept");
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

  for (const colorScheme of schemes) {
    for (const [size, viewport] of Object.entries(SIZES)) {
      test(`nothing serious for axe: ${colorScheme}, ${size}`, async () => {
        const { page, wrong } = await openPage(browser, { colorScheme, viewport, storageState: ada });
        const check = async (what: string) => assert.deepEqual(await inaccessible(page), [], what);
        await page.goto(server.url);
        await page.getByRole("link", { name: /Payments/ }).waitFor();
        await check("workspaces");
        await page.getByRole("button", { name: "New workspace" }).click();
        await page.getByRole("dialog").waitFor();
        await check("new workspace");
        await page.keyboard.press("Escape");
        await page.getByRole("link", { name: /Payments/ }).click();
        await live(page);
        await page.goto(page.url().replace(/workspace$/, "overview"));
        await page.getByRole("heading", { name: "Payments" }).waitFor();
        await check("overview");
        await page.getByRole("button", { name: /Here now/ }).click();
        await page.getByText("Ada King (you)").waitFor();
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
        assert.deepEqual(wrong, []);
        await page.context().close();
      });
    }
  }
});

/** Invites partners, and answers their links. */
async function invite(page: Page, workspace: string, emails: string[]): Promise<string[]> {
  return page.evaluate(
    async ({ workspace, emails }) => {
      const body = JSON.stringify({ invitees: emails.map((email) => ({ email })), side: "partner", role: "viewer" });
      const headers = { "content-type": "application/json" };
      const response = await fetch(`/v1/workspaces/${workspace}/invitations`, { method: "POST", headers, body });
      const { rows } = (await response.json()) as { rows: { link: string }[] };
      return rows.map(({ link }) => link);
    },
    { workspace, emails },
  );
}

async function makeWorkspace(page: Page, name: string): Promise<string> {
  return page.evaluate(async (name) => {
    const headers = { "content-type": "application/json" };
    const response = await fetch("/v1/workspaces", { method: "POST", headers, body: JSON.stringify({ name }) });
    return ((await response.json()) as { id: string }).id;
  }, name);
}

/** Waits until the workspace is there and followed. */
async function live(page: Page): Promise<void> {
  await page.locator(".connection.live").waitFor();
}

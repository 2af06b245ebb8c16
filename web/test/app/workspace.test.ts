// The screens inside a workspace, in Chromium on a real server: an editor and a partner at once, requests that are really
// sent (to this machine), a run, the keyboard.

import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { after, before, describe, test } from "node:test";
import type { Browser, Page } from "playwright-core";
import { openBrowser, openPage, PROGRAM, startServer } from "./browser";
import { type Cookies, setUp } from "./people";

describe("a workspace's screens", { skip: PROGRAM ? false : "LOGGIA_BIN names no server" }, () => {
  let browser: Browser;
  let server: Awaited<ReturnType<typeof startServer>>;
  let service: Server;
  let workspace: string;
  let editor: Cookies;
  let partner: Cookies;
  /** Ids by name. */
  const ids = new Map<string, string>();
  const id = (name: string) => ids.get(name) ?? assert.fail(`no item ${name}`);
  const href = (screen: string, ...path: string[]) => `${server.url}/w/${[workspace, screen, ...path].join("/")}`;

  before(async () => {
    service = createServer((request, response) => {
      const status = request.url?.startsWith("/broken") ? 500 : 200;
      // One that is never answered is canceled by who asked.
      if (request.url?.startsWith("/never")) return;
      response.writeHead(status, { "content-type": "application/json", "set-cookie": "seen=1; Path=/", connection: "close" });
      response.end(JSON.stringify({ url: request.url, mark: request.headers["x-mark"] ?? null }));
    });
    process.env.LOGGIA_ALLOW_TARGET = "127.0.0.1";
    service.listen(0, "127.0.0.1");
    await once(service, "listening");
    [browser, server] = await Promise.all([openBrowser(), startServer("serve", /#setup=\S+\s/)]);
    await furnish();
  });
  after(async () => {
    await browser?.close();
    await server?.stop();
    service?.closeAllConnections();
    service?.close();
  });

  async function furnish(): Promise<void> {
    editor = await setUp(browser, server);
    const { page } = await openPage(browser, { storageState: editor });
    await page.goto(server.url);
    const made = await page.evaluate(async (collection) => {
      const post = async (path: string, body: unknown) => {
        const headers = { "content-type": "application/json" };
        const response = await fetch(path, { method: "POST", headers, body: JSON.stringify(body) });
        if (!response.ok) throw new Error(await response.text());
        return response.json();
      };
      const { workspaces } = (await (await fetch("/v1/workspaces")).json()) as { workspaces: { id: string }[] };
      const id = workspaces[0]?.id;
      await post(`/v1/workspaces/${id}/import`, collection);
      const invitees = [{ email: "grace@globex.example" }];
      const { rows } = (await post(`/v1/workspaces/${id}/invitations`, { invitees, side: "partner", role: "viewer" })) as { rows: { link: string }[] };
      const { tree } = (await (await fetch(`/v1/workspaces/${id}`)).json()) as { tree: { id: string; name: string }[] };
      return { id, link: rows[0]?.link, tree: tree.map(({ id, name }) => [name, id] as const) };
    }, collection((service.address() as AddressInfo).port));
    assert.ok(made.id && made.link);
    workspace = made.id;
    for (const [name, item] of made.tree) ids.set(name, item);
    await page.context().close();
    const { page: guest } = await openPage(browser);
    await guest.goto(`${server.url}/${new URL(made.link).hash}`);
    await guest.getByLabel("Your name").fill("Grace Hopper");
    await guest.getByRole("button", { name: "Join the workspace" }).click();
    await guest.locator(".connection.live").waitFor();
    partner = await guest.context().storageState();
    await guest.context().close();
  }

  async function openAs(who: Cookies, address: string): Promise<{ page: Page; wrong: string[] }> {
    const opened = await openPage(browser, { storageState: who });
    await opened.page.goto(address);
    await opened.page.locator(".connection.live").waitFor();
    return opened;
  }

  test("an editor's edit is on the partner's screen at once; a viewer's draft reaches nobody", async () => {
    const { page: ada, wrong } = await openAs(editor, href("workspace", id("Ping")));
    const { page: grace, wrong: also } = await openAs(partner, href("workspace", id("Ping")));
    const [hers, his] = [ada.getByLabel("URL"), grace.getByLabel("URL")];
    await hers.waitFor();
    await his.waitFor();
    assert.equal(await grace.getByRole("button", { name: "Save" }).count(), 0);

    await grace.evaluate(() => {
      const shown = window as unknown as { at?: number };
      const look = () => {
        const field = document.querySelector<HTMLInputElement>('input[aria-label="URL"]');
        if (field?.value.endsWith("/pong")) shown.at = Date.now();
        else requestAnimationFrame(look);
      };
      look();
    });
    await hers.fill("{{base}}/pong");
    await ada.locator("header").getByRole("img", { name: "Changed, not saved" }).waitFor();
    // Heard from before the key is pressed: a key that nobody hears is waited for for ever.
    await ada.evaluate(() => {
      const shown = window as unknown as { said?: number };
      addEventListener("keydown", ({ key }) => key === "s" && (shown.said = Date.now()), { capture: true });
    });
    await ada.keyboard.press("Control+s");
    await grace.waitForFunction(() => (window as unknown as { at?: number }).at !== undefined);
    const took = ((await grace.evaluate(() => (window as unknown as { at: number }).at)) ?? 0) - (await ada.evaluate(() => (window as unknown as { said: number }).said));
    assert.ok(took <= 200, `${took} ms`);
    await ada.getByRole("button", { name: "Save" }).waitFor({ state: "detached" });

    await his.fill("{{base}}/mine");
    await grace.getByText("Your changes: only you see and send them").waitFor();
    // Somebody else's change of the same field asks; of another one it comes in.
    await hers.fill("{{base}}/theirs");
    await ada.getByLabel("Method").fill("PUT");
    await ada.keyboard.press("Control+s");
    await grace.getByText("Ada Lovelace changed the URL, and so did you.").waitFor();
    assert.equal(await grace.getByLabel("Method").inputValue(), "PUT");
    assert.equal(await his.inputValue(), "{{base}}/mine");
    await grace.reload();
    assert.equal(await his.inputValue(), "{{base}}/mine", "it is kept in this tab");
    assert.equal(await hers.inputValue(), "{{base}}/theirs");
    const { content } = await ada.evaluate(async (path) => (await fetch(path)).json(), `/v1/workspaces/${workspace}/items/${id("Ping")}`);
    assert.equal(content.request.url.raw, "{{base}}/theirs");
    await grace.getByRole("button", { name: "Take it" }).click();
    assert.equal(await his.inputValue(), "{{base}}/theirs");
    assert.deepEqual([...wrong, ...also], []);
    await Promise.all([ada.context().close(), grace.context().close()]);
  });

  test("a send: what came back, its tests, what has no value; in its sender's history alone", async () => {
    const { page: grace, wrong } = await openAs(partner, href("workspace", id("List users")));
    await grace.getByLabel("URL").fill("{{base}}/users?tag={{nothing}}");
    await grace.getByRole("tab", { name: /Params/ }).click();
    assert.equal(await grace.getByLabel("Parameter 1: value").inputValue(), "{{nothing}}");
    await grace.getByLabel("Parameter 1: name").fill("label");
    assert.equal(await grace.getByLabel("URL").inputValue(), "{{base}}/users?label={{nothing}}");
    await grace.keyboard.press("Control+Enter");
    await grace.getByText("200 OK").waitFor();
    const response = grace.getByRole("region", { name: "Response" });
    await response.getByText("Without a value:").waitFor();
    await response.locator(".cm-content").getByText('"url"').waitFor();
    assert.match(await response.locator(".cm-content").innerText(), /\/users\?label=/);
    await response.getByRole("tab", { name: "Tests 1/2" }).click();
    await response.getByText("Passed: is answered").waitFor();
    await response.getByText("expected 200 to equal 404").waitFor();
    await response.getByRole("tab", { name: /Cookies/ }).click();
    await response.getByText("seen").waitFor();
    await response.getByRole("tab", { name: "Timings" }).click();
    await response.getByText("Waiting for the first byte").waitFor();

    // What is refused, and what is canceled, is said in words.
    await grace.getByLabel("URL").fill("http://10.0.0.1/");
    await grace.getByRole("button", { name: "Send", exact: true }).click();
    await response.getByText("target_refused", { exact: true }).waitFor();
    await grace.getByLabel("URL").fill("{{base}}/never");
    await grace.getByRole("button", { name: "Send", exact: true }).click();
    await grace.getByRole("button", { name: "Cancel" }).click();
    await response.getByText("canceled", { exact: true }).waitFor();

    const { page: ada } = await openAs(editor, href("history"));
    await ada.getByText("Nothing sent yet").waitFor();
    await grace.goto(href("history"));
    await grace.getByText("Only you can see this.").waitFor();
    await grace.getByLabel("Search in your history").fill("label");
    await grace.getByRole("link", { name: /label=/ }).click();
    await grace.getByRole("button", { name: "Send again" }).click();
    await grace.getByRole("region", { name: "Response" }).getByText("200 OK").waitFor();
    assert.equal(await ada.getByRole("link", { name: /List users/ }).count(), 0);
    assert.deepEqual(wrong, []);
    await Promise.all([ada.context().close(), grace.context().close()]);
  });

  test("a run with tests that pass and one that fails, seen in another window as it goes", async () => {
    const { page, wrong } = await openAs(editor, href("runs"));
    const other = await page.context().newPage();
    await other.goto(href("runs"));
    await other.getByText("No runs yet").waitFor();
    await page.getByLabel("Collection or folder").selectOption({ label: "Shop / Users" });
    await page.getByLabel("Data file").setInputFiles({ name: "rows.csv", mimeType: "text/csv", buffer: Buffer.from("mark\nred\nblue\n") });
    await page.getByRole("cell", { name: "blue" }).waitFor();
    assert.equal(await page.getByLabel("Iterations").inputValue(), "2");
    await page.getByRole("button", { name: "Run", exact: true }).click();
    await page.getByText("Finished").waitFor();
    const counts = page.locator(".counts");
    assert.match(await counts.innerText(), /4 passed\s+2 failed\s+0 without an answer\s+4 requests/);
    await page.getByLabel("Failed only").check();
    assert.equal(await page.getByRole("list", { name: "Results" }).getByRole("listitem").count(), 2);
    await page.getByRole("button", { name: /Failed: List users/ }).first().click();
    await page.getByText("expected 200 to equal 404").waitFor();
    await other.getByRole("link", { name: /Users/ }).getByText("4 passed").waitFor();
    await other.getByRole("link", { name: /Users/ }).click();
    await other.getByRole("button", { name: /Passed: Marked/ }).first().waitFor();
    assert.deepEqual(wrong, []);
    await page.context().close();
  });

  test("the keyboard alone: through the tree of 2,000, renamed, moved, deleted, found", async () => {
    const { page, wrong } = await openAs(editor, href("workspace"));
    const tree = page.getByRole("tree");
    await tree.focus();
    // A row that comes into sight is made with the next frame.
    const at = (name: string) =>
      page.waitForFunction((name) => {
        const id = document.querySelector('[role="tree"]')?.getAttribute("aria-activedescendant") ?? "";
        return document.getElementById(id)?.innerText.includes(name);
      }, name);
    await page.keyboard.press("Home");
    await at("Shop");
    await page.keyboard.type("many");
    await at("Many");
    await page.keyboard.press("ArrowRight");
    await page.keyboard.press("End");
    await at("Request 2000");
    assert.ok((await page.getByRole("treeitem").count()) < 100, "only what is in sight is made");
    await page.keyboard.press("ArrowLeft");
    await at("Many");
    await page.keyboard.press("ArrowLeft");
    await page.keyboard.press("Home");
    await page.keyboard.press("ArrowDown");
    await at("Ping");
    await page.keyboard.press("F2");
    await page.getByLabel("Name of Ping").fill("Pong");
    await page.keyboard.press("Enter");
    await at("Pong");
    await page.keyboard.press("Alt+ArrowDown");
    await page.waitForFunction(() => document.querySelectorAll('[role="treeitem"]')[1]?.textContent?.includes("Users"));
    await page.keyboard.press("Shift+F10");
    await page.getByRole("menuitem", { name: "Move up" }).press("Enter");
    await page.waitForFunction(() => document.querySelectorAll('[role="treeitem"]')[1]?.textContent?.includes("Pong"));
    await tree.focus();
    await page.keyboard.press("Enter");
    await page.waitForURL(href("workspace", id("Ping")));
    await tree.focus();
    await page.keyboard.press("Delete");
    await page.getByRole("dialog").getByText("It goes for everybody.").waitFor();
    await page.getByRole("dialog").getByRole("button", { name: "Delete" }).press("Enter");
    await page.getByRole("heading", { name: "This item is gone" }).waitFor();
    await page.getByLabel("Search in the tree").fill("request 1999");
    await page.getByText("1 found").waitFor();
    assert.equal(await page.locator("mark").allInnerTexts().then((all) => all.join(" ")), "Request 1999".split(" ").join(" "));
    assert.deepEqual(wrong, []);
    await page.context().close();
  });
});

function collection(port: number): unknown {
  const script = (exec: string[]) => [{ listen: "test", script: { type: "text/javascript", exec } }];
  const answered = `pm.test("is answered", () => pm.response.to.have.status(200));`;
  const request = (name: string, raw: string, event: unknown[] = [], header: unknown[] = []) => ({
    name,
    event,
    request: { method: "GET", header, url: { raw, host: ["{{base}}"], path: raw.split("/").slice(1) } },
  });
  return {
    info: { name: "Shop", schema: "https://schema.getpostman.com/json/collection/v2.1.0/collection.json" },
    variable: [{ key: "base", value: `http://127.0.0.1:${port}` }],
    item: [
      request("Ping", "{{base}}/ping"),
      {
        name: "Users",
        item: [
          request("List users", "{{base}}/users", script([answered, `pm.test("is missing", () => pm.expect(pm.response.code).to.equal(404));`])),
          request("Marked", "{{base}}/marked", script([answered]), [{ key: "X-Mark", value: "{{mark}}" }]),
        ],
      },
      { name: "Many", item: Array.from({ length: 2000 }, (_, at) => request(`Request ${at + 1}`, `{{base}}/${at + 1}`)) },
    ],
  };
}

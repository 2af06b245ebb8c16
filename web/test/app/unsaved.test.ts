// What others do while somebody works: it asks nothing of the page, and takes away nothing that was written.

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { Page } from "playwright-core";
import type { Person } from "./around-house";
import { collection, requestTo } from "./journey";
import { onServer, row, suite } from "./suite";

const value = (key: string, value: string) => ({ key, value, type: "default", enabled: true });

describe("what others do meanwhile", onServer, () => {
  let id: (name: string) => string;
  let barbara: Person;
  const house = suite(async (house) => {
    await house.import({ name: "Staging", values: [value("a", "1"), value("b", "1")], _postman_variable_scope: "environment" });
    const requests = ["Ping", "Pong", "Gone"].map((name) => requestTo(name, `https://api.example/${name}`));
    id = await house.import(collection("Shop", requests, { variable: [{ key: "base", value: "1" }] }));
    [barbara] = (await house.join([{ name: "Barbara Liskov", email: "barbara@acme.example" }], "team")) as [Person];
  });
  const change = (...changes: object[]) => house().ada.call("POST", house().api("/changes"), { op: crypto.randomUUID(), changes });
  const url = (page: Page) => page.getByLabel("URL");
  const shows = (page: Page, label: string, value: string) =>
    page.waitForFunction(([label, value]) => document.querySelector<HTMLInputElement>(`input[aria-label="${label}"]`)?.value === value, [label, value] as const);
  const values = async () => {
    const { environments } = await house().ada.call<{ environments: { content: { values: { key: string; value: string }[] } }[] }>("GET", house().api());
    return environments[0]?.content.values.map(({ key, value }) => `${key}=${value}`).join();
  };
  /** Does something while there is no server, and something else before the page has found it again. */
  async function away(page: Page, here: () => Promise<unknown>, there: () => Promise<unknown>): Promise<void> {
    await page.context().setOffline(true);
    await house().server.kill();
    await page.locator(".connection:is(.waiting, .offline)").waitFor();
    await here();
    await page.locator(".connection .text", { hasText: "1 edit kept" }).waitFor();
    await house().server.again();
    await there();
    await page.context().setOffline(false);
  }
  /** Whether somebody who closes the tab is asked first. */
  const isAsked = (page: Page) =>
    page.evaluate(() => {
      const leaving = new Event("beforeunload", { cancelable: true });
      dispatchEvent(leaving);
      return leaving.defaultPrevented;
    });

  test("their edits come by the socket: a page that looks on asks nothing", async () => {
    const { page, wrong } = await house().visit(house().ada, "workspace", id("Ping"));
    await Promise.all([page.waitForResponse(/\/values$/), page.getByLabel("Environment", { exact: true }).selectOption({ label: "Staging" })]);
    await url(page).waitFor();
    const asked: string[] = [];
    page.on("request", (request) => asked.push(request.url()));
    for (const name of ["Pong 1", "Pong 2", "Pong"]) {
      await change({ kind: "item_update", id: id("Pong"), patch: { name } });
      await change({ kind: "environment_update", id: id("Staging"), patch: { name: `Staging for ${name}` } });
      await row(page, name).waitFor();
      await page.getByRole("option", { name: `Staging for ${name}` }).waitFor({ state: "attached" });
    }
    assert.deepEqual([asked, wrong], [[], []]);
  });

  test("an environment that two change, one of them away: both changes stand", async () => {
    const { page } = await house().visit(house().ada, "environments", id("Staging"));
    const field = (name: string) => page.getByLabel(`Shared value of ${name}`);
    await field("a").waitFor();
    await away(
      page,
      async () => {
        await field("a").fill("mine");
        await field("a").press("Enter");
      },
      () => change({ kind: "environment_update", id: id("Staging"), patch: { content: { values: [value("a", "1"), value("b", "theirs")] } } }),
    );
    await shows(page, "Shared value of b", "theirs");
    await page.locator(".connection.live:not(.saving)").waitFor();
    assert.equal(await values(), "a=mine,b=theirs");
    await shows(page, "Shared value of a", "mine");

    // What is being typed stays with its variable when one above it goes.
    await field("b").fill("typed");
    await change({ kind: "environment_update", id: id("Staging"), patch: { content: { values: [value("b", "theirs")] } } });
    await field("a").waitFor({ state: "detached" });
    assert.equal(await field("b").inputValue(), "typed");
    await field("b").press("Enter");
    await page.locator(".connection.live:not(.saving)").waitFor();
    assert.equal(await values(), "b=typed");
  });

  test("a description that is being written outlives another screen and a reload, and takes in what another wrote", async () => {
    const describe = (description: string) => house().ada.call("PATCH", house().api(), { description });
    await describe("First.\n\nSecond.");
    const { page, wrong } = await house().visit(barbara, "overview");
    const field = page.getByLabel("Description, in Markdown");
    const has = (text: string) => page.waitForFunction((text) => document.querySelector("textarea")?.value === text, text);
    await page.getByRole("button", { name: "Edit" }).click();
    await field.fill("First.\n\nMine.");
    await page.getByRole("link", { name: "Environments" }).click();
    await page.getByRole("heading", { name: "Environments" }).waitFor();
    await page.getByRole("link", { name: "Overview" }).click();
    await has("First.\n\nMine.");
    assert.equal(await isAsked(page), true);
    await page.reload();
    await has("First.\n\nMine.");
    await field.evaluate((field: HTMLTextAreaElement) => field.setSelectionRange(10, 10));
    await describe("First of all.\n\nSecond.");
    await has("First of all.\n\nMine.");
    assert.equal(await field.evaluate((field: HTMLTextAreaElement) => field.selectionStart), 17, "the cursor stays where it was");
    // The same words: the writer is asked.
    await describe("First of all.\n\nThird.");
    await page.getByText("Somebody has changed the same words.").waitFor();
    await page.getByRole("button", { name: "Keep yours" }).click();
    await page.getByRole("button", { name: "Save" }).click();
    await page.locator(".markdown p", { hasText: "Mine." }).waitFor();
    await page.locator(".connection.live:not(.saving)").waitFor();
    assert.equal(await isAsked(page), false);
    const { description } = await house().ada.call<{ description: string }>("GET", house().api());
    assert.equal(description, "First of all.\n\nMine.");
    assert.deepEqual(wrong, []);
  });

  test("an item that goes leaves its writer what it had not saved", async () => {
    const { page, wrong } = await house().page({ storageState: barbara.state, permissions: ["clipboard-read", "clipboard-write"] });
    await page.goto(house().href("workspace", id("Gone")));
    await url(page).fill("https://api.example/written");
    await change({ kind: "item_delete", id: id("Gone") });
    await page.getByRole("heading", { name: "This item is gone" }).waitFor();
    await page.reload();
    await page.getByRole("button", { name: "Copy it with your changes" }).click();
    await page.getByText("The item with your changes is copied.").waitFor();
    assert.match(await page.evaluate(() => navigator.clipboard.readText()), /"raw": "https:\/\/api\.example\/written"/);
    assert.equal(await isAsked(page), true);
    await page.getByRole("button", { name: "Discard them" }).click();
    await page.getByText("Choose something").waitFor();
    assert.equal(await isAsked(page), false);
    assert.deepEqual(wrong, []);
  });

  test("a save that is refused after one typed on and went elsewhere: all of it is a draft again", async () => {
    const { page } = await house().visit(barbara, "environments");
    await page.getByRole("heading", { name: "Environments" }).waitFor();
    await page.getByRole("link", { name: "Workspace", exact: true }).click();
    await row(page, "Pong").click();
    await url(page).waitFor();
    await away(
      page,
      async () => {
        await url(page).fill("https://api.example/refused");
        await page.keyboard.press("Control+s");
        await page.getByRole("tab", { name: "Headers" }).click();
        await page.getByLabel("Header 1: name").fill("X-Since");
        await page.getByRole("link", { name: "Environments" }).click();
        await page.getByRole("heading", { name: "Environments" }).waitFor();
        await page.getByRole("link", { name: "Workspace", exact: true }).click();
        await row(page, "Pong").click();
      },
      () => house().ada.call("PATCH", house().api(`/members/${barbara.id}`), { role: "viewer" }),
    );
    await page.getByText("Your changes: only you see and send them").waitFor();
    await page.locator(".connection.live:not(.saving)").waitFor();
    await page.getByRole("tab", { name: "Headers" }).click();
    assert.deepEqual([await url(page).inputValue(), await page.getByLabel("Header 1: name").inputValue()], ["https://api.example/refused", "X-Since"]);
  });

  test("an edit from before a reload that is refused is said, also before the screen is there", async () => {
    await house().ada.call("PATCH", house().api(`/members/${barbara.id}`), { role: "editor" });
    const { page: before } = await house().visit(barbara, "workspace", id("Pong"));
    await url(before).waitFor();
    let kept: [string, string][] = [];
    await away(
      before,
      async () => {
        await url(before).fill("https://api.example/kept");
        await before.keyboard.press("Control+s");
      },
      async () => {
        kept = await before.evaluate(() => Object.entries({ ...sessionStorage }));
        await before.close({ runBeforeUnload: false });
        await house().ada.call("PATCH", house().api(`/members/${barbara.id}`), { role: "viewer" });
      },
    );
    const { page } = await house().page({ storageState: barbara.state });
    await page.addInitScript((kept) => kept.forEach(([key, value]) => sessionStorage.setItem(key, value)), kept);
    const said = page.getByRole("alert");
    await page.route("**/environments-*.js", async (route) => {
      await said.waitFor();
      await route.continue();
    });
    await page.goto(house().href("environments"));
    await page.getByRole("heading", { name: "Environments" }).waitFor();
  });

  test("a description that is written on before its save is refused is all there", async () => {
    await house().ada.call("PATCH", house().api(`/members/${barbara.id}`), { role: "editor" });
    const { page } = await house().visit(barbara, "overview");
    const field = page.getByLabel("Description, in Markdown");
    await page.getByRole("button", { name: "Edit" }).click();
    await away(
      page,
      async () => {
        await field.fill("Refused.");
        await page.getByRole("button", { name: "Save" }).click();
        await page.getByRole("button", { name: "Edit" }).click();
        await field.fill("Refused. And more.");
      },
      () => house().ada.call("PATCH", house().api(`/members/${barbara.id}`), { role: "viewer" }),
    );
    await field.waitFor({ state: "detached" });
    await page.locator(".connection.live:not(.saving)").waitFor();
    await house().ada.call("PATCH", house().api(`/members/${barbara.id}`), { role: "editor" });
    await field.waitFor();
    assert.equal(await field.inputValue(), "Refused. And more.");
    await page.getByRole("button", { name: "Save" }).click();
    await page.locator(".markdown p", { hasText: "Refused. And more." }).waitFor();
  });
});

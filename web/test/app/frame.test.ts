// The frame around a workspace, on a real server, in Chromium: who sees what, when the connection is lost, by keyboard.

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { openPage } from "./browser";
import { ALAN } from "./journey";
import { invite, live, makeWorkspace } from "./people";
import { onServer, suite } from "./suite";

describe("the frame around a workspace", onServer, () => {
  const house = suite();

  test("an invitation: joined by it, with nothing in sight that is the team's alone, and out again", async () => {
    const { browser, server, ada } = house();
    const { page: team, wrong } = await openPage(browser, { storageState: ada.state });
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
    await partner.getByRole("heading", { name: "You are no member of this workspace any more" }).waitFor();
    assert.deepEqual([...wrong, ...alsoWrong], []);
  });

  test("who is said to be signed out, and is not, gets on from there", async () => {
    const { ada } = house();
    const [alan] = await house().join([ALAN]);
    assert.ok(alan);
    const { page } = await house().visit(alan, "overview");
    // Whether anybody is signed in can't be asked when the socket is closed.
    await page.route("**/v1/me", (route) => route.abort());
    await ada.call("DELETE", house().api(`/members/${alan.id}`));
    await page.getByRole("heading", { name: "You are signed out" }).waitFor();
    await page.unroute("**/v1/me");
    await page.getByRole("button", { name: "Sign in" }).click();
    await page.getByRole("heading", { name: "This workspace is not there for you" }).waitFor();
  });

  test("the bar says when the connection is lost, what is kept, and that all is there again", async () => {
    const { browser, server, ada } = house();
    const { page } = await openPage(browser, { storageState: ada.state });
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
  });

  test("by the keyboard alone: menus, dialogs and tabs, and focus comes back", async () => {
    const { browser, server, ada } = house();
    const { page } = await openPage(browser, { storageState: ada.state });
    const focused = () => page.evaluate(() => document.activeElement?.textContent?.trim());
    await page.goto(server.url);
    const create = page.getByRole("button", { name: "New workspace" });
    await create.focus();
    await page.keyboard.press("Enter");
    const name = page.getByRole("dialog").getByLabel("Name");
    assert.ok(await name.evaluate((field) => field === document.activeElement));
    await name.fill("Typed");
    // A press beside the dialog takes nothing away that was typed.
    await page.mouse.click(5, 5);
    await page.keyboard.press("End");
    assert.equal(await name.inputValue(), "Typed");
    await page.keyboard.press("Escape");
    await page.getByRole("dialog").waitFor({ state: "detached" });
    assert.equal(await focused(), "New workspace");

    const account = page.getByRole("button", { name: /Your account/ });
    await account.focus();
    await page.keyboard.press("ArrowDown");
    await page.getByRole("menuitem", { name: "Account" }).waitFor();
    assert.equal(await focused(), "Account");
    await page.keyboard.press("ArrowUp");
    assert.equal(await focused(), "Sign out", "round to the last");
    await page.keyboard.press("a");
    assert.equal(await focused(), "Account");
    await page.keyboard.press("Escape");
    await page.getByRole("menu").waitFor({ state: "detached" });
    assert.ok(await account.evaluate((button) => button === document.activeElement));

    await page.getByRole("link", { name: /Payments/ }).press("Enter");
    await live(page);
    await page.getByRole("link", { name: "Settings" }).press("Enter");
    await page.getByRole("tab", { name: "Members" }).press("ArrowRight");
    assert.equal(await focused(), "Workspace");
    await page.getByRole("tabpanel", { name: "Workspace" }).waitFor();
  });
});

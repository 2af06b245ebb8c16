// The screens around a workspace's requests, on a real server in Chromium: people are invited, partners are kept apart,
// values are one's own, forks pull.

import assert from "node:assert/strict";
import { after, afterEach, before, describe, test } from "node:test";
import type { Browser, BrowserContextOptions, Page } from "playwright-core";
import { accept, live, type Person, personOf, type Served, served } from "./around-house";
import { inaccessible, openBrowser, openPage as open, PROGRAM } from "./browser";
import { type Others, Trace } from "./trace";

const SIZES = { wide: { width: 1280, height: 800 }, narrow: { width: 390, height: 780 } };
const COMPANIES = ["globex.example", "initech.example", "umbra.example"];
/** Ten partners of three companies. */
const PARTNERS = Array.from({ length: 10 }, (_, index) => {
  const name = `Pat${index} Quillman${index}`;
  return { name, email: `pat${index}@${COMPANIES[index % 3]}` };
});
const FILE = [
  "email,name",
  ...PARTNERS.map(({ name, email }) => `${email},${name}`),
  "no address,Nobody",
  `${PARTNERS[0]?.email},Again`,
  "eve@acme.example,Eve",
].join("\n");

/** What does not come in this time does not come. */
const PATIENCE = 10_000;

async function openPage(browser: Browser, options: BrowserContextOptions = {}): ReturnType<typeof open> {
  const opened = await open(browser, options);
  opened.page.setDefaultTimeout(PATIENCE);
  return opened;
}

describe("around the requests", { skip: PROGRAM ? false : "LOGGIA_BIN names no server" }, () => {
  let browser: Browser;
  let server: Served;
  let ada: Person;
  let workspace: string;
  let partners: Person[];
  before(async () => {
    [browser, server] = await Promise.all([openBrowser(), served()]);
  });
  afterEach(async () => {
    await Promise.all(browser.contexts().map((context) => context.close()));
  });
  after(async () => {
    await browser?.close();
    await server?.stop();
  });

  async function visit(person: Person, path: string, options: BrowserContextOptions = {}, where = workspace): Promise<{ page: Page; wrong: string[]; trace: Trace }> {
    const { page, wrong } = await openPage(browser, { storageState: person.state, ...options });
    const trace = Trace.of(page);
    await page.goto(`${server.url}/w/${where}/${path}`);
    await live(page);
    return { page, wrong, trace };
  }
  const member = (page: Page, name: string) => page.locator("li .name", { hasText: name });
  /** Everything by which the other partners could be known. */
  function others(than: Person, ...also: string[]): Others {
    const own = than.email.split("@")[1];
    const rest = partners.filter(({ id }) => id !== than.id);
    return [...rest.flatMap(({ traces }) => traces), ...COMPANIES.filter((domain) => domain !== own), ...also];
  }

  test("an Admin comes from the set-up link to ten partners who do not see one another", async () => {
    const { page, wrong } = await openPage(browser, { permissions: ["clipboard-read", "clipboard-write"] });
    await page.goto(server.said.match(/http\S+#setup=\S+/)?.[0] ?? "");
    await page.getByLabel("Team", { exact: true }).fill("Acme");
    await page.getByLabel("Your name").fill("Ada Lovelace");
    await page.getByLabel("Your e-mail", { exact: true }).fill("ada@acme.example");
    await page.getByRole("button", { name: "Create the team" }).click();
    await page.getByRole("button", { name: "New workspace" }).click();
    await page.getByRole("dialog").getByLabel("Name").fill("Payments");
    await page.getByRole("dialog").getByRole("button", { name: "Create" }).click();
    await live(page);
    workspace = new URL(page.url()).pathname.split("/")[2] ?? "";
    ada = await personOf(page, server.url);

    await page.getByRole("link", { name: "Settings" }).click();
    await page.getByText("No partner has joined yet.").waitFor();
    await page.getByRole("button", { name: "Invite people" }).click();
    const dialog = page.getByRole("dialog");
    await dialog.getByRole("tab", { name: "From a file" }).click();
    const file = dialog.getByLabel("Drop a CSV or text file here, or choose one");
    await file.setInputFiles({ name: "people.csv", mimeType: "text/csv", buffer: Buffer.from("who,what\na,b\n") });
    await dialog.getByText('The first line must name the columns, with "email" among them.').waitFor();
    await file.setInputFiles({ name: "people.csv", mimeType: "text/csv", buffer: Buffer.from(FILE) });
    const preview = dialog.getByRole("region", { name: "What will become of each line" });
    const outcomes = (table: typeof preview) => table.locator("tbody tr td.good, tbody tr td.bad").allInnerTexts();
    await preview.waitFor();
    assert.deepEqual((await outcomes(preview)).slice(0, 4), ["No valid address", "Stands here twice", "An address of the team: invite it to the team", "Will be invited"]);
    assert.deepEqual((await preview.locator(".line").allInnerTexts()).slice(0, 4), ["12", "13", "14", "2"], "lines as they are in the file");
    await dialog.getByRole("button", { name: "Invite 10 people" }).click();
    await dialog.getByText("10 invitations sent, 3 lines not.").waitFor();
    const sent = dialog.getByRole("region", { name: "What became of each line" });
    assert.deepEqual((await outcomes(sent)).slice(9), ["Invited", "No valid address", "Stands here twice", "An address of the team: invite it to the team"]);
    await dialog.getByRole("button", { name: "Copy all links" }).click();
    await page.getByText("Each address with its link is copied.").waitFor();
    const links = new Map((await page.evaluate(() => navigator.clipboard.readText())).split("\n").map((line) => line.split("\t") as [string, string]));
    assert.equal(links.size, 10);
    await dialog.getByRole("button", { name: "Done" }).click();
    await page.getByRole("heading", { name: /^Pending invitations/ }).waitFor();
    assert.equal(await page.getByText(/Expires in 1[34] days/).count(), 10);

    partners = [];
    for (const { name, email } of PARTNERS) partners.push(await accept(server.url, links.get(email) ?? "", name, email));
    // They appear while the Admin looks on.
    await page.getByText("10 people, 3 companies").waitFor();
    await page.getByText("Pending invitations").waitFor({ state: "detached" });
    const globex = page.locator("details", { hasText: "globex.example" });
    await globex.getByText("4 people").waitFor();
    await page.getByLabel("Search people").fill("quillman4");
    await member(page, "Pat4 Quillman4").waitFor();
    assert.equal(await member(page, "Pat1 Quillman1").count(), 0);
    await page.getByLabel("Search people").fill("");

    // In classic mode a partner may be an Editor; one company has a Lead; and somebody goes.
    await page.getByLabel("Role of Pat1 Quillman1").selectOption("editor");
    await page.getByLabel("Role of Pat1 Quillman1").and(page.locator(":enabled")).waitFor();
    const lead = page.locator("li", { hasText: "Pat0 Quillman0" }).getByRole("checkbox", { name: "Lead" });
    await Promise.all([page.waitForResponse((response) => response.request().method() === "PATCH" && response.ok()), lead.check()]);
    await page.getByRole("button", { name: "Remove Pat9 Quillman9" }).click();
    await dialog.getByText("pat9@globex.example").waitFor();
    await dialog.getByRole("button", { name: "Remove Pat9 Quillman9" }).click();
    await page.getByText("9 people, 3 companies").waitFor();

    // A partner looks on while the mode changes: the others go from its page.
    const first = partners[2] as Person;
    const { page: there, wrong: alsoWrong } = await visit(first, "settings");
    await member(there, "Pat3 Quillman3").waitFor();
    await page.getByRole("tab", { name: "Workspace" }).click();
    await page.getByRole("button", { name: "Enable multi-partner mode…" }).click();
    const enable = dialog.getByRole("button", { name: "Enable multi-partner mode" });
    await dialog.getByRole("textbox").fill("payments");
    assert.ok(await enable.isDisabled(), "the name is another");
    await dialog.getByRole("textbox").fill("Payments");
    await enable.click();
    await page.getByText("Partners see the team and themselves.").waitFor();
    assert.equal(await page.getByRole("button", { name: /multi-partner/ }).count(), 0, "there is no way back");
    await member(there, "Pat3 Quillman3").waitFor({ state: "detached" });
    const dom = await there.content();
    for (const other of others(first)) assert.ok(!dom.toLowerCase().includes(other.toLowerCase()), other);
    await page.getByRole("tab", { name: "Members" }).click();
    await page.locator("li", { hasText: "Pat1 Quillman1" }).getByText("Viewer", { exact: true }).waitFor();
    assert.deepEqual([...wrong, ...alsoWrong], []);
  });

  test("a trace is found where there is one", async () => {
    const { page, trace } = await visit(ada, "settings");
    await member(page, "Pat3 Quillman3").waitFor();
    const found = await trace.find(["pat3@globex.example", "nobody@nowhere.example"]);
    assert.ok(found.some((place) => /in DOM$/.test(place)) && found.some((place) => /members$/.test(place)), found.join());
    assert.ok(found.every((place) => !place.startsWith("nobody")));
  });

  test("a partner's pages hold no trace of another", async () => {
    const person = partners[1] as Person;
    const { page, wrong, trace } = await visit(person, "settings");
    await page.getByRole("heading", { name: "You", exact: true }).waitFor();
    await page.getByText("Pat1 Quillman1 (you)").waitFor();
    await page.getByText("Ada Lovelace").first().waitFor();
    assert.deepEqual(await page.getByRole("tab").allInnerTexts(), ["People", "My data"]);
    assert.equal(await page.getByRole("button", { name: "Invite people" }).count(), 0);
    assert.doesNotMatch(await page.locator("main").innerText(), /partners|company|companies|other|invit/i);
    for (const path of ["settings/own", "settings/workspace", "activity", "overview", "environments"]) {
      await page.goto(`${server.url}/w/${workspace}/${path}`);
      await live(page);
      await page.locator("main h1").waitFor();
      await page.locator("main [role=status][aria-label]").waitFor({ state: "detached" });
      assert.doesNotMatch(await page.locator("main").innerText(), /multi|partner|compan/i, path);
    }
    await page.goto(`${server.url}/w/${workspace}/engagement`);
    await page.getByText("There is no such thing here.").waitFor();
    await trace.findsNothing(others(person));
    assert.deepEqual(wrong, []);
  });

  test("a Lead invites its company, and learns of nobody by it", async () => {
    const person = partners[0] as Person;
    const here = partners[3] as Person;
    const { page, wrong, trace } = await visit(person, "settings");
    await page.getByRole("button", { name: "Invite people" }).click();
    const dialog = page.getByRole("dialog");
    await dialog.getByText("You invite people of your company, globex.example.").waitFor();
    assert.equal(await dialog.getByLabel("Role").count(), 0);
    const field = dialog.getByRole("combobox", { name: "Addresses" });
    await field.fill(`new@globex.example, ${here.email}, somebody@elsewhere.example`);
    await field.press("Enter");
    await dialog.getByText("Not of your company").waitFor();
    assert.equal(await dialog.locator("li.bad").count(), 1, "who is here is not told from who is not");
    await dialog.getByRole("button", { name: "Invite 2 people" }).click();
    const sent = dialog.getByRole("region", { name: "What became of each line" });
    await sent.waitFor();
    assert.deepEqual(await sent.locator("td.good, td.bad").allInnerTexts(), ["Invited", "Invited", "Not of your company"]);
    assert.equal(await dialog.getByRole("button", { name: /link/ }).count(), 0, "links are for Admins");
    await dialog.getByRole("button", { name: "Done" }).click();
    const list = page.getByRole("region", { name: /^Invitations you sent/ });
    await list.getByText("new@globex.example").waitFor();
    assert.equal(await list.getByRole("listitem").count(), 2);
    await list.getByRole("button", { name: "Revoke the invitation of new@globex.example" }).click();
    await list.getByText("new@globex.example").waitFor({ state: "detached" });
    // The address it typed itself, it knows.
    await trace.findsNothing(others(person).filter((text) => text !== here.email));
    assert.deepEqual(wrong, []);
  });

  test("people of other workspaces are completed for the team", async () => {
    const second = await ada.call<{ id: string }>("POST", "/v1/workspaces", { name: "Second" });
    const body = { invitees: [{ email: "zoe@vandelay.example" }], side: "partner", role: "viewer" };
    const { rows } = await ada.call<{ rows: { link: string }[] }>("POST", `/v1/workspaces/${second.id}/invitations`, body);
    await accept(server.url, rows[0]?.link ?? "", "Zoe Vandelay", "zoe@vandelay.example");
    const { page, wrong } = await visit(ada, "settings");
    await page.getByRole("button", { name: "Invite people" }).click();
    const field = page.getByRole("combobox", { name: "Addresses" });
    await field.pressSequentially("zo");
    await page.getByRole("option", { name: /Zoe Vandelay/ }).waitFor();
    await field.press("ArrowDown");
    await field.press("Enter");
    await page.getByRole("listitem").filter({ hasText: "Zoe Vandelay · zoe@vandelay.example" }).waitFor();
    await field.fill("eve@acme.example,");
    await field.press("Enter");
    await page.getByText("An address of the team: invite it to the team").waitFor();
    await field.fill(PARTNERS[3]?.email ?? "");
    await field.press("Enter");
    await page.getByText("Is a member already").waitFor();
    await field.press("Backspace");
    await page.getByText("Is a member already").waitFor({ state: "detached" });
    assert.deepEqual(wrong, []);
  });

  test("a value of one's own beside the shared one, and a secret that the team keeps", async () => {
    const { page, wrong } = await visit(ada, "environments");
    await page.getByRole("button", { name: "New environment" }).click();
    await page.getByRole("dialog").getByLabel("Name").fill("Staging");
    await page.getByRole("dialog").getByRole("button", { name: "Create" }).click();
    await page.getByRole("heading", { name: "Staging" }).waitFor();
    for (const [key, value] of [["base", "https://staging.example"], ["token", "team-only-4711"]] as const) {
      await page.getByLabel("Name of a new variable").fill(key);
      await page.getByLabel("Its shared value").fill(value);
      await page.getByRole("button", { name: "Add", exact: true }).click();
      await page.getByLabel(`Shared value of ${key}`).waitFor();
    }
    await page.getByLabel("Type of token").selectOption("secret");
    const secret = page.getByLabel("Shared value of token", { exact: true });
    await page.locator('input[type="password"][aria-label="Shared value of token"]').waitFor();
    await page.getByRole("button", { name: "Reveal Shared value of token" }).click();
    assert.equal(await secret.getAttribute("type"), "text");
    await page.locator(".connection.live:not(.saving)").waitFor();

    const person = partners[2] as Person;
    const { page: there, wrong: alsoWrong, trace } = await visit(person, "environments");
    await there.getByRole("link", { name: "Staging" }).click();
    await there.getByText("Kept by the team").waitFor();
    assert.equal(await there.getByRole("button", { name: /Add|Remove|New environment/ }).count(), 0);
    const own = there.getByLabel("Your value of token", { exact: true });
    await own.and(there.locator(":not([readonly])")).waitFor();
    await own.fill("mine-0815");
    await Promise.all([there.waitForResponse((response) => response.request().method() === "PUT" && response.ok()), own.press("Enter")]);
    await there.reload();
    await there.locator('input[aria-label="Your value of token"]').waitFor();
    await there.waitForFunction(() => document.querySelector<HTMLInputElement>('input[aria-label="Your value of token"]')?.value === "mine-0815");
    await trace.findsNothing(others(person, "team-only-4711"));

    // The team sees the shared one, and nothing of another's.
    const { page: again, trace: ofTeam } = await visit(ada, new URL(page.url()).pathname.split("/").slice(3).join("/"));
    await again.getByLabel("Your value of token", { exact: true }).and(again.locator(":not([readonly])")).waitFor();
    assert.equal(await again.getByLabel("Shared value of token", { exact: true }).inputValue(), "team-only-4711");
    assert.equal(await again.getByLabel("Your value of token", { exact: true }).inputValue(), "");
    await ofTeam.findsNothing(["mine-0815"]);

    // What is one's own goes when one says so.
    await there.goto(`${server.url}/w/${workspace}/settings/own`);
    await there.getByRole("button", { name: "Delete my data…" }).click();
    await there.getByRole("dialog").getByRole("button", { name: "Delete my data" }).click();
    await there.getByText("Your history, runs, private values and cookies here are deleted.").waitFor();
    const environment = new URL(page.url()).pathname.split("/")[4];
    const { values } = await person.call<{ values: object }>("GET", `/v1/workspaces/${workspace}/environments/${environment}/values`);
    assert.deepEqual(values, {});
    assert.deepEqual([...wrong, ...alsoWrong], []);
  });

  test("files are imported by choice and by drop; one that is none says where", async () => {
    const { page, wrong } = await visit(ada, "environments");
    const input = page.getByLabel("Files to import");
    const environment = { name: "Live", values: [{ key: "base", value: "https://live.example", type: "default", enabled: true }], _postman_variable_scope: "environment" };
    await input.setInputFiles([
      { name: "live.postman_environment.json", mimeType: "application/json", buffer: Buffer.from(JSON.stringify(environment)) },
      { name: "broken.json", mimeType: "application/json", buffer: Buffer.from(JSON.stringify({ ...COLLECTION, item: [{ name: 7 }] })) },
    ]);
    const dialog = page.getByRole("dialog", { name: "Import" });
    await dialog.getByText("1 file of 2 could not be imported.").waitFor();
    await dialog.getByText("bad_file").waitFor();
    assert.match(await dialog.locator(".note code").innerText(), /item/, "it says where");
    await dialog.getByRole("link", { name: "Live" }).click();
    await page.getByLabel("Shared value of base").waitFor();

    await page.getByRole("link", { name: "Overview" }).click();
    await page.getByRole("heading", { name: "No description yet" }).waitFor();
    await page.getByLabel("Files to import").waitFor({ state: "attached" });
    await page.evaluate((text) => {
      const data = new DataTransfer();
      data.items.add(new File([text], "payments.postman_collection.json", { type: "application/json" }));
      for (const type of ["dragover", "drop"]) document.body.dispatchEvent(new DragEvent(type, { dataTransfer: data, bubbles: true, cancelable: true }));
    }, JSON.stringify(COLLECTION));
    await dialog.getByText("1 file imported.").waitFor();
    await dialog.getByRole("link", { name: "Payments API" }).waitFor();
    assert.deepEqual(wrong, []);

    // Who may not edit is offered none of it.
    const { page: there } = await visit(partners[4] as Person, "environments");
    await there.getByRole("link", { name: "Live" }).waitFor();
    assert.equal(await there.getByLabel("Files to import").count(), 0);
  });

  test("a fork pulls what its parent changed, with a choice for each conflict", async () => {
    const parent = workspace;
    const { id: child } = await ada.call<{ id: string }>("POST", "/v1/workspaces", { name: "Forks" });
    const { page, wrong } = await visit(ada, "settings/workspace", {}, child);
    await page.getByText("Nothing here comes from another workspace of the team.").waitFor();
    await page.getByRole("button", { name: "Fork into this workspace…" }).click();
    const dialog = page.getByRole("dialog");
    await dialog.getByLabel("From").selectOption({ label: "Payments" });
    await dialog.getByRole("radio", { name: "Payments API" }).check();
    await dialog.getByRole("button", { name: "Fork", exact: true }).click();
    await page.getByText("Payments API is forked into this workspace.").waitFor();
    const badge = page.getByRole("button", { name: "Up to date with its parent" });
    await badge.waitFor();

    const [ours, theirs] = await Promise.all([child, parent].map((id) => requests(id)));
    assert.ok(ours && theirs);
    await change(child, ours.Ping as string, { method: "GET", url: "https://ours.example/ping" });
    await change(parent, theirs.Ping as string, { method: "GET", url: "https://theirs.example/ping" });
    await change(child, ours.Pong as string, { method: "GET", url: "https://ours.example/pong" });
    await change(parent, theirs.Pong as string, { method: "PUT", url: "https://theirs.example/pong" });
    await change(parent, theirs.Charge as string, { method: "POST", url: "https://theirs.example/charge" });
    await page.evaluate(() => dispatchEvent(new Event("focus")));
    await page.getByRole("button", { name: "3 changes behind" }).click();
    await dialog.getByText("3 changes in the parent since the last pull:").waitFor();
    await dialog.getByRole("button", { name: "Pull" }).click();
    await dialog.getByText("2 items were changed both here and in the parent.").waitFor();
    const pull = dialog.getByRole("button", { name: "Pull" });
    assert.ok(await pull.isDisabled(), "two choices are left");
    const ping = dialog.getByRole("region", { name: "Ping", exact: true });
    await ping.locator(".removed", { hasText: "https://ours.example/ping" }).waitFor();
    await ping.locator(".added", { hasText: "https://theirs.example/ping" }).waitFor();
    await ping.getByRole("radio", { name: "Take theirs" }).check();
    const pong = dialog.getByRole("region", { name: "Pong", exact: true });
    await pong.getByRole("radio", { name: "Edit" }).check();
    const text = pong.getByLabel("What Pong becomes");
    await text.fill("{ no JSON");
    await pong.getByText("This is no JSON").waitFor();
    assert.ok(await pull.isDisabled(), "what was written can't be read");
    await text.fill(JSON.stringify({ name: "Pong", content: { request: { method: "PATCH", url: "https://both.example/pong" } } }));
    await pull.click();
    await page.getByText(/changes? pulled into Payments API\./).waitFor();
    await page.getByRole("button", { name: "Up to date with its parent" }).waitFor();
    assert.equal(await urlOf(child, ours.Ping as string), "https://theirs.example/ping");
    assert.equal(await urlOf(child, ours.Pong as string), "https://both.example/pong");
    assert.equal(await urlOf(child, ours.Charge as string), "https://theirs.example/charge");

    // An environment likewise; what stays as it is here is a choice, too.
    await page.getByRole("button", { name: "Fork into this workspace…" }).click();
    await dialog.getByLabel("From").selectOption({ label: "Payments" });
    await dialog.getByRole("radio", { name: "Live" }).check();
    await dialog.getByRole("button", { name: "Fork", exact: true }).click();
    await page.getByText("Live is forked into this workspace.").waitFor();
    const environments = await Promise.all([child, parent].map(async (id) => (await snapshot(id)).environments.find(({ name }) => name === "Live")?.id ?? ""));
    for (const [index, id] of [child, parent].entries()) {
      const values = [{ key: "base", value: `https://side${index}.example`, type: "default", enabled: true }];
      await edit(id, { kind: "environment_update", id: environments[index], patch: { content: { values } } });
    }
    await page.goto(`${server.url}/w/${child}/environments/${environments[0]}`);
    await page.getByRole("button", { name: "1 change behind" }).click();
    await dialog.getByRole("button", { name: "Pull" }).click();
    await dialog.getByRole("radio", { name: "Keep yours" }).check();
    await dialog.getByRole("button", { name: "Pull" }).click();
    await page.getByRole("button", { name: "Up to date with its parent" }).waitFor();
    assert.equal(await page.getByLabel("Shared value of base").inputValue(), "https://side0.example");
    assert.deepEqual(wrong, []);
  });

  test("activity is told as it happens, and in pages", async () => {
    const { page, wrong } = await visit(ada, "activity");
    await page.getByText("enabled multi-partner mode").waitFor();
    await page.getByRole("heading", { name: "Today" }).waitFor();
    const environment = (await snapshot(workspace)).environments.find(({ name }) => name === "Staging")?.id;
    for (const name of ["Staging 1", "Staging 2"]) await edit(workspace, { kind: "environment_update", id: environment, patch: { name } });
    const line = page.getByRole("listitem").filter({ hasText: "Staging 2" });
    await line.getByText(/times since/).waitFor();
    await line.getByRole("link", { name: "Staging 2" }).click();
    await page.getByRole("heading", { name: "Staging 2" }).waitFor();
    for (let count = 0; count < 60; count++) await edit(workspace, { kind: "environment_create", id: uuid(), name: `E${count}`, content: {} });
    await page.goBack();
    await page.getByRole("listitem").filter({ hasText: "E59" }).waitFor();
    // Older ones come as one goes down.
    const first = page.getByText("created the workspace");
    while ((await first.count()) === 0) {
      const answer = page.waitForResponse((response) => response.url().includes("before="));
      await page.getByRole("button", { name: "Show older" }).scrollIntoViewIfNeeded();
      await answer;
      await page.locator("[aria-busy=true]").waitFor({ state: "detached" });
    }
    await page.getByText("invited").first().waitFor();
    assert.deepEqual(wrong, []);
  });

  test("the team sees how far partners have come, and nothing of what they sent", async () => {
    const { page, wrong } = await visit(ada, "engagement");
    const all = page.getByRole("list", { name: "All partners" });
    await all.waitFor();
    const numbers = await all.locator(".number").allInnerTexts();
    assert.equal(numbers.length, 5);
    assert.ok(Number(numbers[0]) >= 9 && Number(numbers[1]) >= 9, numbers.join());
    await page.locator("summary", { hasText: "globex.example" }).click();
    const table = page.getByRole("region", { name: "People of globex.example" });
    await table.getByRole("button", { name: "Joined" }).click();
    assert.equal(await table.locator("th", { hasText: "Joined" }).getAttribute("aria-sort"), "ascending");
    await table.getByRole("button", { name: "Person" }).click();
    await table.getByRole("button", { name: "Person" }).click();
    assert.equal(await table.locator("thead th", { hasText: "Person" }).getAttribute("aria-sort"), "descending");
    const people = await table.locator("tbody th").allInnerTexts();
    const emails = people.map((text) => text.match(/\S+@\S+/)?.[0] ?? "");
    assert.deepEqual(emails, emails.toSorted().reverse());
    await page.getByText("Nobody has sent a request yet.").waitFor();

    // The same report, had they called: at a real server nobody has to wait for days.
    await page.route("**/engagement", async (route) => {
      const response = await route.fetch();
      const report = (await response.json()) as { domains: { domain: string; people: { seconds_to_first_call: number | null }[] }[] };
      report.domains.forEach(({ people }, company) => people.forEach((person, at) => (person.seconds_to_first_call = company === 2 ? null : 60 ** (company + 1) * (at + 1))));
      await route.fulfill({ response, json: report });
    });
    await page.getByRole("button", { name: "Refresh" }).click();
    await page.getByRole("img", { name: "Time from joining to the first call, by company" }).waitFor();
    await page.getByText("As a table").click();
    const rows = await page.locator("figure tbody tr").allInnerTexts();
    assert.deepEqual(rows.map((row) => row.split("\t")), [
      ["globex.example", "3", "1 min", "2 min", "3 min"],
      ["initech.example", "3", "1 h", "2 h", "3 h"],
    ]);
    assert.deepEqual(await inaccessible(page), [], "the chart");
    await page.setViewportSize(SIZES.narrow);
    assert.ok(await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth), "the chart fits");
    assert.deepEqual(wrong, []);
  });

  for (const [colorScheme, size] of [["light", "narrow"], ["dark", "wide"]] as const) {
    test(`nothing serious for axe: ${colorScheme}, ${size}`, async () => {
      const viewport = SIZES[size];
      const { page, wrong } = await visit(ada, "overview", { colorScheme, viewport });
      const check = async (what: string) => {
        await page.locator("main h1").waitFor();
        await page.locator("main [role=status][aria-label]").waitFor({ state: "detached" });
        assert.deepEqual(await inaccessible(page), [], what);
        assert.ok(await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth), `${what} is no wider than the window`);
      };
      const environment = (await snapshot(workspace)).environments.find(({ name }) => name.startsWith("Staging"))?.id ?? "";
      await page.getByRole("button", { name: "Edit" }).click();
      await check("overview");
      for (const path of ["settings", "settings/workspace", "settings/own", "activity", "engagement", "environments", `environments/${environment}`]) {
        await page.goto(`${server.url}/w/${workspace}/${path}`);
        await live(page);
        await check(path);
      }
      await page.goto(`${server.url}/w/${workspace}/settings`);
      await page.getByRole("button", { name: "Invite people" }).click();
      await page.getByRole("combobox", { name: "Addresses" }).fill("somebody, nobody@acme.example");
      await page.keyboard.press("Enter");
      await page.getByText("No valid address").waitFor();
      assert.deepEqual(await inaccessible(page), [], "inviting");
      assert.deepEqual(wrong, []);

      const { page: there } = await visit(partners[0] as Person, "settings", { colorScheme, viewport });
      await there.getByRole("heading", { name: "You", exact: true }).waitFor();
      assert.deepEqual(await inaccessible(there), [], "a partner's settings");
    });
  }

  interface Snapshot {
    tree: { id: string; name: string; kind: string }[];
    environments: { id: string; name: string }[];
  }
  const snapshot = (id: string) => ada.call<Snapshot>("GET", `/v1/workspaces/${id}`);
  const requests = async (id: string) =>
    Object.fromEntries((await snapshot(id)).tree.filter(({ kind }) => kind === "request").map(({ name, id }) => [name, id]));
  const edit = (id: string, ...changes: object[]) => ada.call("POST", `/v1/workspaces/${id}/changes`, { op: uuid(), changes });
  const change = (id: string, item: string, request: object) => edit(id, { kind: "item_update", id: item, patch: { content: { request } } });
  async function urlOf(id: string, item: string): Promise<unknown> {
    const { content } = await ada.call<{ content: { request: { url: unknown } } }>("GET", `/v1/workspaces/${id}/items/${item}`);
    const { url } = content.request;
    return typeof url === "string" ? url : (url as { raw: string }).raw;
  }
});

const COLLECTION = {
  info: { name: "Payments API", schema: "https://schema.getpostman.com/json/collection/v2.1.0/collection.json" },
  item: ["Ping", "Pong", "Charge"].map((name) => ({ name, request: { method: "GET", url: `https://api.example/${name.toLowerCase()}` } })),
};

/** A version 7, as clients make them. */
function uuid(): string {
  const time = Date.now().toString(16).padStart(12, "0");
  const random = crypto.randomUUID();
  return `${time.slice(0, 8)}-${time.slice(8)}-7${random.slice(15)}`;
}

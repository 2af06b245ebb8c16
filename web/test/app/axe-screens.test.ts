// What axe finds on the screens of a workspace that has something to show: as the team and as a partner, in both themes, on
// a wide window and a narrow one.

import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import type { BrowserContextOptions, Page } from "playwright-core";
import { live, type Person } from "./around-house";
import { inaccessible, PROGRAM } from "./browser";
import { type Furnished, furnished } from "./furnished";
import type { Visit } from "./journey";

const SIZES = { wide: { width: 1280, height: 800 }, narrow: { width: 390, height: 780 } };

/** What is shown, and how one comes there from what was shown before. */
interface Screen {
  name: string;
  /** Who of them sees it; both unless given. */
  only?: "team" | "partner";
  show(page: Page): Promise<unknown>;
}

describe("nothing serious for axe on a workspace's screens", { skip: PROGRAM ? false : "LOGGIA_BIN names no server" }, () => {
  let made: Furnished;
  before(async () => {
    made = await furnished();
  });
  after(() => made?.close());

  /** Whose run there is to see in a page. */
  const runs = new WeakMap<Page, string>();
  async function open(person: Person, options: BrowserContextOptions): Promise<Visit> {
    const visit = await made.house.page({ storageState: person.state, reducedMotion: "reduce", ...options });
    runs.set(visit.page, made.runs.get(person.id) ?? assert.fail(`${person.name} has run nothing`));
    return visit;
  }
  async function go(page: Page, screen: string, ...path: string[]): Promise<void> {
    await page.goto(made.house.href(screen, ...path));
    await live(page);
  }
  const tab = (page: Page, name: string) => page.getByRole("tab", { name: new RegExp(`^${name}`) }).first().click();
  const dialog = (page: Page) => page.getByRole("dialog");
  const close = (page: Page) => page.keyboard.press("Escape");
  const press = (page: Page, name: string | RegExp) => page.getByRole("button", { name, exact: typeof name === "string" }).first().click();

  const parts = ["Params", "Headers", "Auth", "Body", "Scripts", "Docs", "Examples"];
  const answer = ["Raw", "Headers", "Cookies", "Timings", "Sent", "Tests"];
  const REQUEST: Screen[] = [
    { name: "tree", show: (page) => go(page, "workspace").then(() => page.getByRole("treeitem").first().waitFor()) },
    { name: "an environment is chosen", show: (page) => page.getByLabel("Environment").selectOption({ label: "Sandbox" }) },
    { name: "tree, searched", show: (page) => page.getByLabel("Search in the tree").fill("refund") },
    { name: "request", show: (page) => go(page, "workspace", made.id("List payments")).then(() => page.getByLabel("URL").waitFor()) },
    ...parts.map((name) => ({ name: `request: ${name}`, show: (page: Page) => tab(page, name) })),
    { name: "writing docs", only: "team", show: (page) => tab(page, "Docs").then(() => press(page, "Write")).then(() => page.locator(".cm-content").first().waitFor()) },
    { name: "changed", show: (page) => page.getByLabel("URL").fill("{{base}}/payments?{{nothing}}").then(() => press(page, "Discard")) },
    {
      name: "response",
      show: async (page) => {
        await page.getByLabel("URL").press("Control+Enter");
        await page.getByText("200 OK").waitFor();
      },
    },
    ...answer.map((name) => ({ name: `response: ${name}`, show: (page: Page) => page.getByRole("region", { name: "Response" }).getByRole("tab", { name: new RegExp(`^${name}`) }).click() })),
    {
      name: "response: refused",
      show: async (page) => {
        await page.getByLabel("URL").fill("http://10.0.0.1/");
        await page.getByLabel("URL").press("Control+Enter");
        await page.getByText("target_refused", { exact: true }).waitFor();
        await press(page, "Discard");
      },
    },
    { name: "code", show: (page) => press(page, "Code").then(() => page.getByLabel("Language", { exact: true }).waitFor()) },
    {
      name: "comments, with a mention",
      show: async (page) => {
        await press(page, "Close");
        await press(page, "Comments");
        await page.getByText("paged?").first().waitFor();
        await page.getByRole("combobox", { name: "Comment" }).pressSequentially("@Ed");
        await page.getByRole("option", { name: /Edsger/ }).waitFor();
      },
    },
    { name: "collection", show: (page) => go(page, "workspace", made.id("Shop")).then(() => page.getByRole("tab", { name: "Docs" }).waitFor()) },
    ...["Auth", "Variables", "Scripts"].map((name) => ({ name: `collection: ${name}`, show: (page: Page) => tab(page, name) })),
    { name: "example", show: (page) => go(page, "workspace", made.id("Paid")).then(() => page.getByRole("heading", { name: "Paid" }).waitFor()) },
    { name: "what is gone", show: (page) => go(page, "workspace", made.house.workspace).then(() => page.getByText("This item is gone").waitFor()) },
  ];
  const OWN: Screen[] = [
    { name: "history", show: (page) => go(page, "history").then(() => page.getByRole("link", { name: /List payments/ }).first().waitFor()) },
    { name: "what was sent", show: (page) => page.getByRole("link", { name: /List payments/ }).first().click().then(() => page.getByRole("button", { name: "Send again" }).waitFor()) },
    { name: "runs", show: (page) => go(page, "runs").then(() => page.getByRole("link", { name: /Shop/ }).first().waitFor()) },
    { name: "new run", show: (page) => go(page, "runs", "new").then(() => page.getByRole("heading", { name: "New run" }).waitFor()) },
    {
      name: "a run's results",
      show: async (page) => {
        await go(page, "runs", runs.get(page) ?? "");
        await page.getByRole("button", { name: /^Failed: List payments/ }).click();
        await page.getByText("expected undefined to be a number").waitFor();
      },
    },
    { name: "environments", show: (page) => go(page, "environments").then(() => page.getByRole("link", { name: "Sandbox" }).waitFor()) },
    { name: "private values", show: (page) => go(page, "environments", made.id("Sandbox")).then(() => page.getByLabel("Your value of token", { exact: true }).and(page.locator(":not([readonly])")).waitFor()) },
    { name: "one's own data", show: (page) => go(page, "settings", "own").then(() => page.getByRole("button", { name: "Delete my data…" }).waitFor()) },
    { name: "deleting it", show: (page) => press(page, "Delete my data…").then(() => dialog(page).waitFor()) },
  ];
  const AROUND: Screen[] = [
    { name: "overview", show: (page) => go(page, "overview").then(() => page.getByRole("heading", { name: "Hello" }).waitFor()) },
    { name: "writing the overview", only: "team", show: (page) => press(page, "Edit").then(() => page.getByLabel("Description, in Markdown").waitFor()) },
    { name: "activity", show: (page) => go(page, "activity").then(() => page.getByRole("heading", { name: /^(Today|Nothing has happened yet)$/ }).waitFor()) },
    { name: "engagement", only: "team", show: (page) => go(page, "engagement").then(() => page.getByRole("list", { name: "All partners" }).waitFor()) },
    { name: "members", show: (page) => go(page, "settings").then(() => page.getByText("Ada Lovelace").first().waitFor()) },
    {
      name: "what becomes of a file of people",
      only: "team",
      show: async (page) => {
        await press(page, "Invite people");
        await dialog(page).getByRole("tab", { name: "From a file" }).click();
        const buffer = Buffer.from("email,name\nnew@globex.example,New\nnobody,Nobody\neve@acme.example,Eve\n");
        await dialog(page).getByLabel("Drop a CSV or text file here, or choose one").setInputFiles({ name: "people.csv", mimeType: "text/csv", buffer });
        await dialog(page).getByRole("region", { name: "What will become of each line" }).waitFor();
      },
    },
    { name: "workspace settings", only: "team", show: (page) => go(page, "settings", "workspace").then(() => page.getByText("Nothing here comes from another").waitFor()) },
    { name: "the switch", only: "team", show: (page) => press(page, "Enable multi-partner mode…").then(() => dialog(page).getByRole("textbox").waitFor()) },
    { name: "forking", only: "team", show: (page) => close(page).then(() => press(page, "Fork into this workspace…")).then(() => dialog(page).getByLabel("From").waitFor()) },
    {
      name: "an import that failed",
      only: "team",
      show: async (page) => {
        await go(page, "environments");
        await page.getByLabel("Files to import").setInputFiles({ name: "broken.json", mimeType: "application/json", buffer: Buffer.from("{}") });
        await dialog(page).getByText("could not be imported").waitFor();
      },
    },
    {
      name: "pulling, with a conflict",
      only: "team",
      show: async (page) => {
        await page.goto(`${made.house.server.url}/w/${made.fork}/settings/workspace`);
        await live(page);
        await press(page, /behind$/);
        await dialog(page).getByRole("button", { name: "Pull" }).click();
        await dialog(page).getByRole("region", { name: "Refund", exact: true }).waitFor();
      },
    },
  ];

  async function look(page: Page, side: "team" | "partner", screens: readonly Screen[]): Promise<void> {
    const found: string[] = [];
    for (const { name, only, show } of screens) {
      if (only && only !== side) continue;
      await show(page).catch((error: unknown) => assert.fail(`${name}: ${String(error)}`));
      // Nothing loads any more.
      await page.waitForFunction(() => !document.querySelector("main [role=status][aria-label]"));
      found.push(...(await inaccessible(page)).map((what) => `${name}: ${what}`));
      if (await page.evaluate(() => document.documentElement.scrollWidth > innerWidth)) found.push(`${name} is wider than the window`);
    }
    assert.deepEqual(found, []);
  }

  // Between the two, whatever both see is seen in each theme at each size.
  const LOOKS = [
    { side: "team", colorScheme: "light", size: "narrow" },
    { side: "team", colorScheme: "dark", size: "wide" },
    { side: "partner", colorScheme: "dark", size: "narrow" },
    { side: "partner", colorScheme: "light", size: "wide" },
  ] as const;
  for (const { side, colorScheme, size } of LOOKS) {
    test(`${side}, ${colorScheme}, ${size}`, async () => {
      const person = side === "team" ? made.house.ada : made.grace;
      const { page, wrong } = await open(person, { colorScheme, viewport: SIZES[size] });
      await look(page, side, [...REQUEST, ...OWN, ...AROUND]);
      assert.deepEqual(wrong, []);
      await made.house.leave();
    });
  }

  test("a partner among others that it does not see", async () => {
    await made.house.separatePartners();
    const { page, wrong, trace } = await open(made.grace, {});
    const shown = REQUEST.filter(({ name }) => !name.startsWith("comments"));
    await look(page, "partner", [...shown.slice(0, 3), ...OWN, ...AROUND]);
    await trace.findsNothing(made.house.others(made.grace));
    assert.deepEqual(wrong, []);
  });
});

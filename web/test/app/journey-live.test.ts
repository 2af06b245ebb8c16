// An editor and three partners at once: what the editor does stands on everybody's screen, a colleague's among them.

import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import type { Page } from "playwright-core";
import { live, type Person } from "./around-house";
import { PROGRAM } from "./browser";
import { collection, GUESTS, House, requestTo, type Visit } from "./journey";
import { lastDeed, lookOut, rememberDeeds, seenAt, type Sight } from "./sight";

/** Milliseconds that none may take, whatever else the machine has to do. */
const ANY_MS = 2_000;
/** From the key or click that commits an edit to its standing in another page. */
const MOST_MS = 200;
const TREE = "[role=treeitem]";

describe("an editor and three partners at once", { skip: PROGRAM ? false : "LOGGIA_BIN names no server" }, () => {
  let house: House;
  let id: (name: string) => string;
  let partners: Person[];
  let editor: Page;
  let others: Visit[];
  const took: { what: string; ms: number[] }[] = [];
  before(async () => {
    house = await House.open();
    await house.separatePartners();
    id = await house.import(
      collection("Shop", [
        requestTo("Ping", "https://api.example/ping"),
        requestTo("Pong", "https://api.example/pong"),
        requestTo("Charge", "https://api.example/charge", { method: "POST", body: '{"amount": 1}', description: "Takes money." }),
        { name: "People", item: [requestTo("Find one", "https://api.example/one"), requestTo("Find all", "https://api.example/all")] },
        { name: "Old", item: [requestTo("Older", "https://api.example/older")] },
      ]),
    );
    const [[barbara], joined] = await Promise.all([house.join([{ name: "Barbara Liskov", email: "barbara@acme.example" }], "team"), house.join(GUESTS)]);
    assert.ok(barbara);
    partners = joined;
    const first = await house.page({ storageState: house.ada.state });
    editor = first.page;
    await rememberDeeds(editor);
    await editor.goto(house.href("workspace", id("Charge")));
    await live(editor);
    others = [];
    for (const person of [barbara, ...partners]) others.push(await house.visit(person, "workspace", id("Charge")));
    for (const page of everybody()) {
      await page.locator(TREE).filter({ hasText: "People" }).locator(".twist").click();
      await page.locator(TREE).filter({ hasText: "Find one" }).waitFor();
    }
  });
  after(() => house?.close());

  const everybody = () => [editor, ...others.map(({ page }) => page)];
  const row = (name: string) => editor.locator(TREE).filter({ hasText: name });
  const named = (text: string): Sight => ({ within: `${TREE} .name`, text });
  const at = (place: number, level: number, text: string): Sight => ({ within: `${TREE}[aria-posinset="${place}"][aria-level="${level}"]`, text });

  /** Does something, the last step of which makes the edit; takes the time until each of the others has it. */
  async function edit(what: string, sight: Sight, ...steps: (() => Promise<unknown>)[]): Promise<void> {
    await Promise.all(others.map(({ page }) => lookOut(page, sight)));
    for (const step of steps) await step();
    const seen = await Promise.all(others.map(({ page }) => seenAt(page)));
    const done = await lastDeed(editor);
    took.push({ what, ms: seen.map((moment) => Math.round(moment - done)) });
  }
  const press = (key: string) => () => editor.keyboard.press(key);
  const type = (label: string, text: string) => () => editor.getByLabel(label, { exact: true }).fill(text);
  const choose = (name: string, entry: string) => async () => {
    await row(name).hover();
    await editor.getByRole("button", { name: `More: ${name}` }).click();
    await editor.getByRole("menuitem", { name: entry }).click();
  };
  const button = (name: string) => () => editor.getByRole("button", { name, exact: true }).click();
  const focus = (name: string) => () => row(name).locator(".name").click();
  const showTab = (name: string) => Promise.all(everybody().map((page) => page.getByRole("tab", { name: new RegExp(`^${name}`) }).click()));

  test("the tree: added, renamed, moved, deleted", async () => {
    await edit("rename by its field", named("Charge a card"), type("Name", "Charge a card"), press("Enter"));
    await edit("rename in the tree", named("Pang"), focus("Ping"), press("F2"), type("Name of Ping", "Pang"), press("Enter"));
    await edit("add a request", named("New request"), choose("People", "New request"));
    await edit("name it", named("Find none"), type("Name of New request", "Find none"), press("Enter"));
    await edit("add a folder", named("New folder"), choose("Shop", "New folder"));
    await edit("name it", named("Refunds"), type("Name of New folder", "Refunds"), press("Enter"));
    await edit("add a collection", named("New collection"), button("New collection"));
    await edit("name it", named("Sandbox"), type("Name of New collection", "Sandbox"), press("Enter"));
    await edit("duplicate", named("Pong (copy)"), choose("Pong", "Duplicate"));
    await edit("move down by key", at(2, 2, "Pang"), focus("Pang"), press("Alt+ArrowDown"));
    await edit("move up by menu", at(1, 2, "Pang"), choose("Pang", "Move up"));
    await edit("move by drag", at(1, 3, "Pong (copy)"), () => dragBefore("Pong (copy)", "Find one"));
    await edit("move by dialog", at(1, 2, "Pong"), choose("Pang", "Move into…"), () => editor.getByLabel("Into").selectOption({ label: "Sandbox" }), button("Move"));
    await edit("delete a request", { ...named("Find all"), gone: true }, choose("Find all", "Delete"), button("Delete"));
    await edit("delete a folder", { ...named("Old"), gone: true }, choose("Old", "Delete"), button("Delete"));
  });

  test("a request: its method, URL, headers, body, and description", async () => {
    await focus("Charge a card")();
    const save = press("Control+s");
    await edit("method", { within: `${TREE} .kind`, text: "PUT" }, type("Method", "PUT"), save);
    await edit("URL", { within: "input", text: "https://api.example/charges" }, type("URL", "https://api.example/charges"), save);
    await showTab("Headers");
    await edit("header", { within: "input", text: "X-Trace" }, type("Header 1: name", "X-Trace"), save);
    await showTab("Body");
    await Promise.all(everybody().map((page) => page.locator(".cm-content").waitFor()));
    await edit("body", { within: ".cm-content", text: "4711" }, async () => {
      await editor.locator(".cm-content").click();
      await press("Control+End")();
      await editor.keyboard.type("4711");
    }, save);
    await showTab("Docs");
    await edit("description", { within: ".markdown", text: "Asks twice." }, button("Write"), async () => {
      await editor.locator(".cm-content").click();
      await press("Control+End")();
      await editor.keyboard.type(" Asks twice.");
    }, save);
  });

  test("within 200 ms, and without a trace of one partner at another's", async (t) => {
    assert.ok(took.length >= 20, `${took.length} edits`);
    for (const { what, ms } of took) t.diagnostic(`${what}: ${ms.join(", ")} ms`);
    const all = took.flatMap(({ ms }) => ms).sort((a, b) => a - b);
    t.diagnostic(`median ${all[all.length >> 1]} ms, 95 % ${all[Math.floor(all.length * 0.95)]} ms, most ${all.at(-1)} ms`);
    assert.ok((all[0] ?? -1) >= 0, "nothing is seen before it is done");
    assert.ok((all.at(-1) ?? Infinity) < ANY_MS, "one that takes very long");
    // Each of them where nothing else runs; else half: one may have to wait for what does.
    const bounded = process.env.LOGGIA_TEST_ALONE ? all.at(-1) : all[all.length >> 1];
    assert.ok((bounded ?? Infinity) < MOST_MS, "what takes long");
    for (const [index, person] of partners.entries()) await others[index + 1]?.trace.findsNothing(house.others(person));
    assert.deepEqual(others.flatMap(({ wrong }) => wrong), []);
  });

  async function dragBefore(name: string, target: string): Promise<void> {
    await row(name).locator(".name").dragTo(row(target).locator(".name"), { targetPosition: { x: 20, y: 2 } });
  }
});

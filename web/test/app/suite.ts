// What suites of the app have around them: a server with a team, and Chromium.

import assert from "node:assert/strict";
import { after, afterEach, before } from "node:test";
import type { Page } from "playwright-core";
import { PROGRAM } from "./browser";
import { House } from "./journey";

/** For `describe`: without a server there is nothing to test on. Ends before its file would be ended, so that what hangs is named. */
export const onServer = { skip: PROGRAM ? false : "LOGGIA_BIN names no server", timeout: 540_000 } as const;

/** Opens a house before the tests of a suite, with what `furnish` puts into it; pages are closed after each of them. */
export function suite(furnish: (house: House) => Promise<void> = () => Promise.resolve()): () => House {
  let house: House | undefined;
  before(async () => {
    house = await House.open();
    await furnish(house);
  });
  afterEach(() => house?.leave());
  after(() => house?.close());
  return () => house ?? assert.fail("the suite has not begun");
}

/** The row of an item in the tree. */
export function row(page: Page, name: string) {
  return page.getByRole("treeitem").filter({ has: page.locator(`.name[title="${name}"]`) });
}

/** The names of the rows, in order. */
export function rows(page: Page): Promise<string[]> {
  return page.locator('[role="treeitem"] .name').allInnerTexts();
}

/** Waits until the rows are these. */
export async function rowsAre(page: Page, expected: readonly string[]): Promise<void> {
  await page.waitForFunction((expected) => {
    const names = [...document.querySelectorAll<HTMLElement>('[role="treeitem"] .name')].map(({ innerText }) => innerText.trim());
    return names.join("\n") === expected;
  }, expected.join("\n")).catch(async () => assert.deepEqual(await rows(page), expected));
}

/** Opens the menu of a row, and answers it. */
export async function menuOf(page: Page, name: string) {
  await row(page, name).hover();
  await row(page, name).getByRole("button", { name: `More: ${name}` }).click();
  const menu = page.getByRole("menu", { name: `What to do with ${name}` });
  await menu.waitFor();
  return menu;
}

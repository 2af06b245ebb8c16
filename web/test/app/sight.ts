// When something stands in a page's DOM, and when somebody did what made it so: by one clock, the machine's.

import type { Page } from "playwright-core";

export interface Sight {
  /** Elements, those in shadow trees among them. */
  within: string;
  /** What one of them holds, as its text or its value. */
  text: string;
  /** None holds it any more. */
  gone?: true;
}

/** For what does not come: the test fails by it. */
const DEADLINE = 10_000;

/** Looks out for it from now on. It must not be so already. */
export async function lookOut(page: Page, sight: Sight): Promise<void> {
  await page.evaluate(
    ({ within, text, gone, deadline }) => {
      const roots = [document, ...[...document.querySelectorAll("*")].flatMap(({ shadowRoot }) => shadowRoot ?? [])];
      const holds = (element: Element) => `${element.textContent}\n${"value" in element ? String(element.value) : ""}`.includes(text);
      const isSo = () => roots.some((root) => [...root.querySelectorAll(within)].some(holds)) !== Boolean(gone);
      if (isSo()) throw new Error(`“${text}” is so already`);
      const seen = new Promise<number>((resolve, reject) => {
        const timer = setTimeout(() => {
          observer.disconnect();
          reject(new Error(`“${text}” did not come within ${deadline} ms`));
        }, deadline);
        const observer = new MutationObserver(() => {
          if (!isSo()) return;
          clearTimeout(timer);
          observer.disconnect();
          resolve(performance.timeOrigin + performance.now());
        });
        for (const root of roots) observer.observe(root, { subtree: true, childList: true, characterData: true, attributes: true });
      });
      // It is asked for later.
      seen.catch(() => {});
      (window as unknown as { seen: Promise<number> }).seen = seen;
    },
    { ...sight, deadline: DEADLINE },
  );
}

/** When that came. */
export function seenAt(page: Page): Promise<number> {
  return page.evaluate(() => (window as unknown as { seen: Promise<number> }).seen);
}

/** Remembers when something was last done here by key, click or drop. Before the page goes anywhere. */
export async function rememberDeeds(page: Page): Promise<void> {
  await page.addInitScript(() => {
    const note = ({ timeStamp }: Event) => ((window as unknown as { deed: number }).deed = performance.timeOrigin + timeStamp);
    for (const type of ["keydown", "click", "drop"]) addEventListener(type, note, { capture: true });
  });
}

export function lastDeed(page: Page): Promise<number> {
  return page.evaluate(() => (window as unknown as { deed: number }).deed);
}

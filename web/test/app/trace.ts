// Whether a page holds a trace of somebody: in its DOM with all shadow trees, its storage, and all that it was sent or said,
// by HTTP and by socket.

import assert from "node:assert/strict";
import type { Page } from "playwright-core";

/** What must not be found: names, addresses, ids, domains. */
export type Others = readonly string[];

interface Place {
  from: string;
  text: string;
}

export class Trace {
  readonly #page: Page;
  /** What the page was sent or said, and where. */
  readonly #seen: Place[] = [];
  readonly #reading = new Set<Promise<void>>();

  private constructor(page: Page) {
    this.#page = page;
    page.on("request", (request) => {
      const [from, head] = [`${request.method()} ${request.url()}`, JSON.stringify(request.headers())];
      this.#seen.push({ from: `what is asked by ${from}`, text: [request.url(), head, request.postData() ?? ""].join("\n") });
    });
    page.on("response", (response) => {
      const from = `${response.request().method()} ${response.url()}`;
      const head = Object.entries(response.headers()).map(([name, value]) => `${name}: ${value}`);
      this.#seen.push({ from: `head of ${from}`, text: head.join("\n") });
      const read = response.text().then(
        (text) => void this.#seen.push({ from, text }),
        // An answer without a body, or a picture.
        () => {},
      );
      this.#reading.add(read);
      void read.finally(() => this.#reading.delete(read));
    });
    page.on("websocket", (socket) => {
      socket.on("framereceived", ({ payload }) => void this.#seen.push({ from: `frame of ${socket.url()}`, text: payload.toString() }));
      socket.on("framesent", ({ payload }) => void this.#seen.push({ from: `what is said to ${socket.url()}`, text: payload.toString() }));
    });
  }

  /** From before the page goes anywhere. */
  static of(page: Page): Trace {
    assert.equal(page.url(), "about:blank", "a trace begins with the page");
    return new Trace(page);
  }

  /** Where one of them is found: empty for what is kept apart. */
  async find(others: Others): Promise<string[]> {
    const here = await this.#here();
    await Promise.all(this.#reading);
    return found(others, [...here, ...this.#seen]);
  }

  async findsNothing(others: Others): Promise<void> {
    assert.ok(this.#seen.some(({ from }) => from.startsWith("frame of")), "the page was sent something to look through");
    assert.deepEqual(await this.find(others), []);
  }

  /** Whatever it was sent before, it is gone. */
  async holdsNothing(others: Others): Promise<void> {
    assert.deepEqual(found(others, await this.#here()), []);
  }

  async #here(): Promise<Place[]> {
    const here = await this.#page.evaluate(() => {
      // A shadow tree is in no outerHTML.
      const roots: (Document | ShadowRoot)[] = [document];
      for (const root of roots) for (const { shadowRoot } of root.querySelectorAll("*")) if (shadowRoot) roots.push(shadowRoot);
      const shadows = roots.slice(1).map((root) => (root as ShadowRoot).innerHTML);
      const fields = roots.flatMap((root) => [...root.querySelectorAll<HTMLInputElement>("input, textarea, select")].map(({ value }) => value));
      const stored = (storage: Storage) => JSON.stringify(Object.entries(storage));
      return {
        DOM: `${document.title}\n${document.documentElement.outerHTML}\n${[...shadows, ...fields].join("\n")}`,
        localStorage: stored(localStorage),
        sessionStorage: stored(sessionStorage),
        address: location.href,
        cookies: document.cookie,
      };
    });
    return Object.entries(here).map(([from, text]) => ({ from, text }));
  }
}

function found(others: Others, places: readonly Place[]): string[] {
  assert.ok(others.length > 0 && others.every((text) => text.length >= 3), "there is somebody to look for");
  return others.flatMap((other) => {
    const sought = other.toLowerCase();
    return places.filter(({ text }) => text.toLowerCase().includes(sought)).map(({ from }) => `${other} in ${from}`);
  });
}

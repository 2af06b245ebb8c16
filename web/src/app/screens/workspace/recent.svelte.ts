// What others have just changed, and who: rows, fields and what folders hold flash, each time anew.

import { SvelteMap } from "svelte/reactivity";
import type { Json, Notice, Person } from "../../../client";
import type { Live } from "../../live.svelte";
import { changedFields, type Field } from "./model/draft";
import { pathTo } from "./tree/rows";

/** For so long it is said who changed something. */
const LATELY = 10_000;
/** As long as the animation in `base.css`. */
const FLASH = 1500;

export interface Recent {
  /** Undefined: who it was is not told. */
  by: Person | undefined;
  /** The classes by which it flashes, as long as it does; others with each change, so that it begins again. */
  flash: string | undefined;
}

export class Recently {
  readonly #changes = new SvelteMap<string, Recent & { turn: number }>();
  readonly #timers = new Map<string, ReturnType<typeof setTimeout>>();
  readonly #live: Live;
  /** What is open, as it was before the next change. */
  #watched: { id: string; name: string | undefined; content: Json | undefined } | undefined;

  constructor(live: Live) {
    this.#live = live;
  }

  follow(): () => void {
    const stop = this.#live.on((notice) => notice.type === "changed" && this.#changed(notice));
    return () => {
      stop();
      for (const timer of this.#timers.values()) clearTimeout(timer);
    };
  }

  /** Of an item that is open each field is looked at, until the function that it answers is called. */
  watch(id: string): () => void {
    this.#watched = this.#now(id);
    return () => (this.#watched = undefined);
  }

  item(id: string): Recent | undefined {
    return this.#changes.get(id);
  }

  /** Anything in an item, at any depth. */
  within(id: string): Recent | undefined {
    return this.#changes.get(`${id}/`);
  }

  /** A field of what is watched; `name` is one. */
  field(id: string, field: Field): Recent | undefined {
    return this.#changes.get(`${id}#${field}`);
  }

  #changed({ items, by }: Extract<Notice, { type: "changed" }>): void {
    // Imports and deletions of much are no news of one row.
    const isNews = by !== undefined && by?.id !== this.#live.you.id && items !== undefined && items.size <= 50;
    const places = new Set<string>();
    for (const id of isNews ? items : []) {
      places.add(id);
      for (const above of pathTo(this.#live.workspace.items, id).slice(0, -1)) places.add(`${above.id}/`);
    }
    const before = this.#watched;
    if (before && (!items || items.has(before.id))) {
      const now = this.#now(before.id);
      this.#watched = now;
      const fields = before.content && now.content ? changedFields(before.content, now.content) : [];
      if (before.name !== now.name) fields.push("name");
      if (isNews) for (const field of fields) places.add(`${before.id}#${field}`);
    }
    for (const place of places) this.#set(place, by ?? undefined);
  }

  #now(id: string) {
    return { id, name: this.#live.workspace.items.get(id)?.name, content: this.#live.workspace.peek(id)?.content };
  }

  #set(place: string, by: Person | undefined): void {
    clearTimeout(this.#timers.get(place));
    const turn = (this.#changes.get(place)?.turn ?? 0) + 1;
    this.#changes.set(place, { by, turn, flash: turn % 2 ? "flash" : "flash again" });
    this.#after(place, FLASH, () => {
      this.#changes.set(place, { by, turn, flash: undefined });
      this.#after(place, LATELY - FLASH, () => this.#changes.delete(place));
    });
  }

  #after(place: string, ms: number, what: () => void): void {
    this.#timers.set(place, setTimeout(() => {
      this.#timers.delete(place);
      what();
    }, ms));
  }
}

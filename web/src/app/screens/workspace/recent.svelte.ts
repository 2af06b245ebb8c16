// What others have just changed, and who: rows flash, and say that somebody is editing.

import { SvelteMap } from "svelte/reactivity";
import type { Person } from "../../../client";
import type { Live } from "../../live.svelte";

/** For so long after an edit somebody who looks at the item is said to be editing it. */
const EDITING = 10_000;
const FLASH = 1500;

export interface Recent {
  /** Null: who it was is not told. */
  by: Person | null;
  at: number;
}

export class Recently {
  readonly #changes = new SvelteMap<string, Recent>();
  readonly #live: Live;
  readonly #timers = new Map<string, ReturnType<typeof setTimeout>>();

  constructor(live: Live) {
    this.#live = live;
  }

  follow(): () => void {
    const stop = this.#live.on((notice) => {
      if (notice.type !== "changed" || notice.by === undefined || !notice.items) return;
      // Imports and deletions of much are no news of one row.
      if (notice.by?.id === this.#live.you.id || notice.items.size > 50) return;
      for (const id of notice.items) this.#set(id, { by: notice.by, at: Date.now() });
    });
    return () => {
      stop();
      for (const timer of this.#timers.values()) clearTimeout(timer);
    };
  }

  flash(id: string): Recent | undefined {
    const change = this.#changes.get(id);
    return change && Date.now() - change.at < FLASH ? change : undefined;
  }

  /** Who edits an item now. */
  editing(id: string): Person | undefined {
    const by = this.#changes.get(id)?.by;
    if (!by) return undefined;
    return this.#live.lookingAt(id).some(({ person, status }) => person.id === by.id && status === "active") ? by : undefined;
  }

  /** Who changed an item lately, looking at it or not. */
  by(id: string): Person | undefined {
    return this.#changes.get(id)?.by ?? undefined;
  }

  #set(id: string, change: Recent): void {
    clearTimeout(this.#timers.get(id));
    this.#changes.set(id, change);
    this.#timers.set(id, setTimeout(() => {
      this.#changes.delete(id);
      this.#timers.delete(id);
    }, EDITING));
  }
}

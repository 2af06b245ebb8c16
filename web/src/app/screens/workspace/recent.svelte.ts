// What others have just changed, and who: rows, fields and what folders hold flash, each time anew.

import { SvelteMap } from "svelte/reactivity";
import type { Json, Notice, Person } from "../../../client";
import { Beat } from "../../beat";
import type { Live } from "../../live.svelte";
import { changedFields, type Field } from "./model/draft";
import { pathTo } from "./tree/rows";

/** For so long it is said who changed something. */
const LATELY = 10_000;
/** As long as the animation in `base.css`. */
const FLASH = 1500;
/** How often it is looked what has ended. */
const FADE = 250;

export interface Recent {
  /** Undefined: who it was is not told. */
  by: Person | undefined;
  /** The classes by which it flashes, as long as it does; others with each change, so that it begins again. */
  flash: string | undefined;
}

interface Watched {
  id: string;
  name: string | undefined;
  content: Json | undefined;
}

export class Recently {
  readonly #changes = new SvelteMap<string, Recent & { turn: number; at: number }>();
  readonly #live: Live;
  /** Places that changed since the last look, and by whom. */
  readonly #news = new Map<string, Person | undefined>();
  /** What is open, as it was before the next change. */
  #watched: Watched | undefined;
  /** The same as others have made it since the last look, and who was the last of them. */
  #theirs: { watched: Watched; by: Person | undefined } | undefined;
  /** In a storm it is looked once a frame, as at everything else. */
  readonly #beat = new Beat(() => this.#show());
  #fading: ReturnType<typeof setTimeout> | undefined;

  constructor(live: Live) {
    this.#live = live;
  }

  follow(): () => void {
    const stop = this.#live.on((notice) => notice.type === "changed" && this.#changed(notice));
    return () => {
      stop();
      this.#beat.stop();
      clearTimeout(this.#fading);
    };
  }

  /** Of an item that is open each field is looked at, until the function that it answers is called. */
  watch(id: string): () => void {
    this.#watched = this.#now(id);
    this.#theirs = undefined;
    return () => (this.#watched = this.#theirs = undefined);
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
    const watched = this.#watched && (!items || items.has(this.#watched.id)) ? this.#now(this.#watched.id) : undefined;
    if (isNews) {
      for (const id of items) {
        this.#news.set(id, by ?? undefined);
        for (const above of pathTo(this.#live.workspace.items, id).slice(0, -1)) this.#news.set(`${above.id}/`, by ?? undefined);
      }
      if (watched) this.#theirs = { watched, by: by ?? undefined };
      this.#beat.soon();
    } else if (watched) {
      // What others did before is told as theirs, and this as nobody's.
      this.#show();
      this.#watched = watched;
    }
  }

  #show(): void {
    const [before, theirs] = [this.#watched, this.#theirs];
    this.#theirs = undefined;
    if (before && theirs) {
      const now = theirs.watched;
      this.#watched = now;
      const fields = before.content && now.content ? changedFields(before.content, now.content) : [];
      if (before.name !== now.name) fields.push("name");
      for (const field of fields) this.#news.set(`${before.id}#${field}`, theirs.by);
    }
    const at = performance.now();
    for (const [place, person] of this.#news) {
      const turn = (this.#changes.get(place)?.turn ?? 0) + 1;
      this.#changes.set(place, { by: person, turn, at, flash: turn % 2 ? "flash" : "flash again" });
    }
    this.#news.clear();
    if (this.#changes.size > 0) this.#fading ??= setTimeout(() => this.#fade(), FADE);
  }

  /** Lets go of what is no news any more. */
  #fade(): void {
    this.#fading = undefined;
    const now = performance.now();
    for (const [place, recent] of [...this.#changes]) {
      if (now - recent.at >= LATELY) this.#changes.delete(place);
      else if (recent.flash && now - recent.at >= FLASH) this.#changes.set(place, { ...recent, flash: undefined });
    }
    if (this.#changes.size > 0) this.#fading = setTimeout(() => this.#fade(), FADE);
  }

  #now(id: string): Watched {
    return { id, name: this.#live.workspace.items.get(id)?.name, content: this.#live.workspace.peek(id)?.content };
  }
}

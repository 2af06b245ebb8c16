// What the reader has changed and not saved, by item. It is the reader's alone: kept in this tab, sent to nobody.

import { SvelteMap } from "svelte/reactivity";
import type { Json } from "../../../client";
import type { Live } from "../../live.svelte";
import { type Draft, equal, fieldOf, isDirty, patchOf, rebase, withField } from "./model/draft";
import { isObject } from "./model/postman";

export class Drafts {
  readonly #drafts = new SvelteMap<string, Draft>();
  readonly #live: Live;

  constructor(live: Live) {
    this.#live = live;
  }

  /** Follows what others change; to be ended by what it answers. */
  follow(): () => void {
    return this.#live.on((notice) => {
      if (notice.type !== "changed") return;
      for (const id of [...this.#drafts.keys()]) {
        if (notice.items && !notice.items.has(id)) continue;
        const draft = this.#drafts.get(id);
        const now = this.#live.workspace.peek(id)?.content;
        if (!draft || !now || equal(now, draft.base)) continue;
        const by = notice.by && notice.by.id !== this.#live.you.id ? notice.by.name : null;
        this.#set(id, rebase(draft, now, by));
      }
    });
  }

  get(id: string): Draft | undefined {
    return this.#drafts.get(id);
  }

  isDirty(id: string): boolean {
    return this.#drafts.has(id);
  }

  /** The content with the reader's changes. */
  contentOf(id: string, saved: Json): Json {
    return this.#drafts.get(id)?.mine ?? saved;
  }

  /** Takes up what there was before the item was read: in an earlier visit to this tab, or before an outage. */
  restore(id: string, saved: Json): void {
    const kept = this.#drafts.get(id) ?? read(this.#key(id));
    if (kept) this.#set(id, rebase(kept, saved, null));
  }

  change(id: string, saved: Json, mine: Json): void {
    const before = this.#drafts.get(id) ?? { base: saved, mine: saved, theirs: {} };
    this.#set(id, { ...before, mine });
  }

  /** What others made of a field, in place of one's own. */
  take(id: string, field: string): void {
    const draft = this.#drafts.get(id);
    if (!draft) return;
    const mine = withField(draft.mine, field, fieldOf(draft.base, field));
    this.#set(id, { ...draft, mine, theirs: without(draft.theirs, field) });
  }

  keep(id: string, field: string): void {
    const draft = this.#drafts.get(id);
    if (draft) this.#set(id, { ...draft, theirs: without(draft.theirs, field) });
  }

  discard(id: string): void {
    this.#drafts.delete(id);
    sessionStorage.removeItem(this.#key(id));
  }

  /** For who may edit. What is refused stays a draft. */
  async save(id: string): Promise<void> {
    // What the draft is upon was forgotten over an outage: others may have changed it since.
    if (this.#drafts.has(id) && !this.#live.workspace.peek(id)) this.restore(id, (await this.#live.item(id)).content);
    const draft = this.#drafts.get(id);
    if (!draft) return;
    const { base, mine } = draft;
    const whole = typeof base["request"] === "string" && isObject(mine["request"]) ? { ...base, request: {} } : base;
    const content = patchOf(whole, mine);
    this.discard(id);
    try {
      await this.#live.edit([{ kind: "item_update", id, patch: { content }, base: this.#live.workspace.positions.shared }]);
    } catch (error) {
      const now = this.#live.workspace.peek(id)?.content ?? base;
      if (!this.#drafts.has(id)) this.#set(id, rebase({ base, mine, theirs: {} }, now, null));
      throw error;
    }
  }

  #set(id: string, draft: Draft): void {
    if (!isDirty(draft)) return this.discard(id);
    this.#drafts.set(id, draft);
    try {
      sessionStorage.setItem(this.#key(id), JSON.stringify(draft));
    } catch {
      // The tab's storage is full: the draft lives as long as the page does.
    }
  }

  #key(id: string): string {
    return `loggia.draft.${this.#live.id}.${this.#live.you.id}.${id}`;
  }
}

function without(theirs: Draft["theirs"], field: string): Draft["theirs"] {
  const { [field]: _settled, ...rest } = theirs;
  return rest;
}

function read(key: string): Draft | undefined {
  const kept = sessionStorage.getItem(key);
  try {
    const draft = kept === null ? undefined : (JSON.parse(kept) as Draft);
    return draft && isObject(draft.base) && isObject(draft.mine) && isObject(draft.theirs) ? draft : undefined;
  } catch {
    return undefined;
  }
}

// What the reader has changed and not saved, by item. It is the reader's alone: kept in this tab, sent to nobody.

import { SvelteMap } from "svelte/reactivity";
import type { Json, Mode, Notice } from "../../../client";
import type { Live } from "../../live.svelte";
import { forget, keep, kept } from "../../unsaved";
import { type Draft, equal, fieldOf, isDirty, patchOf, rebase, withField } from "./model/draft";
import { isObject } from "./model/postman";

export class Drafts {
  readonly #drafts = new SvelteMap<string, Draft>();
  /** What is being saved, until it is answered. */
  readonly #saving = new SvelteMap<string, { base: Json; mine: Json }>();
  readonly #live: Live;
  #mode: Mode;

  constructor(live: Live) {
    this.#live = live;
    this.#mode = live.workspace.mode;
    live.on((notice) => {
      if (notice.type === "changed") this.#changed(notice);
      else if (notice.type === "workspace" && this.#mode !== live.workspace.mode) this.#switched();
    });
  }

  #changed({ items, by: person }: Extract<Notice, { type: "changed" }>): void {
    for (const id of [...this.#drafts.keys()]) {
      // What is typed on while a save is under way stands upon that: once it is answered, it is known what is so.
      if ((items && !items.has(id)) || this.#saving.has(id)) continue;
      const draft = this.#drafts.get(id);
      const now = this.#live.workspace.peek(id)?.content;
      if (!draft || !now || equal(now, draft.base)) continue;
      const by = person && person.id !== this.#live.workspace.you.id ? person.name : null;
      this.#set(id, rebase(draft, now, by));
    }
  }

  /** In another mode a partner's page holds no other's name. */
  #switched(): void {
    this.#mode = this.#live.workspace.mode;
    for (const [id, draft] of [...this.#drafts]) {
      const theirs = Object.fromEntries(Object.entries(draft.theirs).map(([field, { value }]) => [field, { value, by: null }]));
      this.#set(id, { ...draft, theirs });
    }
  }

  get(id: string): Draft | undefined {
    return this.#drafts.get(id);
  }

  isDirty(id: string): boolean {
    return this.#drafts.has(id);
  }

  isSaving(id: string): boolean {
    return this.#saving.has(id);
  }

  /** Also of an item that was not read in this visit, or is gone. */
  left(id: string): Draft | undefined {
    return this.#drafts.get(id) ?? kept(this.#live, id);
  }

  /** The content with the reader's changes. */
  contentOf(id: string, saved: Json): Json {
    return this.#drafts.get(id)?.mine ?? saved;
  }

  /** Takes up what there was before the item was read: in an earlier visit to this tab, or before an outage. */
  restore(id: string, saved: Json): void {
    if (this.#saving.has(id)) return;
    const before = this.left(id);
    if (before) this.#set(id, rebase(before, saved, null));
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
    forget(this.#live, id);
  }

  /** For who may edit. What is refused stays a draft, with what was typed since. */
  async save(id: string): Promise<void> {
    // What the draft is upon was forgotten over an outage: others may have changed it since.
    if (this.#drafts.has(id) && !this.#live.workspace.peek(id)) this.restore(id, (await this.#live.item(id)).content);
    const draft = this.#drafts.get(id);
    if (!draft || this.#saving.has(id)) return;
    const { base, mine } = draft;
    const whole = typeof base["request"] === "string" && isObject(mine["request"]) ? { ...base, request: {} } : base;
    const content = patchOf(whole, mine);
    this.#saving.set(id, { base, mine });
    this.discard(id);
    let upon: Json | undefined;
    try {
      await this.#live.edit([{ kind: "item_update", id, patch: { content }, base: this.#live.workspace.positions.shared }]);
    } catch (error) {
      upon = base;
      throw error;
    } finally {
      this.#saving.delete(id);
      const since = this.#drafts.get(id);
      const rest = upon ? { base: upon, mine: since?.mine ?? mine, theirs: {} } : since;
      if (rest) this.#set(id, rebase(rest, this.#live.workspace.peek(id)?.content ?? rest.base, null));
    }
  }

  #set(id: string, draft: Draft): void {
    if (!isDirty(draft)) return this.discard(id);
    this.#drafts.set(id, draft);
    keep(this.#live, id, draft);
  }
}

const known = new WeakMap<Live, Drafts>();

/** One for a workspace in this page: a save may be answered when another screen is shown. */
export function draftsIn(live: Live): Drafts {
  let drafts = known.get(live);
  if (!drafts) known.set(live, (drafts = new Drafts(live)));
  return drafts;
}

function without(theirs: Draft["theirs"], field: string): Draft["theirs"] {
  const { [field]: _settled, ...rest } = theirs;
  return rest;
}

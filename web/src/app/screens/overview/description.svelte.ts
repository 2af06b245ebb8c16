// The description as the reader is writing it: kept in this tab, with what others change meanwhile merged into it.

import type { Live } from "../../live.svelte";
import { forget, keep, kept } from "../../unsaved";
import { type Draft, rebase } from "../workspace/model/draft";

/** Where it is kept, among those of items. */
const DESCRIPTION = "description";

export class Description {
  #draft = $state.raw<Draft>();
  /** It is being saved, until that is answered. */
  #saving = $state(false);
  readonly #live: Live;

  constructor(live: Live) {
    this.#live = live;
    const before = kept(live, DESCRIPTION);
    if (before) this.#set(this.#upon(before));
    live.on(({ type }) => {
      // What is written on while a save is under way stands upon that: once it is answered, it is known what is so.
      if (type === "workspace" && this.#draft && !this.#saving) this.#set(this.#upon(this.#draft));
    });
  }

  get isSaving(): boolean {
    return this.#saving;
  }

  /** Undefined: nothing is being written. */
  get text(): string | undefined {
    return this.#draft && String(this.#draft.mine["description"] ?? "");
  }

  /** What others have made of the very words that were changed here. */
  get theirs(): string | undefined {
    const theirs = this.#draft?.theirs["description"];
    return theirs && String(theirs.value ?? "");
  }

  begin(): void {
    const now = this.#now();
    this.#set({ base: now, mine: now, theirs: {} });
  }

  write(description: string): void {
    if (this.#draft) this.#set({ ...this.#draft, mine: { description } });
  }

  /** One of both, where the same words were changed. */
  settle(description: string): void {
    if (this.#draft) this.#set({ ...this.#draft, mine: { description }, theirs: {} });
  }

  discard(): void {
    this.#draft = undefined;
    forget(this.#live, DESCRIPTION);
  }

  /** What is refused is being written still, with what was written since. The frame says why. */
  async save(): Promise<void> {
    const draft = this.#draft;
    if (!draft || this.#saving) return;
    this.discard();
    const description = String(draft.mine["description"] ?? "");
    if (description === this.#live.workspace.description) return;
    this.#saving = true;
    const refused = await this.#live.edit([{ kind: "workspace_update", patch: { description } }]).then(
      () => false,
      () => true,
    );
    this.#saving = false;
    const since = this.#draft;
    const rest = refused ? { base: draft.base, mine: since?.mine ?? draft.mine, theirs: {} } : since;
    if (rest) this.#set(this.#upon(rest));
  }

  #now(): Draft["base"] {
    return { description: this.#live.workspace.description };
  }

  #upon(draft: Draft): Draft {
    return rebase(draft, this.#now(), null);
  }

  #set(draft: Draft): void {
    this.#draft = draft;
    if (draft.mine["description"] === draft.base["description"]) forget(this.#live, DESCRIPTION);
    else keep(this.#live, DESCRIPTION, draft);
  }
}

const known = new WeakMap<Live, Description>();

/** One for a workspace in this page: a save may be answered when another screen is shown. */
export function descriptionIn(live: Live): Description {
  let description = known.get(live);
  if (!description) known.set(live, (description = new Description(live)));
  return description;
}

// The pages of activity that were read, the latest first. What happens is read again at the top.

import type { Live } from "../../live.svelte";
import { session } from "../../session.svelte";
import type { Entry } from "./fold";

/** What happens within this time is read once: many look on, and edits may come without end. */
const GATHER_MS = 1000;

export class Pages {
  entries = $state.raw<readonly Entry[]>();
  problem = $state.raw<unknown>();
  loadingOlder = $state(false);
  /** Where the last page ended; null: there is nothing older. */
  #next = $state<string | null>(null);
  readonly #workspace: string;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #anew = false;
  #loading = false;

  constructor(workspace: string) {
    this.#workspace = workspace;
  }

  get hasOlder(): boolean {
    return this.#next !== null;
  }

  /** Until the function that it answers is called. */
  follow(live: Live): () => void {
    void this.load();
    const off = live.on(({ type }) => {
      // Another mode is another activity: pages of before do not fit to it.
      if (type === "workspace") this.#soon(true);
      else if (type === "changed" || type === "members" || type === "invitations" || type === "forks") this.#soon(false);
    });
    return () => {
      clearTimeout(this.#timer);
      this.#timer = undefined;
      off();
    };
  }

  /** From the top; what was read of older pages stays when the new page reaches it. */
  async load(anew = false): Promise<void> {
    if (this.#loading) return;
    this.#loading = true;
    try {
      const page = await this.#read();
      const known = anew ? undefined : this.entries;
      const at = known ? overlap(page.entries, known) : -1;
      if (known && at >= 0) this.entries = [...page.entries.slice(0, at), ...known];
      else {
        this.entries = page.entries;
        this.#next = page.next ?? null;
      }
      this.problem = undefined;
    } catch (error) {
      if (!session.ended(error)) this.problem = error;
    } finally {
      this.#loading = false;
    }
  }

  async older(): Promise<void> {
    if (this.#next === null || this.loadingOlder) return;
    this.loadingOlder = true;
    const before = this.#next;
    try {
      const page = await this.#read(before);
      // Read anew meanwhile: this page follows on nothing that is shown.
      if (before !== this.#next) return;
      this.entries = [...(this.entries ?? []), ...page.entries];
      this.#next = page.next ?? null;
      this.problem = undefined;
    } catch (error) {
      if (!session.ended(error)) this.problem = error;
    } finally {
      this.loadingOlder = false;
    }
  }

  #soon(anew: boolean): void {
    this.#anew ||= anew;
    // What follows does not put it off: there may be no end of it.
    this.#timer ??= setTimeout(() => {
      this.#timer = undefined;
      // On a slow line its answer would come too late for ever.
      if (this.#loading) return this.#soon(false);
      const all = this.#anew;
      this.#anew = false;
      void this.load(all);
    }, GATHER_MS);
  }

  #read(before?: string) {
    return session.api.get("/v1/workspaces/{workspace}/activity", { path: { workspace: this.#workspace }, query: { before } });
  }
}

/** Where in the new page what is known begins; -1: the page does not reach it. */
function overlap(page: readonly Entry[], known: readonly Entry[]): number {
  const first = known[0] && JSON.stringify(known[0]);
  return first ? page.findIndex((entry) => JSON.stringify(entry) === first) : -1;
}

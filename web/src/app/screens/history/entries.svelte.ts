// The reader's own history, page by page, and live.

import type { Api, HistoryEntry } from "../../../client";
import type { Live } from "../../live.svelte";

export class Entries {
  list = $state.raw<readonly HistoryEntry[]>([]);
  failure = $state.raw<unknown>();
  reading = $state(true);
  more = $state(false);
  #search = "";
  #next: string | null = null;
  #turn = 0;
  readonly #api: Api;
  readonly #workspace: string;

  constructor(api: Api, workspace: string) {
    this.#api = api;
    this.#workspace = workspace;
  }

  /** Reads from the newest on. */
  async seek(search: string): Promise<void> {
    this.#search = search;
    this.#next = null;
    await this.#read([]);
  }

  async older(): Promise<void> {
    if (this.more && !this.reading) await this.#read(this.list);
  }

  async #read(before: readonly HistoryEntry[]): Promise<void> {
    const turn = ++this.#turn;
    this.reading = true;
    try {
      const query = { search: this.#search || undefined, before: this.#next, limit: 100 };
      const page = await this.#api.get("/v1/workspaces/{workspace}/history", { path: { workspace: this.#workspace }, query });
      if (turn !== this.#turn) return;
      this.list = [...before, ...page.entries];
      this.#next = page.next ?? null;
      this.more = this.#next !== null;
      this.failure = undefined;
    } catch (error) {
      if (turn === this.#turn) this.failure = error;
    } finally {
      if (turn === this.#turn) this.reading = false;
    }
  }

  /** What the reader sends, here or in another window, comes by itself. */
  follow(live: Live): () => void {
    return live.on((notice) => {
      if (notice.type !== "history") return;
      // What was sought is the server's to find.
      if (this.#search) return void this.seek(this.#search);
      this.list = [notice.entry, ...this.list.filter(({ id }) => id !== notice.entry.id)];
    });
  }

  async remove(entry: string): Promise<void> {
    await this.#api.delete("/v1/workspaces/{workspace}/history/{entry}", { path: { workspace: this.#workspace, entry } });
    this.list = this.list.filter(({ id }) => id !== entry);
  }

  async clear(): Promise<void> {
    await this.#api.delete("/v1/workspaces/{workspace}/history", { path: { workspace: this.#workspace } });
    this.list = [];
    this.more = false;
  }
}

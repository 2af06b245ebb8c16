// Which collections of a workspace are forks, and how far behind. Asked for the team alone: to others there is nothing
// to ask.

import { SvelteMap } from "svelte/reactivity";
import type { Live } from "../../live.svelte";
import { forkState } from "./forks";

/** Questions that are under way at once: a workspace may have hundreds of collections. */
const AT_ONCE = 3;
/** Milliseconds after which who has a fork before their eyes is told anew. */
const EVERY = 60_000;

export class ForkWatch {
  readonly #behind = new SvelteMap<string, number>();
  readonly #looked = new Set<string>();
  readonly #live: Live;
  #waiting: string[] = [];
  #running = 0;

  constructor(live: Live) {
    this.#live = live;
  }

  /** How many changes of its parent a fork lacks; undefined for what is no fork, as far as is known. */
  behind(id: string): number | undefined {
    return this.#behind.get(id);
  }

  /** A collection is shown: the first time, it is asked about. */
  look(id: string): void {
    if (!this.#live.isTeam || this.#looked.has(id)) return;
    this.#looked.add(id);
    this.#ask(id);
  }

  /** Asks again when a fork is made or pulled. A parent in another workspace tells nothing: it is asked now and then. */
  follow(): () => void {
    const again = () => {
      for (const id of this.#behind.keys()) this.#ask(id);
    };
    const stop = this.#live.on((notice) => {
      if (notice.type === "forks" && this.#live.isTeam) this.#ask(notice.id);
    });
    addEventListener("focus", again);
    const timer = setInterval(() => document.visibilityState === "visible" && again(), EVERY);
    return () => {
      stop();
      clearInterval(timer);
      removeEventListener("focus", again);
      this.#waiting = [];
    };
  }

  #ask(id: string): void {
    if (!this.#waiting.includes(id)) this.#waiting.push(id);
    this.#next();
  }

  #next(): void {
    while (this.#running < AT_ONCE) {
      const id = this.#waiting.shift();
      if (id === undefined) return;
      this.#running += 1;
      void this.#read(id).finally(() => {
        this.#running -= 1;
        this.#next();
      });
    }
  }

  async #read(id: string): Promise<void> {
    try {
      const fork = await forkState(this.#live.id, { kind: "item", id });
      if (fork) this.#behind.set(id, fork.behind);
      else this.#behind.delete(id);
    } catch {
      // Offline, say: the next time it is shown, it is asked about again.
      this.#looked.delete(id);
    }
  }
}

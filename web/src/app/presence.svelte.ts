// Says where the reader looks, and whether it is at it.

import type { Live } from "./live.svelte";

/** Without a sign of life for so long, somebody is idle. */
const IDLE = 60_000;

/** Whether there is a reader at this page: it is seen, and there was a sign of life lately. */
class Attention {
  #active = $state(true);
  #timer: ReturnType<typeof setTimeout> | undefined;

  get active(): boolean {
    return this.#active;
  }

  /** From now on, until the function that it answers is called. */
  watch(): () => void {
    const events = ["pointerdown", "pointermove", "keydown", "wheel", "touchstart", "focus"] as const;
    const alive = () => this.#alive();
    const seen = () => (document.visibilityState === "visible" ? this.#alive() : this.#rest());
    for (const event of events) addEventListener(event, alive, { capture: true, passive: true });
    document.addEventListener("visibilitychange", seen);
    seen();
    return () => {
      for (const event of events) removeEventListener(event, alive, { capture: true });
      document.removeEventListener("visibilitychange", seen);
      clearTimeout(this.#timer);
    };
  }

  #alive(): void {
    this.#active = true;
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#rest(), IDLE);
  }

  #rest(): void {
    clearTimeout(this.#timer);
    this.#active = false;
  }
}

/** To be called while a component is set up: tells the others of a workspace where this reader is. */
export function bePresent(live: Live): void {
  const attention = new Attention();
  $effect(() => attention.watch());
  $effect(() => live.workspace.look(live.viewing, !attention.active ? "idle" : live.typing ? "typing" : "active"));
}

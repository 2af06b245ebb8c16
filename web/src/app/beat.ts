// Many changes, one look at them a frame: the first is seen at once, those that follow within its frame all together in
// the next one. A page that nobody sees catches up when it is seen again.

export class Beat {
  readonly #update: () => void;
  #frame: number | undefined;
  #due = false;

  constructor(update: () => void) {
    this.#update = update;
  }

  /** At once, whatever else there was in this frame. */
  now(): void {
    this.#due = false;
    this.#frame ??= requestAnimationFrame(() => this.#next());
    this.#update();
  }

  /** At once, or with the next frame when there was something in this one. */
  soon(): void {
    if (this.#frame === undefined) this.now();
    else this.#due = true;
  }

  stop(): void {
    if (this.#frame !== undefined) cancelAnimationFrame(this.#frame);
    this.#frame = undefined;
    this.#due = false;
  }

  #next(): void {
    this.#frame = undefined;
    if (this.#due) this.now();
  }
}

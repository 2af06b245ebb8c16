// Letters that are typed after each other seek a name that begins with them.

const PAUSE = 700;

export class TypeAhead {
  #typed = "";
  #last = 0;

  /** Where to go from `at`; -1: nowhere. */
  find(letter: string, names: readonly string[], at: number): number {
    const now = performance.now();
    this.#typed = (now - this.#last > PAUSE ? "" : this.#typed) + letter.toLowerCase();
    this.#last = now;
    // The same letter again goes to the next that begins with it.
    const same = [...this.#typed].every((one) => one === this.#typed[0]);
    const sought = same ? (this.#typed[0] ?? "") : this.#typed;
    const from = same ? at + 1 : Math.max(at, 0);
    for (let step = 0; step < names.length; step += 1) {
      const index = (from + step) % names.length;
      if (names[index]?.toLowerCase().startsWith(sought)) return index;
    }
    return -1;
  }
}

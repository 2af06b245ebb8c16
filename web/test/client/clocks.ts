// Clocks for tests: one that only a test moves, and one that runs faster than the day and can sleep.

import type { Clock } from "../../src/client";

interface Timer {
  at: number;
  callback: () => void;
}

/** Stands still until it is moved. */
export class FakeClock implements Clock {
  #now: number;
  readonly #timers = new Set<Timer>();

  constructor(now = 1_000_000) {
    this.#now = now;
  }

  now(): number {
    return this.#now;
  }

  setTimeout(callback: () => void, ms: number): Timer {
    const timer = { at: this.#now + ms, callback };
    this.#timers.add(timer);
    return timer;
  }

  clearTimeout(timer: unknown): void {
    this.#timers.delete(timer as Timer);
  }

  /** When the next timer is due; undefined: there is none. */
  get next(): number | undefined {
    const times = [...this.#timers].map(({ at }) => at);
    return times.length > 0 ? Math.min(...times) : undefined;
  }

  /** Goes on, and calls what is due on the way at its time. */
  advance(ms: number): void {
    const end = this.#now + ms;
    for (;;) {
      const due = [...this.#timers].filter(({ at }) => at <= end).sort((a, b) => a.at - b.at)[0];
      if (!due) break;
      this.#timers.delete(due);
      this.#now = Math.max(this.#now, due.at);
      due.callback();
    }
    this.#now = end;
  }

  /** The machine slept: the time is another one, and timers come late, all at once. */
  jump(ms: number): void {
    this.#now += ms;
    this.advance(0);
  }
}

/** Runs so many times faster than the day, so that what takes a minute can be waited for. */
export class FastClock implements Clock {
  readonly #speed: number;
  readonly #begun = Date.now();
  #skipped = 0;
  #isAsleep = false;
  readonly #late: (() => void)[] = [];

  constructor(speed: number) {
    this.#speed = speed;
  }

  now(): number {
    return this.#begun + (Date.now() - this.#begun) * this.#speed + this.#skipped;
  }

  setTimeout(callback: () => void, ms: number): unknown {
    return setTimeout(() => {
      if (this.#isAsleep) this.#late.push(callback);
      else callback();
    }, ms / this.#speed);
  }

  clearTimeout(timer: unknown): void {
    clearTimeout(timer as ReturnType<typeof setTimeout>);
  }

  /** No timer comes any more. */
  sleep(): void {
    this.#isAsleep = true;
  }

  /** So many milliseconds later; what should have come meanwhile comes now. */
  wake(ms: number): void {
    this.#skipped += ms;
    this.#isAsleep = false;
    for (const callback of this.#late.splice(0)) callback();
  }
}

/** Numbers that are the same in every run (mulberry32). */
export function seeded(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

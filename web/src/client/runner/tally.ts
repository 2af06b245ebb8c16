// Counts a run.

import type { Ended, Result, Summary } from "./types";

export class Tally {
  /** Those begun. */
  requests = 0;
  #failed = 0;
  #skipped = 0;
  readonly #iterations = new Set<number>();
  readonly #assertions = { total: 0, failed: 0, skipped: 0 };
  readonly #times: number[] = [];
  readonly #begun = performance.now();

  failed({ error, assertions }: Result): boolean {
    return error !== undefined || assertions.some(({ passed }) => !passed);
  }

  add(result: Result): void {
    this.requests += 1;
    this.#iterations.add(result.iteration);
    if (this.failed(result)) this.#failed += 1;
    if (result.skipped) this.#skipped += 1;
    if (result.ms !== null) this.#times.push(result.ms);
    this.#assertions.total += result.assertions.length;
    this.#assertions.failed += result.assertions.filter(({ passed }) => !passed).length;
    this.#assertions.skipped += result.assertions.filter(({ skipped }) => skipped).length;
  }

  summary(ended: Ended): Summary {
    const times = this.#times;
    return {
      ended,
      iterations: this.#iterations.size,
      requests: { total: this.requests, failed: this.#failed, skipped: this.#skipped },
      assertions: { ...this.#assertions },
      mean_ms: times.length > 0 ? times.reduce((sum, ms) => sum + ms, 0) / times.length : null,
      total_ms: performance.now() - this.#begun,
    };
  }
}

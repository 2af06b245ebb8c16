// Time, so that tests can be it. Of the day, not of the process: what counts milliseconds of a process may stand
// still while the machine sleeps.

export interface Clock {
  /** Milliseconds; may jump. */
  now(): number;
  setTimeout(callback: () => void, ms: number): unknown;
  clearTimeout(timer: unknown): void;
}

export const systemClock: Clock = {
  now: () => Date.now(),
  setTimeout: (callback, ms) => globalThis.setTimeout(callback, ms),
  clearTimeout: (timer) => globalThis.clearTimeout(timer as ReturnType<typeof globalThis.setTimeout>),
};

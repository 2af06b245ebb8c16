// When to try again: exponential, with full jitter, so that many who lost the same server come one by one.

const BASE_MS = 500;
const CAP_MS = 30_000;

/** Milliseconds before attempt number `attempt` (from 0): anything up to the base, doubled each time, up to the cap. */
export function backoff(attempt: number, random: () => number): number {
  return random() * Math.min(CAP_MS, BASE_MS * 2 ** Math.min(attempt, 16));
}

// A request that is given up after a while: on a network that is gone it would wait for minutes, and what waits for it too.

import type { Clock } from "./clock";
import { Problem } from "./problem";

/** Runs `ask` with a signal that gives it up after so many milliseconds, as if nothing had answered. */
export async function timed<T>(clock: Clock, ms: number, ask: (signal: AbortSignal) => Promise<T>): Promise<T> {
  const giveUp = new AbortController();
  const timer = clock.setTimeout(() => giveUp.abort(Problem.offline(`No answer within ${ms} ms.`)), ms);
  try {
    return await ask(giveUp.signal);
  } finally {
    clock.clearTimeout(timer);
  }
}

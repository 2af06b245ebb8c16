// Asks again what the server puts off, after the time that it says.

import { Problem, systemClock } from "../client";
import { backoff } from "../client/backoff";
import { sleep } from "../client/timed";

/** Until it is taken, refused for another reason than `isLater` knows, or given up by the signal. */
export async function patiently<T>(ask: () => Promise<T>, isLater: (problem: Problem) => boolean, signal: AbortSignal): Promise<T> {
  for (let attempt = 0; ; attempt += 1) {
    try {
      return await ask();
    } catch (error) {
      if (!(error instanceof Problem) || !isLater(error) || signal.aborted) throw error;
      // Its time is the least: "at once", said to many, would be asked without a pause.
      await sleep(systemClock, Math.max(backoff(attempt, Math.random), (error.retryAfter ?? 0) * 1000), signal);
      signal.throwIfAborted();
    }
  }
}

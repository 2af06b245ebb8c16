// What is given up: a request after a while, for on a network that is gone it would wait for minutes, and what waits for it
// too; and whatever is under way when a workspace is closed, so that it keeps no process.

import type { Clock } from "./clock";
import { Problem } from "./problem";

/** Runs `ask` with a signal that gives it up after so many milliseconds, or at the `end`, as if nothing had answered. */
export async function timed<T>(clock: Clock, ms: number, ask: (signal: AbortSignal) => Promise<T>, end?: AbortSignal): Promise<T> {
  const giveUp = new AbortController();
  const abort = (why: string): void => giveUp.abort(Problem.offline(why));
  const timer = clock.setTimeout(() => abort(`No answer within ${ms} ms.`), ms);
  const ended = (): void => abort("The workspace was closed.");
  if (end?.aborted) ended();
  else end?.addEventListener("abort", ended);
  try {
    return await ask(giveUp.signal);
  } finally {
    clock.clearTimeout(timer);
    end?.removeEventListener("abort", ended);
  }
}

/** Resolves after so many milliseconds, or at the `end`. */
export function sleep(clock: Clock, ms: number, end: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const over = (): void => {
      clock.clearTimeout(timer);
      end.removeEventListener("abort", over);
      resolve();
    };
    const timer = clock.setTimeout(over, ms);
    if (end.aborted) over();
    else end.addEventListener("abort", over);
  });
}

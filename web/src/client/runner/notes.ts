// What is written down while one request of a run goes on.

import type { Step } from "./collection";
import type { Assertion, ConsoleLine, Result } from "./types";

/** Of one request; a script can say a great deal. */
const MOST_ASSERTIONS = 10_000;
const MOST_LINES = 5000;

export interface Notes {
  result: Result;
  assertion: (assertion: Assertion) => void;
  console: (line: ConsoleLine) => void;
  /** The first one stays. */
  error: (error: string) => void;
}

export function forStep({ item, name, folders }: Step, iteration: number): Notes {
  const result: Result = { item, name, folders, iteration, status: null, ms: null, assertions: [], console: [] };
  return {
    result,
    assertion: (assertion) => {
      if (result.assertions.length < MOST_ASSERTIONS) result.assertions.push(assertion);
    },
    console: (line) => {
      if (result.console.length < MOST_LINES) result.console.push(line);
    },
    error: (error) => {
      result.error ??= error;
    },
  };
}

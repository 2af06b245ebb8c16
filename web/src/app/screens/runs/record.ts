// A result of a run: as it is shown, all of it; as it is recorded, as much as the server takes.

import type { Schemas } from "../../../client";
import type { Result } from "../../../client/runner";

export type RunResult = Schemas["RunResult"];
export type Totals = Schemas["Totals"];
type Assertion = Schemas["Assertion"];

/** Bytes that the server takes, less what it may write otherwise: numbers, and the place in the run. */
const LARGEST = 16 * 1024 - 128;
/** Characters of a name or an error. */
const LONGEST = 500;
const NONE = { passed: 0, failed: 0 };

export function resultOf({ item, name, iteration, status, ms, error, assertions }: Result): RunResult {
  // Halves of characters are no text that can be sent.
  const whole = (text: string) => text.replace(/\p{Surrogate}/gu, "�");
  return {
    item,
    name,
    iteration,
    status,
    error: error === undefined ? null : whole(error),
    ms: ms ?? 0,
    assertions: assertions
      .filter(({ skipped }) => !skipped)
      .map((one) => ({ name: whole(one.name), passed: one.passed, error: one.error === undefined ? null : whole(one.error) })),
    omitted: NONE,
  };
}

/** What does not fit is counted: of the assertions, those that failed are kept first. */
export function recordOf(result: RunResult): RunResult {
  const shortened = (result.assertions ?? []).map((one) => ({ ...one, name: cut(one.name), error: one.error ? cut(one.error) : null }));
  const record = { ...result, error: result.error ? cut(result.error) : null, assertions: [], omitted: NONE };
  let room = LARGEST - bytesOf(record);
  const kept = new Set<Assertion>();
  const omitted = { ...NONE };
  for (const passed of [false, true]) {
    for (const one of shortened.filter((one) => one.passed === passed)) {
      const size = bytesOf(one) + 1;
      if (size <= room) {
        kept.add(one);
        room -= size;
      } else omitted[passed ? "passed" : "failed"] += 1;
    }
  }
  return { ...record, assertions: shortened.filter((one) => kept.has(one)), omitted };
}

/** How many of its assertions held, and how many did not. */
export function countsOf({ assertions = [], omitted = NONE }: RunResult): { passed: number; failed: number } {
  const passed = assertions.filter((one) => one.passed).length;
  return { passed: passed + omitted.passed, failed: assertions.length - passed + omitted.failed };
}

export function hasFailed(result: RunResult): boolean {
  return result.status == null || Boolean(result.error) || countsOf(result).failed > 0;
}

/** Totals with one more result. */
export function added(totals: Totals, result: RunResult): Totals {
  const { passed, failed } = countsOf(result);
  return {
    requests: totals.requests + 1,
    errors: totals.errors + (result.status == null ? 1 : 0),
    passed: totals.passed + passed,
    failed: totals.failed + failed,
    total_ms: totals.total_ms + result.ms,
  };
}

function cut(text: string): string {
  return text.length > LONGEST ? `${text.slice(0, LONGEST).replace(/\p{Surrogate}$/u, "")}…` : text;
}

function bytesOf(value: unknown): number {
  return new TextEncoder().encode(JSON.stringify(value)).length;
}

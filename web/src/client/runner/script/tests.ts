// `pm.test`.

import type { Assertion } from "../types";
import type { Pending } from "./pending";
import { cut, errorText } from "./text";

type Body = (done?: (error?: unknown) => void) => unknown;

/** The tests of one script. */
export class Tests {
  readonly #report: (assertion: Assertion) => void;
  readonly #pending: Pending;
  /** Those with a `done` that was not called yet. */
  readonly #open = new Set<() => void>();

  constructor(report: (assertion: Assertion) => void, pending: Pending) {
    this.#report = report;
    this.#pending = pending;
  }

  /** Runs a test: a function that throws, a promise that rejects, or a `done` that is given an error, fails it. */
  run(name: string, body?: Body): void {
    if (typeof body !== "function") {
      this.#end(name);
      return;
    }
    if (body.length > 0) {
      this.#runWithDone(name, body);
      return;
    }
    let returned: unknown;
    try {
      returned = body();
    } catch (error) {
      this.#end(name, error);
      return;
    }
    if (!isThenable(returned)) {
      this.#end(name);
      return;
    }
    const ended = this.#pending.begin();
    Promise.resolve(returned)
      .then(
        () => this.#end(name),
        (error: unknown) => this.#end(name, error ?? new Error("The promise was rejected.")),
      )
      .then(ended);
  }

  skip(name: string): void {
    this.#report({ name: cut(String(name)), passed: true, skipped: true });
  }

  /** `tests["name"] = true`, the way of old. */
  legacy(tests: unknown): void {
    if (typeof tests !== "object" || tests === null) return;
    for (const [name, value] of Object.entries(tests)) {
      if (value) this.#end(name);
      else this.#end(name, assertionError(`expected ${String(value)} to be truthy`));
    }
  }

  /** Nothing is under way any more: a `done` that was not called never will be. */
  close(): void {
    for (const fail of this.#open) fail();
  }

  #runWithDone(name: string, body: Body): void {
    const end = (error?: unknown) => {
      if (this.#open.delete(fail)) this.#end(name, error || undefined);
    };
    const fail = () => end(new Error("The test's callback was never called."));
    this.#open.add(fail);
    try {
      body(end);
    } catch (error) {
      end(error ?? new Error("The test threw nothing."));
    }
  }

  #end(name: string, error?: unknown): void {
    const assertion: Assertion = { name: cut(String(name)), passed: error === undefined };
    if (error !== undefined) assertion.error = errorText(error);
    this.#report(assertion);
  }
}

function isThenable(value: unknown): value is PromiseLike<unknown> {
  return typeof (value as { then?: unknown } | null | undefined)?.then === "function";
}

function assertionError(message: string): Error {
  const error = new Error(message);
  error.name = "AssertionError";
  return error;
}

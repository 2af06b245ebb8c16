// What keeps a script going after its last line: timers, requests under way, tests that are not done.

/** Counts what is under way, and tells when nothing is any more. */
export class Pending {
  #count = 0;
  #idle: (() => void) | undefined;
  readonly #setTimeout = globalThis.setTimeout.bind(globalThis);

  /** Something begins; call what is returned when it has ended. */
  begin(): () => void {
    let open = true;
    this.#count += 1;
    return () => {
      if (!open) return;
      open = false;
      this.#count -= 1;
      this.#look();
    };
  }

  /** Once nothing is under way. */
  idle(): Promise<void> {
    return new Promise((resolve) => {
      this.#idle = resolve;
      this.#look();
    });
  }

  #look(): void {
    if (this.#count > 0 || !this.#idle) return;
    // A turn later: promises that have settled may begin something new first.
    this.#setTimeout(() => {
      if (this.#count === 0) this.#idle?.();
    }, 0);
  }
}

/** Puts timers into the global scope that count, and report what their functions throw. */
export function countTimers(pending: Pending, failed: (error: unknown) => void): void {
  const { setTimeout, clearTimeout, setInterval, clearInterval } = globalThis;
  const ends = new Map<unknown, () => void>();
  const guarded = (run: unknown, args: unknown[], last: () => void) => () => {
    try {
      if (typeof run === "function") run(...args);
    } catch (error) {
      failed(error);
    } finally {
      last();
    }
  };
  const end = (timer: unknown) => {
    ends.get(timer)?.();
    ends.delete(timer);
  };
  const timers = {
    setTimeout: (run: unknown, ms?: number, ...args: unknown[]) => {
      const timer: unknown = setTimeout(
        guarded(run, args, () => end(timer)),
        ms,
      );
      ends.set(timer, pending.begin());
      return timer;
    },
    setInterval: (run: unknown, ms?: number, ...args: unknown[]) => {
      const timer: unknown = setInterval(
        guarded(run, args, () => {}),
        ms,
      );
      ends.set(timer, pending.begin());
      return timer;
    },
    clearTimeout: (timer: never) => {
      clearTimeout(timer);
      end(timer);
    },
    clearInterval: (timer: never) => {
      clearInterval(timer);
      end(timer);
    },
  };
  Object.assign(globalThis, timers, {
    setImmediate: (run: unknown, ...args: unknown[]) => timers.setTimeout(run, 0, ...args),
    clearImmediate: timers.clearTimeout,
  });
}

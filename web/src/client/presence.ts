// Who is here, and where this session looks.

import type { Clock } from "./clock";
import type { Here, Status } from "./types";

/** Between two messages of presence: half of what the server takes. */
const LOOK_EVERY_MS = 100;

export class Presence {
  readonly sessions = new Map<string, Here>();
  readonly #clock: Clock;
  readonly #say: (text: string) => void;
  #wanted: { viewing: string | null; status: Status } | undefined;
  /** What this session was last told; undefined: nothing. */
  #said: string | undefined;
  #session: string | undefined;
  #saidAt = 0;
  #timer: unknown;

  constructor(clock: Clock, say: (text: string) => void) {
    this.#clock = clock;
    this.#say = say;
  }

  /** All of it. */
  replace(sessions: readonly Here[]): void {
    this.sessions.clear();
    for (const here of sessions) this.sessions.set(here.session, here);
  }

  change(joined: readonly Here[], changed: readonly Here[], left: readonly string[]): void {
    for (const here of [...joined, ...changed]) this.sessions.set(here.session, here);
    for (const session of left) this.sessions.delete(session);
  }

  look(viewing: string | null, status: Status): void {
    this.#wanted = { viewing, status };
    this.#flush();
  }

  /** A session has begun, or goes on with other rights. */
  begin(session: string): void {
    if (session !== this.#session) this.#said = undefined;
    this.#session = session;
    this.#flush();
  }

  /** The socket is gone: nobody is known to be here. With `forget`, where one looks may be what was not understood. */
  lost(forget: boolean): void {
    this.#session = undefined;
    if (forget) this.#wanted = undefined;
    this.sessions.clear();
    this.#clock.clearTimeout(this.#timer);
    this.#timer = undefined;
  }

  #flush(): void {
    if (!this.#wanted || this.#session === undefined || this.#timer !== undefined) return;
    const text = JSON.stringify({ type: "presence", ...this.#wanted });
    if (text === this.#said) return;
    const since = this.#clock.now() - this.#saidAt;
    if (since >= 0 && since < LOOK_EVERY_MS) {
      this.#timer = this.#clock.setTimeout(() => {
        this.#timer = undefined;
        this.#flush();
      }, LOOK_EVERY_MS - since);
      return;
    }
    this.#said = text;
    this.#saidAt = this.#clock.now();
    this.#say(text);
  }
}

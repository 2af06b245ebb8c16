// Whether a socket is alive. A browser shows neither the server's pings nor that a network is gone: a dead socket just
// says nothing. So after some silence the server is asked something that it answers, and when nothing comes, the socket
// is given up. A clock that has jumped (the machine slept, timers came late) is a reason to ask at once.

import type { Clock } from "./clock";

/** How often the clock is looked at. */
const LOOK_EVERY_MS = 5_000;
/** A look that comes this much late means that something slept. */
const LATE_MS = 10_000;
/** Silence before the server is asked. */
const QUIET_MS = 45_000;
/** For an answer. The server itself may have to wait for its store. */
const ANSWER_MS = 15_000;
/** For an answer, while other things come. */
const LONGEST_ANSWER_MS = 60_000;
/** For an answer, when there is a reason to doubt. */
const DOUBTFUL_ANSWER_MS = 6_000;

export interface PulseHost {
  /** Asks something that is answered. */
  probe(): void;
  /** When the oldest of what has no answer was sent. */
  waitingSince(): number | undefined;
  dead(): void;
}

export class Pulse {
  readonly #clock: Clock;
  readonly #host: PulseHost;
  #timer: unknown;
  #heardAt = 0;
  #lookedAt = 0;
  #begunAt = 0;
  /** By when something has to be heard. */
  #deadline: number | undefined;

  constructor(clock: Clock, host: PulseHost) {
    this.#clock = clock;
    this.#host = host;
  }

  begin(): void {
    this.stop();
    this.#begunAt = this.#heardAt = this.#clock.now();
    this.#plan();
  }

  stop(): void {
    this.#clock.clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#deadline = undefined;
  }

  heard(): void {
    this.#heardAt = this.#clock.now();
    this.#deadline = undefined;
  }

  /** There is a reason to think that the socket is dead. */
  doubt(): void {
    if (this.#timer === undefined) return;
    const deadline = this.#clock.now() + DOUBTFUL_ANSWER_MS;
    if (this.#deadline === undefined) this.#host.probe();
    this.#deadline = Math.min(this.#deadline ?? deadline, deadline);
    this.#plan();
  }

  #plan(): void {
    this.#clock.clearTimeout(this.#timer);
    const now = this.#clock.now();
    this.#lookedAt = now;
    const left = this.#deadline === undefined ? LOOK_EVERY_MS : this.#deadline - now;
    this.#timer = this.#clock.setTimeout(() => this.#look(), Math.max(0, Math.min(left, LOOK_EVERY_MS)));
  }

  #look(): void {
    const now = this.#clock.now();
    const since = now - this.#lookedAt;
    // What was said while it slept may wait to be heard: asking comes before giving up.
    if (since < 0 || since > LOOK_EVERY_MS + LATE_MS) {
      this.#deadline = undefined;
      this.#begunAt = this.#heardAt = now;
      this.doubt();
      return;
    }
    if (this.#deadline !== undefined && now >= this.#deadline) return this.#host.dead();
    const waiting = this.#host.waitingSince();
    if (waiting !== undefined) {
      // Whatever else comes: what has had no answer for long will have none on this socket.
      const isLost = now - waiting >= LONGEST_ANSWER_MS && now - this.#begunAt >= LONGEST_ANSWER_MS;
      if (isLost || now - Math.max(waiting, this.#heardAt) >= ANSWER_MS) return this.#host.dead();
    }
    if (this.#deadline === undefined && now - this.#heardAt >= QUIET_MS) {
      this.#deadline = now + ANSWER_MS;
      this.#host.probe();
    }
    this.#plan();
  }
}

// Sends edits, each until it is answered: in order, within the server's limits, over the socket or, what is large, over
// HTTP. The same edit always has the same `op`, so that the server does it once however often it comes.

import { backoff } from "./backoff";
import { isBased } from "./bases";
import type { Clock } from "./clock";
import type { Edit, Edits } from "./edits";
import { Problem } from "./problem";
import type { Change } from "./types";

/** Bytes of a frame that the server takes. */
const LARGEST_FRAME = 64 * 1024;
/** Below the server's 60, whose clock is another one. */
const PER_SECOND = 50;

export interface SenderHost {
  /** Whether edits can go out now. */
  isLive(): boolean;
  epoch(): string;
  say(text: string): void;
  post(op: string, changes: readonly Change[]): Promise<{ position: number }>;
  /** Finds anew what the bases of an edit are, and has edits sent then. */
  rebase(edit: Edit): void;
  /** An edit is answered. */
  acked(edit: Edit, position: number): void;
  refused(edit: Edit, problem: Problem): void;
}

export class Sender {
  readonly #edits: Edits;
  readonly #host: SenderHost;
  readonly #clock: Clock;
  readonly #random: () => number;
  #rate = PER_SECOND;
  #tokens = PER_SECOND;
  #refilled: number;
  #timer: unknown;
  #posting: Edit | undefined;
  #refusals = 0;
  /** Not before this time: the server said that it can't now. */
  #notBefore = 0;

  constructor(edits: Edits, host: SenderHost, clock: Clock, random: () => number) {
    this.#edits = edits;
    this.#host = host;
    this.#clock = clock;
    this.#random = random;
    this.#refilled = clock.now();
  }

  /** When the oldest edit that the socket was given and that has no answer was sent. */
  get waitingSince(): number | undefined {
    const edit = this.#edits.list.find((one) => one.state === "sent" && one !== this.#posting);
    return edit?.sentAt;
  }

  /** The socket is gone: what has no answer is sent again. */
  lost(reason: "too_many" | "not_understood" | "other"): void {
    if (reason === "too_many") this.#rate = Math.max(1, this.#rate / 2);
    for (const edit of this.#edits.list) {
      if (edit.state !== "sent" || edit === this.#posting) continue;
      edit.state = "waiting";
      if (reason === "not_understood") edit.overHttp = true;
    }
    this.stop();
  }

  /** A new session: the server counts anew. */
  begin(): void {
    this.#tokens = this.#rate;
    this.#refilled = this.#clock.now();
    this.flush();
  }

  stop(): void {
    this.#clock.clearTimeout(this.#timer);
    this.#timer = undefined;
  }

  answered(op: string, position: number): void {
    const edit = this.#unanswered(op);
    if (!edit) return;
    this.#refusals = 0;
    this.#host.acked(edit, position);
    this.flush();
  }

  /** A refusal that says "not now" is none: the edit waits. */
  rejected(op: string, problem: Problem): void {
    const edit = this.#unanswered(op);
    if (!edit) return;
    if (problem.transient || this.#followsWaiting(edit)) {
      edit.state = "waiting";
      const wait = backoff(this.#refusals, this.#random);
      this.#refusals += 1;
      this.#notBefore = this.#clock.now() + wait;
    } else this.#host.refused(edit, edit.isOutdated ? outdated() : problem);
    this.flush();
  }

  /** An answer may come twice, or be one to a probe. */
  #unanswered(op: string): Edit | undefined {
    const edit = this.#edits.find(op);
    return edit?.state === "acked" ? undefined : edit;
  }

  /** Sends what can go now. */
  flush(): void {
    if (this.#timer !== undefined || this.#posting || !this.#host.isLive()) return;
    const now = this.#clock.now();
    if (now < this.#notBefore) return this.#later(this.#notBefore - now);
    for (const edit of this.#edits.list) {
      if (edit.state !== "waiting") continue;
      if (this.#hasToWait(edit)) return;
      if (edit.isUnbased) return this.#host.rebase(edit);
      const text = JSON.stringify({ type: "edit", op: edit.op, changes: sentOf(edit) });
      if (edit.overHttp || isLarge(text)) {
        // Two ways have no order between them.
        if (this.#edits.list.some((one) => one.state === "sent")) return;
        void this.#post(edit);
        return;
      }
      if (!this.#takeToken(now)) return this.#later(1000 / this.#rate);
      this.#mark(edit);
      this.#host.say(text);
    }
  }

  #mark(edit: Edit): void {
    edit.state = "sent";
    edit.sentIn ??= this.#host.epoch();
    edit.sentAt = this.#clock.now();
  }

  async #post(edit: Edit): Promise<void> {
    this.#posting = edit;
    this.#mark(edit);
    try {
      const { position } = await this.#host.post(edit.op, sentOf(edit));
      this.#posting = undefined;
      this.answered(edit.op, position);
    } catch (error) {
      this.#posting = undefined;
      const unknown = { code: "unexpected", title: "The edit could not be sent.", detail: String(error) };
      this.rejected(edit.op, error instanceof Problem ? error : new Problem(unknown));
    }
  }

  /**
   * An edit that says which text its writer saw waits for an earlier edit of the same thing: only once that one's event
   * is here is it known whether the writer saw what it came to.
   */
  #hasToWait(edit: Edit): boolean {
    const based = new Set(edit.changes.filter(isBased).map(({ id }) => id));
    if (based.size === 0) return false;
    for (const earlier of this.#edits.list) {
      if (earlier === edit) return false;
      if (earlier.changes.some((change) => writes(change) && based.has(change.id))) return true;
    }
    return false;
  }

  /** It was sent after one that the server could not take then: without that one, its refusal says nothing. */
  #followsWaiting(edit: Edit): boolean {
    const { list } = this.#edits;
    return list.slice(0, list.indexOf(edit)).some((earlier) => earlier.state === "waiting");
  }

  #takeToken(now: number): boolean {
    const gained = (Math.max(0, now - this.#refilled) * this.#rate) / 1000;
    this.#tokens = Math.min(this.#rate, this.#tokens + gained);
    this.#refilled = now;
    if (this.#tokens < 1) return false;
    this.#tokens -= 1;
    return true;
  }

  #later(ms: number): void {
    this.#timer = this.#clock.setTimeout(() => {
      this.#timer = undefined;
      this.flush();
    }, ms);
  }
}

/** What is not to be done any more goes without its changes: done before, it is answered, and else refused. */
function sentOf({ changes, isOutdated }: Edit): readonly Change[] {
  return isOutdated ? [] : changes;
}

/** As the server's own, when it does not know any more what the writer had seen. */
function outdated(): Problem {
  return new Problem({ code: "stale_base", title: "The text has changed too often since; read it again.", path: "base" });
}

const WRITING = ["item_create", "item_update", "environment_create", "environment_update"] as const;

function writes(change: Change): change is Change & { kind: (typeof WRITING)[number] } {
  return WRITING.some((kind) => kind === change.kind);
}

function isLarge(text: string): boolean {
  if (text.length > LARGEST_FRAME) return true;
  // A character has at most three bytes for each of its code units.
  return text.length * 3 > LARGEST_FRAME && new TextEncoder().encode(text).length > LARGEST_FRAME;
}

// Edits that are under way: in order, from the moment they are made until the replica has what they came to.

import { isBased, type Texts } from "./bases";
import type { Problem } from "./problem";
import type { Change } from "./types";

export interface Edit {
  readonly op: string;
  changes: Change[];
  /** The epoch that `base` of its changes counts in. */
  epoch: string;
  /** `acked`: durable; its events are still on their way here. */
  state: "waiting" | "sent" | "acked";
  /** How many of its changes have come back as events: those are not laid over any more. */
  seen: number;
  /** The epoch it was first sent in. */
  sentIn?: string;
  sentAt?: number;
  /** Where its answer said that its last event is. */
  position?: number;
  /** A socket was closed over it: it goes over HTTP, which says what is wrong with it. */
  overHttp?: boolean;
  /** What its writer saw of what it changes with a base. */
  texts?: Texts;
  /** Its bases count in an epoch that is over: before it goes, they have to be found anew. */
  isUnbased?: boolean;
  /** The text is another one than its writer saw, and nobody can tell since when: it is only asked whether it was done. */
  isOutdated?: boolean;
  settle?: { resolve(answer: { position: number }): void; reject(problem: Problem): void };
}

/** Storage that edits outlive a reload in: `sessionStorage`, say. */
export type EditStorage = Pick<Storage, "length" | "key" | "getItem" | "setItem" | "removeItem">;

interface Kept {
  changes: Change[];
  epoch: string;
  texts?: Texts;
  isUnbased?: boolean;
}

export class Edits {
  list: Edit[] = [];
  readonly #storage: EditStorage | undefined;
  readonly #workspace: string;
  #prefix: string | undefined;

  constructor(workspace: string, storage: EditStorage | undefined) {
    this.#workspace = workspace;
    this.#storage = storage;
  }

  /** Edits without an answer. */
  get pending(): number {
    let count = 0;
    for (const edit of this.list) if (edit.state !== "acked") count += 1;
    return count;
  }

  /** What is laid over the replica, in order. */
  *changes(): Generator<Change> {
    for (const edit of this.list) yield* edit.seen ? edit.changes.slice(edit.seen) : edit.changes;
  }

  find(op: string): Edit | undefined {
    return this.list.find((edit) => edit.op === op);
  }

  add(edit: Edit): void {
    this.list.push(edit);
    this.save(edit);
  }

  /** Takes one out of the list; `kept` leaves it in the storage. */
  remove(edit: Edit, kept = false): void {
    this.list = this.list.filter((one) => one !== edit);
    if (!kept) this.forget(edit);
  }

  /** From now on edits are kept, as this person's; those that an earlier page left come first. Returns these. */
  belongTo(person: string): Edit[] {
    if (this.#prefix !== undefined) return [];
    this.#prefix = `loggia.edit.${this.#workspace}.${person}.`;
    const restored = this.#restore(this.#prefix);
    for (const edit of this.list) this.save(edit);
    this.list = [...restored, ...this.list];
    return restored;
  }

  save({ op, changes, epoch, texts, isUnbased, state }: Edit): void {
    if (this.#prefix === undefined || state === "acked") return;
    try {
      const kept: Kept = { changes, epoch, ...(texts && { texts }), ...(isUnbased && { isUnbased }) };
      this.#storage?.setItem(this.#prefix + op, JSON.stringify(kept));
    } catch {
      // The storage is full or forbidden: the edit lives as long as the page.
    }
  }

  forget({ op }: Edit): void {
    if (this.#prefix !== undefined) this.#storage?.removeItem(this.#prefix + op);
  }

  /** Takes out what is durable and has come back. */
  settle({ epoch, positions }: { epoch: string; positions: { shared: number } }): void {
    this.list = this.list.filter((edit) => {
      if (edit.state !== "acked") return true;
      // An answer that may have been given in another epoch counts in that one: it says nothing of this one.
      return edit.sentIn === epoch && (edit.position ?? 0) > positions.shared;
    });
  }

  /** Positions count anew: what writers had seen has no number any more. */
  changeEpoch(epoch: string): void {
    for (const edit of this.list) {
      if (edit.epoch === epoch) continue;
      edit.epoch = epoch;
      if (edit.changes.some(isBased)) edit.isUnbased = true;
      this.save(edit);
    }
  }

  /**
   * One of our edits has changed an item or environment, and is at `position` now. Who wrote a later edit had seen it; if that writer
   * had also seen all that was `before` it, it has seen the text as it is now.
   */
  raiseBase(earlier: Edit, id: string, before: number, position: number): void {
    for (const edit of this.list.slice(this.list.indexOf(earlier) + 1)) {
      if (edit.isUnbased) continue;
      const raised = edit.changes.map((change) =>
        isBased(change) && change.id === id && isBetween(change.base, before, position) ? { ...change, base: position } : change,
      );
      if (raised.every((change, at) => change === edit.changes[at])) continue;
      edit.changes = raised;
      this.save(edit);
    }
  }

  #restore(prefix: string): Edit[] {
    const storage = this.#storage;
    if (!storage) return [];
    const keys: string[] = [];
    for (let at = 0; at < storage.length; at += 1) {
      const key = storage.key(at);
      if (key?.startsWith(prefix)) keys.push(key);
    }
    const edits: Edit[] = [];
    // Names of edits sort in the order they were made.
    for (const key of keys.sort()) {
      const op = key.slice(prefix.length);
      const kept = read(storage.getItem(key));
      if (!kept) storage.removeItem(key);
      else if (!this.find(op)) edits.push({ op, ...kept, state: "waiting", seen: 0, sentIn: kept.epoch });
    }
    return edits;
  }
}

function isBetween(base: number, from: number, to: number): boolean {
  return base >= from && base < to;
}

function read(text: string | null): Kept | undefined {
  try {
    const kept = JSON.parse(text ?? "") as Partial<Kept> | null;
    return kept && Array.isArray(kept.changes) && typeof kept.epoch === "string" ? (kept as Kept) : undefined;
  } catch {
    return undefined;
  }
}

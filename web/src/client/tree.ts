// Entries by id, and the children of each, in order.

import type { Entry } from "./types";

const NONE: readonly Entry[] = Object.freeze([]);

export class Tree {
  readonly entries = new Map<string, Entry>();
  readonly #children = new Map<string | null, Set<string>>();
  readonly #sorted = new Map<string | null, readonly Entry[]>();

  set(entry: Entry): void {
    const old = this.entries.get(entry.id);
    if (old && old.parent !== entry.parent) this.#unhang(old);
    this.entries.set(entry.id, entry);
    const siblings = this.#children.get(entry.parent);
    if (siblings) siblings.add(entry.id);
    else this.#children.set(entry.parent, new Set([entry.id]));
    this.#sorted.delete(entry.parent);
  }

  /** Takes one out, and leaves what stands in it. */
  delete(id: string): void {
    const old = this.entries.get(id);
    if (!old) return;
    this.entries.delete(id);
    this.#unhang(old);
  }

  clear(): void {
    this.entries.clear();
    this.#children.clear();
    this.#sorted.clear();
  }

  /** The same array until one of these children changes. */
  children(parent: string | null): readonly Entry[] {
    const known = this.#sorted.get(parent);
    if (known) return known;
    const ids = this.#children.get(parent);
    if (!ids) return NONE;
    const made: Entry[] = [];
    for (const id of ids) {
      const entry = this.entries.get(id);
      if (entry) made.push(entry);
    }
    made.sort((a, b) => compare(a.order, b.order) || compare(a.id, b.id));
    this.#sorted.set(parent, made);
    return made;
  }

  /** An item and all that stands in it. */
  within(id: string): string[] {
    const found = this.entries.has(id) ? [id] : [];
    // The list grows while it is gone through.
    for (const one of found) for (const child of this.#children.get(one) ?? []) found.push(child);
    return found;
  }

  #unhang({ id, parent }: Entry): void {
    const siblings = this.#children.get(parent);
    siblings?.delete(id);
    if (siblings?.size === 0) this.#children.delete(parent);
    this.#sorted.delete(parent);
  }
}

/** By code units: orders are hexadecimal, ids too. */
function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

// Items by their names, and by those of what they stand in.

import type { Entry } from "../../client";

export interface Found {
  entry: Entry;
  /** What it stands in, outermost first. */
  within: readonly string[];
}

/** Requests, folders, collections and examples that have every word in their name or above; the best first. */
export function find(items: ReadonlyMap<string, Entry>, text: string, most: number): Found[] {
  const words = text.toLocaleLowerCase().split(/\s+/u).filter(Boolean);
  if (words.length === 0) return [];
  const found: { at: Found; rank: number }[] = [];
  for (const entry of items.values()) {
    const name = entry.name.toLocaleLowerCase();
    // At least one word is of the thing itself: else all of a folder would come with it.
    if (!words.some((word) => name.includes(word))) continue;
    const within = above(items, entry);
    const path = within.join(" ").toLocaleLowerCase();
    const method = entry.method?.toLocaleLowerCase();
    if (!words.every((word) => name.includes(word) || path.includes(word) || word === method)) continue;
    found.push({ at: { entry, within }, rank: rank(name, words) });
  }
  found.sort((a, b) => a.rank - b.rank || a.at.entry.name.length - b.at.entry.name.length);
  return found.slice(0, most).map(({ at }) => at);
}

function rank(name: string, words: readonly string[]): number {
  const whole = words.join(" ");
  if (name === whole) return 0;
  if (name.startsWith(whole)) return 1;
  if (name.includes(whole)) return 2;
  return words.every((word) => name.includes(word)) ? 3 : 4;
}

function above(items: ReadonlyMap<string, Entry>, entry: Entry): string[] {
  const names: string[] = [];
  for (let at = entry.parent; at !== null; ) {
    const parent = items.get(at);
    if (!parent) break;
    names.unshift(parent.name);
    at = parent.parent;
  }
  return names;
}

// The tree as the rows that are seen.

import type { Entry, ItemKind } from "../../../../client";

export interface Row {
  entry: Entry;
  /** From 1. */
  level: number;
  parent: string | null;
  hasChildren: boolean;
  expanded: boolean;
  /** Where it stands among its siblings, from 1, and how many they are. */
  place: number;
  of: number;
}

export interface Source {
  children(parent: string | null): readonly Entry[];
  items: ReadonlyMap<string, Entry>;
}

/**
 * All rows, in order. With `hits`, those alone and what they are in, open. A row that is as it was `before` is the same
 * object, so that it isn't drawn anew.
 */
export function rowsOf(source: Source, expanded: { has(id: string): boolean }, hits?: Hits, before?: ReadonlyMap<string, Row>): Row[] {
  const rows: Row[] = [];
  const walk = (parent: string | null, level: number) => {
    const all = source.children(parent);
    const siblings = hits ? all.filter(({ id }) => hits.shown.has(id)) : all;
    for (const [at, entry] of siblings.entries()) {
      const hasChildren = hits ? hits.open.has(entry.id) : source.children(entry.id).length > 0;
      const open = hasChildren && (hits ? true : expanded.has(entry.id));
      const row = { entry, level, parent, hasChildren, expanded: open, place: at + 1, of: siblings.length };
      const known = before?.get(entry.id);
      rows.push(known && isSame(known, row) ? known : row);
      if (open) walk(entry.id, level + 1);
    }
  };
  walk(null, 1);
  return rows;
}

function isSame(a: Row, b: Row): boolean {
  return (
    a.entry === b.entry &&
    a.level === b.level &&
    a.hasChildren === b.hasChildren &&
    a.expanded === b.expanded &&
    a.place === b.place &&
    a.of === b.of &&
    a.parent === b.parent
  );
}

export interface Hits {
  found: ReadonlySet<string>;
  shown: ReadonlySet<string>;
  /** What hits are in. */
  open: ReadonlySet<string>;
  words: readonly string[];
}

/** What has every word in its name or as its method. Undefined: nothing is sought. */
export function search(source: Source, query: string): Hits | undefined {
  const words = query.toLowerCase().split(/\s+/u).filter(Boolean);
  if (words.length === 0) return undefined;
  const found = new Set<string>();
  const open = new Set<string>();
  for (const entry of source.items.values()) {
    const name = entry.name.toLowerCase();
    const method = entry.method?.toLowerCase();
    if (!words.every((word) => name.includes(word) || method === word)) continue;
    found.add(entry.id);
    for (let above = entry.parent; above !== null && !open.has(above); above = source.items.get(above)?.parent ?? null) open.add(above);
  }
  return { found, open, shown: new Set([...found, ...open]), words };
}

/** A name in pieces: what was sought is marked. */
export function marked(name: string, words: readonly string[]): { text: string; hit: boolean }[] {
  const lower = name.toLowerCase();
  // A letter that becomes two in lower case would move the places.
  if (words.length === 0 || lower.length !== name.length) return [{ text: name, hit: false }];
  const on = new Array<boolean>(name.length).fill(false);
  for (const word of words) {
    for (let at = lower.indexOf(word); at >= 0; at = lower.indexOf(word, at + 1)) on.fill(true, at, at + word.length);
  }
  const pieces: { text: string; hit: boolean }[] = [];
  for (let at = 0; at < name.length; at += 1) {
    const last = pieces.at(-1);
    if (last && last.hit === on[at]) last.text += name[at];
    else pieces.push({ text: name[at] ?? "", hit: on[at] === true });
  }
  return pieces;
}

/** What may stand in what. */
export function mayHold(parent: ItemKind | null, kind: ItemKind): boolean {
  if (kind === "collection") return parent === null;
  if (kind === "example") return parent === "request";
  return parent === "collection" || parent === "folder";
}

/** An item and what it is in, from the outside in. */
export function pathTo(items: ReadonlyMap<string, Entry>, id: string): Entry[] {
  const path: Entry[] = [];
  for (let entry = items.get(id); entry; entry = entry.parent === null ? undefined : items.get(entry.parent)) path.unshift(entry);
  return path;
}

/** Which rows were open, as a browser's storage has it; undefined: it has nothing that this app wrote. */
export function keptOpen(key: string): string[] | undefined {
  try {
    const list: unknown = JSON.parse(localStorage.getItem(key) ?? "null");
    return Array.isArray(list) ? list.map(String) : undefined;
  } catch {
    return undefined;
  }
}

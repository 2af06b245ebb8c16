// What editors do to the tree, as edits.

import { type Change, type Entry, type ItemKind, type Json, newId } from "../../../../client";
import type { Live } from "../../../live.svelte";
import { mayHold } from "./rows";

const NAMES: Record<ItemKind, string> = { collection: "New collection", folder: "New folder", request: "New request", example: "New example" };
const SCHEMA = "https://schema.getpostman.com/json/collection/v2.1.0/collection.json";

function emptyContent(kind: ItemKind): Json {
  if (kind === "request") return { request: { method: "GET", header: [], url: { raw: "" } } };
  return kind === "collection" ? { info: { schema: SCHEMA } } : {};
}

/** What is made is there at once, behind its siblings. `saved`: whether it stays. */
export function create(live: Live, kind: ItemKind, parent: string | null, made: { name?: string; content?: Json } = {}): { id: string; saved: Promise<unknown> } {
  const id = newId();
  const after = live.children(parent).at(-1)?.id ?? null;
  const { name = NAMES[kind], content = emptyContent(kind) } = made;
  return { id, saved: live.edit([{ kind: "item_create", id, parent, after, item_kind: kind, name, content }]) };
}

/** A copy with all that is in it, behind the original, once that is read. */
export async function duplicate(live: Live, id: string): Promise<{ id: string; saved: Promise<unknown> }> {
  const changes: Change[] = [];
  const copy = async (entry: Entry, parent: string | null, after: string | null, name: string): Promise<string> => {
    const { content } = await live.item(entry.id);
    const made = newId();
    changes.push({ kind: "item_create", id: made, parent, after, item_kind: entry.kind, name, content });
    let last: string | null = null;
    for (const child of live.children(entry.id)) last = await copy(child, made, last, child.name);
    return made;
  };
  const entry = live.items.get(id);
  if (!entry) throw new Error("The item is no longer there.");
  const made = await copy(entry, entry.parent, entry.id, `${entry.name} (copy)`);
  return { id: made, saved: live.edit(changes) };
}

/** One place up or down among its siblings; false when there is none. */
export async function shift(live: Live, id: string, by: -1 | 1): Promise<boolean> {
  const entry = live.items.get(id);
  if (!entry) return false;
  const siblings = live.children(entry.parent);
  const at = siblings.findIndex((one) => one.id === id);
  const to = at + by;
  if (to < 0 || to >= siblings.length) return false;
  const after = siblings[by > 0 ? to : to - 1]?.id ?? null;
  await live.edit([{ kind: "item_move", id, parent: entry.parent, after }]);
  return true;
}

export type Where = "before" | "after" | "into";

/** Where a move to `where` of `target` leads; undefined when it may not be there, or would be in itself. */
export function destination(live: Live, id: string, target: string, where: Where): { parent: string | null; after: string | null } | undefined {
  const [entry, other] = [live.items.get(id), live.items.get(target)];
  if (!entry || !other || id === target) return undefined;
  const parent = where === "into" ? target : other.parent;
  if (!mayHold(parent === null ? null : (live.items.get(parent)?.kind ?? null), entry.kind)) return undefined;
  for (let above = parent; above !== null; above = live.items.get(above)?.parent ?? null) if (above === id) return undefined;
  const siblings = live.children(parent).filter((one) => one.id !== id);
  if (where === "into") return { parent, after: siblings.at(-1)?.id ?? null };
  if (where === "after") return { parent, after: target };
  const at = siblings.findIndex((one) => one.id === target);
  return { parent, after: siblings[at - 1]?.id ?? null };
}

export async function move(live: Live, id: string, to: { parent: string | null; after: string | null }): Promise<void> {
  await live.edit([{ kind: "item_move", id, ...to }]);
}

export async function rename(live: Live, id: string, name: string): Promise<void> {
  await live.edit([{ kind: "item_update", id, patch: { name } }]);
}

export async function remove(live: Live, id: string): Promise<void> {
  await live.edit([{ kind: "item_delete", id }]);
}

/** How many items stand in one, at any depth. */
export function countWithin(live: Live, id: string): number {
  return live.children(id).reduce((sum, child) => sum + 1 + countWithin(live, child.id), 0);
}

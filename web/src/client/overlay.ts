// What edits that are under way will come to, as far as a client can tell.

import { mergePatch, methodOf, patchedMethod } from "./merge";
import { Tree } from "./tree";
import type { Change, Entry, Environment, Json } from "./types";

/** What edits are laid over. */
export interface Layer {
  tree: Tree;
  environments: Map<string, Environment>;
  name: string;
  description: string;
}

/** Notes what it is about to change. */
export interface Touch {
  item(id: string): void;
  environment(id: string): void;
}

/** Lays a change over. What the server would refuse is left out: it will say why. */
export function layOver(layer: Layer, change: Change, turn: number, touch: Touch): void {
  const { tree, environments } = layer;
  switch (change.kind) {
    case "item_create": {
      const { id, item_kind: kind, name } = change;
      const parent = change.parent ?? null;
      // It is there when the edit was done and only its answer was lost.
      if (tree.entries.has(id) || (parent !== null && !tree.entries.has(parent))) return;
      touch.item(id);
      const entry: Entry = { id, kind, parent, order: placeAfter(tree, parent, change.after, id, turn), name, position: 0 };
      if (kind === "request") entry.method = methodOf(change.content ?? {});
      tree.set(entry);
      return;
    }
    case "item_update": {
      const entry = tree.entries.get(change.id);
      if (!entry) return;
      const { name, content } = change.patch;
      const method = content && entry.kind === "request" ? patchedMethod(content) : undefined;
      touch.item(entry.id);
      tree.set({ ...entry, ...(name != null && { name }), ...(method !== undefined && { method }) });
      return;
    }
    case "item_move": {
      const entry = tree.entries.get(change.id);
      const parent = change.parent ?? null;
      if (!entry || (parent !== null && (!tree.entries.has(parent) || isWithin(tree, parent, entry.id)))) return;
      touch.item(entry.id);
      tree.set({ ...entry, parent, order: placeAfter(tree, parent, change.after, entry.id, turn) });
      return;
    }
    case "item_delete":
      for (const id of tree.within(change.id)) {
        touch.item(id);
        tree.delete(id);
      }
      return;
    case "environment_create":
      if (environments.has(change.id)) return;
      touch.environment(change.id);
      environments.set(change.id, { id: change.id, name: change.name, content: change.content ?? {}, position: 0 });
      return;
    case "environment_update": {
      const old = environments.get(change.id);
      if (!old) return;
      const { name, content } = change.patch;
      touch.environment(old.id);
      environments.set(old.id, {
        ...old,
        ...(name != null && { name }),
        ...(content && { content: mergePatch(old.content, content) }),
      });
      return;
    }
    case "environment_delete":
      touch.environment(change.id);
      environments.delete(change.id);
      return;
    case "workspace_update":
      layer.name = change.patch.name ?? layer.name;
      layer.description = change.patch.description ?? layer.description;
  }
}

/** The content of an item with the changes laid over it; undefined when there is none to lay them over. */
export function contentOver(id: string, base: Json | undefined, changes: Iterable<Change>): Json | undefined {
  let content = base;
  for (const change of changes) {
    if (change.kind === "item_create" && change.id === id) content ??= change.content ?? {};
    else if (change.kind === "item_update" && change.id === id && content && change.patch.content) {
      content = mergePatch(content, change.patch.content);
    }
  }
  return content;
}

/**
 * A text that sorts behind the sibling to follow and before the next one. It stands in until the server has given the
 * item its real order. `!` sorts before every hexadecimal digit; of two that follow the same sibling, the later one
 * stands first, so later turns get smaller numbers.
 */
function placeAfter(tree: Tree, parent: string | null, after: string | null | undefined, id: string, turn: number): string {
  const mark = `!${String(99_999_999 - turn).padStart(8, "0")}`;
  if (after === null) return mark;
  if (after !== undefined) {
    const sibling = tree.entries.get(after);
    if (sibling?.parent === parent) return sibling.order + mark;
  }
  const last = tree.children(parent).findLast((sibling) => sibling.id !== id);
  return last ? last.order + mark : mark;
}

function isWithin(tree: Tree, id: string, above: string): boolean {
  for (let at: string | null = id; at !== null; at = tree.entries.get(at)?.parent ?? null) if (at === above) return true;
  return false;
}

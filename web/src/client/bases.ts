// What an edit's writer had seen, as text: when positions count anew, a number no longer says it.

import { isObject, mergePatch } from "./merge";
import type { Change, Json } from "./types";

/** An item or an environment. */
export interface Text {
  name: string;
  content: Json;
}

/** Of each item or environment that an edit changes with a base: what the patch is about, as its writer saw it. */
export type Texts = Record<string, Json>;

type Based = Change & { kind: "item_update" | "environment_update"; base: number };

export function isBased(change: Change): change is Based {
  return (change.kind === "item_update" || change.kind === "environment_update") && change.base != null;
}

/** The text that a patch is about, in an item as it is. */
function underPatch({ name, content }: Text, patch: Based["patch"]): Json {
  return under({ name, content }, patch as Json) as Json;
}

/** What was seen of these; one that is not known here is left out. */
export function textsOf(changes: readonly Change[], peek: (id: string) => Text | undefined): Texts | undefined {
  const texts: Texts = {};
  for (const { id, patch } of changes.filter(isBased)) {
    const item = peek(id);
    if (item) texts[id] = mergePatch(texts[id] ?? {}, underPatch(item, patch));
  }
  return Object.keys(texts).length > 0 ? texts : undefined;
}

/**
 * Whether a change takes nothing away that its writer had not seen: the text is as it was seen, or what it is to become
 * already.
 */
export function isAsSeen({ id, patch }: Based, texts: Texts | undefined, now: Text): boolean {
  const is = canonical(underPatch(now, patch));
  const seen = texts?.[id];
  if (seen && is === canonical(under(seen, patch as Json))) return true;
  return is === canonical(under(mergePatch({ name: now.name, content: now.content }, patch as Json), patch as Json));
}

/** The fields that a patch names, as they are in a value; what is not there is null, as in a patch. */
function under(value: unknown, patch: unknown): unknown {
  if (!isObject(patch)) return value ?? null;
  // In place of what is no object, a patch puts one.
  if (!isObject(value)) return value ?? null;
  return Object.fromEntries(Object.keys(patch).map((key) => [key, under(value[key], patch[key])]));
}

/** Equal for equal values, whatever the order of their keys. */
function canonical(value: unknown): string {
  return JSON.stringify(value, (_, inner: unknown) =>
    isObject(inner) ? Object.fromEntries(Object.entries(inner).sort(([a], [b]) => (a < b ? -1 : 1))) : inner,
  );
}

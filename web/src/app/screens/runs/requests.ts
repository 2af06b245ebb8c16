// The requests of a collection or folder, in the order of the tree.

import type { Entry } from "../../../client";
import type { Live } from "../../live.svelte";

export function requestsIn(live: Live, id: string): Entry[] {
  const entry = live.items.get(id);
  if (!entry) return [];
  if (entry.kind === "request") return [entry];
  return live.children(id).flatMap((child) => (child.kind === "example" ? [] : requestsIn(live, child.id)));
}

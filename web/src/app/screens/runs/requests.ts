// The requests of a collection or folder, in the order of the tree.

import type { Entry } from "../../../client";
import type { Source } from "../workspace/tree/rows";

export function requestsIn(source: Source, id: string): Entry[] {
  const entry = source.items.get(id);
  if (!entry) return [];
  if (entry.kind === "request") return [entry];
  return source.children(id).flatMap((child) => (child.kind === "example" ? [] : requestsIn(source, child.id)));
}

export function hasRequests(source: Source, id: string): boolean {
  return source.children(id).some((child) => child.kind === "request" || (child.kind === "folder" && hasRequests(source, child.id)));
}

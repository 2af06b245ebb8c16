// The tree's keys, by ARIA's pattern for trees.

import type { Row } from "./rows";
import type { TypeAhead } from "./typeahead";

export interface KeyTarget {
  rows: readonly Row[];
  /** The active row; -1: none is. */
  at: number;
  editable: boolean;
  /** While something is sought all rows are open. */
  searching: boolean;
  ahead: TypeAhead;
  go(id: string | undefined): void;
  toggle(row: Row): void;
  open(id: string): void;
  rename(id: string): void;
  remove(id: string): void;
  shift(id: string, by: -1 | 1): void;
  openMenu(id: string): void;
}

const PAGE = 10;

/** Does what a key is for. False: it is not the tree's. */
export function press(event: KeyboardEvent, tree: KeyTarget): boolean {
  const { rows, at } = tree;
  const { key } = event;
  const row = rows[at];
  const to = (index: number) => tree.go(rows[Math.max(0, Math.min(rows.length - 1, index))]?.entry.id);
  const editable = tree.editable && row !== undefined;
  if (event.altKey && editable && (key === "ArrowUp" || key === "ArrowDown")) tree.shift(row.entry.id, key === "ArrowUp" ? -1 : 1);
  else if (event.altKey || event.ctrlKey || event.metaKey) return false;
  else if (key === "ArrowDown") to(at + 1);
  else if (key === "ArrowUp") to(at - 1);
  else if (key === "Home") to(0);
  else if (key === "End") to(rows.length - 1);
  else if (key === "PageDown") to(at + PAGE);
  else if (key === "PageUp") to(at - PAGE);
  else if (!row) return false;
  else if (key === "ArrowRight") {
    if (row.hasChildren && !row.expanded) tree.toggle(row);
    else if (row.expanded) to(at + 1);
  } else if (key === "ArrowLeft") {
    if (row.expanded && !tree.searching) tree.toggle(row);
    else if (row.parent !== null) tree.go(row.parent);
  } else if (key === "Enter" || key === " ") tree.open(row.entry.id);
  else if (key === "F2" && editable) tree.rename(row.entry.id);
  else if (key === "Delete" && editable) tree.remove(row.entry.id);
  else if (key === "ContextMenu" || (event.shiftKey && key === "F10")) tree.openMenu(row.entry.id);
  else if (key.length === 1) {
    const found = tree.ahead.find(key, rows.map(({ entry }) => entry.name), at);
    if (found >= 0) to(found);
  } else return false;
  return true;
}

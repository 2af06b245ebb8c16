// What can be done with a row.

import type { Entry, ItemKind } from "../../../../client";
import type { Live } from "../../../live.svelte";
import { type IconName, toasts } from "../../../ui";
import { behindText } from "../../forks/forks";
import { fileName, saved } from "../../settings/saved";
import { mayHold } from "./rows";

/** What is asked in a dialog before it is done. */
export type Asked = "delete" | "move" | "fork" | "pull";

interface Doing {
  open: () => void;
  add: (kind: ItemKind) => void;
  rename: () => void;
  duplicate: () => void;
  shift: (by: -1 | 1) => void;
  ask: (what: Asked) => void;
}

export interface MenuEntry {
  label: string;
  /** Said beside it. */
  note?: string;
  icon?: IconName;
  run: () => void;
  danger?: boolean;
  divided?: boolean;
  disabled?: boolean;
}

/** `behind`: how many changes of its parent a fork lacks; undefined for what is no fork. */
export function menuOf(live: Live, entry: Entry, behind: number | undefined, doing: Doing): MenuEntry[] {
  const entries: MenuEntry[] = [{ label: "Open", icon: "arrow_right", run: doing.open }];
  if (live.isTeam && entry.kind === "collection") {
    entries.push({ label: "Fork into…", icon: "fork", run: () => doing.ask("fork"), divided: true });
    if (behind !== undefined && live.canEdit) {
      entries.push({ label: "Pull changes", icon: "pull", note: behindText(behind), run: () => doing.ask("pull") });
    }
  }
  if (entry.kind === "collection") {
    const path = `/v1/workspaces/${live.id}/items/${entry.id}/export` as const;
    const run = () => void saved(path, fileName(entry.name, "postman_collection.json")).catch((error: unknown) => toasts.fail(error));
    entries.push({ label: "Export", icon: "download", run });
  }
  if (!live.canEdit) return entries;
  if (mayHold(entry.kind, "request")) {
    entries.push({ label: "New request", icon: "plus", run: () => doing.add("request"), divided: true });
    entries.push({ label: "New folder", icon: "folder", run: () => doing.add("folder") });
  }
  const siblings = live.children(entry.parent);
  const at = siblings.findIndex(({ id }) => id === entry.id);
  entries.push(
    { label: "Rename", icon: "edit", run: doing.rename, divided: true },
    { label: "Duplicate", icon: "copy", run: doing.duplicate },
    { label: "Move up", run: () => doing.shift(-1), disabled: at <= 0 },
    { label: "Move down", run: () => doing.shift(1), disabled: at === siblings.length - 1 },
  );
  if (entry.kind !== "collection") entries.push({ label: "Move into…", icon: "folder", run: () => doing.ask("move") });
  entries.push({ label: "Delete", icon: "trash", run: () => doing.ask("delete"), danger: true, divided: true });
  return entries;
}

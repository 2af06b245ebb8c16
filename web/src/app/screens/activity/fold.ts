// Activity as it is read: by day, and what one person did to one thing in a row as one line.

import type { Schemas } from "../../../client";

export type Entry = Schemas["ActivityEntry"];

export interface Line {
  /** The latest. */
  entry: Entry;
  /** How many it stands for. */
  count: number;
  /** When the earliest of them was. */
  since: string;
}

export interface Day {
  /** In the reader's time zone: `2026-11-24`. */
  date: string;
  lines: Line[];
}

/** What stands further apart than this is told by itself. */
const TOGETHER_MS = 30 * 60_000;

/** `entries`: the latest first. */
export function fold(entries: readonly Entry[]): Day[] {
  const days: Day[] = [];
  for (const entry of entries) {
    const date = dayOf(entry.at);
    let day = days.at(-1);
    if (day?.date !== date) days.push((day = { date, lines: [] }));
    const last = day.lines.at(-1);
    if (last && together(last, entry)) {
      last.count++;
      last.since = entry.at;
      last.entry = merged(last.entry, entry);
    } else day.lines.push({ entry, count: 1, since: entry.at });
  }
  return days;
}

function dayOf(at: string): string {
  const date = new Date(at);
  const two = (value: number) => String(value).padStart(2, "0");
  return `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())}`;
}

function together({ entry: later, since }: Line, earlier: Entry): boolean {
  const key = keyOf(later);
  return key !== undefined && key === keyOf(earlier) && Date.parse(since) - Date.parse(earlier.at) <= TOGETHER_MS;
}

/** What is told as one when it comes again and again; undefined for what is told each time. */
function keyOf({ by, change }: Entry): string | undefined {
  const who = by?.id ?? "";
  switch (change.kind) {
    case "item_updated":
    case "item_moved":
      return `${who} ${change.kind} ${change.item.id}`;
    case "environment_updated":
      return `${who} ${change.kind} ${change.environment.id}`;
    case "workspace_updated":
      return `${who} ${change.kind}`;
    default:
      return undefined;
  }
}

/** The later with the fields of both. */
function merged(later: Entry, { change }: Entry): Entry {
  if (!("fields" in later.change) || !("fields" in change)) return later;
  const fields = [...new Set([...later.change.fields, ...change.fields])];
  return { ...later, change: { ...later.change, fields } };
}

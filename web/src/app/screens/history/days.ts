// Entries of a history by the day they were sent on.

import type { HistoryEntry } from "../../../client";

export type Line = { type: "day"; key: string; label: string } | { type: "entry"; key: string; entry: HistoryEntry };

/** Newest first, as they come; a line for each day before its entries. */
export function linesOf(entries: readonly HistoryEntry[], now: Date): Line[] {
  const lines: Line[] = [];
  let last = "";
  for (const entry of entries) {
    const at = new Date(entry.at);
    const day = at.toDateString();
    if (day !== last) lines.push({ type: "day", key: day, label: dayLabel(at, now) });
    last = day;
    lines.push({ type: "entry", key: entry.id, entry });
  }
  return lines;
}

const days = new Intl.DateTimeFormat(undefined, { weekday: "long", day: "numeric", month: "long" });

function dayLabel(at: Date, now: Date): string {
  const midnight = (date: Date) => new Date(date.getFullYear(), date.getMonth(), date.getDate()).getTime();
  const ago = Math.round((midnight(now) - midnight(at)) / 86_400_000);
  return ago === 0 ? "Today" : ago === 1 ? "Yesterday" : days.format(at);
}

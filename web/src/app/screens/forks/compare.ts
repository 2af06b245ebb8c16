// Two sides of a conflict as text, and where their lines differ. Loaded when there is a conflict.

import { diffLines } from "diff";
import type { ConflictSide } from "./forks";

/** A line of both; on a side that has none there, undefined. */
export interface Row {
  ours: string | undefined;
  theirs: string | undefined;
  same: boolean;
}

/** As a person edits it. */
export function textOf({ name, content }: ConflictSide): string {
  return JSON.stringify({ name, content }, null, 2);
}

/** The lines of two texts beside each other: what is changed stands by what it was changed to. */
export function compare(ours: string, theirs: string): Row[] {
  const rows: Row[] = [];
  let removed: string[] = [];
  let added: string[] = [];
  const flush = () => {
    for (let at = 0; at < Math.max(removed.length, added.length); at++) rows.push({ ours: removed[at], theirs: added[at], same: false });
    removed = [];
    added = [];
  };
  for (const part of diffLines(`${ours}\n`, `${theirs}\n`)) {
    const lines = part.value.replace(/\n$/, "").split("\n");
    if (part.removed) removed.push(...lines);
    else if (part.added) added.push(...lines);
    else {
      flush();
      for (const line of lines) rows.push({ ours: line, theirs: line, same: true });
    }
  }
  flush();
  return rows;
}

/** Lines around a difference that are shown with it. */
const AROUND = 3;

/** Without what is the same at length; a number stands for so many lines that are left out. */
export function shortened(rows: readonly Row[]): (Row | number)[] {
  const near = new Set<number>();
  rows.forEach(({ same }, index) => {
    if (!same) for (let at = index - AROUND; at <= index + AROUND; at++) near.add(at);
  });
  const shown: (Row | number)[] = [];
  rows.forEach((row, index) => {
    const last = shown.at(-1);
    if (near.has(index)) shown.push(row);
    else if (typeof last === "number") shown[shown.length - 1] = last + 1;
    else shown.push(1);
  });
  return shown;
}

/** What a person wrote, read back; throws with what is wrong. */
export function valueOf(text: string): { name: string; content: Record<string, unknown> } {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw new Error(`This is no JSON: ${error instanceof Error ? error.message : String(error)}`);
  }
  const { name, content } = (value ?? {}) as { name?: unknown; content?: unknown };
  if (typeof name !== "string" || !name.trim()) throw new Error('"name" has to be a text that is not blank.');
  if (typeof content !== "object" || content === null || Array.isArray(content)) throw new Error('"content" has to be an object.');
  return { name, content: content as Record<string, unknown> };
}

// The data file of a run: one row an iteration.

import { parse } from "csv-parse/browser/esm/sync";
import type { Entries } from "./scopes";
import { RunError } from "./types";

/**
 * Reads a data file: CSV with a header row, or a JSON array of objects. What begins with `[` or `{` is JSON.
 * Fields of a CSV that are numbers and not quoted become such, as in newman.
 *
 * Throws a `RunError` that names the line or the row.
 */
export function readData(text: string): Entries[] {
  const body = text.replace(/^\uFEFF/, "");
  if (body.trim() === "") throw new RunError("The data file is empty.");
  return /^\s*[[{]/.test(body) ? readJson(body) : readCsv(body);
}

function readJson(text: string): Entries[] {
  let rows: unknown;
  try {
    rows = JSON.parse(text);
  } catch (error) {
    throw new RunError(`The data file is no JSON: ${(error as Error).message}.`);
  }
  if (!Array.isArray(rows)) throw new RunError("The data file must hold an array of objects, one an iteration.");
  if (rows.length === 0) throw new RunError("The data file holds no rows.");
  return rows.map((row: unknown, index) => {
    if (typeof row !== "object" || row === null || Array.isArray(row)) {
      throw new RunError(`Row ${index + 1} of the data file is no object.`);
    }
    return Object.entries(row);
  });
}

function readCsv(text: string): Entries[] {
  let rows: Row[];
  try {
    // Field counts are checked below, where the line is known.
    const options = { info: true, cast: valueOf, relax_column_count: true, skip_empty_lines: true, trim: true };
    rows = parse(text, options) as unknown as Row[];
  } catch (error) {
    throw new RunError(`The data file is no CSV: ${(error as Error).message}.`);
  }
  const [head, ...body] = rows;
  if (!head || body.length === 0) throw new RunError("The data file has a header row and no rows below it.");
  const names = head.record.map(String);
  const empty = names.indexOf("");
  if (empty >= 0) throw new RunError(`Line ${head.info.lines} of the data file: column ${empty + 1} has no name.`);
  const twice = names.find((name, index) => names.indexOf(name) !== index);
  if (twice !== undefined)
    throw new RunError(`Line ${head.info.lines} of the data file: two columns are named ${twice}.`);
  return body.map(({ record, info }) => {
    if (record.length !== names.length) {
      const counts = `${record.length} fields, and the header has ${names.length}`;
      throw new RunError(`Line ${info.lines} of the data file has ${counts}.`);
    }
    return names.map((name, index): [string, unknown] => [name, record[index]]);
  });
}

interface Row {
  record: unknown[];
  /** `lines`: of its last line, from 1. */
  info: { lines: number };
}

function valueOf(field: string, { quoting }: { quoting: boolean }): unknown {
  // Neither "007" nor what a double can't hold: they would come back as another text.
  return !quoting && field !== "" && String(Number(field)) === field ? Number(field) : field;
}

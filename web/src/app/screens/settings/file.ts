// A file of people to invite, read as the server reads it: CSV with a first line that names the columns, or plain text
// with an address a line.

import { CsvError, parse } from "csv-parse/browser/esm/sync";
import type { Invitee } from "./invitees";

/** What can't be read, with the place. */
export class FileFault extends Error {
  readonly code = "malformed";
  readonly title: string;
  readonly path: string | undefined;

  constructor(title: string, path?: string) {
    super(title);
    this.title = title;
    this.path = path;
  }
}

export type FileType = "text/csv" | "text/plain";

export interface Read {
  type: FileType;
  invitees: Invitee[];
}

/** The server takes no more at a time. */
const MOST = 1000;

export function read(name: string, text: string): Read {
  const type = isCsv(name, text) ? "text/csv" : "text/plain";
  const invitees = type === "text/csv" ? fromCsv(text) : fromText(text);
  if (invitees.length === 0) throw new FileFault("There is nobody in this file.");
  if (invitees.length > MOST) {
    throw new FileFault(`There are ${invitees.length.toLocaleString()} people in this file; at most ${MOST.toLocaleString()} can be invited at a time.`);
  }
  return { type, invitees };
}

function isCsv(name: string, text: string): boolean {
  if (/\.csv$/i.test(name)) return true;
  // Without a name that tells, its first line does.
  return !/\.txt$/i.test(name) && /^[^\n@]*\bemail\b[^\n@]*,/i.test(text);
}

function fromText(text: string): Invitee[] {
  const lines = text.replace(/^\uFEFF/, "").split(/\r?\n/);
  return lines.flatMap((line, index) => (line.trim() ? [{ line: index + 1, email: line.trim() }] : []));
}

interface Parsed {
  info: { lines: number };
  record: string[];
}

function fromCsv(text: string): Invitee[] {
  let rows: Parsed[];
  try {
    rows = parse(text, { bom: true, trim: true, relax_column_count: true, relax_quotes: true, skip_empty_lines: true, info: true }) as unknown as Parsed[];
  } catch (error) {
    if (!(error instanceof CsvError)) throw error;
    throw new FileFault(`This file is no CSV: ${error.message}`);
  }
  const [header, ...rest] = rows;
  const column = (name: string) => header?.record.findIndex((column) => column.toLowerCase() === name) ?? -1;
  const at = { email: column("email"), name: column("name"), lead: column("lead") };
  if (at.email < 0) throw new FileFault('The first line must name the columns, with "email" among them.', "line 1");
  return rest.map(({ record, info }) => {
    const field = (index: number) => record[index] ?? "";
    const invitee: Invitee = { line: info.lines, email: field(at.email) };
    if (field(at.name)) invitee.name = field(at.name);
    const lead = field(at.lead).toLowerCase();
    if (["true", "yes", "1"].includes(lead)) invitee.lead = true;
    else if (["false", "no", "0"].includes(lead)) invitee.lead = false;
    else if (lead) throw new FileFault('"lead" is true or false.', `line ${info.lines}`);
    return invitee;
  });
}

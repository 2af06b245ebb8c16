// Changes that are not saved: what the reader has made of an item's content, and what came from others meanwhile.

import type { Json } from "../../../../client";
import { mergedText } from "./merge";
import { isObject } from "./postman";

/** The parts of a content that are taken or kept as one: `request.url`, `event`. */
export type Field = string;

export interface Draft {
  /** The content as it was last seen, which `mine` is made of. */
  base: Json;
  mine: Json;
  /** What others have made of fields that the reader had changed too. */
  theirs: Record<Field, { value: unknown; by: string | null }>;
}

const LABELS: Record<Field, string> = {
  "request.method": "the method",
  "request.url": "the URL",
  "request.header": "the headers",
  "request.body": "the body",
  "request.auth": "the authorization",
  "request.description": "the docs",
  event: "the scripts",
  auth: "the authorization",
  variable: "the variables",
  description: "the docs",
  "info.description": "the docs",
};

export function labelOf(field: Field): string {
  return LABELS[field] ?? field;
}

export function equal(a: unknown, b: unknown): boolean {
  if (a === b) return true;
  if (Array.isArray(a) && Array.isArray(b)) return a.length === b.length && a.every((one, at) => equal(one, b[at]));
  if (!isObject(a) || !isObject(b)) return false;
  const keys = Object.keys(a);
  return keys.length === Object.keys(b).length && keys.every((key) => Object.hasOwn(b, key) && equal(a[key], b[key]));
}

export function isDirty({ base, mine }: Draft): boolean {
  return !equal(base, mine);
}

const PARTED = new Set(["request", "info"]);

/** Every field of some contents. */
function fieldsOf(...contents: Json[]): Set<Field> {
  const fields = new Set<Field>();
  for (const content of contents) {
    for (const [key, value] of Object.entries(content)) {
      if (PARTED.has(key) && isObject(value)) for (const inner of Object.keys(value)) fields.add(`${key}.${inner}`);
      else fields.add(key);
    }
  }
  return fields;
}

export function changedFields(before: Json, now: Json): Field[] {
  return [...fieldsOf(before, now)].filter((field) => !equal(fieldOf(before, field), fieldOf(now, field)));
}

export function fieldOf(content: Json, field: Field): unknown {
  const [key = "", inner] = field.split(".");
  const value = content[key];
  if (inner === undefined) return value;
  return isObject(value) ? value[inner] : undefined;
}

export function withField(content: Json, field: Field, value: unknown): Json {
  const [key = "", inner] = field.split(".");
  if (inner !== undefined) {
    const outer = content[key];
    // A request that is a text only has a URL and nothing else.
    const before = isObject(outer) ? outer : typeof outer === "string" ? { method: "GET", url: outer } : {};
    return { ...content, [key]: withField(before, inner, value) };
  }
  if (value === undefined) {
    const { [key]: _gone, ...rest } = content;
    return rest;
  }
  return { ...content, [key]: value };
}

/** What is prose: two changes of it are merged. */
const PROSE = new Set<Field>(["request.description", "description", "info.description"]);

/** Both changes of a field in one; undefined: it can't be merged. */
function merged(field: Field, base: unknown, other: unknown, own: unknown): { value: unknown; clashes: boolean } | undefined {
  const texts = [base, other, own].map((value) => value ?? "");
  if (!PROSE.has(field) || !texts.every((text) => typeof text === "string")) return undefined;
  const [before = "", theirs = "", mine = ""] = texts;
  const { text, clashes } = mergedText(before, theirs, mine);
  return { value: text || undefined, clashes };
}

/**
 * The draft upon what the content is now: what the reader did not touch is taken, prose is merged, the rest is told of.
 */
export function rebase(draft: Draft, now: Json, by: string | null): Draft {
  let mine = now;
  const theirs = { ...draft.theirs };
  for (const field of fieldsOf(draft.base, draft.mine, now)) {
    const [base, own, other] = [draft.base, draft.mine, now].map((content) => fieldOf(content, field));
    if (equal(own, base)) continue;
    const both = equal(other, base) || equal(own, other) ? undefined : merged(field, base, other, own);
    mine = withField(mine, field, both ? both.value : own);
    if (equal(own, other)) delete theirs[field];
    else if (!equal(other, base) && both?.clashes !== false) theirs[field] = { value: other, by };
  }
  for (const field of Object.keys(theirs)) if (equal(fieldOf(mine, field), fieldOf(now, field))) delete theirs[field];
  return { base: now, mine, theirs };
}

/** The JSON Merge Patch (RFC 7396) that makes `to` of `from`. */
export function patchOf(from: Json, to: Json): Json {
  const patch: Json = {};
  for (const key of new Set([...Object.keys(from), ...Object.keys(to)])) {
    const [before, after] = [from[key], to[key]];
    if (equal(before, after)) continue;
    if (after === undefined) patch[key] = null;
    else patch[key] = isObject(before) && isObject(after) ? patchOf(before, after) : after;
  }
  return patch;
}

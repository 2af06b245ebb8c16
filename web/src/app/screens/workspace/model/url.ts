// A URL as one writes it, and its parts as Postman keeps them. The text and the tables are two views of one thing.

import type { Json } from "../../../../client";
import { isObject, pairsOf, type Pair, text } from "./postman";

export interface Parts {
  /** Before the question mark. */
  base: string;
  query: Pair[];
  /** `:name` in the path. */
  variables: Pair[];
  hash: string;
}

/** The URL as a text. */
export function urlText(url: unknown): string {
  if (!isObject(url)) return text(url);
  if (typeof url["raw"] === "string") return url["raw"];
  const joined = (value: unknown, by: string) => (Array.isArray(value) ? value.map(text).join(by) : text(value));
  const protocol = text(url["protocol"]);
  const port = text(url["port"]);
  const path = joined(url["path"], "/");
  const query = pairsOf(url["query"]).filter(({ disabled }) => !disabled);
  const start = `${protocol && `${protocol}://`}${joined(url["host"], ".")}${port && `:${port}`}`;
  return `${start}${path && `/${path.replace(/^\//, "")}`}${queryText(query)}${url["hash"] ? `#${text(url["hash"])}` : ""}`;
}

export function partsOf(url: unknown): Parts {
  const raw = urlText(url);
  const { base, query, hash } = split(raw);
  const known = isObject(url) ? pairsOf(url["query"]) : [];
  const kept = isObject(url) ? pairsOf(url["variable"]) : [];
  return { base, hash, query: merged(parseQuery(query), known), variables: namesIn(base).map((key) => kept.find((one) => one.key === key) ?? { key, value: "" }) };
}

/** The same parts as Postman has them. */
export function urlJson({ base, query, variables, hash }: Parts): Json {
  const raw = `${base}${queryText(query.filter(({ disabled }) => !disabled))}${hash && `#${hash}`}`;
  const found = /^(?:([a-z][a-z0-9+.-]*):\/\/)?([^/]*)(\/.*)?$/is.exec(base);
  const [, protocol, authority = "", path] = found ?? [];
  const port = /^(.*):(\d+|\{\{[^}]+\}\})$/.exec(authority);
  const host = port?.[1] ?? authority;
  return {
    raw,
    ...(protocol && { protocol }),
    ...(host && { host: host.includes("{{") ? [host] : host.split(".") }),
    ...(port?.[2] && { port: port[2] }),
    ...(path && { path: path.slice(1).split("/") }),
    ...(query.length > 0 && { query }),
    ...(hash && { hash }),
    ...(variables.length > 0 && { variable: variables }),
  };
}

/** What was typed: its tables keep what the text does not say (descriptions, rows that are off). */
export function typed(raw: string, before: unknown): Json {
  const url = isObject(before) ? { ...before, raw } : { raw };
  return urlJson(partsOf(url));
}

function split(raw: string): { base: string; query: string | undefined; hash: string } {
  // Neither "?" nor "#" of a variable's name separates anything.
  const plain = raw.replace(/\{\{[^}]*\}\}/g, (name) => "_".repeat(name.length));
  const hashAt = plain.indexOf("#");
  const end = hashAt < 0 ? raw.length : hashAt;
  const at = plain.slice(0, end).indexOf("?");
  return {
    base: raw.slice(0, at < 0 ? end : at),
    query: at < 0 ? undefined : raw.slice(at + 1, end),
    hash: hashAt < 0 ? "" : raw.slice(hashAt + 1),
  };
}

function parseQuery(query: string | undefined): Pair[] {
  if (query === undefined || query === "") return [];
  return query.split("&").map((part) => {
    const at = part.indexOf("=");
    return at < 0 ? { key: part, value: "", bare: true } : { key: part.slice(0, at), value: part.slice(at + 1) };
  }).map(({ bare, ...pair }: Pair & { bare?: boolean }) => (bare ? { ...pair, value: "" } : pair));
}

function queryText(query: readonly Pair[]): string {
  return query.length === 0 ? "" : `?${query.map(({ key, value }) => (value === "" ? key : `${key}=${value}`)).join("&")}`;
}

/** The rows of the text, in the places of those that were, with those that are off between them. */
function merged(shown: Pair[], known: Pair[]): Pair[] {
  const rows: Pair[] = [];
  let next = 0;
  for (const one of known) {
    if (one.disabled) rows.push(one);
    else if (next < shown.length) {
      const pair = shown[next++] as Pair;
      rows.push(pair.key === one.key ? { ...one, value: pair.value } : pair);
    }
  }
  return [...rows, ...shown.slice(next)];
}

function namesIn(base: string): string[] {
  const names = base.split("/").flatMap((segment) => (/^:[^:{}]+$/.test(segment) ? [segment.slice(1)] : []));
  return [...new Set(names)];
}

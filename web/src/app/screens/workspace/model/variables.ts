// Which value a variable has here, and where it comes from. The server fills them in when it sends; this shows the same.

import { isObject, isSecret, pairsOf, text } from "./postman";
import type { Json } from "../../../../client";
import type { Layers, Values } from "../scripted.svelte";

export type Source = "private" | "environment" | "collection" | "global" | "dynamic";

export interface Known {
  value: string;
  source: Source;
  /** Its value is not to be shown or copied unasked. */
  secret: boolean;
  /** A script has set it, in this page. */
  scripted?: true;
}

export type Scope = ReadonlyMap<string, Known>;

export const SOURCES: Record<Source, string> = {
  private: "your private value",
  environment: "environment",
  collection: "collection",
  global: "global",
  dynamic: "made anew for every send",
};

export interface Sources {
  collection?: Json | undefined;
  environment?: Json | undefined;
  /** By name. */
  own?: Readonly<Record<string, string>> | undefined;
  /** What scripts have made of them. */
  scripted?: Layers<Values>;
}

/** Nearer sources win. */
export function scopeOf({ collection, environment, own, scripted }: Sources): Scope {
  const scope = new Map<string, Known>();
  const secrets = new Set<string>();
  const lay = (list: unknown, source: Source, set: Values | undefined) => {
    for (const one of pairsOf(list)) {
      if (one.disabled || one["enabled"] === false || !one.key) continue;
      // A secret without a value has one that is not for everybody: it counts as known, and is not shown.
      if (isSecret(one)) secrets.add(one.key);
      if (!set?.has(one.key)) scope.set(one.key, { value: one.value, source, secret: secrets.has(one.key) });
    }
  };
  const layScripted = (set: Values | undefined, source: Source) => {
    for (const [name, value] of set ?? []) {
      if (value !== undefined) scope.set(name, { value, source, secret: secrets.has(name), scripted: true });
    }
  };
  layScripted(scripted?.globals, "global");
  lay(collection?.["variable"], "collection", scripted?.collection);
  layScripted(scripted?.collection, "collection");
  lay(environment?.["values"], "environment", scripted?.environment);
  for (const [name, value] of Object.entries(own ?? {})) {
    if (!scripted?.environment.has(name)) scope.set(name, { value, source: "private", secret: secrets.has(name) });
  }
  layScripted(scripted?.environment, "environment");
  return scope;
}

const PATTERN = /\{\{([^{}]*)\}\}/g;

/** A text in pieces: plain, and variables. */
export function pieces(whole: string): { text: string; name?: string }[] {
  const found: { text: string; name?: string }[] = [];
  let at = 0;
  for (const match of whole.matchAll(PATTERN)) {
    if (match.index > at) found.push({ text: whole.slice(at, match.index) });
    found.push({ text: match[0], name: (match[1] ?? "").trim() });
    at = match.index + match[0].length;
  }
  if (at < whole.length) found.push({ text: whole.slice(at) });
  return found;
}

export function lookUp(scope: Scope, name: string): Known | undefined {
  return scope.get(name) ?? (name.startsWith("$") ? { value: "", source: "dynamic", secret: false } : undefined);
}

/** Names in any text of a value, each once. */
export function namesIn(value: unknown, found = new Set<string>()): Set<string> {
  if (typeof value === "string") for (const { name } of pieces(value)) name && found.add(name);
  if (Array.isArray(value)) for (const one of value) namesIn(one, found);
  else if (isObject(value)) for (const one of Object.values(value)) namesIn(one, found);
  return found;
}

/** Fills in what has a value that may be shown; `secrets`: those of the reader's own too. */
export function fillIn(value: unknown, scope: Scope, secrets: boolean): unknown {
  if (Array.isArray(value)) return value.map((one) => fillIn(one, scope, secrets));
  if (isObject(value)) return Object.fromEntries(Object.entries(value).map(([key, one]) => [key, fillIn(one, scope, secrets)]));
  if (typeof value !== "string") return value;
  let whole = value;
  // What a variable holds may name others; a circle ends.
  for (let round = 0; round < 20 && whole.includes("{{"); round += 1) {
    const next = pieces(whole).map((piece) => {
      const known = piece.name === undefined ? undefined : scope.get(piece.name);
      if (!known || (known.secret && !(secrets && known.source === "private"))) return piece.text;
      return text(known.value);
    }).join("");
    if (next === whole) break;
    whole = next;
  }
  return whole;
}

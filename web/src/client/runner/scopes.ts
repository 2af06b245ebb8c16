// Variables: scopes one upon another, and filling them into text. Runs on both sides of the sandbox.

import { v4 } from "uuid";

/** Names and values of one scope, as they travel. */
export type Entries = [string, unknown][];

/** A variable of a Postman file. */
export interface PostmanVariable {
  key?: string;
  id?: string;
  value?: unknown;
  enabled?: boolean;
  disabled?: boolean;
}

/** The scopes from the widest to the nearest. */
export const SCOPES = ["globals", "collection", "environment", "data", "local"] as const;
export type ScopeName = (typeof SCOPES)[number];

/** How often what was filled in is looked through again. */
const ROUNDS = 20;

/** The variables of a collection or an environment that are switched on. */
export function entriesOf(variables: readonly PostmanVariable[] | undefined): Entries {
  const entries: Entries = [];
  for (const { key, id, value, enabled, disabled } of variables ?? []) {
    const name = key ?? id;
    if (name !== undefined && enabled !== false && disabled !== true) entries.push([name, value ?? ""]);
  }
  return entries;
}

/** How a value stands in a text. */
export function textOf(value: unknown): string {
  if (typeof value === "string") return value;
  if (value === null || value === undefined) return String(value ?? "");
  return typeof value === "object" ? JSON.stringify(value) : String(value);
}

/** All scopes of a run. */
export class Scopes {
  readonly layers: Record<ScopeName, Map<string, unknown>>;

  constructor(entries: Partial<Record<ScopeName, Entries>>) {
    const layer = (name: ScopeName) => new Map(entries[name] ?? []);
    this.layers = {
      globals: layer("globals"),
      collection: layer("collection"),
      environment: layer("environment"),
      data: layer("data"),
      local: layer("local"),
    };
  }

  /** The value in the nearest scope that has the name. */
  get(name: string): unknown {
    return this.#nearest(name)?.get(name);
  }

  has(name: string): boolean {
    return this.#nearest(name) !== undefined;
  }

  /** Every name with the value that holds. */
  all(): Map<string, unknown> {
    const all = new Map<string, unknown>();
    for (const name of SCOPES) for (const [key, value] of this.layers[name]) all.set(key, value);
    return all;
  }

  /** The same as text. */
  texts(): Map<string, string> {
    return new Map([...this.all()].map(([name, value]) => [name, textOf(value)]));
  }

  entries(): Record<ScopeName, Entries> {
    // `undefined` does not travel: as if it were not set, which leaves `{{name}}` as it is.
    const entries = (name: ScopeName): Entries => [...this.layers[name]].filter(([, value]) => value !== undefined);
    return {
      globals: entries("globals"),
      collection: entries("collection"),
      environment: entries("environment"),
      data: entries("data"),
      local: entries("local"),
    };
  }

  #nearest(name: string): Map<string, unknown> | undefined {
    return SCOPES.map((scope) => this.layers[scope]).findLast((layer) => layer.has(name));
  }
}

const DYNAMIC: Record<string, () => string> = {
  $guid: () => v4(),
  $randomUUID: () => v4(),
  $timestamp: () => String(Math.floor(Date.now() / 1000)),
  $isoTimestamp: () => new Date().toISOString(),
  $randomInt: () => String(Math.floor(Math.random() * 1001)),
  $randomBoolean: () => String(Math.random() < 0.5),
};

/** Fills variables in. A name that nothing has stays as it is, braces and all. */
export function fill(text: string, lookup: (name: string) => string | undefined): string {
  for (let round = 0; round < ROUNDS && text.includes("{{"); round += 1) {
    const next = text.replace(/\{\{([^{}]*)\}\}/g, (whole, inner: string) => {
      const name = inner.trim();
      return lookup(name) ?? (Object.hasOwn(DYNAMIC, name) ? DYNAMIC[name]?.() : undefined) ?? whole;
    });
    if (next === text) break;
    text = next;
  }
  return text;
}

/** Fills variables into every text of a value: a request, say. */
export function fillAll<T>(value: T, lookup: (name: string) => string | undefined): T {
  if (typeof value === "string") return fill(value, lookup) as T;
  if (Array.isArray(value)) return value.map((one) => fillAll(one, lookup)) as T;
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, one]) => [key, fillAll(one, lookup)])) as T;
}

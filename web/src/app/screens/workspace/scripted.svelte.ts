// What scripts of sends have set: it holds for the next sends from this page, and goes with the page.

import { SvelteMap } from "svelte/reactivity";
import type { Entries } from "../../../client/runner";
import type { Live } from "../../live.svelte";
import { text } from "./model/postman";

/** By name; undefined: the variable was taken away. */
export type Values = ReadonlyMap<string, string | undefined>;
/** By what the variables are of. */
export interface Layers<T> {
  globals: T;
  collection: T;
  environment: T;
}

const NOTHING: Values = new Map();

export class Scripted {
  readonly #values = new SvelteMap<string, Values>();

  /** For sends with an environment (or the empty text) of what is in a collection. */
  of(environment: string, collection: string): Layers<Values> {
    const at = (owner: string) => this.#values.get(owner) ?? NOTHING;
    return { globals: at("globals"), collection: at(`collection ${collection}`), environment: at(`environment ${environment}`) };
  }

  /** What a send has made of the variables that there are without scripts. */
  keep(environment: string, collection: string, before: Layers<Entries>, after: Layers<Entries>): void {
    this.#values.set("globals", difference(before.globals, after.globals));
    this.#values.set(`collection ${collection}`, difference(before.collection, after.collection));
    this.#values.set(`environment ${environment}`, difference(before.environment, after.environment));
  }
}

function difference(before: Entries, after: Entries): Values {
  const [was, is] = [before, after].map((entries) => new Map(entries.map(([name, value]) => [name, text(value)])));
  const names = new Set([...(was?.keys() ?? []), ...(is?.keys() ?? [])]);
  return new Map([...names].filter((name) => was?.get(name) !== is?.get(name)).map((name) => [name, is?.get(name)]));
}

const known = new WeakMap<Live, Scripted>();

/** One for a workspace in this page. */
export function scriptedIn(live: Live): Scripted {
  let scripted = known.get(live);
  if (!scripted) known.set(live, (scripted = new Scripted()));
  return scripted;
}

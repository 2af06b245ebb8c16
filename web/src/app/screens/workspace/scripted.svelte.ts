// What scripts of sends have set: it holds for the next sends from this page until the variable is changed by hand, and
// goes with the page.

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

/** What a script made of a variable, and what that was without scripts: once it is something else, that holds. */
interface Setting {
  was: string | undefined;
  value: string | undefined;
}

export class Scripted {
  readonly #settings = new SvelteMap<string, ReadonlyMap<string, Setting>>();

  /** For sends with an environment (or the empty text) of what is in a collection; `known`: the variables without scripts. */
  of(environment: string, collection: string, known: Layers<Entries>): Layers<Values> {
    return layersOf(environment, collection, (owner, layer) => {
      const now = textsOf(known[layer]);
      const holding = [...(this.#settings.get(owner) ?? [])].filter(([name, { was }]) => was === now.get(name));
      return new Map(holding.map(([name, { value }]) => [name, value]));
    });
  }

  /** What a send has made of the variables as it began with them; what others set meanwhile stays. */
  keep(environment: string, collection: string, known: Layers<Entries>, set: Layers<Values>, after: Layers<Entries>): void {
    layersOf(environment, collection, (owner, layer) => {
      const [before, now] = [textsOf(known[layer]), textsOf(after[layer])];
      const settings = new Map(this.#settings.get(owner));
      for (const name of new Set([...before.keys(), ...set[layer].keys(), ...now.keys()])) {
        const [was, value] = [before.get(name), now.get(name)];
        if (value === (set[layer].has(name) ? set[layer].get(name) : was)) continue;
        if (value === was) settings.delete(name);
        else settings.set(name, { was, value });
      }
      this.#settings.set(owner, settings);
    });
  }
}

function layersOf<T>(environment: string, collection: string, of: (owner: string, layer: keyof Layers<T>) => T): Layers<T> {
  return {
    globals: of("globals", "globals"),
    collection: of(`collection ${collection}`, "collection"),
    environment: of(`environment ${environment}`, "environment"),
  };
}

function textsOf(entries: Entries): Map<string, string> {
  return new Map(entries.map(([name, value]) => [name, text(value)]));
}

const known = new WeakMap<Live, Scripted>();

/** One for a workspace in this page. */
export function scriptedIn(live: Live): Scripted {
  let scripted = known.get(live);
  if (!scripted) known.set(live, (scripted = new Scripted()));
  return scripted;
}

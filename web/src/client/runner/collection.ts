// A Postman collection, v2.1, as the steps of a run: its requests, depth first, each with the scripts around it.

import { type Entries, entriesOf, type PostmanVariable } from "./scopes";
import { type PostmanRequest, RunError } from "./types";

/** A collection as its file says. */
export interface Collection {
  info?: { name?: string };
  item?: Item[];
  event?: ScriptEvent[];
  variable?: PostmanVariable[];
}

/** A folder, when it has `item`, else a request. */
export interface Item {
  id?: string;
  _postman_id?: string;
  name?: string;
  item?: Item[];
  request?: PostmanRequest | string;
  event?: ScriptEvent[];
}

/** A script that goes with an item. */
export interface ScriptEvent {
  listen?: string;
  disabled?: boolean;
  script?: { exec?: string | string[] } | string;
}

/** When a script runs. */
export type When = "prerequest" | "test";

/** A script, and who has it: `collection “Users”`. */
export interface Script {
  of: string;
  text: string;
}

/** A request of a run. */
export interface Step {
  /** Its id, or where it stands (`0/2`) when the file has none. */
  item: string;
  name: string;
  /** The names of its folders, from the outside in. */
  folders: string[];
  request: PostmanRequest;
  /** From the outside in. */
  scripts: Record<When, Script[]>;
}

/** What a run of a collection goes through. */
export interface Plan {
  name: string;
  steps: Step[];
  variables: Entries;
}

/** Deeper than folders are anywhere; a file that goes on is broken. */
const DEEPEST = 100;

/**
 * The steps of a collection. With `only`, those requests, and all within those folders.
 *
 * Throws a `RunError` that names what is no collection, no request, or in `only` and not in the collection.
 */
export function plan(collection: Collection, only?: readonly string[]): Plan {
  if (typeof collection !== "object" || collection === null || !Array.isArray(collection.item)) {
    throw new RunError("This is no Postman collection: it has no list named item.");
  }
  const name = collection.info?.name ?? "";
  const wanted = only && new Set(only);
  const met = new Set<string>();
  const steps: Step[] = [];
  const walk = (items: Item[], at: string, folders: string[], around: Record<When, Script[]>, within: boolean) => {
    if (folders.length > DEEPEST) throw new RunError(`The folders at ${at} are more than ${DEEPEST} deep.`);
    for (const [index, item] of items.entries()) {
      const place = at ? `${at}/${index}` : String(index);
      if (typeof item !== "object" || item === null) throw new RunError(`The item at ${place} is no object.`);
      const id = item.id ?? item._postman_id ?? place;
      const label = item.name ?? "";
      const chosen = within || wanted?.has(id) === true;
      met.add(id);
      if (Array.isArray(item.item)) {
        walk(item.item, place, [...folders, label], scriptsOf(`folder “${label}”`, item, around), chosen);
      } else if (chosen) {
        const request = typeof item.request === "string" ? { method: "GET", url: item.request } : item.request;
        if (!request) throw new RunError(`The item “${label}” at ${place} has neither items nor a request.`);
        steps.push({ item: id, name: label, folders, request, scripts: scriptsOf(`request “${label}”`, item, around) });
      }
    }
  };
  walk(collection.item, "", [], scriptsOf(`collection “${name}”`, collection, { prerequest: [], test: [] }), !wanted);
  const missing = only?.find((id) => !met.has(id));
  if (missing !== undefined) throw new RunError(`The collection has no item ${missing}.`);
  return { name, steps, variables: entriesOf(collection.variable) };
}

function scriptsOf(
  of: string,
  owner: { event?: ScriptEvent[] },
  around: Record<When, Script[]>,
): Record<When, Script[]> {
  const own = (when: When): Script[] => {
    const events = Array.isArray(owner.event) ? owner.event : [];
    const texts = events.filter((event) => event.listen === when && !event.disabled).map(textOf);
    return texts.filter((text) => text.trim() !== "").map((text) => ({ of, text }));
  };
  return { prerequest: [...around.prerequest, ...own("prerequest")], test: [...around.test, ...own("test")] };
}

function textOf({ script }: ScriptEvent): string {
  const exec = typeof script === "string" ? script : script?.exec;
  return Array.isArray(exec) ? exec.join("\n") : (exec ?? "");
}

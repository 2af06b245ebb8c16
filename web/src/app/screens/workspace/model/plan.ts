// A part of the tree as the runner takes it: a Postman collection with the ids of the items, what stands around it, and
// how its requests are sent.

import type { Api, Entry, Json } from "../../../../client";
import type { Collection, Entries, Item, OutgoingRequest, Send, SentResponse, Variables } from "../../../../client/runner";
import type { Live } from "../../../live.svelte";
import { patiently } from "../../../patience";
import { pathTo } from "../tree/rows";
import { isObject, isSecret, pairsOf, text } from "./postman";
import type { Scope } from "./variables";
import type { Sent } from "./sent";

/**
 * Some requests of one collection in an order of their own, each in its folders, so that what these do holds for it.
 * `contents`: those of some items that are others for this once.
 */
export async function collectionOf(live: Live, ids: readonly string[], contents?: ReadonlyMap<string, Json | undefined>): Promise<Collection> {
  const contentOf = async ({ id }: Entry) => contents?.get(id) ?? (await live.item(id)).content;
  const wrap = async ([entry, ...inner]: readonly Entry[]): Promise<Item[]> => {
    if (!entry) return [];
    const content = await contentOf(entry);
    const made = { ...content, id: entry.id, name: entry.name };
    return [entry.kind === "request" ? made : { ...made, item: await wrap(inner) }];
  };
  const paths = ids.map((id) => pathTo(live.items, id));
  const root = paths[0]?.[0];
  if (!root || paths.some((path) => path[0]?.id !== root.id)) throw new Error("A request is no longer there.");
  const item: Item[] = [];
  for (const path of paths) item.push(...(await wrap(path.slice(1))));
  const content = await contentOf(root);
  return { ...content, variable: variablesIn(content), info: { name: root.name }, item } as Collection;
}

/** A collection's variables for scripts: what was withheld of them stays unknown, and the server has it. */
function variablesIn(collection: Json | undefined): Json[] {
  const list = collection?.["variable"];
  return Array.isArray(list) ? list.filter(isObject).filter((one) => !(isSecret(one) && text(one["value"]) === "")) : [];
}

/** The same as names and values. */
export function ofCollection(collection: Json | undefined): Entries {
  const on = pairsOf(variablesIn(collection)).filter((one) => !one.disabled && one["enabled"] !== false);
  return on.map(({ key, value }) => [key, value]);
}

/** Whether any script stands in it. */
export function hasScripts(node: { event?: unknown; item?: unknown }): boolean {
  const own = Array.isArray(node.event) && node.event.length > 0;
  return own || (Array.isArray(node.item) && node.item.some((one: unknown) => isObject(one) && hasScripts(one)));
}

/** Variables for scripts. What is secret and not there stays unknown: it would be empty otherwise. */
function entriesOf(scope: Scope): Entries {
  return [...scope].filter(([, { secret, value }]) => !(secret && value === "")).map(([name, { value }]) => [name, value]);
}

/** Those of a scope that scripts know as the environment's. */
export function environmentOf(scope: Scope): Entries {
  return entriesOf(new Map([...scope].filter(([, { source }]) => source === "environment" || source === "private")));
}

function textsOf(entries: Entries): Variables {
  return new Map(entries.map(([name, value]) => [name, String(value)]));
}

/** What has to go along where so much is known; null: that has no value. */
function between(known: Variables, variables: Variables): Record<string, string | null> {
  const gone = [...known.keys()].filter((name) => !variables.has(name)).map((name) => [name, null] as const);
  return Object.fromEntries([...[...variables].filter(([name, value]) => known.get(name) !== value), ...gone]);
}

export function overridesOf(known: Scope, scope: Scope): Record<string, string | null> {
  return between(textsOf(entriesOf(known)), textsOf(entriesOf(scope)));
}

interface Sending {
  api: Api;
  workspace: string;
  environment: string | null;
  /** What the server knows by itself: what scripts have made of it goes along. */
  known: Scope;
  files?: (() => Promise<Record<string, unknown>>) | undefined;
  /** Another request than the item's, though no script has changed it. */
  draft?: string | undefined;
  onsent?: (sent: Sent) => void;
}

/** What a run sends by. */
export function sender({ api, workspace, environment, known, files, draft, onsent }: Sending): Send {
  const [all, alone] = [textsOf(entriesOf(known)), textsOf(environmentOf(known))];
  return async (outgoing: OutgoingRequest, variables: Variables, signal: AbortSignal): Promise<SentResponse> => {
    const { item, request, changed } = outgoing;
    // A request of a script's own is in no collection.
    const overrides = between(item === null ? alone : all, variables);
    const body = {
      ...(environment && { environment }),
      overrides,
      ...((item === null || changed || item === draft) && { request }),
      ...(item === draft && files && { files: await files() }),
    };
    const path = item === null ? `/v1/workspaces/${workspace}/send` : `/v1/workspaces/${workspace}/items/${item}/send`;
    // A person may send so many requests in a while; what is too many is not sent, and can be asked again.
    const sent = await patiently(() => api.post<Sent>(path as `/${string}`, body, { signal }), ({ code }) => code === "too_many", signal);
    if (item !== null) onsent?.(sent);
    if (!sent.response) throw new Error(sent.error ? `${sent.error.title} (${sent.error.code})` : "nothing came back");
    return sent.response;
  };
}

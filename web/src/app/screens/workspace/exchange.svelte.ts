// A send of one item, as far as it has come: under way, answered, refused, tested.

import type { Api, Json } from "../../../client";
import type { Assertion, Collection, ConsoleLine, Entries } from "../../../client/runner";
import { type Fault, faultOf } from "../../fault";
import type { Live } from "../../live.svelte";
import { collectionOf, environmentOf, hasScripts, overridesOf, sender } from "./model/plan";
import { requestOf } from "./model/postman";
import type { Sent } from "./model/sent";
import type { Scope } from "./model/variables";
import type { Layers, Values } from "./scripted.svelte";

export interface Order {
  api: Api;
  live: Live;
  item: string;
  /** The item and what it is in, with the reader's changes; of the item alone: `content`. */
  contents: ReadonlyMap<string, Json | undefined>;
  content: Json;
  /** Its request is not what the item says. */
  changed: boolean;
  environment: string | null;
  /** The variables that hold, and what the server knows of them by itself. */
  scope: Scope;
  known: Scope;
  /** What earlier scripts have set, and who keeps what these do. */
  set: Layers<Values>;
  keep: (left: Layers<Entries>) => void;
  files: ReadonlyMap<string, File>;
}

export interface Tested {
  assertions: Assertion[];
  console: ConsoleLine[];
  error?: string | undefined;
}

export class Exchange {
  sending = $state(false);
  sent = $state.raw<Sent>();
  refusal = $state.raw<Fault>();
  tested = $state.raw<Tested>();
  #abort: AbortController | undefined;

  cancel(): void {
    this.#abort?.abort();
  }

  async send(order: Order): Promise<void> {
    await this.#attempt(async (signal) => {
      const collection = await collectionOf(order.live, [order.item], order.contents);
      if (hasScripts(collection)) await this.#run(order, collection, signal);
      else this.sent = await this.#plain(order, signal);
    });
  }

  /** An entry of the history once more, as it was. */
  async again(api: Api, workspace: string, entry: string): Promise<void> {
    await this.#attempt(async (signal) => {
      this.sent = await api.post<Sent>(`/v1/workspaces/${workspace}/history/${entry}/send`, {}, { signal });
    });
  }

  async #attempt(what: (signal: AbortSignal) => Promise<void>): Promise<void> {
    if (this.sending) return;
    const abort = new AbortController();
    this.#abort = abort;
    this.sending = true;
    this.refusal = this.tested = undefined;
    try {
      await what(abort.signal);
    } catch (error) {
      this.sent = undefined;
      this.refusal = abort.signal.aborted ? { code: "canceled", title: "Canceled. Your history says so too." } : faultOf(error);
    } finally {
      this.sending = false;
    }
  }

  async #plain({ api, live, item, content, changed, environment, scope, known, files }: Order, signal: AbortSignal): Promise<Sent> {
    const body = {
      ...(environment && { environment }),
      overrides: overridesOf(known, scope),
      ...(changed && { request: requestOf(content) }),
      ...(files.size > 0 && { files: await encoded(files) }),
    };
    return api.post<Sent>(`/v1/workspaces/${live.id}/items/${item}/send`, body, { signal });
  }

  /** With the scripts before and after it, in the sandbox. */
  async #run(order: Order, collection: Collection, signal: AbortSignal): Promise<void> {
    const runner = await import("../../../client/runner");
    const sandbox = runner.openSandbox({ src: "/sandbox.html" });
    let refused: unknown;
    let sent: Sent | undefined;
    const send = sender({
      api: order.api,
      workspace: order.live.id,
      environment: order.environment,
      known: order.known,
      draft: order.changed || order.files.size > 0 ? order.item : undefined,
      files: order.files.size > 0 ? () => encoded(order.files) : undefined,
      onsent: (answer) => (sent = answer),
    });
    try {
      const events = runner.run({
        collection: { ...collection, variable: withValues(collection.variable, order.set.collection) },
        only: [order.item],
        sandbox,
        send: (outgoing, variables, ended) =>
          send(outgoing, variables, ended).catch((error: unknown) => {
            if (outgoing.item !== null) refused = error;
            throw error;
          }),
        environment: environmentOf(order.scope),
        globals: [...order.set.globals],
        signal,
      });
      for await (const event of events) {
        if (event.type === "end") order.keep(event);
        if (event.type !== "result") continue;
        const { assertions, console, error } = event.result;
        this.tested = { assertions, console, error };
      }
    } finally {
      sandbox.close();
    }
    signal.throwIfAborted();
    this.sent = sent;
    if (!sent && refused !== undefined) throw refused;
    // A script that went wrong before anything was sent has said so in `tested`.
  }
}

/** A collection's variables with those that scripts have set, and without those that they took away. */
function withValues(variables: Collection["variable"], set: Values): NonNullable<Collection["variable"]> {
  const rest = (variables ?? []).filter(({ key }) => key === undefined || !set.has(key));
  return [...rest, ...[...set].filter(([, value]) => value !== undefined).map(([key, value]) => ({ key, value }))];
}

async function encoded(files: ReadonlyMap<string, File>): Promise<Record<string, unknown>> {
  const all = [...files].map(async ([name, file]) => {
    const url = await new Promise<string>((resolve, reject) => {
      const reader = new FileReader();
      reader.onload = () => resolve(String(reader.result));
      reader.onerror = () => reject(new Error(`The file ${file.name} can't be read.`));
      reader.readAsDataURL(file);
    });
    return [name, { file_name: file.name, content_type: file.type, base64: url.slice(url.indexOf(",") + 1) }] as const;
  });
  return Object.fromEntries(await Promise.all(all));
}

const exchanges = new WeakMap<Live, Map<string, Exchange>>();

/** One for an item in this page: what was answered is there again after a look at another screen. */
export function exchangeIn(live: Live, item: string): Exchange {
  let known = exchanges.get(live);
  if (!known) exchanges.set(live, (known = new Map()));
  let exchange = known.get(item);
  if (!exchange) known.set(item, (exchange = new Exchange()));
  return exchange;
}

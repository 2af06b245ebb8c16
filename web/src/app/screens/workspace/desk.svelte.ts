// What a reader has at hand in a workspace: the environment it sends with, its drafts, its answers.

import { SvelteMap } from "svelte/reactivity";
import type { Api, Item } from "../../../client";
import type { Entries } from "../../../client/runner";
import type { Live } from "../../live.svelte";
import { type Drafts, draftsIn } from "./drafts.svelte";
import { type Exchange, exchangeIn } from "./exchange.svelte";
import { equal } from "./model/draft";
import { environmentOf, ofCollection } from "./model/plan";
import { type Auth, authJson, authOf, requestOf } from "./model/postman";
import { type Scope, scopeOf, type Sources } from "./model/variables";
import { Recently } from "./recent.svelte";
import { type Layers, type Scripted, scriptedIn } from "./scripted.svelte";
import { pathTo } from "./tree/rows";

/** Reads an item's content: as it is saved, or with what the reader has changed. */
type Read = (id: string) => Item["content"] | undefined;

export class Desk {
  readonly live: Live;
  readonly api: Api;
  readonly drafts: Drafts;
  readonly recent: Recently;
  /** Files for bodies, by item and `src`: they stay in this page. */
  readonly files = new SvelteMap<string, ReadonlyMap<string, File>>();
  #environment = $state("");
  #own = $state.raw<{ environment: string; values: Record<string, string> }>();
  /** Grows when a content was read: until then there was nothing to see of it. */
  #read = $state(0);
  /** What was read last: the library may forget it over an outage, and it is shown until it is read again. */
  readonly #last = new Map<string, Item["content"]>();
  readonly #scripted: Scripted;

  constructor(live: Live, api: Api) {
    this.live = live;
    this.api = api;
    this.drafts = draftsIn(live);
    this.recent = new Recently(live);
    this.#scripted = scriptedIn(live);
    this.#environment = localStorage.getItem(this.#key) ?? "";
  }

  /** The id of the chosen environment; empty: none, or it is gone. */
  get environment(): string {
    return this.live.environments.has(this.#environment) ? this.#environment : "";
  }
  set environment(id: string) {
    this.#environment = id;
    localStorage.setItem(this.#key, id);
  }

  /** What is saved, if it was read. */
  savedOf(id: string): Item["content"] | undefined {
    void this.#read;
    const content = this.live.peek(id)?.content ?? (this.live.items.has(id) ? this.#last.get(id) : undefined);
    if (content) this.#last.set(id, content);
    else this.#last.delete(id);
    return content;
  }

  /** Reads the reader's private values of the chosen environment. */
  async readOwn(): Promise<void> {
    const environment = this.environment;
    if (!environment) return;
    const path = { workspace: this.live.id, environment };
    const { values } = await this.api.get("/v1/workspaces/{workspace}/environments/{environment}/values", { path });
    this.#own = { environment, values };
  }

  /** The variables that hold for an item. Its collection is read first, by whoever shows it. */
  scopeOf(id: string): Scope {
    const sources = this.#sources(id);
    return scopeOf({ ...sources, scripted: this.#scripted.of(this.environment, this.#rootOf(id), unscripted(sources)) });
  }

  /** The same as the server knows them: without what the reader has changed or scripts have set. */
  knownOf(id: string): Scope {
    return scopeOf(this.#sources(id, (one) => this.savedOf(one)));
  }

  #sources(id: string, read: Read = (one) => this.contentOf(one)): Sources {
    const collection = read(this.#rootOf(id));
    const environment = this.live.environments.get(this.environment)?.content;
    const own = this.#own?.environment === this.environment ? this.#own.values : undefined;
    return { collection, environment, own };
  }

  /** The collection that an item is in. */
  #rootOf(id: string): string {
    return pathTo(this.live.items, id)[0]?.id ?? id;
  }

  /** It was read, and is kept true since. */
  isKnown(id: string): boolean {
    void this.#read;
    return this.live.peek(id) !== undefined;
  }

  contentOf(id: string): Item["content"] | undefined {
    const saved = this.savedOf(id);
    return saved && this.drafts.contentOf(id, saved);
  }

  /** What authorization an item takes over, and from what. */
  inheritedAuth(id: string, read: Read = (one) => this.contentOf(one)): { auth: Auth; from: string } | undefined {
    for (const above of pathTo(this.live.items, id).slice(0, -1).reverse()) {
      const content = read(above.id);
      const auth = content && authOf(above.kind === "request" ? requestOf(content) : content);
      if (auth) return { auth, from: above.name };
    }
    return undefined;
  }

  /** The item with all that is around it, read. */
  async load(id: string): Promise<Item> {
    const above = pathTo(this.live.items, id).slice(0, -1);
    const read = async (id: string) => {
      const item = await this.live.item(id);
      // At once: what is typed from now on goes upon what was kept.
      this.drafts.restore(id, item.content);
      this.#read += 1;
      return item;
    };
    const [item] = await Promise.all([read(id), ...above.map((one) => read(one.id))]);
    return item;
  }

  exchange(id: string): Exchange {
    return exchangeIn(this.live, id);
  }

  keepFile(id: string, file: File): string {
    this.files.set(id, new Map([...(this.files.get(id) ?? []), [file.name, file]]));
    return file.name;
  }

  send(id: string): Promise<void> | undefined {
    const own = this.contentOf(id);
    if (!own) return undefined;
    const content = this.#withAuth(id, own);
    const around = pathTo(this.live.items, id).map((one) => [one.id, this.contentOf(one.id)] as const);
    const [environment, root, sources] = [this.environment, this.#rootOf(id), this.#sources(id)];
    const before = unscripted(sources);
    const set = this.#scripted.of(environment, root, before);
    return this.exchange(id).send({
      api: this.api,
      live: this.live,
      item: id,
      contents: new Map([...around, [id, content]]),
      content,
      changed: content !== own || this.drafts.isDirty(id),
      environment: environment || null,
      scope: scopeOf({ ...sources, scripted: set }),
      known: this.knownOf(id),
      set,
      keep: (left) => this.#scripted.keep(environment, root, before, set, left),
      files: this.files.get(id) ?? new Map(),
    });
  }

  /** A request with the authorization that it takes over, where the reader has changed that: the server has the saved one. */
  #withAuth(id: string, content: Item["content"]): Item["content"] {
    const request = requestOf(content);
    const mine = this.inheritedAuth(id)?.auth;
    if (authOf(request) || equal(mine, this.inheritedAuth(id, (one) => this.savedOf(one))?.auth)) return content;
    return { ...content, request: { ...request, auth: authJson(mine ?? { type: "noauth", fields: {} }) } };
  }

  get #key(): string {
    return `loggia.environment.${this.live.id}`;
  }
}

/** The variables by what they are of, as they are without scripts. */
function unscripted(sources: Sources): Layers<Entries> {
  return { globals: [], collection: ofCollection(sources.collection), environment: environmentOf(scopeOf(sources)) };
}

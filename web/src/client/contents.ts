// Contents of items: read once over HTTP, then kept true by events.

import { mergePatch } from "./merge";
import type { EventMessage, Item, Json, Person } from "./types";

/** What was read of an item. Name and method are those of the same moment: the tree may be behind it, or before it. */
export interface Content {
  name: string;
  method?: string;
  content: Json;
  updated_at: string;
  updated_by: Person | null;
  /** The shared position of the change that made it. */
  position: number;
}

export interface ContentsHost {
  fetch(id: string): Promise<Item>;
  /** The position of the item's last change that is known here; undefined: it is not in the tree. */
  position(id: string): number | undefined;
  epoch(): string;
  sleep(ms: number): Promise<void>;
}

/** Answers that are older than what is known here already (another node's, say), before one is taken as it is. */
const MOST_READS = 8;

export class Contents {
  readonly #host: ContentsHost;
  readonly #known = new Map<string, Content>();
  readonly #reading = new Map<string, { promise: Promise<Content>; missed: EventMessage[] }>();

  constructor(host: ContentsHost) {
    this.#host = host;
  }

  get(id: string): Content | undefined {
    return this.#known.get(id);
  }

  /** Those that were read and are kept. */
  ids(): Iterable<string> {
    return this.#known.keys();
  }

  async read(id: string): Promise<Content> {
    const known = this.#known.get(id);
    if (known) return known;
    const running = this.#reading.get(id);
    if (running) return running.promise;
    const missed: EventMessage[] = [];
    const promise = this.#read(id, missed).finally(() => this.#reading.delete(id));
    this.#reading.set(id, { promise, missed });
    return promise;
  }

  /** An item that was made here: its content need not be read. */
  set(id: string, content: Content): void {
    this.#known.set(id, content);
  }

  forget(id: string): void {
    this.#known.delete(id);
  }

  /** After another snapshot: what it says to be as it was stays. */
  keep(isSame: (id: string, position: number) => boolean): void {
    for (const [id, { position }] of this.#known) if (!isSame(id, position)) this.#known.delete(id);
  }

  apply(event: EventMessage): void {
    const { change } = event;
    if (change.kind !== "item_updated" && change.kind !== "item_moved") return;
    this.#reading.get(change.id)?.missed.push(event);
    const known = this.#known.get(change.id);
    if (!known) return;
    const made = after(known, event);
    if (made) this.#known.set(change.id, made);
    else this.#known.delete(change.id);
  }

  async #read(id: string, missed: EventMessage[]): Promise<Content> {
    for (let reads = 1; ; reads += 1) {
      missed.length = 0;
      const epoch = this.#host.epoch();
      const item = await this.#host.fetch(id);
      let content: Content | undefined = pick(item);
      for (const event of missed) content = content && after(content, event);
      const position = this.#host.position(id);
      const isCurrent = position !== undefined && content && content.position >= position;
      if (content && isCurrent && epoch === this.#host.epoch()) {
        this.#known.set(id, content);
        return content;
      }
      // Gone meanwhile, or not yet heard of; or nothing newer is to be had.
      if (position === undefined || reads === MOST_READS) return content ?? pick(item);
      await this.#host.sleep(50 * reads);
    }
  }
}

function pick({ name, method, content, updated_at, updated_by, position }: Item): Content {
  return { name, ...(method !== undefined && { method }), content, updated_at, updated_by: updated_by ?? null, position };
}

/** The content after an event that may be in it already; undefined: it has to be read. */
function after(known: Content, { change, position, at, by }: EventMessage): Content | undefined {
  if (change.kind === "item_moved") {
    // A move has no position of its own in an item, but a time.
    return sortable(at) < sortable(known.updated_at) ? known : { ...known, updated_at: at, updated_by: by };
  }
  if (change.kind !== "item_updated" || position <= known.position) return known;
  if (!change.patch) return undefined;
  const content = change.patch.content ? mergePatch(known.content, change.patch.content) : known.content;
  const name = change.patch.name ?? known.name;
  const method = known.method !== undefined && change.method ? { method: change.method } : {};
  return { ...known, name, ...method, content, updated_at: at, updated_by: by, position };
}

/** A time in UTC, as text that sorts: two changes can be microseconds apart, and a Date has milliseconds. */
function sortable(time: string): string {
  const [seconds = "", fraction = ""] = time.replace("Z", "").split(".");
  return seconds + fraction.padEnd(9, "0");
}

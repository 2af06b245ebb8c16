// A workspace of the client library as state of Svelte: what is read in an effect or a template is read again when it
// has changed.

import { createSubscriber } from "svelte/reactivity";
import {
  type Api,
  type Change,
  type Connection,
  type Entry,
  type Environment,
  type Here,
  type Item,
  type Mode,
  type Notice,
  type Person,
  type Role,
  type Side,
  type Status,
  Workspace,
} from "../client";
import { Beat } from "./beat";

/** Everybody who is here once, with where they look: of several sessions, the one that is at it. */
export interface Present {
  person: Person;
  status: Status;
  viewing: string | null;
  /** It is you, in another window perhaps. */
  you: boolean;
}

/** Who of them changes what they look at, right now. */
export function typingAmong(people: readonly Present[]): Person | undefined {
  return people.find(({ status }) => status === "typing")?.person;
}

/** Who is at it counts more than who isn't. */
const LIVELY: Record<Status, number> = { idle: 0, active: 1, typing: 2 };
/** Without another change for so long, somebody types no more. */
const PAUSE = 5000;

export class Live {
  readonly workspace: Workspace;
  /** Why it will never be there: removed, deleted, signed out. */
  failure = $state.raw<unknown>();
  /** The item the reader looks at: a screen that shows one says so here, and null when it goes. Others see it. */
  viewing = $state<string | null>(null);
  #typing = $state<string>();
  #pause: ReturnType<typeof setTimeout> | undefined;
  #ready = $state(false);
  readonly #state: () => void;
  readonly #tree: () => void;
  readonly #environments: () => void;
  readonly #presence: () => void;
  readonly #connection: () => void;
  readonly #pending: () => void;
  readonly #people: readonly Present[] = $derived(this.#gather());

  constructor(api: Api, id: string) {
    this.workspace = Workspace.open(api, id);
    const upon = (...types: Notice["type"][]) =>
      createSubscriber((update) => this.workspace.subscribe((notice) => types.includes(notice.type) && update()));
    // What one does oneself is seen at once, also by the code that does it.
    const isOwn = (notice: Notice) => notice.type !== "presence" && (!("by" in notice) || (!!notice.by && notice.by.id === this.workspace.you.id));
    const eachFrame = (concerns: (notice: Notice) => boolean) =>
      createSubscriber((update) => {
        const beat = new Beat(update);
        const stop = this.workspace.subscribe((notice) => concerns(notice) && (isOwn(notice) ? beat.now() : beat.soon()));
        return () => {
          stop();
          beat.stop();
        };
      });
    // Each by itself: an effect that asks the server something runs when that may have another answer, not with every edit.
    this.#state = eachFrame(({ type }) => type === "workspace");
    this.#tree = eachFrame((notice) => notice.type === "changed" && notice.items?.size !== 0);
    this.#environments = eachFrame((notice) => notice.type === "changed" && notice.environments?.size !== 0);
    this.#presence = eachFrame(({ type }) => type === "presence" || type === "workspace");
    this.#connection = upon("connection");
    this.#pending = upon("pending");
    this.workspace.ready.then(
      () => (this.#ready = true),
      (error: unknown) => (this.failure = error),
    );
  }

  get id(): string {
    return this.workspace.id;
  }
  /** There is something to show. Before that, only `connection` and `failure` may be read. */
  get ready(): boolean {
    return this.#ready;
  }
  get name(): string {
    this.#state();
    return this.workspace.name;
  }
  /** Markdown. */
  get description(): string {
    this.#state();
    return this.workspace.description;
  }
  get mode(): Mode {
    this.#state();
    return this.workspace.mode;
  }
  get you(): Person {
    this.#state();
    return this.workspace.you;
  }
  get viewer(): Side {
    this.#state();
    return this.workspace.viewer;
  }
  get role(): Role {
    this.#state();
    return this.workspace.role;
  }
  get lead(): boolean {
    this.#state();
    return this.workspace.lead;
  }
  get isTeam(): boolean {
    return this.viewer === "team";
  }
  get canEdit(): boolean {
    return this.role !== "viewer";
  }
  get isAdmin(): boolean {
    return this.role === "admin";
  }
  get items(): ReadonlyMap<string, Entry> {
    this.#tree();
    return this.workspace.items;
  }
  /** All of it: to subscribe costs more than to look, and who looks at many items subscribes once. */
  get tree(): Pick<Workspace, "items" | "children"> {
    this.#tree();
    return this.workspace;
  }
  /** In order. The same array until one of these children changes. */
  children(parent: string | null): readonly Entry[] {
    this.#tree();
    return this.workspace.children(parent);
  }
  get environments(): ReadonlyMap<string, Environment> {
    this.#environments();
    return this.workspace.environments;
  }
  /** An item with its content; read it again by an effect that has read `items`, or by `peek`. */
  item(id: string): Promise<Item> {
    return this.workspace.item(id);
  }
  /** An item's content if it was read before; kept true. */
  peek(id: string): Item | undefined {
    this.#tree();
    return this.workspace.peek(id);
  }
  /** All of it or nothing; seen at once, and undone when it is refused (rejects with a Problem). */
  edit(changes: Change[]): Promise<{ position: number }> {
    return this.workspace.edit(changes);
  }
  /** Edits that the server has not confirmed. */
  get pending(): number {
    this.#pending();
    return this.workspace.pending;
  }
  get connection(): Connection {
    this.#connection();
    return this.workspace.connection;
  }
  get presence(): ReadonlyMap<string, Here> {
    this.#presence();
    return this.workspace.presence;
  }
  get session(): string | undefined {
    this.#presence();
    return this.workspace.session;
  }
  /** Everybody here, once each: you first, then by name. */
  get people(): readonly Present[] {
    return this.#people;
  }
  /** The others who look at an item now. */
  lookingAt(item: string): readonly Present[] {
    return this.people.filter(({ viewing, you }) => viewing === item && !you);
  }
  /** The reader changes what it looks at. The others are told when that begins, and when it pauses. */
  get typing(): boolean {
    return this.#typing !== undefined && this.#typing === this.viewing;
  }
  /** The reader has changed something of an item. */
  typed(item: string): void {
    this.#typing = item;
    clearTimeout(this.#pause);
    this.#pause = setTimeout(() => (this.#typing = undefined), PAUSE);
  }
  /** Is told of what happens, until the function that it answers is called. */
  on(listener: (notice: Notice) => void): () => void {
    return this.workspace.subscribe(listener);
  }

  close(): void {
    this.workspace.close();
  }

  #gather(): Present[] {
    const own = this.ready ? this.you.id : undefined;
    const found = new Map<string, Present>();
    for (const { person, status, viewing, session } of this.presence.values()) {
      const you = person.id === own;
      const before = found.get(person.id);
      // Of your own sessions, this one says where you are.
      const better = !before || (you ? session === this.session : LIVELY[status] > LIVELY[before.status]);
      // Where this window looks is known here first.
      const at = session === this.session ? this.viewing : viewing;
      if (better) found.set(person.id, { person, status, viewing: at, you });
    }
    return [...found.values()].sort(
      (a, b) => Number(b.you) - Number(a.you) || a.person.name.localeCompare(b.person.name) || (a.person.id < b.person.id ? -1 : 1),
    );
  }
}

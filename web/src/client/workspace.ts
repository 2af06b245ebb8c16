// One workspace, live: what is in it, who is here, and edits that are seen at once.

import type { Api } from "./api";
import { Session, type WorkspaceOptions } from "./session";
import type * as T from "./types";

export class Workspace {
  readonly #session: Session;

  /** Begins at once. */
  static open(api: Api, id: string, options: WorkspaceOptions = {}): Workspace {
    const workspace = new Workspace(new Session(api, id, options));
    workspace.#session.connection.start();
    return workspace;
  }

  private constructor(session: Session) {
    this.#session = session;
  }

  get id(): string {
    return this.#session.id;
  }

  /** There is a state, and the server has said who you are. Rejects with a Problem when it never will. */
  get ready(): Promise<void> {
    return this.#session.ready;
  }

  /** Returns what ends it. */
  subscribe(listener: (what: T.Notice) => void): () => void {
    return this.#session.subscribe(listener);
  }

  get name(): string {
    return this.#session.follower.view.name;
  }

  /** Markdown. */
  get description(): string {
    return this.#session.follower.view.description;
  }

  get mode(): T.Mode {
    // Of the two that say it one may be older, and there is no way back.
    const { mode } = this.#session.follower.replica;
    return mode === "multi_partner" ? mode : (this.#session.seat?.mode ?? mode);
  }

  get epoch(): string {
    return this.#session.follower.replica.epoch;
  }

  /** How far the streams have come; `positions.shared` is the `base` of an edit that is made now. */
  get positions(): Readonly<T.Positions> {
    return this.#session.follower.replica.positions;
  }

  get you(): T.Person {
    return this.#seat.you;
  }

  get viewer(): T.Side {
    return this.#seat.viewer;
  }

  get role(): T.Role {
    return this.#seat.role;
  }

  /** Whether you are a Partner Lead. */
  get lead(): boolean {
    return this.#seat.lead;
  }

  /** The team's members. */
  get team(): readonly T.Person[] {
    return this.#session.follower.replica.team;
  }

  get items(): ReadonlyMap<string, T.Entry> {
    return this.#session.follower.view.tree.entries;
  }

  /** In order. The same array until one of these children changes. */
  children(parent: string | null): readonly T.Entry[] {
    return this.#session.follower.view.tree.children(parent);
  }

  get environments(): ReadonlyMap<string, T.Environment> {
    return this.#session.follower.view.environments;
  }

  /** An item with its content. */
  async item(id: string): Promise<T.Item> {
    const { follower, ready } = this.#session;
    if (!follower.replica.loaded) await ready;
    return follower.item(id);
  }

  /** The same at once, if its content was read before. */
  peek(id: string): T.Item | undefined {
    return this.#session.follower.peek(id);
  }

  /** All of it or nothing; seen here at once, and undone when the server refuses it. */
  edit(changes: T.Change[]): Promise<{ position: number }> {
    return this.#session.edit(changes);
  }

  /** Edits that are not acknowledged. */
  get pending(): number {
    return this.#session.edits.pending;
  }

  get connection(): T.Connection {
    return this.#session.connection.state;
  }

  /** Who is here, by session. Empty while the connection is not live. */
  get presence(): ReadonlyMap<string, T.Here> {
    return this.#session.presence.sessions;
  }

  /** Your own session; undefined before there was one. */
  get session(): string | undefined {
    return this.#session.seat?.session;
  }

  /** Says where you look. Can be called as often as one likes. */
  look(viewing: string | null, status: T.Status): void {
    this.#session.presence.look(viewing, status);
  }

  /** Tries to connect now; when connected, looks whether the connection is alive. */
  retryNow(): void {
    this.#session.connection.retryNow();
  }

  /** Edits without an answer stay in the storage, for the next time. */
  close(): void {
    this.#session.connection.end("closed");
  }

  get #seat(): T.Welcome {
    const { seat } = this.#session;
    if (!seat) throw new Error("The workspace is not ready: wait for `ready`.");
    return seat;
  }
}

// One workspace, live: what is in it, who is here, and edits that are seen at once.

import type { Api } from "./api";
import { type Clock, systemClock } from "./clock";
import { Connection, type SocketMaker } from "./connection";
import { type Edit, Edits, type EditStorage } from "./edits";
import { Follower } from "./follow";
import { newId } from "./id";
import { Presence } from "./presence";
import { Problem } from "./problem";
import { Sender } from "./sender";
import { timed } from "./timed";
import type * as T from "./types";

export interface WorkspaceOptions {
  clock?: Clock;
  /** As Math.random: for when to try again. */
  random?: () => number;
  WebSocket?: SocketMaker;
  /** Where edits without an answer outlive a reload. Default: the page's sessionStorage; null: nowhere. */
  storage?: EditStorage | null;
}

/** For an edit over HTTP, which may be megabytes on a slow line; sent again it is done once all the same. */
const POST_MS = 60_000;

const ENDS: Partial<Record<T.Reason, string>> = {
  signed_out: "You are signed out.",
  gone: "This workspace is not yours to see.",
  deleted: "This workspace was deleted.",
  closed: "The workspace was closed.",
};

export class Workspace {
  readonly id: string;
  /** There is a state, and the server has said who you are. Rejects with a Problem when it never will. */
  readonly ready: Promise<void>;
  readonly #api: Api;
  readonly #edits: Edits;
  readonly #follower: Follower;
  readonly #presence: Presence;
  readonly #connection: Connection;
  readonly #sender: Sender;
  readonly #listeners = new Set<(what: T.Notice) => void>();
  readonly #clock: Clock;
  #seat: T.Welcome | undefined;
  #settleReady!: { resolve(): void; reject(problem: Problem): void };

  static open(api: Api, id: string, options: WorkspaceOptions = {}): Workspace {
    const workspace = new Workspace(api, id, options);
    workspace.#connection.start();
    return workspace;
  }

  private constructor(api: Api, id: string, options: WorkspaceOptions) {
    const { clock = systemClock, random = Math.random, storage = pageStorage() } = options;
    const WebSocket: SocketMaker | undefined = options.WebSocket ?? globalThis.WebSocket;
    if (!WebSocket) throw new TypeError("Workspace.open needs the option WebSocket: this runtime has none of its own.");
    this.id = id;
    this.#api = api;
    this.#clock = clock;
    this.ready = new Promise((resolve, reject) => (this.#settleReady = { resolve, reject }));
    // Who does not wait for it hears of the end by `connection`.
    this.ready.catch(() => {});
    this.#edits = new Edits(id, storage ?? undefined);
    this.#presence = new Presence(clock, (text) => this.#connection.say(text));
    const host = {
      notify: (notice: T.Notice) => this.#notify(notice),
      end: (reason: T.Reason) => this.#connection.end(reason),
      you: () => this.#seat?.you,
      settled: () => this.#sender.flush(),
    };
    this.#follower = new Follower(api, id, this.#edits, host, clock, random);
    this.#sender = new Sender(this.#edits, this.#senderHost(), clock, random);
    this.#connection = new Connection(this.#connectionHost(), WebSocket, clock, random);
  }

  subscribe(listener: (what: T.Notice) => void): () => void {
    // The same function may listen twice.
    const own = (what: T.Notice): void => listener(what);
    this.#listeners.add(own);
    return () => this.#listeners.delete(own);
  }

  get name(): string {
    return this.#follower.view.name;
  }

  /** Markdown. */
  get description(): string {
    return this.#follower.view.description;
  }

  get mode(): T.Mode {
    // Of the two that say it one may be older, and there is no way back.
    const { mode } = this.#follower.replica;
    return mode === "multi_partner" ? mode : (this.#seat?.mode ?? mode);
  }

  get epoch(): string {
    return this.#follower.replica.epoch;
  }

  /** How far the streams have come; `positions.shared` is the `base` of an edit that is made now. */
  get positions(): Readonly<T.Positions> {
    return this.#follower.replica.positions;
  }

  get you(): T.Person {
    return this.#seated.you;
  }

  get viewer(): T.Side {
    return this.#seated.viewer;
  }

  get role(): T.Role {
    return this.#seated.role;
  }

  /** Whether you are a Partner Lead. */
  get lead(): boolean {
    return this.#seated.lead;
  }

  /** The team's members. */
  get team(): readonly T.Person[] {
    return this.#follower.replica.team;
  }

  get items(): ReadonlyMap<string, T.Entry> {
    return this.#follower.view.tree.entries;
  }

  /** In order. The same array until one of these children changes. */
  children(parent: string | null): readonly T.Entry[] {
    return this.#follower.view.tree.children(parent);
  }

  get environments(): ReadonlyMap<string, T.Environment> {
    return this.#follower.view.environments;
  }

  /** An item with its content. */
  async item(id: string): Promise<T.Item> {
    if (!this.#follower.replica.loaded) await this.ready;
    return this.#follower.item(id);
  }

  /** The same at once, if its content was read before. */
  peek(id: string): T.Item | undefined {
    return this.#follower.peek(id);
  }

  /** All of it or nothing; seen here at once, and undone when the server refuses it. */
  edit(changes: T.Change[]): Promise<{ position: number }> {
    const { state, reason = "closed" } = this.#connection.state;
    if (state === "ended") return Promise.reject(endOf(reason));
    // A copy: what the caller does with its objects later is no part of this edit. Fields that are undefined go.
    const copy = JSON.parse(JSON.stringify(changes)) as T.Change[];
    const { promise, resolve, reject } = withResolvers<{ position: number }>();
    // Who does not wait for it hears of a refusal by `rejected`.
    promise.catch(() => {});
    const op = newId(this.#clock.now());
    const edit: Edit = { op, changes: copy, epoch: this.epoch, state: "waiting", seen: 0, settle: { resolve, reject } };
    this.#edits.add(edit);
    this.#follower.relay(copy, this.#seat?.you ?? null, op);
    this.#notify({ type: "pending" });
    this.#sender.flush();
    return promise;
  }

  /** Edits that are not acknowledged. */
  get pending(): number {
    return this.#edits.pending;
  }

  get connection(): T.Connection {
    return this.#connection.state;
  }

  /** Who is here, by session. Empty while the connection is not live. */
  get presence(): ReadonlyMap<string, T.Here> {
    return this.#presence.sessions;
  }

  /** Your own session; undefined before there was one. */
  get session(): string | undefined {
    return this.#seat?.session;
  }

  /** Says where you look. Can be called as often as one likes. */
  look(viewing: string | null, status: T.Status): void {
    this.#presence.look(viewing, status);
  }

  /** Tries to connect now; when connected, looks whether the connection is alive. */
  retryNow(): void {
    this.#connection.retryNow();
  }

  /** Edits without an answer stay in the storage, for the next time. */
  close(): void {
    this.#connection.end("closed");
  }

  get #seated(): T.Welcome {
    if (!this.#seat) throw new Error("The workspace is not ready: wait for `ready`.");
    return this.#seat;
  }

  #notify(notice: T.Notice): void {
    for (const listener of [...this.#listeners]) {
      try {
        listener(notice);
      } catch (error) {
        // One listener's fault is not the others', but it is to be seen.
        report(error);
      }
    }
  }

  #heard(message: T.ServerMessage): void {
    switch (message.type) {
      case "welcome":
        return this.#welcome(message);
      case "event":
        return this.#follower.event(message);
      case "presence":
        this.#presence.replace(message.sessions);
        return this.#notify({ type: "presence" });
      case "presence_delta":
        this.#presence.change(message.joined, message.changed, message.left);
        return this.#notify({ type: "presence" });
      case "ack": {
        const edit = this.#edits.find(message.op);
        if (edit && edit.state !== "acked") this.#sender.answered(edit, message.position);
        return;
      }
      case "reject": {
        const edit = this.#edits.find(message.op);
        if (edit && edit.state !== "acked") this.#sender.rejected(edit, new Problem(message.problem));
        return;
      }
      case "history":
        return this.#notify({ type: "history", entry: message.entry });
      case "run":
        return this.#notify({ type: "run", run: message.run });
    }
  }

  #welcome(welcome: T.Welcome): void {
    const before = this.#seat;
    // Another person's edits are not to be made in this one's name.
    if (before && before.you.id !== welcome.you.id) return this.#connection.end("signed_out");
    this.#seat = welcome;
    const restored = this.#edits.belongTo(welcome.you.id);
    if (before && before.epoch !== welcome.epoch) {
      this.#edits.changeEpoch(welcome.epoch);
      // Answers of the old epoch that were on their way are lost.
      this.#sender.lost("other");
    } else if (restored.length > 0) this.#edits.changeEpoch(welcome.epoch);
    this.#follower.welcome(welcome.epoch);
    for (const edit of restored) this.#follower.relay(edit.changes);
    this.#presence.begin(welcome.session);
    this.#sender.begin();
    this.#settleReady.resolve();
    this.#notify({ type: "workspace" });
    if (restored.length > 0) this.#notify({ type: "pending" });
  }

  #senderHost(): ConstructorParameters<typeof Sender>[1] {
    return {
      isLive: () => this.#connection.isLive && this.#seat !== undefined,
      epoch: () => this.#seat?.epoch ?? "",
      say: (text) => this.#connection.say(text),
      post: (op, changes) =>
        timed(this.#clock, POST_MS, (signal) =>
          this.#api.post<{ position: number }>(`/v1/workspaces/${this.id}/changes`, { op, changes }, { signal }),
        ),
      acked: (edit, position) => {
        edit.state = "acked";
        edit.position = position;
        // Its events may have been missed, and a snapshot read instead. Before what it made there was nothing.
        for (const change of edit.changes) {
          if (change.kind === "item_create") this.#edits.raiseBase(edit, change.id, 0, position);
        }
        this.#edits.forget(edit);
        this.#edits.settle(this.#follower.replica);
        this.#follower.relay(edit.changes);
        edit.settle?.resolve({ position });
        this.#notify({ type: "pending" });
      },
      refused: (edit, problem) => {
        this.#edits.remove(edit);
        this.#follower.relay(edit.changes);
        edit.settle?.reject(problem);
        this.#notify({ type: "pending" });
        this.#notify({ type: "rejected", op: edit.op, changes: edit.changes, problem });
      },
    };
  }

  #connectionHost(): ConstructorParameters<typeof Connection>[0] {
    const path = `/v1/workspaces/${this.id}/live`;
    return {
      prepare: (check) => this.#follower.prepare(check),
      address: () => `${this.#api.url.replace(/^http/, "ws")}${path}?${this.#follower.query()}`,
      protocols: () => ["loggia.v1", ...(this.#api.token ? [`loggia.bearer.${this.#api.token}`] : [])],
      heard: (message) => this.#heard(message),
      lost: (reason) => {
        this.#follower.lost(reason === "epoch");
        this.#sender.lost(reason === "too_many" || reason === "not_understood" ? reason : "other");
        this.#presence.lost();
        this.#notify({ type: "presence" });
      },
      // An edit without changes is refused to everybody, and changes nothing.
      probe: () => JSON.stringify({ type: "edit", op: newId(this.#clock.now()), changes: [] }),
      waitingSince: () => this.#sender.waitingSince,
      whyGone: () => this.#whyGone(),
      ended: (reason) => this.#ended(reason),
      changed: () => this.#notify({ type: "connection" }),
    };
  }

  async #whyGone(): Promise<T.Reason> {
    if (this.#follower.replica.deleted) return "deleted";
    try {
      await timed(this.#clock, POST_MS, (signal) => this.#api.get("/v1/me", { signal }));
      return "gone";
    } catch {
      // Also when nothing answers: so edits are kept, and signing in again shows what is so.
      return "signed_out";
    }
  }

  #ended(reason: T.Reason): void {
    const problem = endOf(reason);
    this.#presence.lost();
    this.#sender.stop();
    this.#follower.lost(false);
    const edits = this.#edits.list;
    for (const edit of edits) {
      this.#edits.remove(edit, reason === "signed_out" || reason === "closed");
      edit.settle?.reject(problem);
    }
    this.#follower.relay(edits.flatMap((edit) => edit.changes));
    if (edits.length > 0) this.#notify({ type: "pending" });
    this.#settleReady.reject(problem);
  }
}

function endOf(reason: T.Reason): Problem {
  return new Problem({ code: reason, title: ENDS[reason] ?? "The connection has ended." });
}

function report(error: unknown): void {
  if (globalThis.reportError) return globalThis.reportError(error);
  queueMicrotask(() => {
    throw error;
  });
}

function pageStorage(): EditStorage | null {
  try {
    return globalThis.document ? globalThis.sessionStorage : null;
  } catch {
    // A page may be forbidden to store anything.
    return null;
  }
}

function withResolvers<T>(): { promise: Promise<T>; resolve(value: T): void; reject(error: unknown): void } {
  let resolve!: (value: T) => void;
  let reject!: (error: unknown) => void;
  const promise = new Promise<T>((yes, no) => ([resolve, reject] = [yes, no]));
  return { promise, resolve, reject };
}

// What makes a workspace live: its parts, and who tells whom of what.

import type { Api } from "./api";
import { textsOf } from "./bases";
import { type Clock, systemClock } from "./clock";
import { Connection, type ConnectionHost, type SocketMaker } from "./connection";
import { type Edit, Edits, type EditStorage } from "./edits";
import { Follower } from "./follow";
import { newId } from "./id";
import { Presence } from "./presence";
import { Problem } from "./problem";
import { Sender, type SenderHost } from "./sender";
import { sleep, timed } from "./timed";
import type { Change, Notice, Reason, ServerMessage, Welcome } from "./types";

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

/** When an item could not be read. */
const REBASE_AGAIN_MS = 2_000;

const ENDS: Partial<Record<Reason, string>> = {
  signed_out: "You are signed out.",
  gone: "This workspace is not yours to see.",
  removed: "You are no member of this workspace any more.",
  deleted: "This workspace was deleted.",
  closed: "The workspace was closed.",
};

export class Session {
  readonly id: string;
  readonly ready: Promise<void>;
  readonly edits: Edits;
  readonly follower: Follower;
  readonly presence: Presence;
  readonly connection: Connection;
  /** What the server has said of this session's person. */
  seat: Welcome | undefined;
  readonly #api: Api;
  readonly #sender: Sender;
  /** What is under way when the workspace is closed is given up. */
  readonly #end = new AbortController();
  /** An edit whose bases are being found. */
  #rebasing: Edit | undefined;
  readonly #listeners = new Set<(what: Notice) => void>();
  readonly #clock: Clock;
  #settleReady!: { resolve(): void; reject(problem: Problem): void };

  constructor(api: Api, id: string, options: WorkspaceOptions) {
    const { clock = systemClock, random = Math.random, storage = pageStorage() } = options;
    const WebSocket: SocketMaker | undefined = options.WebSocket ?? globalThis.WebSocket;
    if (!WebSocket) throw new TypeError("Workspace.open needs the option WebSocket: this runtime has none of its own.");
    this.id = id;
    this.#api = api;
    this.#clock = clock;
    this.ready = new Promise((resolve, reject) => (this.#settleReady = { resolve, reject }));
    // Who does not wait for it hears of the end by `connection`.
    this.ready.catch(() => {});
    this.edits = new Edits(id, storage ?? undefined);
    this.presence = new Presence(clock, (text) => this.connection.say(text));
    const host = {
      notify: (notice: Notice) => this.#notify(notice),
      end: (reason: Reason) => this.connection.end(reason === "gone" && this.follower.replica.deleted ? "deleted" : reason),
      you: () => this.seat?.you,
      settled: () => this.#sender.flush(),
    };
    this.follower = new Follower(api, id, this.edits, host, clock, random, this.#end.signal);
    this.#sender = new Sender(this.edits, this.#senderHost(), clock, random);
    this.connection = new Connection(this.#connectionHost(), WebSocket, clock, random);
  }

  subscribe(listener: (what: Notice) => void): () => void {
    // The same function may listen twice.
    const own = (what: Notice): void => listener(what);
    this.#listeners.add(own);
    return () => this.#listeners.delete(own);
  }

  edit(changes: readonly Change[]): Promise<{ position: number }> {
    const { state, reason = "closed" } = this.connection.state;
    if (state === "ended") return Promise.reject(endOf(reason));
    // A copy: what the caller does with its objects later is no part of this edit. Fields that are undefined go.
    const copy = JSON.parse(JSON.stringify(changes)) as Change[];
    const op = newId(this.#clock.now());
    const promise = new Promise<{ position: number }>((resolve, reject) => {
      const { epoch } = this.follower.replica;
      const texts = textsOf(copy, (id) => this.follower.peek(id) ?? this.follower.view.environments.get(id));
      this.edits.add({ op, changes: copy, epoch, ...(texts && { texts }), state: "waiting", seen: 0, settle: { resolve, reject } });
    });
    // The session may have gone over to another epoch, and the snapshot not yet be here.
    if (this.seat && this.connection.isLive) this.edits.changeEpoch(this.seat.epoch);
    // Who does not wait for it hears of a refusal by `rejected`.
    promise.catch(() => {});
    this.follower.relay(copy, this.seat?.you ?? null, op);
    this.#notify({ type: "pending" });
    this.#sender.flush();
    return promise;
  }

  #notify(notice: Notice): void {
    for (const listener of [...this.#listeners]) {
      try {
        listener(notice);
      } catch (error) {
        // One listener's fault is not the others', but it is to be seen.
        report(error);
      }
    }
  }

  #heard(message: ServerMessage): void {
    switch (message.type) {
      case "welcome":
        return this.#welcome(message);
      case "event":
        return this.follower.event(message);
      case "presence":
        this.presence.replace(message.sessions);
        return this.#notify({ type: "presence" });
      case "presence_delta":
        this.presence.change(message.joined, message.changed, message.left);
        return this.#notify({ type: "presence" });
      case "ack":
        return this.#sender.answered(message.op, message.position);
      case "reject":
        return this.#sender.rejected(message.op, new Problem(message.problem));
      case "history":
        return this.#notify({ type: "history", entry: message.entry });
      case "run":
        return this.#notify({ type: "run", run: message.run });
    }
  }

  #welcome(welcome: Welcome): void {
    const before = this.seat;
    // Another person's edits are not to be made in this one's name.
    if (before && before.you.id !== welcome.you.id) return this.connection.end("signed_out");
    this.seat = welcome;
    const restored = this.edits.belongTo(welcome.you.id);
    this.edits.changeEpoch(welcome.epoch);
    // Answers of another epoch that were on their way are lost.
    if (before && before.epoch !== welcome.epoch) this.#sender.lost("other");
    this.follower.welcome(welcome.epoch);
    for (const edit of restored) this.follower.relay(edit.changes);
    this.presence.begin(welcome.session);
    if (before?.session === welcome.session) this.#sender.flush();
    else this.#sender.begin();
    this.#settleReady.resolve();
    this.#notify({ type: "workspace" });
    if (restored.length > 0) this.#notify({ type: "pending" });
  }

  #senderHost(): SenderHost {
    return {
      isLive: () => this.connection.isLive && this.seat !== undefined,
      epoch: () => this.seat?.epoch ?? "",
      say: (text) => this.connection.say(text),
      rebase: (edit) => void this.#rebase(edit),
      post: (op, changes) => this.#post(op, changes),
      acked: (edit, position) => this.#acked(edit, position),
      refused: (edit, problem) => {
        this.edits.remove(edit);
        this.follower.relay(edit.changes);
        edit.settle?.reject(problem);
        this.#notify({ type: "pending" });
        this.#notify({ type: "rejected", op: edit.op, changes: edit.changes, problem });
      },
    };
  }

  #connectionHost(): ConnectionHost {
    const path = `/v1/workspaces/${this.id}/live`;
    return {
      prepare: (check) => this.follower.prepare(check),
      address: () => `${this.#api.url.replace(/^http/, "ws")}${path}?${this.follower.query()}`,
      protocols: () => ["loggia.v1", ...(this.#api.token ? [`loggia.bearer.${this.#api.token}`] : [])],
      heard: (message) => this.#heard(message),
      lost: (reason) => {
        this.follower.lost(reason === "epoch");
        this.#sender.lost(reason === "too_many" || reason === "not_understood" ? reason : "other");
        this.presence.lost(reason === "not_understood");
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

  async #post(op: string, changes: readonly Change[]): Promise<{ position: number }> {
    try {
      return await timed(this.#clock, POST_MS, (signal) =>
        this.#api.post<{ position: number }>(`/v1/workspaces/${this.id}/changes`, { op, changes }, { signal }),
      );
    } catch (error) {
      // That is no answer to the edit.
      if (error instanceof Problem && error.code === "signed_out") this.connection.end("signed_out");
      throw error;
    }
  }

  async #rebase(edit: Edit): Promise<void> {
    // The snapshot of the session's epoch is still on its way: when it is here, edits are sent again.
    if (this.#rebasing === edit || this.follower.replica.epoch !== this.seat?.epoch) return;
    this.#rebasing = edit;
    try {
      await this.follower.rebase(edit);
      this.edits.save(edit);
      this.#rebasing = undefined;
      this.#sender.flush();
    } catch {
      this.#rebasing = undefined;
      await sleep(this.#clock, REBASE_AGAIN_MS, this.#end.signal);
      this.#sender.flush();
    }
  }

  #acked(edit: Edit, position: number): void {
    edit.state = "acked";
    edit.position = position;
    // Its events may have been missed, and a snapshot read instead. Before what it made there was nothing.
    for (const change of edit.changes) {
      if (change.kind === "item_create" || change.kind === "environment_create") this.edits.raiseBase(edit, change.id, 0, position);
    }
    this.edits.forget(edit);
    this.edits.settle(this.follower.replica);
    this.follower.relay(edit.changes);
    edit.settle?.resolve({ position });
    this.#notify({ type: "pending" });
  }

  async #whyGone(): Promise<Reason> {
    if (this.follower.replica.deleted) return "deleted";
    try {
      await timed(this.#clock, POST_MS, (signal) => this.#api.get("/v1/me", { signal }));
      return "removed";
    } catch {
      // Also when nothing answers: so edits are kept, and signing in again shows what is so.
      return "signed_out";
    }
  }

  #ended(reason: Reason): void {
    const problem = endOf(reason);
    this.presence.lost(false);
    this.#sender.stop();
    this.follower.lost(false);
    this.#end.abort();
    const edits = this.edits.list;
    for (const edit of edits) {
      this.edits.remove(edit, reason === "signed_out" || reason === "closed");
      edit.settle?.reject(problem);
    }
    this.follower.relay(edits.flatMap((edit) => edit.changes));
    if (edits.length > 0) this.#notify({ type: "pending" });
    this.#settleReady.reject(problem);
  }
}

function endOf(reason: Reason): Problem {
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

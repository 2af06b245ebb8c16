// Keeps the replica true: reads the snapshot, applies what follows, and reads it again when something does not follow.

import { type Api, readJson } from "./api";
import { backoff } from "./backoff";
import type { Clock } from "./clock";
import { reasonOf } from "./connection";
import { isAsSeen, isBased } from "./bases";
import { Contents } from "./contents";
import type { Edit, Edits } from "./edits";
import { contentOver } from "./overlay";
import { Problem } from "./problem";
import { Replica } from "./replica";
import { sleep, timed } from "./timed";
import type { Change, EventMessage, Item, Notice, Person, Reason, Snapshot } from "./types";
import { type Changed, concerned, View } from "./view";

/** For a snapshot: it can be large, and a network that is gone answers nothing. */
const SNAPSHOT_MS = 60_000;
/** For an item. The connection that it is asked on may be a dead one; another attempt gets another. */
const ITEM_MS = 15_000;
const ITEM_RETRIES = 2;

/** Events of a text that edits may be based on. */
const WRITTEN: readonly EventMessage["change"]["kind"][] = ["item_created", "item_updated", "environment_created", "environment_updated"];

export interface FollowHost {
  notify(notice: Notice): void;
  /** The snapshot is refused: this is the end. */
  end(reason: Reason): void;
  you(): Person | undefined;
  /** Edits may have come back that others wait for. */
  settled(): void;
}

export class Follower {
  readonly replica = new Replica();
  readonly view = new View(this.replica);
  readonly #contents: Contents;
  readonly #api: Api;
  readonly #id: string;
  readonly #edits: Edits;
  readonly #host: FollowHost;
  readonly #clock: Clock;
  readonly #random: () => number;
  /** Aborted when the workspace is closed. */
  readonly #end: AbortSignal;
  /** Of the last snapshot, until an event changes what it says. */
  #etag: string | undefined;
  /** Events were missed: the state is not to be resumed from. */
  #isStale = false;
  /** While the snapshot is read again: what has come since. */
  #waiting: EventMessage[] | undefined;
  /** The epoch of the session. */
  #epoch: string | undefined;
  /** Counts sessions: what is read for one is nothing to the next. */
  #session = 0;

  constructor(api: Api, id: string, edits: Edits, host: FollowHost, clock: Clock, random: () => number, end: AbortSignal) {
    this.#api = api;
    this.#id = id;
    this.#edits = edits;
    this.#host = host;
    this.#clock = clock;
    this.#random = random;
    this.#end = end;
    this.#contents = new Contents({
      fetch: (item) => this.#readItem(item),
      position: (item) => this.replica.tree.entries.get(item)?.position,
      epoch: () => this.replica.epoch,
      sleep: (ms) => this.#sleep(ms),
    });
  }

  /** Sees to it that there is a state to resume from; with `check`, asks the server whether it is still ours to see. */
  async prepare(check: boolean): Promise<void> {
    if (this.replica.loaded && !this.#isStale && !check) return;
    const snapshot = await this.#read(!this.#isStale);
    if (snapshot) this.#load(snapshot, false);
  }

  /** The positions to resume from. */
  query(): string {
    const { epoch, positions } = this.replica;
    const query = new URLSearchParams({ epoch, shared: String(positions.shared) });
    if (positions.team !== undefined) query.set("team", String(positions.team));
    return query.toString();
  }

  /** A session has begun, or goes on in another epoch: then the snapshot is another one. */
  welcome(epoch: string): void {
    this.#epoch = epoch;
    if (epoch === this.replica.epoch) return;
    this.#waiting = undefined;
    void this.#readAgain(true);
  }

  /** The session is over. With `unknown`, the server does not know the positions. */
  lost(unknown: boolean): void {
    this.#session += 1;
    if (this.#waiting || unknown) this.#isStale = true;
    this.#waiting = undefined;
  }

  event(event: EventMessage): void {
    this.#contents.apply(event);
    // True whatever was missed before it; and there is no snapshot any more that would tell.
    if (event.change.kind === "workspace_deleted") this.replica.deleted = true;
    if (this.#waiting) this.#waiting.push(event);
    else this.#follow(event);
  }

  /** After a change of the edits: what is laid over is another thing. */
  relay(changes: readonly Change[], by?: Person | null, op?: string): void {
    this.#refresh(concerned(changes), by, op);
    if (changes.some((change) => change.kind === "workspace_update")) this.#host.notify({ type: "workspace" });
  }

  async item(id: string): Promise<Item> {
    const isMadeHere = !this.replica.tree.entries.has(id) && this.view.tree.entries.has(id);
    if (!isMadeHere) await this.#contents.read(id);
    const item = this.peek(id);
    if (!item) throw new Problem({ code: "not_found", title: "There is no such thing here.", status: 404 });
    return item;
  }

  /** The item, if its content was read before. */
  peek(id: string): Item | undefined {
    const entry = this.view.tree.entries.get(id);
    if (!entry) return undefined;
    const known = this.#contents.get(id);
    const content = contentOver(id, known?.content, this.#edits.changes());
    if (!content) return undefined;
    const updated_at = known?.updated_at ?? new Date(this.#clock.now()).toISOString();
    return { ...entry, content, updated_at, updated_by: known ? known.updated_by : (this.#host.you() ?? null) };
  }

  /** What an edit is based on in this epoch, found by its text. Rejects when that can't be read now. */
  async rebase(edit: Edit): Promise<void> {
    const { epoch } = this.replica;
    const changes: Change[] = [];
    for (const change of edit.changes) {
      const environment = isBased(change) ? this.replica.environments.get(change.id) : undefined;
      // What is gone, the server refuses better.
      if (!isBased(change) || !(environment || this.replica.tree.entries.has(change.id))) {
        changes.push(change);
        continue;
      }
      const now = environment ?? (await this.#contents.read(change.id));
      if (!isAsSeen(change, edit.texts, now)) edit.isOutdated = true;
      changes.push({ ...change, base: now.position });
    }
    if (epoch !== this.replica.epoch) return;
    edit.changes = changes;
    delete edit.isUnbased;
  }

  #follow(event: EventMessage): void {
    if (!this.replica.isNext(event)) {
      this.#isStale = true;
      this.#waiting = [event];
      void this.#readAgain(false);
      return;
    }
    this.#etag = undefined;
    const { tree, environments: known } = this.replica;
    const before = "id" in event.change ? (tree.entries.get(event.change.id) ?? known.get(event.change.id))?.position : undefined;
    const { items, environments, unread, reread, notices } = this.replica.apply(event);
    if (event.change.kind === "item_deleted") for (const id of items) this.#contents.forget(id);
    if (event.op !== undefined) this.#takeOff(event, event.op, before);
    this.#edits.settle(this.replica);
    this.#refresh({ items, environments }, event.by, event.op);
    for (const notice of notices) this.#host.notify(notice);
    if (event.op !== undefined) this.#host.settled();
    for (const id of unread) void this.#readChanged(id, event.by);
    if (reread) void this.#readAgain(false);
  }

  /** One of our own edits has come back: as far as it has, it is not laid over any more. */
  #takeOff({ change, position, at, by }: EventMessage, op: string, before: number | undefined): void {
    const edit = this.#edits.find(op);
    if (!edit) return;
    edit.seen += 1;
    if (change.kind === "item_created" && change.content) {
      const { name, method, content } = change;
      this.#contents.set(change.id, { name, ...(method != null && { method }), content, updated_at: at, updated_by: by, position });
    }
    if (WRITTEN.some((kind) => kind === change.kind) && "id" in change) this.#edits.raiseBase(edit, change.id, before ?? 0, position);
  }

  #refresh(concerned: Changed, by?: Person | null, op?: string): void {
    const { items, environments } = this.view.refresh(concerned, this.#edits.changes());
    if (items.size === 0 && environments.size === 0) return;
    const notice: Notice = { type: "changed", items, environments };
    if (by !== undefined) notice.by = by;
    if (op !== undefined) notice.op = op;
    this.#host.notify(notice);
  }

  /** The change of an item was too large for its event, and it may have another name. */
  async #readChanged(id: string, by: Person | null): Promise<void> {
    try {
      this.replica.take(id, await this.#contents.read(id));
    } catch {
      // Deleted meanwhile, or the network is away: the snapshot tells.
      if (this.replica.tree.entries.has(id)) void this.#readAgain(false);
      return;
    }
    this.#refresh({ items: new Set([id]), environments: new Set() }, by);
  }

  /** Reads the snapshot while events go on. They wait, and those that are not in it come after it. */
  async #readAgain(isOther: boolean): Promise<void> {
    if (this.#waiting && !this.#isStale) return;
    this.#waiting ??= [];
    this.#isStale = false;
    const session = this.#session;
    for (let attempt = 0; ; attempt += 1) {
      let snapshot: Snapshot | undefined;
      try {
        snapshot = await this.#read(false);
      } catch (error) {
        const reason = reasonOf(error);
        if (session === this.#session && reason !== "unreachable") return this.#host.end(reason);
      }
      if (session !== this.#session) return;
      if (snapshot && snapshot.epoch === this.#epoch && !this.#isBehind(snapshot)) {
        this.#load(snapshot, !isOther);
        const waiting = this.#waiting ?? [];
        this.#waiting = undefined;
        for (const event of waiting) {
          if (this.#waiting) (this.#waiting as EventMessage[]).push(event);
          else if (!this.replica.has(event)) this.#follow(event);
        }
        return;
      }
      await this.#sleep(backoff(attempt, this.#random));
      if (session !== this.#session) return;
    }
  }

  /** Another node may not have heard yet of what is known here. */
  #isBehind({ epoch, positions }: Snapshot): boolean {
    const known = this.replica.positions;
    if (epoch !== this.replica.epoch) return false;
    return positions.shared < known.shared || (positions.team ?? 0) < (known.team ?? 0);
  }

  /** The snapshot; undefined: it is as it was. */
  async #read(ifChanged: boolean): Promise<Snapshot | undefined> {
    const headers: Record<string, string> = ifChanged && this.#etag ? { "if-none-match": this.#etag } : {};
    return timed(this.#clock, SNAPSHOT_MS, async (signal) => {
      const response = await this.#api.send("GET", `/v1/workspaces/${this.#id}`, undefined, { signal, headers });
      if (response.status === 304) return undefined;
      const snapshot = (await readJson(response, signal)) as Snapshot;
      this.#etag = response.headers.get("etag") ?? undefined;
      return snapshot;
    }, this.#end);
  }

  /** `isWhole`: every event up to now was heard, so contents are true. */
  #load(snapshot: Snapshot, isWhole: boolean): void {
    // Of two nodes the one that is behind has nothing new; when what is here is doubtful, it has to do better.
    if (this.replica.loaded && this.#isBehind(snapshot)) {
      if (!this.#isStale) return;
      throw new Problem({ code: "unavailable", title: "The server is behind what is known here." });
    }
    const isSameEpoch = snapshot.epoch === this.replica.epoch;
    this.replica.load(snapshot);
    this.#isStale = false;
    const { entries } = this.replica.tree;
    this.#contents.keep((id, position) => isWhole && isSameEpoch && entries.get(id)?.position === position);
    this.#edits.changeEpoch(snapshot.epoch);
    this.#edits.settle(this.replica);
    this.view.rebuild(this.#edits.changes());
    this.#host.notify({ type: "workspace" });
    this.#host.notify({ type: "members" });
    this.#host.notify({ type: "changed" });
    this.#host.settled();
  }

  async #readItem(item: string): Promise<Item> {
    for (let attempt = 0; ; attempt += 1) {
      try {
        const ask = (signal: AbortSignal) => this.#api.get<Item>(`/v1/workspaces/${this.#id}/items/${item}`, { signal });
        return await timed(this.#clock, ITEM_MS, ask, this.#end);
      } catch (error) {
        if (!(error instanceof Problem) || !error.transient || attempt === ITEM_RETRIES || this.#end.aborted) throw error;
        await this.#sleep(backoff(attempt, this.#random));
      }
    }
  }

  #sleep(ms: number): Promise<void> {
    return sleep(this.#clock, ms, this.#end);
  }
}

// The wire's types by short names. What the server always sends but may be null, its description calls optional;
// here it is said exactly.

import type { components } from "./wire";

export type Schemas = components["schemas"];

/** JSON without a form that is known here. */
export type Json = Record<string, unknown>;

export type Person = Omit<Schemas["Person"], "avatar" | "domain"> & { avatar: string | null; domain?: string };
export type ItemKind = Schemas["ItemKind"];
export type Mode = Schemas["Mode"];
export type Role = Schemas["Role"];
export type Side = Schemas["Side"];
export type Status = Schemas["Status"];
export type HistoryEntry = Schemas["HistoryEntry"];
export type Run = Schemas["Run"];

/** A node of the tree, without its content. */
export interface Entry {
  id: string;
  kind: ItemKind;
  parent: string | null;
  /** Sorts siblings, as text. */
  order: string;
  name: string;
  /** The HTTP method, for a request. */
  method?: string;
  /** The shared position of its last change. */
  position: number;
}

/** A node with its content: the Postman object without name and children. */
export interface Item extends Entry {
  content: Json;
  updated_at: string;
  updated_by: Person | null;
}

export interface Environment {
  id: string;
  name: string;
  content: Json;
  position: number;
}

/** A session that is here. */
export interface Here {
  session: string;
  person: Person;
  viewing: string | null;
  status: Status;
}

export type Change = Schemas["ClientMessage"] extends infer Message
  ? Message extends { type: "edit"; changes: (infer One)[] }
    ? One
    : never
  : never;

export interface Positions {
  shared: number;
  team?: number;
}

export interface Snapshot {
  id: string;
  name: string;
  description: string;
  mode: Mode;
  epoch: string;
  positions: Positions;
  tree: Entry[];
  environments: Environment[];
  team: Person[];
}

export type WireChange = Schemas["WireChange"];

export type EventMessage = Omit<Schemas["EventMessage"], "by" | "op" | "change"> & {
  type: "event";
  by: Person | null;
  op?: string;
  change: WireChange;
};

export type Welcome = Extract<Schemas["ServerMessage"], { type: "welcome" }> & { positions: Positions; you: Person };

/** What the server sends over the socket. */
export type ServerMessage =
  | Welcome
  | EventMessage
  | { type: "presence"; sessions: Here[] }
  | { type: "presence_delta"; joined: Here[]; changed: Here[]; left: string[] }
  | Exclude<Schemas["ServerMessage"], { type: "welcome" | "event" | "presence" | "presence_delta" }>;

/** What a listener is told. */
export type Notice =
  /** Without `items`: anything may be different. `items` and `environments` name what came, went or changed. */
  | {
      type: "changed";
      items?: ReadonlySet<string>;
      environments?: ReadonlySet<string>;
      by?: Person | null;
      op?: string;
    }
  /** Name, description, mode, epoch, or what the reader may do. */
  | { type: "workspace"; by?: Person | null }
  | { type: "presence" }
  | { type: "connection" }
  /** How many edits wait has changed. */
  | { type: "pending" }
  /** An edit was refused and is undone. */
  | { type: "rejected"; op: string; changes: readonly Change[]; problem: import("./problem").Problem }
  | { type: "members" }
  | { type: "invitations" }
  /** Comments on an item are different. */
  | { type: "comments"; item: string }
  /** A fork or a pull: what `fork` answers is different. */
  | { type: "forks"; id: string }
  | { type: "history"; entry: HistoryEntry }
  | { type: "run"; run: Run };

export interface Connection {
  state: "connecting" | "live" | "waiting" | "offline" | "ended";
  /** When the next attempt is, in the clock's milliseconds. */
  retryAt?: number;
  /** Attempts since the connection was last stable. */
  attempt: number;
  reason?: Reason;
}

/** Why the connection was lost, or ended. */
export type Reason =
  | "restart"
  | "slow"
  | "silent"
  | "lost"
  | "unreachable"
  | "epoch"
  | "not_understood"
  | "too_many"
  | "signed_out"
  /** It is not there for this person, whatever the reason. */
  | "gone"
  | "removed"
  | "deleted"
  | "closed";

// Loggia's client library: state over HTTP (`Api`), change over a live socket (`Workspace`).

export { type Answer, Api, type ApiOptions, type Body, type Options } from "./api";
export { type Clock, systemClock } from "./clock";
export type { Socket, SocketMaker } from "./connection";
export type { EditStorage } from "./edits";
export { newId } from "./id";
export { mergePatch } from "./merge";
export { type Conflict, Problem } from "./problem";
export type {
  Change,
  Connection,
  Entry,
  Environment,
  Here,
  HistoryEntry,
  Item,
  ItemKind,
  Json,
  Mode,
  Notice,
  Person,
  Positions,
  Reason,
  Role,
  Run,
  Schemas,
  Side,
  Status,
} from "./types";
export type { WorkspaceOptions } from "./session";
export { Workspace } from "./workspace";

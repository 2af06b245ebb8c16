// Forks over HTTP. All of it is for the team: to others no fork has a parent.

import { type Conflict, type ItemKind, Problem, type Schemas } from "../../../client";
import { codeOf } from "../../fault";
import { session } from "../../session.svelte";
import { counted } from "../settings/words";

/** A fork, or what could be one. */
export interface Target {
  kind: "item" | "environment";
  id: string;
}

export type ForkState = Schemas["ForkState"];
export type { Conflict };
export type ConflictSide = Schemas["SeenSide"];
export type Choice = Schemas["Choice"];
export type Came = Schemas["Came"];

function pathOf(workspace: string, { kind, id }: Target, what: "fork" | "pull"): `/${string}` {
  return `/v1/workspaces/${workspace}/${kind}s/${id}/${what}`;
}

/** "3 changes behind". */
export function behindText(behind: number): string {
  return behind === 0 ? "Up to date with its parent" : `${counted(behind, "change")} behind`;
}

/** Undefined for what is no fork, or whose parent isn't the reader's to see. */
export async function forkState(workspace: string, target: Target): Promise<ForkState | undefined> {
  try {
    return await session.api.get<ForkState>(pathOf(workspace, target, "fork"));
  } catch (error) {
    if (codeOf(error) === "not_found") return undefined;
    throw error;
  }
}

export type PullAnswer = { pulled: Schemas["Pulled"] } | { conflicts: readonly Conflict[] };

/** What needs a choice is an answer like the other; everything else that is refused is thrown. */
export async function pull(workspace: string, target: Target, choices: Readonly<Record<string, Choice>>): Promise<PullAnswer> {
  try {
    return { pulled: await session.api.post<Schemas["Pulled"]>(pathOf(workspace, target, "pull"), { choices }) };
  } catch (error) {
    if (error instanceof Problem && error.conflicts) return { conflicts: error.conflicts };
    throw error;
  }
}

/** What of a workspace can be forked. */
export interface Forkable extends Target {
  name: string;
}

export async function forkables(workspace: string): Promise<Forkable[]> {
  const { tree, environments } = await session.api.get("/v1/workspaces/{workspace}", { path: { workspace } });
  const collection: ItemKind = "collection";
  return [
    ...tree.filter(({ kind }) => kind === collection).map(({ id, name }) => ({ kind: "item" as const, id, name })),
    ...environments.map(({ id, name }) => ({ kind: "environment" as const, id, name })),
  ];
}

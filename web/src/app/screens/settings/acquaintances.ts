// People that the one who invites knows from elsewhere: members of the other workspaces in which it is of the team.
// To a partner nobody is shown in more than one place, so it knows nobody.

import type { Side } from "../../../client";
import { session } from "../../session.svelte";

export interface Acquaintance {
  name: string;
  email: string;
  side: Side;
}

/** Workspaces that are looked into: the latest. */
const MOST = 10;

export async function acquaintances(here: string): Promise<Acquaintance[]> {
  const { workspaces } = await session.api.get("/v1/workspaces");
  const others = workspaces.filter(({ id, viewer }) => id !== here && viewer === "team").slice(-MOST);
  const found = new Map<string, Acquaintance>();
  const read = await Promise.allSettled(
    others.map(({ id }) => session.api.get("/v1/workspaces/{workspace}/members", { path: { workspace: id } })),
  );
  for (const one of read) {
    // One that was left meanwhile completes nothing.
    if (one.status === "rejected") continue;
    const { team, partners } = one.value;
    for (const { name, email, side } of [...team, ...partners.flatMap(({ members }) => members)]) {
      if (email) found.set(email, { name, email, side });
    }
  }
  return [...found.values()].sort((a, b) => a.name.localeCompare(b.name));
}

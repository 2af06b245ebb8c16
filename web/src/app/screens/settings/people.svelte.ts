// The members and invitations that the reader may see, read again when somebody comes, goes or changes.

import type { Schemas } from "../../../client";
import type { Live } from "../../live.svelte";
import { session } from "../../session.svelte";

export type Member = Schemas["SeenMember"];
export type Company = Schemas["Company"];
export type Invitation = Schemas["SeenInvitation"];

export class People {
  members = $state.raw<Schemas["Members"]>();
  invitations = $state.raw<readonly Invitation[]>([]);
  problem = $state.raw<unknown>();
  readonly #workspace: string;
  #asked = 0;

  constructor(workspace: string) {
    this.#workspace = workspace;
  }

  /** Until the function that it answers is called. */
  follow(live: Live): () => void {
    void this.load();
    return live.on(({ type }) => {
      if (type === "members" || type === "invitations" || type === "workspace") void this.load();
    });
  }

  async load(): Promise<void> {
    const asked = ++this.#asked;
    const path = { workspace: this.#workspace };
    try {
      const [members, { invitations }] = await Promise.all([
        session.api.get("/v1/workspaces/{workspace}/members", { path }),
        session.api.get("/v1/workspaces/{workspace}/invitations", { path }),
      ]);
      // An answer that was overtaken by another is older than what is shown.
      if (asked !== this.#asked) return;
      this.members = members;
      this.invitations = invitations;
      this.problem = undefined;
    } catch (error) {
      if (asked === this.#asked && !session.ended(error)) this.problem = error;
    }
  }
}

/** Whether any word of what is shown of a person begins so, or the address holds it. */
export function matches(text: string, { name, email }: { name?: string | null; email?: string | null }): boolean {
  const sought = text.trim().toLowerCase();
  return !sought || Boolean(name?.toLowerCase().includes(sought)) || Boolean(email?.toLowerCase().includes(sought));
}

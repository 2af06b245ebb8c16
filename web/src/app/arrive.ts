// After signing in: where somebody goes.

import { router } from "./router.svelte";
import { screenHref } from "./route";
import { type Me, session } from "./session.svelte";

/** To the workspace, when there is but one; the link that was followed is not gone back to. */
export async function arrive(me: Me): Promise<void> {
  session.me = me;
  const { workspaces } = await session.api.get("/v1/workspaces");
  const [only] = workspaces;
  router.go(only && workspaces.length === 1 ? screenHref(only.id, "workspace") : "/", { replace: true });
}

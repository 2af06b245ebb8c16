// Opens the workspace that an address leads to before there is a page, and while it is still being found out who is signed
// in: then what one comes for is the first that is seen, and is made once.

import { Live } from "./live.svelte";
import type { Route } from "./route";
import { screens } from "./screens";
import { session } from "./session.svelte";

/** Milliseconds for which nothing is better to see than what is soon another thing. */
const PATIENCE = 500;
let opened: Live | undefined;

/** Resolves when there is something to show, or it takes longer. */
export async function openAhead(route: Route): Promise<void> {
  if (route.name !== "workspace") return;
  // Who shows it asks again, and says what went wrong. It is not waited for: what the server says of edits from before a
  // reload comes right after the workspace is ready, and somebody has to listen then.
  screens[route.screen].load().catch(() => {});
  opened = new Live(session.api, route.id);
  const ready = opened.workspace.ready.catch(() => {});
  await Promise.race([ready, new Promise((resolve) => setTimeout(resolve, PATIENCE))]);
}

/** A workspace, which may have been opened ahead: then it is given away, once. */
export function openLive(id: string): Live {
  const ahead = opened;
  opened = undefined;
  if (ahead?.id === id) return ahead;
  ahead?.close();
  return new Live(session.api, id);
}

// Asks for the modules that an address needs while it is still being found out who is signed in.

import type { Route } from "./route";
import { screens } from "./screens";

export function loadAhead(route: Route): void {
  if (route.name !== "workspace") return;
  for (const module of [import("./frame/Frame.svelte"), screens[route.screen].load()]) {
    // Who shows it asks again, and says what went wrong.
    module.catch(() => {});
  }
}

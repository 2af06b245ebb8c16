// Asks for the screen that an address needs while it is still being found out who is signed in.

import type { Route } from "./route";
import { screens } from "./screens";

export function loadAhead(route: Route): void {
  // Who shows it asks again, and says what went wrong.
  if (route.name === "workspace") screens[route.screen].load().catch(() => {});
}

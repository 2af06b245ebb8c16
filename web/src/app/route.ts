// Addresses of the app. Secrets of links stand behind "#": what stands there is sent to nobody.

export const SCREENS = [
  "workspace",
  "environments",
  "history",
  "runs",
  "overview",
  "activity",
  "engagement",
  "settings",
] as const;
export type ScreenName = (typeof SCREENS)[number];

export type Route =
  | { name: "workspaces" | "account" | "sign_in" | "unknown" }
  /** By the link of a mail, of the server's first start, of an invitation. */
  | { name: "setup" | "sign_in_link" | "invitation"; token: string }
  | { name: "workspace"; id: string; screen: ScreenName; path: readonly string[] };

/** The links that the server gives: `/#sign_in=TOKEN`. */
const LINKS = { setup: "setup", sign_in: "sign_in_link", invite: "invitation" } as const;

export function parse({ pathname, hash }: { pathname: string; hash: string }): Route {
  const segments = pathname.split("/").filter(Boolean).map(decoded);
  const [first, id, screen = "workspace", ...path] = segments;
  if (first === undefined) return linked(hash) ?? { name: "workspaces" };
  if (first === "account" && segments.length === 1) return { name: "account" };
  if (first === "sign-in" && segments.length === 1) return { name: "sign_in" };
  if (first === "w" && id && isScreen(screen)) return { name: "workspace", id, screen, path };
  return { name: "unknown" };
}

/** The address of a screen, and of what is on it. */
export function screenHref(workspace: string, screen: ScreenName, ...path: string[]): string {
  return `/w/${[workspace, screen, ...path].map(encodeURIComponent).join("/")}`;
}

function linked(hash: string): Route | undefined {
  const at = hash.indexOf("=");
  const key = hash.slice(1, at);
  const token = hash.slice(at + 1);
  if (at < 0 || !token || !Object.hasOwn(LINKS, key)) return undefined;
  return { name: LINKS[key as keyof typeof LINKS], token };
}

function isScreen(name: string): name is ScreenName {
  return (SCREENS as readonly string[]).includes(name);
}

function decoded(segment: string): string {
  try {
    return decodeURIComponent(segment);
  } catch {
    // Not made by this app: it is no address of it either way.
    return segment;
  }
}

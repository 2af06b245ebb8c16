// The screens of a workspace, each loaded when it is first shown; the first one comes with the app: one file
// compresses better than many.
//
// A screen is `screens/NAME/index.svelte`, with the props of `ScreenProps`. It fills the content area, which does not
// scroll: what is in it scrolls by itself. Its address is `/w/{id}/{screen}/…`, made by `screenHref`; what stands behind
// the screen's name comes as `path`, and is changed by `router.go`. It reads the workspace from `live`, which is ready,
// and says what it shows by `live.viewing`. It must not hint at partners to a partner: `live.isTeam`.
//
// What `live.edit` was refused is said by the frame; a screen only keeps what somebody wrote from being lost.
//
// The page's policy lets in no style element and no `style` attribute in HTML; Svelte's `style:` and style sheets of files
// are fine. CodeMirror adds style elements, unless its view's `root` is a shadow root. Scripts of collections run with
// `openSandbox({ src: "/sandbox.html" })`.

import type { Component } from "svelte";
import type { Live } from "./live.svelte";
import type { ScreenName } from "./route";
import Workspace from "./screens/workspace/index.svelte";
import type { IconName } from "./ui";

export interface ScreenProps {
  live: Live;
  path: readonly string[];
}

interface Screen {
  label: string;
  icon: IconName;
  load: () => Promise<{ default: Component<ScreenProps> }>;
  /** Who of the members sees it; everybody unless given. */
  teamOnly?: boolean;
}

export const screens: Readonly<Record<ScreenName, Screen>> = {
  workspace: { label: "Workspace", icon: "workspace", load: () => Promise.resolve({ default: Workspace }) },
  environments: { label: "Environments", icon: "environments", load: () => import("./screens/environments/index.svelte") },
  history: { label: "History", icon: "history", load: () => import("./screens/history/index.svelte") },
  runs: { label: "Runs", icon: "runs", load: () => import("./screens/runs/index.svelte") },
  overview: { label: "Overview", icon: "overview", load: () => import("./screens/overview/index.svelte") },
  activity: { label: "Activity", icon: "activity", load: () => import("./screens/activity/index.svelte") },
  engagement: {
    label: "Engagement",
    icon: "engagement",
    load: () => import("./screens/engagement/index.svelte"),
    teamOnly: true,
  },
  settings: { label: "Settings", icon: "settings", load: () => import("./screens/settings/index.svelte") },
};

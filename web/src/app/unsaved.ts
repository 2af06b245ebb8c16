// What a reader has written and not saved, by item. Kept in this tab: it outlives a reload, and goes with the tab.

import type { Live } from "./live.svelte";
import type { Draft } from "./screens/workspace/model/draft";

function prefixOf(live: Live): string {
  return `loggia.draft.${live.id}.${live.you.id}.`;
}

export function keep(live: Live, id: string, draft: Draft): void {
  // Without names: after the switch to multi-partner a partner's tab holds no other's.
  const theirs = Object.fromEntries(Object.entries(draft.theirs).map(([field, { value }]) => [field, { value, by: null }]));
  try {
    sessionStorage.setItem(prefixOf(live) + id, JSON.stringify({ ...draft, theirs }));
  } catch {
    // The tab's storage is full: the draft lives as long as the page does.
  }
}

export function kept(live: Live, id: string): Draft | undefined {
  const text = sessionStorage.getItem(prefixOf(live) + id);
  try {
    const draft = text === null ? undefined : (JSON.parse(text) as Partial<Draft> | null);
    return draft?.base && draft.mine && draft.theirs ? (draft as Draft) : undefined;
  } catch {
    return undefined;
  }
}

export function forget(live: Live, id: string): void {
  sessionStorage.removeItem(prefixOf(live) + id);
}

/** Whether a tab that is closed now takes something along that its writer could have saved. */
export function isLeftUnsaved(live: Live): boolean {
  if (!live.ready || !live.canEdit) return false;
  const prefix = prefixOf(live);
  return Object.keys(sessionStorage).some((key) => key.startsWith(prefix));
}

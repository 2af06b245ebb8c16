// What tests of a live workspace have in common.

import assert from "node:assert/strict";
import type { Api, Connection, Item, Workspace } from "../../src/client";
import { newId } from "../../src/client";
import type { Change, Snapshot } from "../../src/client/types";

/** Waits until something is so, looking whenever the workspace tells of something. */
export function until(workspace: Workspace, what: string, isSo: () => boolean, ms = 30_000): Promise<void> {
  return new Promise((resolve, reject) => {
    const done = (): boolean => {
      if (!isSo()) return false;
      clearTimeout(timer);
      unsubscribe();
      resolve();
      return true;
    };
    const timer = setTimeout(() => {
      unsubscribe();
      const { connection, pending, positions } = workspace;
      reject(new Error(`Not within ${ms} ms: ${what}. ${JSON.stringify({ connection, pending, positions })}`));
    }, ms);
    const unsubscribe = workspace.subscribe(() => done());
    done();
  });
}

export const live = (workspace: Workspace): Promise<void> =>
  until(workspace, "live", () => workspace.connection.state === "live");

export const state = (workspace: Workspace, wanted: Connection["state"]): Promise<void> =>
  until(workspace, wanted, () => workspace.connection.state === wanted);

/** Fails unless what the workspace shows is what its viewer reads anew, contents and order included. */
export async function isTrue(workspace: Workspace, api: Api): Promise<void> {
  await until(workspace, "no edit pending", () => workspace.pending === 0);
  const fresh = await api.get<Snapshot>(`/v1/workspaces/${workspace.id}`);
  await until(
    workspace,
    `at ${fresh.epoch} ${fresh.positions.shared} ${fresh.positions.team}`,
    () => workspace.epoch === fresh.epoch && isDeep(workspace.positions, fresh.positions),
  );
  // What was too large for an event is read after it.
  await until(workspace, "all names", () => fresh.tree.every(({ id, name }) => workspace.items.get(id)?.name === name), 10_000).catch(() => {});
  assert.equal(workspace.name, fresh.name);
  assert.equal(workspace.description, fresh.description);
  assert.equal(workspace.mode, fresh.mode);
  assert.deepEqual(workspace.team, fresh.team);
  const byId = <T extends { id: string }>(list: Iterable<T>): Record<string, T> =>
    Object.fromEntries([...list].map((one) => [one.id, one]));
  assert.deepEqual(byId(workspace.items.values()), byId(fresh.tree));
  assert.deepEqual(byId(workspace.environments.values()), byId(fresh.environments));
  // Siblings stand in a snapshot in their order.
  const parents = new Set<string | null>([null, ...fresh.tree.map(({ id }) => id)]);
  for (const parent of parents) {
    const order = fresh.tree.filter((one) => one.parent === parent).map(({ id }) => id);
    assert.deepEqual(workspace.children(parent).map(({ id }) => id), order);
  }
  for (const { id } of fresh.tree) {
    const read = await api.get<Item>(`/v1/workspaces/${workspace.id}/items/${id}`);
    assert.deepEqual(await workspace.item(id), read);
  }
}

function isDeep(a: unknown, b: unknown): boolean {
  return JSON.stringify(a) === JSON.stringify(b);
}

/** A change that makes a request with a name. */
export function made(parent: string, name: string, content: Change & { kind: "item_create" } extends { content?: infer C } ? C : never = {}): Change & { kind: "item_create" } {
  return { kind: "item_create", id: newId(), parent, item_kind: "request", name, content };
}

/** How often something of this name is there. */
export function count(workspace: Workspace, name: string): number {
  return [...workspace.items.values()].filter((entry) => entry.name === name).length;
}

/** A storage like a page's. */
export class MemoryStorage {
  readonly kept = new Map<string, string>();

  get length(): number {
    return this.kept.size;
  }

  key(at: number): string | null {
    return [...this.kept.keys()][at] ?? null;
  }

  getItem(key: string): string | null {
    return this.kept.get(key) ?? null;
  }

  setItem(key: string, value: string): void {
    this.kept.set(key, value);
  }

  removeItem(key: string): void {
    this.kept.delete(key);
  }
}

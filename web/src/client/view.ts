// What the app sees: the replica, with the edits that are under way laid over it.

import { layOver } from "./overlay";
import type { Replica } from "./replica";
import { Tree } from "./tree";
import type { Change, Entry, Environment } from "./types";

export interface Changed {
  items: Set<string>;
  environments: Set<string>;
}

/** What changes are about. */
export function concerned(changes: readonly Change[]): Changed {
  const items = new Set<string>();
  const environments = new Set<string>();
  for (const change of changes) {
    if (change.kind === "workspace_update") continue;
    (change.kind.startsWith("item_") ? items : environments).add(change.id);
  }
  return { items, environments };
}

export class View {
  readonly tree = new Tree();
  readonly environments = new Map<string, Environment>();
  name = "";
  description = "";
  readonly #replica: Replica;
  /** What the edits of the last time have touched. */
  #items = new Set<string>();
  #environments = new Set<string>();

  constructor(replica: Replica) {
    this.#replica = replica;
  }

  /** After another snapshot. */
  rebuild(changes: Iterable<Change>): void {
    this.tree.clear();
    for (const entry of this.#replica.tree.entries.values()) this.tree.set(entry);
    this.environments.clear();
    for (const [id, environment] of this.#replica.environments) this.environments.set(id, environment);
    this.#items.clear();
    this.#environments.clear();
    this.#layOver(changes, new Map(), new Map());
  }

  /**
   * After events or other edits: takes back what was laid over, takes over what the replica has, and lays the edits over
   * again. Costs as much as they touch, not as much as there is. `concerned` are told as changed in any case: their
   * contents may be.
   */
  refresh(concerned: Changed, changes: Iterable<Change>): Changed {
    const { tree, environments } = this.#replica;
    const entries = new Map<string, Entry | undefined>();
    const olds = new Map<string, Environment | undefined>();
    for (const id of new Set([...this.#items, ...concerned.items])) {
      entries.set(id, this.tree.entries.get(id));
      const entry = tree.entries.get(id);
      if (!entry) this.tree.delete(id);
      else if (entry !== this.tree.entries.get(id)) this.tree.set(entry);
    }
    for (const id of new Set([...this.#environments, ...concerned.environments])) {
      olds.set(id, this.environments.get(id));
      const environment = environments.get(id);
      if (environment) this.environments.set(id, environment);
      else this.environments.delete(id);
    }
    this.#items.clear();
    this.#environments.clear();
    this.#layOver(changes, entries, olds);
    const changed = { items: new Set(concerned.items), environments: new Set(concerned.environments) };
    for (const [id, old] of entries) if (!isSame(old, this.tree.entries.get(id))) changed.items.add(id);
    for (const [id, old] of olds) if (old !== this.environments.get(id)) changed.environments.add(id);
    return changed;
  }

  #layOver(
    changes: Iterable<Change>,
    entries: Map<string, Entry | undefined>,
    olds: Map<string, Environment | undefined>,
  ): void {
    this.name = this.#replica.name;
    this.description = this.#replica.description;
    const touch = {
      item: (id: string) => {
        if (!entries.has(id)) entries.set(id, this.tree.entries.get(id));
        this.#items.add(id);
      },
      environment: (id: string) => {
        if (!olds.has(id)) olds.set(id, this.environments.get(id));
        this.#environments.add(id);
      },
    };
    let turn = 0;
    for (const change of changes) layOver(this, change, turn++, touch);
  }
}

function isSame(a: Entry | undefined, b: Entry | undefined): boolean {
  if (a === b) return true;
  if (!a || !b) return false;
  return (
    a.parent === b.parent &&
    a.order === b.order &&
    a.name === b.name &&
    a.method === b.method &&
    a.position === b.position &&
    a.kind === b.kind
  );
}

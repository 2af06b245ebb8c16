// What the server has said: a snapshot, and every event since.

import { Tree } from "./tree";
import type { Entry, Environment, EventMessage, Mode, Notice, Person, Positions, Snapshot } from "./types";
import { mergePatch } from "./merge";

/** What an event came to. */
export interface Effects {
  items: Set<string>;
  environments: Set<string>;
  /** Items whose change was too large for an event. */
  unread: string[];
  /** The event tells only that the snapshot is another one now. */
  reread: boolean;
  notices: Notice[];
}

export class Replica {
  readonly tree = new Tree();
  readonly environments = new Map<string, Environment>();
  name = "";
  description = "";
  mode: Mode = "classic";
  epoch = "";
  positions: Positions = { shared: 0 };
  team: readonly Person[] = [];
  /** Whether a snapshot was ever read. */
  loaded = false;
  deleted = false;

  load(snapshot: Snapshot): void {
    this.tree.clear();
    for (const entry of snapshot.tree) this.tree.set(entry);
    this.environments.clear();
    for (const environment of snapshot.environments) this.environments.set(environment.id, environment);
    this.name = snapshot.name;
    this.description = snapshot.description;
    this.mode = snapshot.mode;
    this.epoch = snapshot.epoch;
    this.positions = { ...snapshot.positions };
    this.team = snapshot.team;
    this.loaded = true;
  }

  /** Whether this event is the next of its stream. */
  isNext({ stream, position }: EventMessage): boolean {
    return position === (this.positions[stream] ?? 0) + 1;
  }

  /** Whether this event is in the state already. */
  has({ stream, position }: EventMessage): boolean {
    return position <= (this.positions[stream] ?? 0);
  }

  /** Applies what `isNext`. */
  apply(event: EventMessage): Effects {
    this.positions[event.stream] = event.position;
    const effects: Effects = { items: new Set(), environments: new Set(), unread: [], reread: false, notices: [] };
    if (!this.#applyToItems(event, effects) && !this.#applyToPeople(event, effects)) this.#applyToRest(event, effects);
    return effects;
  }

  #applyToItems({ change, position }: EventMessage, effects: Effects): boolean {
    switch (change.kind) {
      case "item_created": {
        const { id, item_kind: kind, parent = null, order, name, method } = change;
        this.tree.set({ id, kind, parent, order, name, position, ...(method != null && { method }) });
        effects.items.add(id);
        return true;
      }
      case "item_updated": {
        const { id, patch, method } = change;
        const entry = this.tree.entries.get(id);
        effects.items.add(id);
        // What is by reference may have another name too.
        if (!patch) effects.unread.push(id);
        if (!entry) return true;
        const made: Entry = { ...entry, position };
        if (patch?.name != null) made.name = patch.name;
        // The event tells what the patch would give a request, whatever the item is.
        if (method != null && entry.kind === "request") made.method = method;
        this.tree.set(made);
        return true;
      }
      case "item_moved": {
        const { id, parent = null, order } = change;
        const entry = this.tree.entries.get(id);
        // A move is no change of the text, and leaves its position.
        if (entry) this.tree.set({ ...entry, parent, order });
        effects.items.add(id);
        return true;
      }
      case "item_deleted":
        for (const id of this.tree.within(change.id)) {
          this.tree.delete(id);
          effects.items.add(id);
        }
        return true;
      case "items_imported":
        effects.reread = true;
        return true;
      default:
        return false;
    }
  }

  #applyToPeople({ change }: EventMessage, effects: Effects): boolean {
    switch (change.kind) {
      case "member_joined":
      case "person_updated": {
        const person = change.person as Person;
        if (person.side === "team" && (change.kind === "member_joined" || this.#isOfTeam(person.id))) {
          const others = this.team.filter((one) => one.id !== person.id);
          this.team = [...others, person].sort((a, b) => (a.id < b.id ? -1 : 1));
        }
        break;
      }
      case "member_removed":
        if (this.#isOfTeam(change.user)) this.team = this.team.filter((one) => one.id !== change.user);
        break;
      case "member_updated":
        break;
      case "invitation_sent":
      case "invitation_used":
      case "invitation_revoked":
        effects.notices.push({ type: "invitations" });
        return true;
      default:
        return false;
    }
    effects.notices.push({ type: "members" });
    return true;
  }

  #isOfTeam(id: string): boolean {
    return this.team.some((person) => person.id === id);
  }

  #applyToRest({ change, position, by }: EventMessage, effects: Effects): void {
    switch (change.kind) {
      case "environment_created":
        if (change.by_reference) effects.reread = true;
        else this.#setEnvironment({ id: change.id, name: change.name, content: change.content ?? {}, position }, effects);
        return;
      case "environment_updated": {
        const { id, patch } = change;
        const old = this.environments.get(id);
        // There is no route for one environment: the snapshot has them all.
        if (!patch) effects.reread = true;
        else if (old) {
          const content = patch.content ? mergePatch(old.content, patch.content) : old.content;
          this.#setEnvironment({ id, name: patch.name ?? old.name, content, position }, effects);
        }
        return;
      }
      case "environment_deleted":
        this.environments.delete(change.id);
        effects.environments.add(change.id);
        return;
      case "workspace_updated":
        this.name = change.patch.name ?? this.name;
        this.description = change.patch.description ?? this.description;
        effects.notices.push({ type: "workspace", by });
        return;
      case "comment_posted":
      case "comment_edited":
      case "comment_resolved":
      case "comment_deleted":
        effects.notices.push({ type: "comments", item: change.item });
        return;
      case "forked":
      case "pulled":
        effects.notices.push({ type: "forks", id: change.id });
        return;
      case "workspace_created":
      case "workspace_deleted":
      case "mode_switched":
        // What the switch changes is told by the welcome that follows it.
        return;
      default:
        // A newer server's: the snapshot has what it did.
        effects.reread = true;
    }
  }

  #setEnvironment(environment: Environment, effects: Effects): void {
    this.environments.set(environment.id, environment);
    effects.environments.add(environment.id);
  }

  /** Takes over what only reading an item has told. */
  take(id: string, { name, method, position }: { name: string; method?: string; position: number }): void {
    const entry = this.tree.entries.get(id);
    if (!entry || position < entry.position) return;
    this.tree.set({ ...entry, name, ...(method !== undefined && { method }) });
  }
}

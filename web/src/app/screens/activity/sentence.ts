// What somebody did, in words. The name of a thing stands apart, so that it can be a link.

import type { Schemas } from "../../../client";
import { counted, ROLES } from "../settings/words";

export interface Sentence {
  before: string;
  /** What it was done to; it may be there no longer. */
  thing?: { name: string; item?: string; environment?: string };
  after?: string;
}

type Change = Schemas["ActivityLine"];
type Named = Schemas["Named"];

export function sentenceOf(change: Change): Sentence {
  switch (change.kind) {
    case "workspace_created":
      return { before: "created the workspace" };
    case "workspace_updated":
      return { before: `changed the workspace's ${listed(change.fields)}` };
    case "mode_switched":
      return { before: "enabled multi-partner mode" };
    case "item_created":
      return { before: `created ${kindOf(change.item)}`, thing: item(change.item) };
    case "item_updated":
      return onlyName(change.fields)
        ? { before: `renamed ${kindOf(change.item)}`, thing: item(change.item) }
        : { before: `edited ${kindOf(change.item)}`, thing: item(change.item) };
    case "item_moved":
      return { before: `moved ${kindOf(change.item)}`, thing: item(change.item) };
    case "item_deleted":
      return { before: "deleted", thing: { name: nameOf(change.item) } };
    case "items_imported": {
      const [first] = change.items;
      return first
        ? { before: `imported ${first.kind}`, thing: { name: first.name, item: first.id }, after: `with ${counted(change.count, "item")}` }
        : { before: `imported ${counted(change.count, "item")}` };
    }
    case "environment_created":
      return { before: "created the environment", thing: environment(change.environment) };
    case "environment_updated":
      return {
        before: onlyName(change.fields) ? "renamed the environment" : "edited the environment",
        thing: environment(change.environment),
      };
    case "environment_deleted":
      return { before: "deleted the environment", thing: { name: nameOf(change.environment) } };
    case "member_joined":
      return { before: "", thing: { name: change.person.name }, after: `joined as ${role(change)}` };
    case "member_updated":
      return { before: "made", thing: { name: change.person.name }, after: role(change) };
    case "member_removed":
      return { before: "removed", thing: { name: change.person.name } };
    case "invitation_sent":
      return { before: "invited", thing: { name: change.email }, after: `as ${role(change)}` };
    case "invitation_revoked":
      return { before: "took back an invitation" };
    case "forked":
      return { before: "forked", thing: item(change.item), after: "into this workspace" };
    case "pulled":
      return { before: `pulled ${counted(change.changes, "change")} into`, thing: item(change.item) };
  }
}

function role({ role, lead }: { role: Schemas["Role"]; lead: boolean }): string {
  return lead ? `${ROLES[role]} and Lead` : ROLES[role];
}

function nameOf({ name }: Named): string {
  return name ?? "something that is gone";
}

function kindOf({ kind }: Named): string {
  return kind ? `the ${kind}` : "";
}

/** A link where it leads somewhere: what has no kind is there no longer. */
function item(named: Named): NonNullable<Sentence["thing"]> {
  return { name: nameOf(named), item: named.id };
}

function environment(named: Named): NonNullable<Sentence["thing"]> {
  return { name: nameOf(named), environment: named.id };
}

function onlyName(fields: readonly string[]): boolean {
  return fields.length === 1 && fields[0] === "name";
}

function listed(fields: readonly string[]): string {
  return new Intl.ListFormat("en", { type: "conjunction" }).format(fields);
}

// Whom to invite: addresses as they are typed or read from a file, and what will become of each as far as the one who
// invites can know. What the server says afterwards counts.

import type { Schemas, Side } from "../../../client";

export type Outcome = Schemas["Outcome"];

export interface Invitee {
  /** In the file, from 1. */
  line: number;
  email: string;
  name?: string;
  lead?: boolean;
}

/** What the one who invites knows. */
export interface Known {
  side: Side;
  /** The team's domains; empty when nothing is known of them. */
  teamDomains: ReadonlySet<string>;
  /** Addresses of members, for the team alone: to a Lead nobody is a member. */
  members: ReadonlySet<string>;
  /** The only company that a Lead invites. */
  ownDomain?: string | undefined;
}

/** The server's own rule for addresses. */
const LOCAL = /^[\p{L}\p{N}!#$%&'*+\-/=?^_`{|}~.]{1,64}$/u;
const LABEL = /^(?!-)[\p{L}\p{N}-]{1,63}(?<!-)$/u;

/** The address as the server keeps it; undefined when it is none. */
export function normalEmail(text: string): string | undefined {
  const email = text.trim().toLowerCase();
  const at = email.indexOf("@");
  const labels = email.slice(at + 1).split(".");
  if (at < 0 || email.length > 254 || !LOCAL.test(email.slice(0, at))) return undefined;
  return labels.length > 1 && labels.every((label) => LABEL.test(label)) ? email : undefined;
}

export function domainOf(email: string): string {
  return email.slice(email.lastIndexOf("@") + 1).toLowerCase();
}

/** Without the list of public suffixes: the same, or one within the other. */
function related(a: string, b: string): boolean {
  return a === b || a.endsWith(`.${b}`) || b.endsWith(`.${a}`);
}

/** What will become of each, in order. */
export function foresee(invitees: readonly Invitee[], known: Known): Outcome[] {
  const seen = new Set<string>();
  return invitees.map(({ email: text }) => {
    const email = normalEmail(text);
    if (!email) return "invalid";
    const domain = domainOf(email);
    const internal = [...known.teamDomains].some((own) => related(own, domain));
    if (known.side === "partner" && internal) return "not_external";
    if (known.side === "team" && known.teamDomains.size > 0 && !internal) return "not_internal";
    if (known.ownDomain && !related(known.ownDomain, domain)) return "other_domain";
    if (known.members.has(email)) return "already_member";
    if (seen.has(email)) return "repeated";
    seen.add(email);
    return "sent";
  });
}

/** What an outcome means, before sending and after. */
export const FORESEEN: Readonly<Record<Outcome, string>> = {
  sent: "Will be invited",
  already_member: "Is a member already",
  invalid: "No valid address",
  repeated: "Stands here twice",
  not_external: "An address of the team: invite it to the team",
  not_internal: "Not an address of the team: invite it as a partner",
  other_domain: "Not of your company",
};
export const CAME: Readonly<Record<Outcome, string>> = { ...FORESEEN, sent: "Invited" };

/** The addresses in a text that was typed or pasted: by commas, semicolons, spaces or lines; `Name <address>` too. */
export function split(text: string): { email: string; name?: string }[] {
  const found: { email: string; name?: string }[] = [];
  // A name may be quoted, and hold commas then.
  for (const [, quoted, plain, within, bare] of text.matchAll(/(?:"([^"]*)"|([^<>",;\n]*?))\s*<([^<>]*)>|([^\s,;<>]+)/g)) {
    const name = (quoted ?? plain)?.trim();
    const email = (within ?? bare ?? "").trim();
    if (email) found.push(name ? { email, name } : { email });
  }
  return found;
}

// What the server answers to a send, and failures in words a person understands.

import type { Schemas } from "../../../../client";

export type Header = Schemas["Header"];
export type Body = Schemas["SentBody"];
export type Timings = Schemas["Timings"];
export type Sent = Schemas["SendAnswer"];

/** What to do about it, by the code. */
const ADVICE: Record<string, string> = {
  invalid_url: "Look at the URL, and at the values of its variables.",
  invalid_method: "Choose another method.",
  invalid_header: "Look at the headers, and at the values of their variables.",
  target_refused: "This server's operator has not opened that address for requests.",
  name_not_found: "Look for a slip in the host's name, or a variable without a value.",
  connection_refused: "Nothing listens there. Is the service running, and the port right?",
  connection_failed: "The host can't be reached from this server.",
  tls_failed: "The host's certificate, or its TLS, is not what it should be.",
  timed_out: "The service took too long. Try again, or ask for less.",
  connection_closed: "The service gave up in the middle. Try again.",
  bad_response: "What is there does not speak HTTP.",
  too_many_redirects: "The service sends every request on. Look at the last place it leads to.",
  bad_redirect: "The service leads to something that is no address.",
  digest_unsupported: "The service asks for a digest that is not known here.",
  token_refused: "Look at the client id and secret, and at the token's URL.",
  canceled: "It was canceled.",
  offline: "Nothing answered: is this device online, and the server there?",
  forbidden: "You may look at this, and not send it.",
  not_found: "It is no longer there.",
  too_large: "What is sent is more than the server takes.",
};

export function adviceFor(code: string): string | undefined {
  return ADVICE[code];
}

export function bytes(count: number): string {
  if (count < 1000) return `${count} B`;
  return count < 1_000_000 ? `${(count / 1000).toFixed(1)} kB` : `${(count / 1_000_000).toFixed(1)} MB`;
}

export function duration(ms: number): string {
  return ms < 1000 ? `${Math.round(ms)} ms` : `${(ms / 1000).toFixed(ms < 10_000 ? 2 : 1)} s`;
}

export const CUTS: Record<Schemas["Cut"], string> = {
  too_large: "The body is larger than 10 MiB: this is its beginning.",
  interrupted: "The connection ended before the body did: this is what came.",
  timed_out: "The body took too long: this is what came.",
  undecodable: "The body is not encoded as its headers say: it is shown as it came.",
};

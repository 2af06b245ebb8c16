// `pm.response`, and the answers to `pm.sendRequest`.

import type { SentResponse } from "../types";
import { List } from "./list";

/** A response as scripts see it. */
export class Response {
  /** The HTTP status. */
  readonly code: number;
  /** Its words. */
  readonly status: string;
  /** Milliseconds. */
  readonly responseTime: number;
  /** Bytes of the body as it came. */
  readonly responseSize: number;
  readonly headers: List;
  readonly cookies: List;
  readonly #sent: SentResponse;

  constructor(sent: SentResponse) {
    this.#sent = sent;
    this.code = sent.status;
    this.status = sent.reason;
    this.responseTime = Math.round(sent.timings.total_ms);
    this.responseSize = sent.sizes.body;
    this.headers = new List(
      sent.headers.map(({ name, value }) => ({ key: name, value })),
      true,
    );
    this.cookies = cookiesOf(sent);
  }

  reason(): string {
    return this.status;
  }

  text(): string {
    const { text, base64 } = this.#sent.body;
    return text ?? (base64 == null ? "" : new TextDecoder().decode(bytesOf(base64)));
  }

  /** The body read as JSON. The error says what the body is instead. */
  json(): unknown {
    const text = this.text();
    try {
      return JSON.parse(text.replace(/^\uFEFF/, ""));
    } catch (error) {
      const what = text === "" ? "it is empty" : `it begins with ${JSON.stringify(text.slice(0, 40))}`;
      throw new SyntaxError(`The response's body is no JSON (${what}): ${(error as Error).message}`);
    }
  }

  size(): { body: number; header: number; total: number } {
    const { head, body } = this.#sent.sizes;
    return { body, header: head, total: head + body };
  }

  mime(): { type: string } {
    return { type: this.#sent.body.media_type };
  }

  get stream(): Uint8Array {
    const { base64 } = this.#sent.body;
    return base64 == null ? new TextEncoder().encode(this.text()) : bytesOf(base64);
  }
}

function bytesOf(base64: string): Uint8Array {
  return Uint8Array.from(atob(base64), (char) => char.charCodeAt(0));
}

function cookiesOf(sent: SentResponse): List {
  const lines = sent.headers.filter(({ name }) => name.toLowerCase() === "set-cookie");
  return new List(
    lines.map(({ value }) => {
      const pair = value.split(";")[0] ?? "";
      const at = pair.indexOf("=");
      return { key: pair.slice(0, Math.max(at, 0)).trim(), value: decoded(pair.slice(at + 1).trim()) };
    }),
  );
}

function decoded(value: string): string {
  try {
    return decodeURIComponent(value);
  } catch {
    return value;
  }
}

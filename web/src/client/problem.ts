// A refusal, by the server (RFC 9457) or by the network.

import type { Schemas } from "./types";

/** An item of which both sides of a pull made something else. */
export type Conflict = Schemas["SeenConflict"];

export interface ProblemFields {
  code: string;
  title: string;
  detail?: string | null;
  path?: string | null;
  status?: number | null;
  conflicts?: readonly Conflict[] | null;
  /** Seconds. */
  retryAfter?: number | undefined;
}

export class Problem extends Error {
  /** A stable word. */
  readonly code: string;
  readonly title: string;
  /** What exactly. */
  readonly detail?: string;
  /** Where in what was sent. */
  readonly path?: string;
  /** The HTTP status, of an answer over HTTP. */
  readonly status?: number;
  /** What has to be chosen before a pull can be made. */
  declare readonly conflicts?: readonly Conflict[];
  /** The seconds after which it is worth trying again, when the server said so. */
  declare readonly retryAfter?: number;

  constructor(fields: ProblemFields, options?: ErrorOptions) {
    super(fields.detail ? `${fields.title} ${fields.detail}` : fields.title, options);
    this.name = "Problem";
    this.code = fields.code;
    this.title = fields.title;
    if (fields.detail != null) this.detail = fields.detail;
    if (fields.path != null) this.path = fields.path;
    if (fields.status != null) this.status = fields.status;
    if (fields.conflicts != null) this.conflicts = fields.conflicts;
    if (fields.retryAfter !== undefined) this.retryAfter = fields.retryAfter;
  }

  /** What is no refusal of anything: try again later. */
  get transient(): boolean {
    return this.code === "offline" || this.code === "unavailable" || this.code === "too_many";
  }

  static offline(cause: unknown): Problem {
    return new Problem({ code: "offline", title: "The server can't be reached." }, { cause });
  }

  /** The refusal in an answer; in one that holds none (a proxy's page, say), one made of its status. */
  static async of(response: Response): Promise<Problem> {
    const body: unknown = await response.json().catch(() => null);
    const { status } = response;
    const retryAfter = secondsOf(response.headers.get("retry-after"));
    if (isFields(body)) return new Problem({ ...body, status, retryAfter });
    if (status === 502 || status === 503 || status === 504) {
      return new Problem({ code: "unavailable", title: "This can't be done right now; try again.", status, retryAfter });
    }
    if (status === 429) return new Problem({ code: "too_many", title: "Too many requests; slow down.", status, retryAfter });
    return new Problem({ code: "unexpected", title: `The server answered ${status}.`, status });
  }
}

function isFields(body: unknown): body is ProblemFields {
  return (
    typeof body === "object" &&
    body !== null &&
    "code" in body &&
    typeof body.code === "string" &&
    "title" in body &&
    typeof body.title === "string"
  );
}

/** `Retry-After` (RFC 9110): seconds, or a date. */
function secondsOf(said: string | null, now = Date.now()): number | undefined {
  if (said === null) return undefined;
  if (/^\s*\d+\s*$/.test(said)) return Number(said);
  const at = Date.parse(said);
  return Number.isNaN(at) ? undefined : Math.max(0, Math.ceil((at - now) / 1000));
}

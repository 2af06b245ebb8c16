// A refusal, by the server (RFC 9457) or by the network.

export interface ProblemFields {
  code: string;
  title: string;
  detail?: string | null;
  path?: string | null;
  status?: number | null;
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

  constructor(fields: ProblemFields, options?: ErrorOptions) {
    super(fields.detail ? `${fields.title} ${fields.detail}` : fields.title, options);
    this.name = "Problem";
    this.code = fields.code;
    this.title = fields.title;
    if (fields.detail != null) this.detail = fields.detail;
    if (fields.path != null) this.path = fields.path;
    if (fields.status != null) this.status = fields.status;
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
    if (isFields(body)) return new Problem({ ...body, status });
    if (status === 502 || status === 503 || status === 504) {
      return new Problem({ code: "unavailable", title: "This can't be done right now; try again.", status });
    }
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

// A server that is no process: sockets and answers that a test makes up.

import { Api, type Socket, Workspace, type WorkspaceOptions } from "../../src/client";
import type { ServerMessage, Snapshot } from "../../src/client/types";
import { FakeClock } from "./clocks";

export const PERSON = { id: "you", name: "You", avatar: null, side: "team" as const };

export class FakeSocket implements Socket {
  onmessage: Socket["onmessage"] = null;
  onclose: Socket["onclose"] = null;
  onerror: Socket["onerror"] = null;
  readonly url: URL;
  readonly protocols: string[];
  readonly said: { type: string; op?: string; changes?: unknown[]; viewing?: unknown }[] = [];
  isClosed = false;

  constructor(url: string, protocols: string[]) {
    this.url = new URL(url);
    this.protocols = protocols;
  }

  send(text: string): void {
    this.said.push(JSON.parse(text));
  }

  close(): void {
    this.isClosed = true;
  }

  says(message: ServerMessage): void {
    this.onmessage?.({ data: JSON.stringify(message) });
  }

  ends(code: number): void {
    this.onclose?.({ code });
  }
}

export class FakeServer {
  readonly clock = new FakeClock();
  readonly sockets: FakeSocket[] = [];
  /** What was asked over HTTP, and what is answered. */
  readonly asked: { method: string; path: string; headers: Headers; body: unknown }[] = [];
  answer: (asked: FakeServer["asked"][number]) => Response | Promise<Response> = () => Response.json(this.snapshot, { headers: { etag: '"1"' } });
  /** In place of all that. */
  fetch: ((url: string, init: RequestInit) => Promise<Response>) | undefined;
  snapshot: Snapshot = {
    id: "w",
    name: "W",
    description: "",
    mode: "classic",
    epoch: "e1",
    positions: { shared: 4, team: 0 },
    tree: [{ id: "c", kind: "collection", parent: null, order: "80", name: "C", position: 4 }],
    environments: [],
    team: [PERSON],
  };

  readonly api = new Api({
    url: "http://loggia.example",
    fetch: (async (url: string, init: RequestInit) => {
      if (this.fetch) return this.fetch(url, init);
      const asked = {
        method: init.method ?? "GET",
        path: new URL(url).pathname,
        headers: new Headers(init.headers),
        body: typeof init.body === "string" ? (JSON.parse(init.body) as unknown) : undefined,
      };
      this.asked.push(asked);
      return this.answer(asked);
    }) as typeof fetch,
  });

  open(options: WorkspaceOptions = {}): Workspace {
    const { sockets } = this;
    class Made extends FakeSocket {
      constructor(url: string, protocols: string[]) {
        super(url, protocols);
        sockets.push(this);
      }
    }
    return Workspace.open(this.api, "w", { clock: this.clock, random: () => 0.5, WebSocket: Made, storage: null, ...options });
  }

  get socket(): FakeSocket {
    const last = this.sockets.at(-1);
    if (!last) throw new Error("No socket was made.");
    return last;
  }

  welcome(positions = this.snapshot.positions, more: Partial<Extract<ServerMessage, { type: "welcome" }>> = {}): void {
    this.socket.says({
      type: "welcome",
      session: `s${this.sockets.length}`,
      you: PERSON,
      viewer: "team",
      role: "editor",
      lead: false,
      mode: "classic",
      epoch: this.snapshot.epoch,
      positions,
      ...more,
    });
  }

  /** Something of this name is made at this position, by somebody else or, with `op`, by you. */
  created(position: number, name: string, op?: string): void {
    this.socket.says({
      type: "event",
      stream: "shared",
      position,
      at: "2026-01-01T00:00:00Z",
      by: PERSON,
      ...(op && { op }),
      change: { kind: "item_created", id: name, item_kind: "folder", parent: "c", order: `80${position}`, name, content: {} },
    });
  }
}

/** Until promises that are settled have had their say. */
export function settled(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

/** Opened, and welcomed. */
export async function opened(options: WorkspaceOptions = {}, server = new FakeServer()): Promise<{ server: FakeServer; workspace: Workspace }> {
  const workspace = server.open(options);
  await settled();
  server.welcome();
  await workspace.ready;
  return { server, workspace };
}

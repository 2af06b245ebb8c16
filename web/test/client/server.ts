// A real server, as a process: started, killed, drained and started again on its port and data.

import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { Api } from "../../src/client";

export { WebSocket as Socket } from "ws";

export const PROGRAM = process.env.LOGGIA_BIN;

/** None outlives the tests, however they end, but for a SIGKILL. */
const running = new Set<ChildProcess>();
process.once("exit", () => {
  for (const child of running) child.kill("SIGKILL");
});
process.once("SIGTERM", () => process.exit(143));

export class Server {
  readonly url: string;
  readonly port: number;
  readonly #data = mkdtempSync(join(tmpdir(), "loggia-client-"));
  #process: ChildProcess | undefined;

  private constructor(port: number) {
    this.port = port;
    this.url = `http://127.0.0.1:${port}`;
  }

  static async start(): Promise<Server> {
    const server = new Server(await freePort());
    await server.start();
    return server;
  }

  async start(): Promise<void> {
    if (!PROGRAM) throw new Error("LOGGIA_BIN names no server.");
    const args = ["--listen", `127.0.0.1:${this.port}`, "--data", this.#data];
    const child = spawn(PROGRAM, args, { stdio: ["ignore", "ignore", "pipe"] });
    this.#process = child;
    running.add(child);
    child.once("exit", () => running.delete(child));
    let said = "";
    child.stderr.setEncoding("utf8").on("data", (text: string) => (said += text));
    for (;;) {
      // A port that somebody else has taken meanwhile may be answered by anything, or by nothing.
      const signal = AbortSignal.timeout(1_000);
      const isReady = await fetch(`${this.url}/readyz`, { signal }).then(({ ok }) => ok, () => false);
      if (child.exitCode !== null || child.signalCode !== null) {
        throw new Error(`The server ended (${child.exitCode ?? child.signalCode}):\n${said}`);
      }
      if (isReady) return;
      // Nobody tells when a process listens.
      await sleep(20);
    }
  }

  /** Ends it, and waits until it has: by `SIGKILL` at once, by `SIGTERM` after its goodbyes. */
  async stop(signal: "SIGKILL" | "SIGTERM"): Promise<void> {
    const child = this.#process;
    this.#process = undefined;
    if (!child || child.exitCode !== null || child.signalCode !== null) return;
    const ended = once(child, "exit");
    child.kill(signal);
    await ended;
  }

  async close(): Promise<void> {
    await this.stop("SIGKILL");
    rmSync(this.#data, { recursive: true, force: true });
  }

  admin(...args: string[]): string {
    if (!PROGRAM) throw new Error("LOGGIA_BIN names no server.");
    return execFileSync(PROGRAM, ["admin", ...args, "--data", this.#data], { encoding: "utf8", stdio: ["ignore", "pipe", "ignore"] }).trim();
  }
}

/** A server with a team's Admin, a workspace, and a partner in it. */
export interface House {
  server: Server;
  admin: Api;
  workspace: string;
  collection: string;
}

export async function house(): Promise<House> {
  const server = await Server.start();
  const token = server.admin("create-team", "--name", "Acme", "--domain", "acme.example", "--admin", "ada@acme.example", "--admin-name", "Ada");
  const admin = new Api({ url: server.url, token });
  const { id: workspace } = await admin.post("/v1/workspaces", { name: "Payments" });
  const { items } = await admin.post("/v1/workspaces/{workspace}/import", JSON.stringify(COLLECTION), { path: { workspace }, type: "application/json" });
  const collection = items[0]?.id;
  if (!collection) throw new Error("Nothing was imported.");
  return { server, admin, workspace, collection };
}

const COLLECTION = {
  info: { name: "Payments API", schema: "https://schema.getpostman.com/json/collection/v2.1.0/collection.json" },
  item: [
    { name: "Charges", item: [{ name: "Charge", request: { method: "POST", url: "https://api.example/charges" } }] },
    { name: "Ping", request: { method: "GET", url: "https://api.example/ping", description: "Says that all is well today" } },
  ],
};

/** Somebody who is invited and comes. */
export async function invite(house: House, email: string, side: "team" | "partner", role: "viewer" | "editor" = "viewer"): Promise<{ api: Api; id: string }> {
  const { admin, workspace, server } = house;
  const { rows } = await admin.post(
    "/v1/workspaces/{workspace}/invitations",
    { invitees: [{ email }], side, role, lead: false },
    { path: { workspace } },
  );
  const link = rows[0]?.link;
  if (!link) throw new Error(`${email} was not invited: ${rows[0]?.outcome}`);
  const token = new URL(link).hash.slice(1).split("=").at(-1) || new URL(link).searchParams.get("token");
  const response = await fetch(`${server.url}/v1/invitations/accept`, {
    method: "POST",
    headers: { "content-type": "application/json", origin: server.url },
    body: JSON.stringify({ token, name: email.split("@")[0] }),
  });
  if (!response.ok) throw new Error(`${email} could not join: ${await response.text()}`);
  const cookie = response.headers.get("set-cookie")?.split(";")[0] ?? "";
  const { user } = (await response.json()) as { user: { id: string } };
  const made = await fetch(`${server.url}/v1/me/tokens`, {
    method: "POST",
    headers: { "content-type": "application/json", origin: server.url, cookie },
    body: JSON.stringify({ name: "test" }),
  });
  if (!made.ok) throw new Error(`${email} got no token: ${await made.text()}`);
  const { token: own } = (await made.json()) as { token: string };
  return { api: new Api({ url: server.url, token: own }), id: user.id };
}

/** A port that nobody listens on, and that the system gives to nobody who asks for any: it stays free over a restart. */
export async function freePort(): Promise<number> {
  for (;;) {
    const port = 20_000 + Math.floor(Math.random() * 12_000);
    const isFree = await new Promise<boolean>((resolve) => {
      const server = createServer().once("error", () => resolve(false));
      server.listen(port, "127.0.0.1", () => server.close(() => resolve(true)));
    });
    if (isFree) return port;
  }
}

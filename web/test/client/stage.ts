// A real server behind a proxy, and workspaces that are open there.

import assert from "node:assert/strict";
import { Api, Workspace, type WorkspaceOptions } from "../../src/client";
import { count, isTrue, live } from "./common";
import { Proxy } from "./proxy";
import { type House, house, invite, Socket } from "./server";

export class Stage {
  readonly #opened: Workspace[] = [];

  private constructor(
    readonly home: House,
    readonly proxy: Proxy,
    /** A partner's. */
    readonly partnerApi: Api,
  ) {}

  static async set(): Promise<Stage> {
    const home = await house();
    const { api } = await invite(home, "pia@partner.example", "partner");
    return new Stage(home, await Proxy.to(home.server.port), api);
  }

  async close(): Promise<void> {
    for (const workspace of this.#opened) workspace.close();
    await this.proxy.close();
    await this.home.server.close();
  }

  /** Opens the workspace by the proxy, unless `direct`. */
  async open(api: Api, options: WorkspaceOptions & { direct?: boolean } = {}): Promise<Workspace> {
    const { direct = false, ...rest } = options;
    const way = direct ? api : new Api({ url: this.proxy.url, ...(api.token && { token: api.token }) });
    const workspace = Workspace.open(way, this.home.workspace, { WebSocket: Socket, ...rest });
    this.#opened.push(workspace);
    await workspace.ready;
    return workspace;
  }
}

export function idOf(workspace: Workspace, name: string): string {
  const found = [...workspace.items.values()].find((entry) => entry.name === name);
  assert.ok(found, `${name} is there`);
  return found.id;
}

/** Everybody shows the truth, and each of these is there once. */
export async function allTrue(workspaces: [Workspace, Api][], names: string[]): Promise<void> {
  for (const [workspace, api] of workspaces) {
    await live(workspace);
    await isTrue(workspace, api);
    for (const name of names) assert.equal(count(workspace, name), 1, name);
  }
}

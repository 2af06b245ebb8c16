// A real server behind a proxy, and workspaces that are open there.

import assert from "node:assert/strict";
import { afterEach, beforeEach } from "node:test";
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

/** A new stage for each test of a suite, and what is on it at the time. */
export function onStage(): Pick<Stage, "home" | "proxy" | "partnerApi" | "open"> {
  let stage: Stage | undefined;
  beforeEach(async () => {
    stage = await Stage.set();
  });
  afterEach(() => stage?.close());
  const now = (): Stage => stage ?? assert.fail("no test is on");
  return {
    get home() {
      return now().home;
    },
    get proxy() {
      return now().proxy;
    },
    get partnerApi() {
      return now().partnerApi;
    },
    open: (...given) => now().open(...given),
  };
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

// The same in a real browser, with nothing but its own parts: cookie, socket, storage, events.

import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { after, before, describe, test } from "node:test";
import { build } from "esbuild";
import { type Browser, chromium, type Page } from "playwright-core";
import type * as Client from "../../src/client";
import { type House, house, invite, PROGRAM } from "./server";

declare const loggia: typeof Client;
declare const workspace: Client.Workspace;

describe("in a browser", { skip: PROGRAM ? false : "LOGGIA_BIN names no server", timeout: 120_000 }, () => {
  let home: House;
  let browser: Browser;
  let page: Page;
  let script: string;

  before(async () => {
    const made = await build({ entryPoints: ["src/client/index.ts"], bundle: true, write: false, format: "iife", globalName: "loggia", target: "es2022" });
    script = made.outputFiles[0]?.text ?? "";
    home = await house();
    const executablePath = execFileSync("which", ["chromium"], { encoding: "utf8" }).trim();
    browser = await chromium.launch({ executablePath, args: ["--no-sandbox"] });
    page = await browser.newPage();
    await load();
    await page.evaluate((token) => new loggia.Api().post("/v1/sign_in/complete", { token }), home.admin.token ?? "");
  });

  after(async () => {
    await browser?.close();
    await home?.server.close();
  });

  /** A page of the server's origin, with the client in it. */
  async function load(): Promise<void> {
    await page.goto(`${home.server.url}/healthz`);
    await page.evaluate(script.replace("var loggia =", "globalThis.loggia ="));
  }

  async function open(): Promise<void> {
    await page.evaluate(async (id) => {
      Object.assign(globalThis, { workspace: loggia.Workspace.open(new loggia.Api(), id) });
      await workspace.ready;
    }, home.workspace);
  }

  const state = (wanted: string): Promise<unknown> => page.waitForFunction((one) => workspace.connection.state === one, wanted);

  const edit = (name: string): Promise<number> =>
    page.evaluate(
      ([parent, name]) => {
        const change = { kind: "item_create", id: loggia.newId(), parent, item_kind: "folder", name, content: {} } as const;
        void workspace.edit([change]);
        return workspace.pending;
      },
      [home.collection, name] as const,
    );

  const named = async (name: string): Promise<number> => {
    const { tree } = await home.admin.get("/v1/workspaces/{workspace}", { path: { workspace: home.workspace } });
    return tree.filter((entry) => entry.name === name).length;
  };

  test("the cookie signs in, and edits are made", async () => {
    await open();
    await edit("from a page");
    await page.waitForFunction(() => workspace.pending === 0);
    assert.equal(await named("from a page"), 1);
    assert.equal(await page.evaluate(() => sessionStorage.length), 0);
  });

  test("an edit without an answer outlives the page", async () => {
    await home.server.stop("SIGKILL");
    await state("waiting");
    assert.equal(await edit("before the reload"), 1);
    assert.equal(await page.evaluate(() => sessionStorage.length), 1);
    await home.server.start();
    // Gone before it could come back by itself, or not: once it is there in any case.
    await load();
    await open();
    await page.waitForFunction(() => workspace.pending === 0 && sessionStorage.length === 0);
    assert.equal(await named("before the reload"), 1);
  });

  test("a network that goes and comes is noticed by its events", async () => {
    await page.context().setOffline(true);
    await home.server.stop("SIGKILL");
    await state("offline");
    await home.server.start();
    await page.context().setOffline(false);
    await state("live");
  });

  test("a partner's page keeps nothing and hears nothing of another partner", async () => {
    const pia = await invite(home, "pia@partner.example", "partner");
    const otto = await invite(home, "otto@rival.example", "partner");
    await home.admin.post("/v1/workspaces/{workspace}/multi_partner", { confirm: "Payments" }, { path: { workspace: home.workspace } });
    const context = await browser.newContext();
    page = await context.newPage();
    const heard: string[] = [];
    page.on("websocket", (socket) => socket.on("framereceived", ({ payload }) => heard.push(String(payload))));
    page.on("response", (response) => void response.text().then((text) => heard.push(text), () => {}));
    await load();
    await page.evaluate((token) => new loggia.Api().post("/v1/sign_in/complete", { token }), pia.api.token ?? "");
    await open();
    const rival = await browser.newContext();
    const other = await rival.newPage();
    await other.goto(`${home.server.url}/healthz`);
    await other.evaluate(script.replace("var loggia =", "globalThis.loggia ="));
    await other.evaluate(
      async ([token, id, item]) => {
        await new loggia.Api().post("/v1/sign_in/complete", { token });
        const workspace = loggia.Workspace.open(new loggia.Api(), id);
        await workspace.ready;
        workspace.look(item, "active");
        await workspace.edit([{ kind: "item_delete", id: item }]).catch(() => {});
        workspace.close();
      },
      [otto.api.token ?? "", home.workspace, home.collection] as const,
    );
    await home.admin.patch("/v1/workspaces/{workspace}", { description: "after that" }, { path: { workspace: home.workspace } });
    await page.waitForFunction(() => workspace.description === "after that");
    const shown = await page.evaluate(() => JSON.stringify([[...workspace.presence.values()], workspace.team, [...workspace.items.values()], { ...sessionStorage }]));
    for (const text of [...heard, shown]) {
      assert.ok(!text.includes(otto.id) && !text.includes("otto") && !text.includes("rival"), text);
    }
    assert.ok(heard.some((text) => text.includes("after that")), "what is meant for it was heard");
    await context.close();
    await rival.close();
  });
});

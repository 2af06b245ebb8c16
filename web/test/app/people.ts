// Who and what tests of the app begin with.

import type { Browser, BrowserContext, Page } from "playwright-core";
import type { TestServer } from "./browser";

/** A browser's cookies. */
export type Cookies = Awaited<ReturnType<BrowserContext["storageState"]>>;

/** A team whose Admin, Ada Lovelace, has a workspace: "Payments". Her cookies. */
export async function setUp(browser: Browser, server: TestServer): Promise<Cookies> {
  const token = /#setup=(\w+)/.exec(server.said)?.[1];
  const context = await browser.newContext();
  const page = await context.newPage();
  await page.goto(server.url);
  await page.evaluate(async (token) => {
    const post = async (path: string, body: object) => {
      const headers = { "content-type": "application/json" };
      const response = await fetch(path, { method: "POST", headers, body: JSON.stringify(body) });
      if (!response.ok) throw new Error(await response.text());
    };
    const email = "ada@acme.example";
    await post("/v1/setup", { token, team: "Acme", domains: ["acme.example"], email, name: "Ada Lovelace" });
    await post("/v1/workspaces", { name: "Payments", description: "# Hello" });
  }, token);
  const cookies = await context.storageState();
  await context.close();
  return cookies;
}

/** Invites partners, and answers their links. */
export async function invite(page: Page, workspace: string, emails: string[]): Promise<string[]> {
  return page.evaluate(
    async ({ workspace, emails }) => {
      const body = JSON.stringify({ invitees: emails.map((email) => ({ email })), side: "partner", role: "viewer" });
      const headers = { "content-type": "application/json" };
      const response = await fetch(`/v1/workspaces/${workspace}/invitations`, { method: "POST", headers, body });
      const { rows } = (await response.json()) as { rows: { link: string }[] };
      return rows.map(({ link }) => link);
    },
    { workspace, emails },
  );
}

export async function makeWorkspace(page: Page, name: string): Promise<string> {
  return page.evaluate(async (name) => {
    const headers = { "content-type": "application/json" };
    const response = await fetch("/v1/workspaces", { method: "POST", headers, body: JSON.stringify({ name }) });
    return ((await response.json()) as { id: string }).id;
  }, name);
}

/** Waits until the workspace is there and followed. */
export async function live(page: Page): Promise<void> {
  await page.locator(".connection.live").waitFor();
}

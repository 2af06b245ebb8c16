// A team with a workspace and partners, set up over HTTP, and the app on it in Chromium.

import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { createServer, type IncomingMessage, request as ask } from "node:http";
import type { AddressInfo } from "node:net";
import { extname, join, normalize } from "node:path";
import type { Page } from "playwright-core";
import { startServer } from "./browser";

export interface Served {
  /** Where the app is. */
  url: string;
  said: string;
  stop(): Promise<void>;
}

/** A server of the test's own with the app: the one that is compiled in, or else the one in `dist`, before it. */
export async function served(): Promise<Served> {
  const server = await startServer("serve", /#setup=\S+\s/);
  const page = await (await fetch(server.url)).text();
  if (page.includes('id="app"')) return server;
  const front = await before(server.url);
  return {
    url: front.url,
    said: server.said.replaceAll(server.url, front.url),
    stop: async () => {
      await front.stop();
      await server.stop();
    },
  };
}

const KINDS: Record<string, string> = { ".html": "text/html", ".js": "text/javascript", ".css": "text/css", ".svg": "image/svg+xml" };
/** As the server's own. */
const POLICY =
  "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; font-src 'self'; connect-src 'self'; frame-src 'self'; worker-src 'self'; manifest-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/** The files in `dist`, with the server behind them. */
async function before(target: string): Promise<{ url: string; stop(): Promise<void> }> {
  const { port } = new URL(target);
  const passed = (incoming: IncomingMessage) => ({
    host: "127.0.0.1",
    port,
    path: incoming.url ?? "/",
    method: incoming.method ?? "GET",
    headers: { ...incoming.headers, host: new URL(target).host, ...(incoming.headers.origin ? { origin: target } : {}) },
  });
  const server = createServer((incoming, outgoing) => {
    const { pathname } = new URL(incoming.url ?? "/", target);
    if (pathname.startsWith("/v1/") || pathname.endsWith(".json")) {
      const request = ask(passed(incoming), (response) => {
        outgoing.writeHead(response.statusCode ?? 502, response.headers);
        response.pipe(outgoing);
      });
      request.on("error", () => outgoing.destroy());
      incoming.pipe(request);
      return;
    }
    const path = extname(pathname) ? normalize(pathname) : "/index.html";
    readFile(join("dist", path)).then(
      (bytes) => outgoing.writeHead(200, { "content-type": KINDS[extname(path)] ?? "application/octet-stream", "content-security-policy": POLICY }).end(bytes),
      () => outgoing.writeHead(404).end(),
    );
  });
  server.on("upgrade", (incoming, socket) => {
    const request = ask(passed(incoming));
    request.on("upgrade", (response, behind, head) => {
      const lines = [`HTTP/1.1 101 Switching Protocols`];
      for (let at = 0; at < response.rawHeaders.length; at += 2) lines.push(`${response.rawHeaders[at]}: ${response.rawHeaders[at + 1]}`);
      socket.write(`${lines.join("\r\n")}\r\n\r\n`);
      // What the server said at once.
      socket.write(head);
      behind.pipe(socket).pipe(behind);
      behind.on("error", () => socket.destroy());
      socket.on("error", () => behind.destroy());
    });
    request.on("response", () => socket.destroy());
    request.on("error", () => socket.destroy());
    request.end();
  });
  server.listen(0, "127.0.0.1");
  await new Promise((resolve) => server.once("listening", resolve));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const stop = async () => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  };
  return { url, stop };
}

/** Somebody signed in: requests in their name. */
export class Person {
  readonly url: string;
  readonly cookie: string;
  readonly id: string;
  readonly name: string;
  readonly email: string;

  constructor(url: string, cookie: string, { id, name, email }: { id: string; name: string; email: string }) {
    this.url = url;
    this.cookie = cookie;
    this.id = id;
    this.name = name;
    this.email = email;
  }

  async call<T>(method: string, path: string, body?: unknown): Promise<T> {
    const headers: Record<string, string> = { cookie: this.cookie, origin: this.url };
    if (body !== undefined) headers["content-type"] = "application/json";
    const response = await fetch(`${this.url}${path}`, { method, headers, ...(body === undefined ? {} : { body: JSON.stringify(body) }) });
    const text = await response.text();
    assert.ok(response.ok, `${method} ${path}: ${response.status} ${text}`);
    return (text ? JSON.parse(text) : undefined) as T;
  }

  /** For a browser to be signed in as this person. */
  get state() {
    const [name = "", value = ""] = this.cookie.split("=");
    const cookie = { name, value, domain: "127.0.0.1", path: "/", expires: -1, httpOnly: true, secure: false, sameSite: "Lax" as const };
    return { cookies: [cookie], origins: [] };
  }

  /** What must not be found where this person is not to be known. */
  get traces(): string[] {
    return [this.name, this.email, this.id];
  }
}

/** Accepts an invitation by its link. */
export async function accept(url: string, link: string, name: string, email: string): Promise<Person> {
  const token = new URL(link).hash.split("=").at(-1);
  const response = await fetch(`${url}/v1/invitations/accept`, {
    method: "POST",
    headers: { "content-type": "application/json", origin: url },
    body: JSON.stringify({ token, name }),
  });
  assert.ok(response.ok, `${email} could not join: ${response.status}`);
  const { user } = (await response.json()) as { user: { id: string } };
  const cookie = response.headers.get("set-cookie")?.split(";")[0] ?? "";
  return new Person(url, cookie, { id: user.id, name, email });
}

/** Who sits in a page, as somebody whose requests can be made here. */
export async function personOf(page: Page, url: string): Promise<Person> {
  const cookie = (await page.context().cookies()).find(({ name }) => name.includes("loggia_session"));
  assert.ok(cookie, "somebody is signed in");
  const me = await page.evaluate(async () => (await (await fetch("/v1/me")).json()) as { id: string; name: string; email: string });
  return new Person(url, `${cookie.name}=${cookie.value}`, me);
}

/** Waits until the workspace is there and followed. */
export async function live(page: Page): Promise<void> {
  await page.locator(".connection.live").waitFor();
}

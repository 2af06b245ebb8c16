// A page in Chromium, with the runner in it, of an origin of its own on this machine.

import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { chromium, type Browser, type Page } from "playwright-core";
import type { OutgoingRequest, SentResponse } from "../src/client/runner";
import { forFetch, frameDocument } from "../src/client/runner";

export interface TestPage {
  page: Page;
  origin: string;
  /** What reached the page's server, beyond the page itself: `GET /stolen`. */
  reached: string[];
  close(): Promise<void>;
}

/** Opens it. `send` is what runs in the page send with. */
export async function openPage(policy?: string): Promise<TestPage> {
  const reached: string[] = [];
  const script = readFileSync("build/page/page.js");
  const server = createServer((request, response) => {
    const path = request.url ?? "";
    response.setHeader("access-control-allow-origin", "*");
    if (path === "/page.js") {
      response.setHeader("content-type", "text/javascript").end(script);
    } else if (path === "/") {
      if (policy) response.setHeader("content-security-policy", policy);
      response.setHeader("set-cookie", "secret=cookie");
      response
        .setHeader("content-type", "text/html")
        .end('<!doctype html><title>page</title><script src="/page.js"></script>');
    } else if (path === "/frame") {
      response.setHeader("content-security-policy", "sandbox allow-scripts");
      response.setHeader("content-type", "text/html").end(frameDocument());
    } else if (path !== "/favicon.ico") {
      reached.push(`${request.method} ${path}`);
      response.setHeader("content-type", "text/javascript").end("globalThis.stolen = true");
    } else response.writeHead(404).end();
  });
  server.on("upgrade", (request, socket) => {
    reached.push(`UPGRADE ${request.url}`);
    socket.destroy();
  });
  const origin = await listen(server);
  const executablePath = execFileSync("which", ["chromium"], { encoding: "utf8" }).trim();
  const browser: Browser = await chromium.launch({ executablePath, args: ["--no-sandbox"] });
  const page = await browser.newPage();
  await page.exposeFunction("sendFromNode", send);
  await page.goto(origin);
  await page.evaluate("localStorage.setItem('secret', 'storage')");
  const close = async () => {
    await browser.close();
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  };
  return { page, origin, reached, close };
}

export async function listen(server: Server): Promise<string> {
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

/** Sends by Node's fetch: `variables` as entries, for a Map does not travel. */
async function send({ request }: OutgoingRequest, variables: [string, string][]): Promise<SentResponse> {
  const { url, init } = forFetch(request, new Map(variables));
  const { hostname } = new URL(url);
  if (hostname !== "127.0.0.1") throw new Error(`${hostname} is not this machine.`);
  const begun = performance.now();
  const response = await fetch(url, { ...init, redirect: "manual" });
  const text = await response.text();
  return {
    status: response.status,
    reason: response.statusText,
    headers: [...response.headers].map(([name, value]) => ({ name, value })),
    body: { media_type: response.headers.get("content-type")?.split(";")[0] ?? "", text },
    timings: { total_ms: performance.now() - begun },
    sizes: { head: 0, body: text.length, decoded: text.length },
  };
}

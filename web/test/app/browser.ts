// Chromium, for tests of the app on a real server.

import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { once } from "node:events";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createRequire } from "node:module";
import { type Browser, type BrowserContextOptions, chromium, type Page } from "playwright-core";
import { freePort } from "../client/server";

/** The server to test; without it there is nothing to test on. */
export const PROGRAM = process.env.LOGGIA_BIN;

export async function openBrowser(): Promise<Browser> {
  const executablePath = execFileSync("which", ["chromium"], { encoding: "utf8" }).trim();
  return chromium.launch({ executablePath, args: ["--no-sandbox"] });
}

/** A page that keeps what it was refused and what went wrong in it: that is to be empty. */
export async function openPage(browser: Browser, options: BrowserContextOptions = {}): Promise<{ page: Page; wrong: string[] }> {
  const context = await browser.newContext(options);
  const page = await context.newPage();
  const wrong: string[] = [];
  page.on("pageerror", (error) => wrong.push(String(error)));
  page.on("console", (message) => {
    // An answer that is a refusal is no fault: tests look at what the app makes of it.
    if (message.type() === "error" && !message.text().includes("the server responded with a status of")) wrong.push(message.text());
  });
  page.on("request", (request) => {
    const { hostname, protocol } = new URL(request.url());
    if (protocol.startsWith("http") && hostname !== "127.0.0.1") wrong.push(`a request to ${hostname}`);
  });
  return { page, wrong };
}

export interface TestServer {
  url: string;
  /** What it said at its start: its links. */
  said: string;
  /** Waits until it says so; what is in the pattern's group. */
  hears(pattern: RegExp): Promise<string>;
  /** Away, as if its machine had lost power; and there again. */
  kill(): Promise<void>;
  again(): Promise<void>;
  /** Told to end, as by a deploy, and once it has ended, started again; meanwhile there is none. */
  deploy(meanwhile: () => Promise<void>): Promise<void>;
  /** For good. */
  stop(): Promise<void>;
}

/** A server of the test's own, with these options besides. It has started when it has said `until`. */
export async function startServer(command: "serve" | "demo", until: RegExp, options: readonly string[] = []): Promise<TestServer> {
  if (!PROGRAM) throw new Error("LOGGIA_BIN names no server.");
  const folder = mkdtempSync(join(tmpdir(), "loggia-app-"));
  const port = await freePort();
  const data = command === "demo" ? [] : ["--data", folder];
  const args = [command, "--listen", `127.0.0.1:${port}`, ...data, ...options];
  let child = await started(PROGRAM, args, until);
  const end = () => child.process.kill("SIGKILL");
  process.once("exit", end);
  const kill = async () => {
    if (child.process.exitCode !== null || child.process.signalCode !== null) return;
    const ended = once(child.process, "exit");
    end();
    await ended;
  };
  return {
    url: `http://127.0.0.1:${port}`,
    said: child.said(),
    hears: (pattern) => child.hears(pattern),
    kill,
    async again() {
      child = await started(PROGRAM, args, /listening/);
    },
    async deploy(meanwhile) {
      const ended = once(child.process, "exit");
      child.process.kill("SIGTERM");
      await ended;
      await meanwhile();
      child = await started(PROGRAM, args, /listening/);
    },
    async stop() {
      process.removeListener("exit", end);
      await kill();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

interface Started {
  process: ChildProcess;
  said(): string;
  hears(pattern: RegExp): Promise<string>;
}

async function started(program: string, args: string[], until: RegExp): Promise<Started> {
  const child = spawn(program, args, { stdio: ["ignore", "pipe", "pipe"] });
  let said = "";
  for (const stream of [child.stdout, child.stderr]) stream.setEncoding("utf8").on("data", (text: string) => (said += text));
  const hears = (pattern: RegExp) =>
    new Promise<string>((resolve, reject) => {
      const look = () => {
        const found = pattern.exec(said);
        if (!found) return;
        child.stdout.off("data", look);
        child.stderr.off("data", look);
        resolve(found[1] ?? found[0]);
      };
      child.stdout.on("data", look);
      child.stderr.on("data", look);
      child.once("exit", (code) => reject(new Error(`The server ended (${code}):\n${said}`)));
      look();
    });
  await hears(until);
  return { process: child, said: () => said, hears };
}

const axe = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");

/** What axe finds serious in a page, in words. */
export async function inaccessible(page: Page): Promise<string[]> {
  if (!(await page.evaluate(() => "axe" in window))) await page.evaluate(axe);
  return page.evaluate(async () => {
    const { axe } = window as unknown as { axe: { run(options: object): Promise<Result> } };
    interface Result {
      violations: { id: string; impact: string | null; nodes: { html: string; failureSummary?: string }[] }[];
    }
    const tags = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"];
    const { violations } = await axe.run({ runOnly: tags, resultTypes: ["violations"], preload: false });
    return violations
      .filter(({ impact }) => impact === "serious" || impact === "critical")
      .flatMap(({ id, nodes }) => nodes.map(({ html, failureSummary }) => `${id}: ${html} ${failureSummary ?? ""}`));
  });
}

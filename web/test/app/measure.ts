// What a page costs: bytes on the wire, the main thread's tasks, frames.

import type { Browser, CDPSession, Page } from "playwright-core";

export interface Loaded {
  url: string;
  bytes: number;
}

/** Counts what a page is sent, heads and compressed bodies, and the text of its live socket. */
export async function countBytes(page: Page): Promise<{ loaded: Loaded[]; session: CDPSession }> {
  const session = await page.context().newCDPSession(page);
  const loaded: Loaded[] = [];
  const urls = new Map<string, string>();
  session.on("Network.requestWillBeSent", ({ requestId, request }) => void urls.set(requestId, request.url));
  session.on("Network.loadingFinished", ({ requestId, encodedDataLength }) => {
    loaded.push({ url: urls.get(requestId) ?? requestId, bytes: encodedDataLength });
  });
  session.on("Network.webSocketFrameReceived", ({ response }) => {
    loaded.push({ url: "a frame of the live socket", bytes: Buffer.byteLength(response.payloadData) });
  });
  await session.send("Network.enable");
  return { loaded, session };
}

export const sum = (numbers: readonly number[]): number => numbers.reduce((total, one) => total + one, 0);

export function quantile(numbers: readonly number[], part: number): number {
  const sorted = [...numbers].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * part))] ?? Number.NaN;
}

export interface Smoothness {
  /** Milliseconds from frame to frame. */
  frames: number[];
  /** Milliseconds of tasks that the browser calls long: over 50, waiting for a processor included. */
  long: number[];
  /** Milliseconds of the processor that each task of the page's main thread took. */
  tasks: number[];
}

/** Watches a page's main thread while something goes on. */
export async function watch(browser: Browser, page: Page, during: () => Promise<void>): Promise<Smoothness> {
  await page.evaluate(() => {
    const seen = { frames: [] as number[], long: [] as number[], on: true };
    Object.assign(window, { seen });
    new PerformanceObserver((list) => seen.long.push(...list.getEntries().map(({ duration }) => duration))).observe({ type: "longtask" });
    let last = performance.now();
    const frame = (now: number) => {
      seen.frames.push(now - last);
      last = now;
      if (seen.on) requestAnimationFrame(frame);
    };
    requestAnimationFrame(frame);
  });
  await browser.startTracing(page, { categories: ["disabled-by-default-devtools.timeline", "toplevel"] });
  try {
    await during();
  } finally {
    await page.evaluate(() => ((window as unknown as { seen: { on: boolean } }).seen.on = false));
  }
  const trace = JSON.parse((await browser.stopTracing()).toString("utf8")) as { traceEvents: TraceEvent[] };
  const { frames, long } = await page.evaluate(() => (window as unknown as { seen: { frames: number[]; long: number[] } }).seen);
  return { frames: frames.slice(1), long, tasks: tasksOf(trace.traceEvents) };
}

interface TraceEvent {
  name: string;
  pid: number;
  tid: number;
  tdur?: number;
  args: { name?: string };
}

/** The tasks of the renderer that had the most to do: the page's own. */
function tasksOf(events: readonly TraceEvent[]): number[] {
  const mains = events.filter(({ name, args }) => name === "thread_name" && args.name === "CrRendererMain");
  const all = mains.map(({ pid, tid }) =>
    events.filter((event) => event.pid === pid && event.tid === tid && event.name === "RunTask").map(({ tdur = 0 }) => tdur / 1000),
  );
  return all.sort((a, b) => sum(b) - sum(a))[0] ?? [];
}

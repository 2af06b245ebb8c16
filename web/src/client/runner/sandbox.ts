// The host's side of the sandbox: a hidden frame of an origin of its own, and in it a worker for every script.

import { frameDocument } from "./frame/document";
import type { FromFrame, ToFrame } from "./frame/wire";
import { type Done, heard, type Job } from "./protocol";
import type { Assertion, ConsoleLine, PostmanRequest, SentResponse } from "./types";

/** What a script may do while it runs. */
export interface Hooks {
  assertion(assertion: Assertion): void;
  console(line: ConsoleLine): void;
  send(request: PostmanRequest): Promise<SentResponse>;
}

/** How a script ended: by itself, or stopped, and why. */
export type Ending = { done: Done } | { stopped: "timeout" | "flood" | "crash" | "aborted"; error: string };

/** What runs scripts. */
export interface Sandbox {
  /** Runs one script. Rejects when there is no sandbox to run it in, or it is running another one. */
  run(job: Job, hooks: Hooks, signal: AbortSignal): Promise<Ending>;
  close(): void;
}

export interface SandboxOptions {
  /** How long a script may take, with the requests it sends, in milliseconds. 5,000 unless given. */
  limit?: number;
  /**
   * Where the frame's document (`frameDocument()`) is served, with `Content-Security-Policy: sandbox allow-scripts`. Without
   * it the frame takes over the page's own policy besides its own, and a page that forbids `eval` forbids scripts.
   */
  src?: string;
}

/** How much longer a frame may take than the script in it. */
const GRACE = 2000;
/** How long a frame may take to come up, and then to answer. */
const LOAD = 10_000;
const ANSWER = 3000;

/** A sandbox in this page. The frame comes with the first script, and goes with `close`. */
export function openSandbox({ limit = 5000, src }: SandboxOptions = {}): Sandbox {
  let frame: Promise<Frame> | undefined;
  let busy = false;
  let runs = 0;
  const discard = () => {
    void frame?.then(
      ({ remove }) => remove(),
      () => {},
    );
    frame = undefined;
  };

  const run = async (job: Job, hooks: Hooks, signal: AbortSignal): Promise<Ending> => {
    frame ??= openFrame(src);
    const { port } = await frame.catch((error: unknown) => {
      frame = undefined;
      throw error;
    });
    runs += 1;
    const of = runs;
    const say = (message: ToFrame) => port.postMessage(message);
    return new Promise<Ending>((resolve) => {
      const end = (ending: Ending) => {
        clearTimeout(guard);
        signal.removeEventListener("abort", abort);
        port.onmessage = null;
        say({ kind: "stop", run: of });
        resolve(ending);
      };
      const abort = () => end({ stopped: "aborted", error: "The run was stopped." });
      const guard = setTimeout(() => {
        end({ stopped: "timeout", error: timedOut(limit) });
        // The frame itself does not answer: its process is gone, or busy for good.
        discard();
      }, limit + GRACE);
      signal.addEventListener("abort", abort);
      port.onmessage = ({ data }: MessageEvent<FromFrame>) => {
        if (data.kind === "ready" || data.run !== of) return;
        if (data.kind === "ended") {
          const errors = {
            timeout: timedOut(limit),
            flood: "The script said more than a script may.",
            crash: data.detail || "The script's worker broke down.",
          };
          end({ stopped: data.ended, error: errors[data.ended] });
          // What the script said further still waits in the frame, before the next one's words.
          if (data.ended === "flood") discard();
          return;
        }
        const message = heard(data.text);
        switch (message?.kind) {
          case undefined:
            end({ stopped: "crash", error: "The script said something that can't be understood." });
            return;
          case "assertion":
            return hooks.assertion(message.assertion);
          case "console":
            return hooks.console(message.line);
          case "done":
            return end({ done: message.done });
          case "send": {
            const { call, request } = message;
            hooks.send(request).then(
              (response) => say({ kind: "answer", run: of, answer: { call, response } }),
              (error: unknown) =>
                say({ kind: "answer", run: of, answer: { call, error: String((error as Error).message) } }),
            );
          }
        }
      };
      if (signal.aborted) abort();
      else say({ kind: "run", run: of, job, limit });
    });
  };

  return {
    async run(job, hooks, signal) {
      if (busy) throw new Error("The sandbox is running another script.");
      busy = true;
      try {
        return await run(job, hooks, signal);
      } finally {
        busy = false;
      }
    },
    close: discard,
  };
}

function timedOut(limit: number): string {
  return `The script was stopped: it took longer than ${limit} ms.`;
}

interface Frame {
  port: MessagePort;
  remove: () => void;
}

function openFrame(src: string | undefined): Promise<Frame> {
  const element = document.createElement("iframe");
  // Without allow-same-origin, its origin is its own and no page's.
  element.setAttribute("sandbox", "allow-scripts");
  element.setAttribute("allow", "");
  element.referrerPolicy = "no-referrer";
  element.title = "Scripts";
  element.hidden = true;
  if (src === undefined) element.srcdoc = frameDocument();
  else element.src = src;
  const { port1: port, port2 } = new MessageChannel();
  const remove = () => {
    port.close();
    element.remove();
  };
  return new Promise((resolve, reject) => {
    const late = () => {
      remove();
      reject(new Error("The sandbox does not start: does the page's Content-Security-Policy allow it?"));
    };
    let clock = setTimeout(late, LOAD);
    port.onmessage = () => {
      clearTimeout(clock);
      port.onmessage = null;
      resolve({ port, remove });
    };
    element.onload = () => {
      element.onload = null;
      clearTimeout(clock);
      clock = setTimeout(late, ANSWER);
      // An opaque origin has no name to address; what is sent is no secret, and the frame is ours until it is removed.
      element.contentWindow?.postMessage("port", "*", [port2]);
    };
    document.body.append(element);
  });
}

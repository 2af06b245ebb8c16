// The frame's side of the sandbox: gives each script a new worker, and stops it when it takes too long or says too much.
// It runs none of a script's code, and knows nothing: what it carries from one side to the other it does not read.

import { LIMITS } from "../protocol";
import type { FromFrame, ToFrame } from "./wire";

const source = JSON.parse(document.getElementById("worker")?.textContent ?? '""') as string;
const address = URL.createObjectURL(new Blob([source], { type: "text/javascript" }));

/** Ready before it is needed. */
let spare = new Worker(address);
let stop: (() => void) | undefined;

function start(port: MessagePort, { run, job, limit }: Extract<ToFrame, { kind: "run" }>): (answer: unknown) => void {
  stop?.();
  const worker = spare;
  const say = (message: FromFrame) => port.postMessage(message);
  let messages = 0;
  let characters = 0;
  const end = (ended: "timeout" | "flood" | "crash", detail: string) => {
    stop?.();
    say({ kind: "ended", run, ended, detail });
  };
  const clock = setTimeout(() => end("timeout", ""), limit);
  stop = () => {
    stop = undefined;
    clearTimeout(clock);
    worker.onmessage = worker.onerror = null;
    worker.terminate();
    spare = new Worker(address);
  };
  worker.onmessage = ({ data }) => {
    messages += 1;
    if (typeof data !== "string") return end("flood", "");
    characters += data.length;
    if (messages > LIMITS.messages || data.length > LIMITS.message || characters > LIMITS.total)
      return end("flood", "");
    say({ kind: "said", run, text: data });
  };
  worker.onerror = (event) => {
    event.preventDefault();
    end("crash", String(event.message).slice(0, LIMITS.text));
  };
  worker.postMessage(job);
  return (answer) => worker.postMessage(answer);
}

addEventListener("message", function first(event: MessageEvent) {
  const port = event.ports[0];
  if (event.source !== parent || !port) return;
  removeEventListener("message", first);
  let answer: ((answer: unknown) => void) | undefined;
  let current = 0;
  port.onmessage = ({ data }: MessageEvent<ToFrame>) => {
    if (data.kind === "run") {
      current = data.run;
      answer = start(port, data);
    } else if (data.run !== current) return;
    else if (data.kind === "stop") stop?.();
    else if (stop) answer?.(data.answer);
  };
  port.postMessage({ kind: "ready" } satisfies FromFrame);
});

// What host and frame say to each other, over one port. `run` counts the scripts: what is of an earlier one is void.

import type { Answer, Job } from "../protocol";

export type ToFrame =
  | { kind: "run"; run: number; job: Job; limit: number }
  | { kind: "answer"; run: number; answer: Answer }
  | { kind: "stop"; run: number };

export type FromFrame =
  | { kind: "ready" }
  | { kind: "said"; run: number; text: string }
  | { kind: "ended"; run: number; ended: "timeout" | "flood" | "crash"; detail: string };

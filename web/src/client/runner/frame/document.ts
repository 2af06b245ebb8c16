// The document of the sandbox's frame.

import { FRAME_SOURCE, WORKER_SOURCE } from "./generated";

/** Workers inherit it, so it holds for scripts: no host can be reached, no code comes from anywhere, nothing is shown. */
export const POLICY =
  "default-src 'none'; script-src 'unsafe-inline' 'unsafe-eval'; worker-src blob:; base-uri 'none'; form-action 'none'";

/** The document, in one piece: it loads nothing. To be shown in a frame with `sandbox="allow-scripts"` and no more. */
export function frameDocument(worker: string = WORKER_SOURCE): string {
  // As JSON without "<", nothing in the code can end the element it stands in.
  const code = JSON.stringify(worker).replaceAll("<", "\\u003c");
  return `<!doctype html><meta charset="utf-8"><meta http-equiv="Content-Security-Policy" content="${POLICY}">
<script type="application/json" id="worker">${code}</script><script>${FRAME_SOURCE}</script>`;
}

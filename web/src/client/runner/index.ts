// Runs collections: `run`, with a sandbox for their scripts. Uses nothing of a page but a hidden frame.

export { type Collection, type Item, plan } from "./collection";
export { readData } from "./data";
export { frameDocument } from "./frame/document";
export { forFetch, resolve } from "./resolve";
export { run, type RunOptions } from "./run";
export { openSandbox, type Sandbox, type SandboxOptions } from "./sandbox";
export { type Entries, entriesOf } from "./scopes";
export * from "./types";

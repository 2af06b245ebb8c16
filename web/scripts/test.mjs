// Runs tests that are built, one file after the other: with `app` and `library` those that share the machine with others, with
// `alone` those that measure and want it to themselves (`speed.test.ts`, in any folder, and `journey-live.test.ts`, whose bound
// is another then), and else all.

import { spawnSync } from "node:child_process";
import { readdirSync } from "node:fs";

const which = process.argv[2] ?? "all";
if (!["all", "alone", "app", "library"].includes(which)) throw new Error(`There are no tests "${which}": it is "app", "library" or "alone".`);
const files = readdirSync("build/test", { recursive: true }).filter((name) => name.endsWith(".test.mjs"));
if (files.length === 0) throw new Error("There are no tests in build/test: npm run build makes them.");
const chosen = files
  .filter((name) => which === "all" || which === groupOf(name) || (which === "alone" && name.endsWith("journey-live.test.mjs")))
  .map((name) => `build/test/${name}`)
  .sort();
/** Longer than any file takes: one that hangs has failed. */
const options = ["--test", "--test-force-exit", "--test-timeout=600000", "--test-reporter=spec"];
function groupOf(name) {
  if (/(^|\/)speed\.test\.mjs$/.test(name)) return "alone";
  return name.startsWith("app/") ? "app" : "library";
}

if (chosen.length > 0) {
  const env = { ...process.env, ...(which === "alone" && { LOGGIA_TEST_ALONE: "1" }) };
  const { status } = spawnSync(process.execPath, [...options, ...chosen], { stdio: "inherit", env });
  // A signal is no success.
  process.exitCode = status ?? 1;
}

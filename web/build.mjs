// Bundles the sandbox into strings (`src/client/runner/frame/generated.ts`), and the tests into `build/`; with the
// argument `sandbox` the former alone.

import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { build } from "esbuild";

const runner = "src/client/runner";
const shared = { bundle: true, write: false, minify: true, target: "es2022", legalComments: "eof" };

async function text(entry) {
  const { outputFiles } = await build({ ...shared, entryPoints: [entry], format: "iife", platform: "browser" });
  return outputFiles[0].text;
}

const worker = await text(`${runner}/script/main.ts`);
const frame = await text(`${runner}/frame/main.ts`);
const line = (name, value) => `export const ${name}: string = ${JSON.stringify(value)};\n`;
const generated = `${runner}/frame/generated.ts`;
const source = `// Made by build.mjs.\n${line("WORKER_SOURCE", worker)}${line("FRAME_SOURCE", frame)}`;
// Who watches files is not to be woken for nothing.
if (!existsSync(generated) || readFileSync(generated, "utf8") !== source) writeFileSync(generated, source);
process.stdout.write(`sandbox: ${worker.length} bytes for the worker, ${frame.length} for the frame\n`);

if (process.argv[2] === "sandbox") process.exit();

rmSync("build", { recursive: true, force: true });
const tests = readdirSync("test", { recursive: true })
  .filter((name) => name.endsWith(".test.ts"))
  .map((name) => `test/${name}`);
const all = { bundle: true, outdir: "build", outbase: ".", target: "es2022", sourcemap: "inline" };
await build({
  ...all,
  entryPoints: [...tests, "test/serve-conduit.ts"],
  format: "esm",
  platform: "node",
  packages: "external",
  outExtension: { ".js": ".mjs" },
});
await build({
  ...all,
  outdir: "build/page",
  outbase: "test",
  entryPoints: ["test/page.ts"],
  format: "iife",
  platform: "browser",
});

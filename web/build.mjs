// Bundles the sandbox into strings (`src/client/runner/frame/generated.ts`), and the tests into `build/`.

import { readdirSync, rmSync, writeFileSync } from "node:fs";
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
writeFileSync(
  `${runner}/frame/generated.ts`,
  `// Made by build.mjs.\n${line("WORKER_SOURCE", worker)}${line("FRAME_SOURCE", frame)}`,
);
process.stdout.write(`sandbox: ${worker.length} bytes for the worker, ${frame.length} for the frame\n`);

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

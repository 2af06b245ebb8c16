// Makes the client library a package of its own, in `build/client/`: a module, and its types.

import { execFileSync } from "node:child_process";
import { copyFileSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";

const web = fileURLToPath(new URL("..", import.meta.url));
const source = join(web, "src/client");
const target = join(web, "build/client");

rmSync(target, { recursive: true, force: true });
mkdirSync(target, { recursive: true });
await build({
  entryPoints: [join(source, "index.ts")],
  outfile: join(target, "index.js"),
  bundle: true,
  format: "esm",
  platform: "neutral",
  target: "es2022",
});
const compiler = join(dirname(createRequire(import.meta.url).resolve("typescript/package.json")), "bin/tsc");
execFileSync(
  process.execPath,
  [compiler, "--project", join(web, "scripts/client.tsconfig.json"), "--outDir", target],
  { stdio: "inherit" },
);
// Node's way of finding modules, which TypeScript can be told to follow, wants whole names.
for (const name of readdirSync(target).filter((name) => name.endsWith(".d.ts"))) {
  const text = readFileSync(join(target, name), "utf8");
  writeFileSync(join(target, name), text.replace(/((?:from|import)\s*\(?\s*")(\.\/\w+)(")/g, "$1$2.js$3"));
}
for (const name of ["package.json", "README.md"]) copyFileSync(join(source, name), join(target, name));
copyFileSync(join(web, "../LICENSE"), join(target, "LICENSE"));

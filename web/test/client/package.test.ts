// The package, as somebody else has it: packed, installed, its README's example run and compiled.

import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { test } from "node:test";
import { promisify } from "node:util";
import { house, PROGRAM } from "./server";

const run = promisify(execFile);
const MODULES = resolve("node_modules");

test("the package works where it is installed", { skip: PROGRAM ? false : "LOGGIA_BIN names no server", timeout: 180_000 }, async () => {
  const folder = mkdtempSync(join(tmpdir(), "loggia-package-"));
  const home = await house();
  try {
    await run(process.execPath, ["scripts/pack-client.mjs"]);
    const { stdout } = await run("npm", ["pack", "--json", "--pack-destination", folder], { cwd: "build/client" });
    const [packed] = JSON.parse(stdout) as { filename: string; files: { path: string }[] }[];
    assert.ok(packed);
    const names = packed.files.map(({ path }) => path);
    assert.ok(["index.js", "index.d.ts", "wire.d.ts", "README.md", "LICENSE"].every((name) => names.includes(name)), String(names));
    const manifest = { private: true, type: "module", dependencies: { "@loggia/client": `file:${packed.filename}`, ws: `file:${MODULES}/ws` } };
    writeFileSync(join(folder, "package.json"), JSON.stringify(manifest));
    await run("npm", ["install", "--offline", "--no-audit", "--no-fund"], { cwd: folder });
    const installed = JSON.parse(readFileSync(join(folder, "node_modules/@loggia/client/package.json"), "utf8")) as object;
    assert.ok(!("dependencies" in installed));

    const example = /```js\n([\s\S]*?)```/.exec(readFileSync("src/client/README.md", "utf8"))?.[1] ?? "";
    assert.match(example, /Workspace\.open/);
    writeFileSync(join(folder, "example.js"), example);
    const env = { ...process.env, LOGGIA_URL: home.server.url, LOGGIA_TOKEN: home.admin.token };
    const said = (await run(process.execPath, ["example.js"], { cwd: folder, env, timeout: 30_000 })).stdout.trim().split("\n");
    assert.deepEqual([said[0]?.startsWith("changed:"), said.at(-1)], [true, "Payments 0"], said.join("\n"));
    const { tree } = await home.admin.get("/v1/workspaces/{workspace}", { path: { workspace: home.workspace } });
    assert.equal(tree.filter(({ name }) => name === "Payments").length, 1);

    // What the README's other examples say holds for the compiler, and what is wrong does not.
    writeFileSync(join(folder, "typed.ts"), TYPED);
    const strict = ["--strict", "--noEmit", "--target", "es2022", "--lib", "es2022,dom", "--typeRoots", `${MODULES}/@types`, "--types", "node,ws"];
    for (const [module, resolution] of [["nodenext", "nodenext"], ["esnext", "bundler"]] as const) {
      const args = ["--module", module, "--moduleResolution", resolution, "typed.ts"];
      const compiled = await run(process.execPath, [`${MODULES}/typescript/bin/tsc`, ...strict, ...args], { cwd: folder }).catch((error: { stdout: string }) => error);
      assert.equal(compiled.stdout, "", `${module}: ${compiled.stdout}`);
    }
  } finally {
    await home.server.close();
    rmSync(folder, { recursive: true, force: true });
  }
});

const TYPED = `
import { Api, type Change, Problem, Workspace } from "@loggia/client";

export async function use(workspace: string, id: string, file: Blob): Promise<string> {
  const api = new Api({ url: "https://loggia.example" });
  const members = await api.get("/v1/workspaces/{workspace}/members", { path: { workspace } });
  const email: string | null | undefined = members.you.email;
  await api.patch("/v1/me", { name: "Ada" });
  const { items } = await api.post<{ items: unknown[] }>(\`/v1/workspaces/\${workspace}/import\`, file);
  const live = Workspace.open(api, workspace);
  live.subscribe((notice) => {
    if (notice.type === "rejected") console.log(notice.problem.code);
    // @ts-expect-error: there is no such notice
    if (notice.type === "nothing") console.log();
  });
  const change: Change = { kind: "item_update", id, patch: { name: "x" }, base: live.positions.shared };
  await live.edit([change]).catch((error: unknown) => {
    if (!(error instanceof Problem)) throw error;
  });
  // @ts-expect-error: an item is of a kind
  const wrong: Change = { kind: "item_create", id, name: "x" };
  // @ts-expect-error: the path has no such id
  await api.get("/v1/workspaces/{workspace}/members", { path: { item: id } });
  return \`\${email} \${items.length} \${wrong.kind}\`;
}
`;

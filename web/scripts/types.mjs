// Writes the client library's types (`src/client/wire.ts`) from what the server says of itself; with `--check`, fails
// when the committed ones are not those. The server is the program that LOGGIA_BIN names.

import { execFileSync, spawn } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const TARGET = fileURLToPath(new URL("../src/client/wire.ts", import.meta.url));
const TOOLS = fileURLToPath(new URL("./types/", import.meta.url));
const HEAD = "// Made by `npm run types` of /openapi.json and /asyncapi.json. Not to be edited.\n\n";

const program = process.env.LOGGIA_BIN;
if (!program) fail("LOGGIA_BIN names no server: set it to the path of a loggia program.");
if (!existsSync(program)) fail(`LOGGIA_BIN names ${program}, which is not there.`);
if (!existsSync(join(TOOLS, "node_modules"))) {
  execFileSync("npm", ["ci", "--no-audit", "--no-fund", "--silent"], { cwd: TOOLS, stdio: "inherit" });
}
const { default: generate, astToString } = await import(join(TOOLS, "node_modules/openapi-typescript/dist/index.mjs"));

const { openapi, asyncapi } = await descriptions(program);
// The live messages are described in /asyncapi.json; their schemas join the others under the same names.
openapi.components.schemas = { ...openapi.components.schemas, ...asyncapi.components.schemas };
const nodes = await generate(openapi, { emptyObjectsUnknown: true, alphabetize: true });
const made = HEAD + astToString(nodes);

if (!process.argv.includes("--check")) writeFileSync(TARGET, made);
else if (!existsSync(TARGET) || readFileSync(TARGET, "utf8") !== made) {
  fail("src/client/wire.ts is not what this server describes: run `npm run types` and commit it.");
}

/** What a server that is started for this says of itself. */
async function descriptions(program) {
  const port = await freePort();
  const data = mkdtempSync(join(tmpdir(), "loggia-types-"));
  const server = spawn(program, ["--listen", `127.0.0.1:${port}`, "--data", data], {
    stdio: ["ignore", "ignore", "pipe"],
  });
  let said = "";
  server.stderr.setEncoding("utf8").on("data", (text) => (said += text));
  const ended = new Promise((resolve) => server.once("exit", resolve));
  try {
    const read = (path) => answer(`http://127.0.0.1:${port}${path}`, server, () => said);
    return { openapi: await read("/openapi.json"), asyncapi: await read("/asyncapi.json") };
  } finally {
    server.kill("SIGKILL");
    await ended;
    rmSync(data, { recursive: true, force: true });
  }
}

async function answer(url, server, said) {
  for (;;) {
    if (server.exitCode !== null) fail(`The server ended before it answered (${server.exitCode}):\n${said()}`);
    try {
      const response = await fetch(url);
      if (!response.ok) fail(`${url} answered ${response.status}.`);
      return await response.json();
    } catch (error) {
      if (error?.cause?.code !== "ECONNREFUSED") throw error;
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }
}

function freePort() {
  return new Promise((resolve, reject) => {
    const server = createServer().once("error", reject);
    server.listen(0, "127.0.0.1", () => {
      const { port } = server.address();
      server.close(() => resolve(port));
    });
  });
}

function fail(why) {
  process.stderr.write(`${why}\n`);
  process.exit(1);
}

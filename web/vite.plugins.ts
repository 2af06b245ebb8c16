// What the build adds to Vite's: the document of the script sandbox, files compressed once and for all, and a bound on
// what a first visit loads.

import { readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { brotliCompressSync, constants } from "node:zlib";
import type { Plugin, Rolldown } from "vite";
import { frameDocument } from "./src/client/runner/frame/document";

/** The frame that scripts run in is a document of its own: in one made by the page, the page's policy would forbid them. */
export function sandboxDocument(): Plugin {
  return {
    name: "loggia-sandbox-document",
    generateBundle() {
      this.emitFile({ type: "asset", fileName: "sandbox.html", source: frameDocument() });
    },
    configureServer({ middlewares }) {
      middlewares.use("/sandbox.html", (_request, response) => {
        response.setHeader("content-security-policy", "sandbox allow-scripts");
        response.setHeader("content-type", "text/html").end(frameDocument());
      });
    },
  };
}

const COMPRESSIBLE = /\.(html|js|css|svg|json|webmanifest)$/;

/** Compresses what is text beside it as `.br`, and bounds what it takes to see a workspace: the page and its script. */
export function firstLoad({ kilobytes }: { kilobytes: number }): Plugin {
  let first: string[] = [];
  return {
    name: "loggia-first-load",
    apply: "build",
    generateBundle(_options, bundle) {
      first = firstFiles(bundle);
    },
    writeBundle({ dir }) {
      if (!dir) throw new Error("The build has no folder to write to.");
      const sizes = new Map<string, number>();
      for (const path of files(dir)) {
        if (!COMPRESSIBLE.test(path)) continue;
        const file = join(dir, path);
        const compressed = brotliCompressSync(readFileSync(file), {
          params: {
            [constants.BROTLI_PARAM_QUALITY]: constants.BROTLI_MAX_QUALITY,
            [constants.BROTLI_PARAM_SIZE_HINT]: statSync(file).size,
          },
        });
        writeFileSync(`${file}.br`, compressed);
        sizes.set(path, compressed.length);
      }
      const total = first.reduce((sum, path) => sum + (sizes.get(path) ?? 0), 0);
      const said = `first load: ${(total / 1000).toFixed(1)} kB compressed, of ${kilobytes} kB allowed`;
      if (total > kilobytes * 1000) throw new Error(`${said}: ${first.join(", ")}`);
      process.stdout.write(`${said}\n`);
    },
  };
}

/** The page, its script, and what that imports without being asked, with the style of each. */
function firstFiles(bundle: Rolldown.OutputBundle): string[] {
  const found = new Set<string>(["index.html"]);
  const follow = (name: string) => {
    const chunk = bundle[name];
    if (chunk?.type !== "chunk" || found.has(name)) return;
    found.add(name);
    for (const style of chunk.viteMetadata?.importedCss ?? []) found.add(style);
    chunk.imports.forEach(follow);
  };
  for (const part of Object.values(bundle)) if (part.type === "chunk" && part.isEntry) follow(part.fileName);
  return [...found];
}

function files(folder: string): string[] {
  return readdirSync(folder, { recursive: true, encoding: "utf8" }).filter((path) =>
    statSync(join(folder, path)).isFile(),
  );
}

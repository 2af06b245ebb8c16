import { fileURLToPath } from "node:url";
import { svelte } from "@sveltejs/vite-plugin-svelte";
import { defineConfig } from "vite";
import { firstLoad, sandboxDocument } from "./vite.plugins";

const server = process.env["LOGGIA_URL"] ?? "http://127.0.0.1:8080";
// The server refuses a cookie that comes with the Origin of another site: this proxy is none.
const proxied = { target: server, ws: true, changeOrigin: true, headers: { origin: server } };

// A first visit is to stay below 150 kB on the wire: this leaves 40 for heads and a workspace of 2,000 requests.
export default defineConfig({
  plugins: [svelte(), sandboxDocument(), firstLoad({ kilobytes: 110 })],
  // Its folder is a package for others too, whose files are made elsewhere.
  resolve: { alias: [{ find: /^(\.\.\/)+client$/, replacement: fileURLToPath(new URL("src/client/index.ts", import.meta.url)) }] },
  build: {
    // What is seen first is one script.
    rolldownOptions: { output: { codeSplitting: { groups: [{ name: "first", tags: ["$initial"] }] } } },
    reportCompressedSize: false,
    target: "es2022",
    // The policy of the page lets nothing in as data: but pictures.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    chunkSizeWarningLimit: 1000,
  },
  server: { proxy: { "/v1": proxied, "/openapi.json": proxied, "/asyncapi.json": proxied } },
});

// A service that requests are sent to, on this machine. It keeps what reached it.

import { once } from "node:events";
import { createServer, type IncomingHttpHeaders } from "node:http";
import type { AddressInfo } from "node:net";

export interface Reached {
  method: string;
  path: string;
  headers: IncomingHttpHeaders;
  body: Buffer;
}

export interface Service {
  url: string;
  reached: Reached[];
  /** Resolves when `/never` is asked for. */
  asked: Promise<void>;
  /** Resolves when who asked for `/never` has gone. */
  left: Promise<void>;
  close(): Promise<void>;
}

/** Answers everything by what it was sent, but for `/never`. */
export async function startService(): Promise<Service> {
  const reached: Reached[] = [];
  let ask: () => void;
  let leave: () => void;
  const asked = new Promise<void>((resolve) => (ask = resolve));
  const left = new Promise<void>((resolve) => (leave = resolve));
  const server = createServer((request, response) => {
    const { method = "", url: path = "", headers } = request;
    if (path.startsWith("/never")) {
      reached.push({ method, path, headers, body: Buffer.alloc(0) });
      response.once("close", () => leave());
      ask();
      return;
    }
    const chunks: Buffer[] = [];
    request.on("data", (chunk: Buffer) => chunks.push(chunk));
    request.on("end", () => {
      reached.push({ method, path, headers, body: Buffer.concat(chunks) });
      response.writeHead(200, { "content-type": "application/json", connection: "close" }).end(JSON.stringify({ path }));
    });
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const close = async () => {
    server.closeAllConnections();
    server.close();
    await once(server, "close");
  };
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, reached, asked, left, close };
}

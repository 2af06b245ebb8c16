// Stands between a client and a server: passes on, holds back, or cuts.

import { createServer, connect, type Server as NetServer, type Socket } from "node:net";
import type { AddressInfo } from "node:net";

export class Proxy {
  readonly #server: NetServer;
  /** The port that new connections lead to. */
  target: number;
  readonly #pairs = new Set<[client: Socket, server: Socket]>();
  /** Connections that were made through it. */
  connections = 0;
  #isHolding = false;

  private constructor(target: number) {
    this.target = target;
    this.#server = createServer((client) => this.#join(client));
  }

  static async to(port: number): Promise<Proxy> {
    const proxy = new Proxy(port);
    await new Promise<void>((resolve) => proxy.#server.listen(0, "127.0.0.1", resolve));
    return proxy;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  /** Of connections there are, nothing more goes through, and nobody is told. New ones are as usual. */
  forget(): void {
    for (const [client, server] of this.#pairs) {
      client.removeAllListeners("data").pause();
      server.removeAllListeners("data").pause();
      // The server is to see the end of it some day; the client is not.
      client.removeAllListeners("close");
      server.removeAllListeners("close");
    }
    this.#forgotten.push(...this.#pairs);
    this.#pairs.clear();
  }

  readonly #forgotten: [Socket, Socket][] = [];

  /** Nothing is read from the server, until `release`. What clients say goes through. */
  hold(): void {
    this.#isHolding = true;
    for (const [, server] of this.#pairs) server.pause();
  }

  release(): void {
    this.#isHolding = false;
    for (const [, server] of this.#pairs) server.resume();
  }

  /** Every connection breaks. */
  cut(): void {
    for (const [client, server] of this.#pairs) {
      client.resetAndDestroy();
      server.resetAndDestroy();
    }
  }

  async close(): Promise<void> {
    for (const pair of [...this.#pairs, ...this.#forgotten]) for (const socket of pair) socket.destroy();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  #join(client: Socket): void {
    this.connections += 1;
    const server = connect(this.target, "127.0.0.1");
    const pair: [Socket, Socket] = [client, server];
    // What a test has made of them is no reason for its process to stay.
    client.unref();
    server.unref();
    this.#pairs.add(pair);
    client.on("data", (bytes) => server.write(bytes));
    server.on("data", (bytes) => client.write(bytes));
    if (this.#isHolding) server.pause();
    for (const [one, other] of [pair, [server, client] as const]) {
      // A close follows every error.
      one.on("error", () => {});
      one.on("end", () => other.end());
      one.on("close", () => {
        other.destroy();
        this.#pairs.delete(pair);
      });
    }
  }
}

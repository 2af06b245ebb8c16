// A large workspace, and a storm of edits of it.

import { once } from "node:events";
import { randomUUID } from "node:crypto";
import { WebSocket } from "ws";
import type { Cookies } from "./people";

/** A collection of as many requests, in folders of forty. */
export function largeCollection(name: string, requests: number): unknown {
  const methods = ["GET", "POST", "PUT", "PATCH", "DELETE"];
  const all = Array.from({ length: requests }, (_, at) => ({
    name: `Request ${at + 1}`,
    request: {
      method: methods[at % methods.length],
      header: [{ key: "Accept", value: "application/json" }],
      url: { raw: `{{base}}/things/${at + 1}?page=1`, host: ["{{base}}"], path: ["things", String(at + 1)], query: [{ key: "page", value: "1" }] },
    },
  }));
  const folders = Array.from({ length: Math.ceil(requests / 40) }, (_, at) => ({
    name: `Folder ${at + 1}`,
    item: all.slice(at * 40, (at + 1) * 40),
  }));
  return {
    info: { name, schema: "https://schema.getpostman.com/json/collection/v2.1.0/collection.json" },
    variable: [{ key: "base", value: "http://127.0.0.1" }],
    item: folders,
  };
}

export interface Item {
  id: string;
  kind: string;
  parent: string | null;
  name: string;
}

/** Somebody's live socket, by the cookies of a browser. It edits without being seen in a page. */
export class Editor {
  readonly #socket: WebSocket;
  /** Edits that have no answer. */
  readonly #open = new Set<string>();
  readonly #refused: string[] = [];
  #answered: (() => void) | undefined;

  private constructor(socket: WebSocket) {
    this.#socket = socket;
    socket.on("message", (data) => {
      const message = JSON.parse(String(data)) as { type: string; op?: string };
      if (message.type !== "ack" && message.type !== "reject") return;
      if (message.type === "reject") this.#refused.push(String(data));
      this.#open.delete(message.op ?? "");
      if (this.#open.size === 0) this.#answered?.();
    });
  }

  static async open(url: string, workspace: string, { cookies }: Cookies): Promise<Editor> {
    const cookie = cookies.map(({ name, value }) => `${name}=${value}`).join("; ");
    const address = `${url.replace("http", "ws")}/v1/workspaces/${workspace}/live`;
    const socket = new WebSocket(address, ["loggia.v1"], { headers: { cookie, origin: url } });
    const editor = new Editor(socket);
    await once(socket, "message");
    return editor;
  }

  edit(change: object): void {
    const op = randomUUID();
    this.#open.add(op);
    this.#socket.send(JSON.stringify({ type: "edit", op, changes: [change] }));
  }

  /** As many edits, so many a second: the beat is what is tested. Ends when all are answered. */
  async storm(edits: number, perSecond: number, change: (turn: number) => object): Promise<void> {
    const begun = performance.now();
    let made = 0;
    await new Promise<void>((resolve) => {
      const timer = setInterval(() => {
        // A timer that comes late makes up for it, as the network would.
        const due = Math.min(edits, Math.floor(((performance.now() - begun) * perSecond) / 1000));
        while (made < due) this.edit(change(made++));
        if (made < edits) return;
        clearInterval(timer);
        resolve();
      }, 1000 / perSecond);
    });
    if (this.#open.size > 0) await new Promise<void>((resolve) => (this.#answered = resolve));
    if (this.#refused.length > 0) throw new Error(`refused: ${this.#refused[0]}`);
  }

  close(): void {
    this.#socket.close();
  }
}

/** The edits of a storm: names, texts of requests and places, in sight and out of it. `open` is the request on the screen. */
export function stormOf(tree: readonly Item[], open: Item): (turn: number) => object {
  const requests = tree.filter(({ kind }) => kind === "request");
  const near = tree.filter(({ parent, kind }) => parent === open.parent && kind === "request");
  const at = (list: readonly Item[], turn: number) => {
    const item = list[(turn * 7) % list.length];
    if (!item) throw new Error("There is nothing to edit.");
    return item;
  };
  return (turn) => {
    const item = turn % 2 === 0 ? at(near, turn) : at(requests, turn);
    switch (turn % 5) {
      case 0:
        return { kind: "item_update", id: item.id, patch: { name: `${item.name}, turn ${turn}` } };
      case 1:
      case 2:
        return { kind: "item_update", id: item.id, patch: { content: { request: { description: `Edited in turn ${turn}.` } } } };
      case 3:
        return { kind: "item_update", id: open.id, patch: { content: { request: { url: { raw: `{{base}}/turn/${turn}?page=1` } } } } };
      default:
        return { kind: "item_move", id: item.id, parent: item.parent, after: null };
    }
  };
}

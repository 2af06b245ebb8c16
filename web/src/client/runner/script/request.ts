// `pm.request`: a request that scripts read, and change before it goes out.

import type { PostmanRequest } from "../types";
import { type Entry, entriesFrom, List } from "./list";
import { Url } from "./url";

/** The body of a request: one of its modes is what is sent. */
export class RequestBody {
  mode: string | undefined;
  raw: string | undefined;
  graphql: unknown;
  file: unknown;
  urlencoded = new List([]);
  formdata = new List([]);
  options: unknown;
  disabled: boolean | undefined;

  constructor(body: unknown) {
    this.update(body);
  }

  /** Takes a text or what a Postman file has. */
  update(body: unknown): void {
    if (typeof body === "string") body = { mode: "raw", raw: body };
    const fields = (body ?? {}) as Record<string, unknown>;
    this.mode = fields.mode as string | undefined;
    this.raw = fields.raw as string | undefined;
    this.graphql = fields.graphql;
    this.file = fields.file;
    this.urlencoded = new List(entriesFrom(fields.urlencoded));
    this.formdata = new List(entriesFrom(fields.formdata));
    this.options = fields.options;
    this.disabled = fields.disabled as boolean | undefined;
  }

  isEmpty(): boolean {
    return this.toString() === "" && this.formdata.count() === 0 && this.file === undefined;
  }

  toString(): string {
    if (this.mode === "raw") return this.raw ?? "";
    if (this.mode === "graphql") return JSON.stringify(this.graphql);
    if (this.mode !== "urlencoded") return "";
    const on = this.urlencoded.filter((entry) => !entry.disabled);
    return on
      .map(({ key, value }) => `${encodeURIComponent(key)}=${encodeURIComponent(String(value ?? ""))}`)
      .join("&");
  }

  toJSON(): Record<string, unknown> | undefined {
    if (this.mode === undefined) return undefined;
    const json: Record<string, unknown> = { mode: this.mode };
    if (this.raw !== undefined) json.raw = this.raw;
    if (this.graphql !== undefined) json.graphql = this.graphql;
    if (this.file !== undefined) json.file = this.file;
    if (this.urlencoded.count() > 0) json.urlencoded = this.urlencoded.all();
    if (this.formdata.count() > 0) json.formdata = this.formdata.all();
    if (this.options !== undefined) json.options = this.options;
    if (this.disabled !== undefined) json.disabled = this.disabled;
    return json;
  }
}

/** A request. What a Postman file says of it beyond these fields (`auth`, `description`) goes along. */
export class Request {
  method: string;
  headers: List;
  auth: unknown;
  #url: Url;
  #body: RequestBody;
  readonly #rest: PostmanRequest;

  constructor(from: unknown) {
    const fields = typeof from === "string" ? { url: from } : (from as PostmanRequest);
    const { method, header, headers, url, body, auth, ...rest } = fields;
    this.method = typeof method === "string" ? method : "GET";
    this.headers = new List(typeof header === "string" ? linesOf(header) : entriesFrom(header ?? headers), true);
    this.auth = auth;
    this.#url = new Url(url);
    this.#body = new RequestBody(body);
    this.#rest = rest;
  }

  get url(): Url {
    return this.#url;
  }

  set url(url: unknown) {
    this.#url = new Url(url);
  }

  get body(): RequestBody {
    return this.#body;
  }

  set body(body: unknown) {
    this.#body = new RequestBody(body instanceof RequestBody ? body.toJSON() : body);
  }

  addHeader(entry: Entry | string): void {
    this.headers.add(entry);
  }

  upsertHeader(entry: Entry): void {
    this.headers.upsert(entry);
  }

  removeHeader(which: string): void {
    this.headers.remove(which);
  }

  getHeaders(): Record<string, unknown> {
    return this.headers.toObject();
  }

  addQueryParams(entries: unknown): void {
    this.#url.addQueryParams(entries);
  }

  removeQueryParams(keys: string | string[]): void {
    this.#url.removeQueryParams(keys);
  }

  toJSON(): PostmanRequest {
    const json: PostmanRequest = {
      ...this.#rest,
      method: this.method,
      header: this.headers.all(),
      url: this.#url.toJSON(),
    };
    const body = this.#body.toJSON();
    if (body !== undefined) json.body = body;
    if (this.auth !== undefined) json.auth = this.auth;
    return json;
  }
}

function linesOf(text: string): Entry[] {
  const list = new List([]);
  for (const line of text.split(/\r?\n/).filter((one) => one.includes(":"))) list.add(line);
  return list.all();
}

// A URL that may hold variables, which no standard parser takes.

import { type Entry, entriesFrom, List } from "./list";

/** The URL of a request, in its parts. What is changed in them is in `toString()`. */
export class Url {
  protocol: string | undefined;
  host: string[] = [];
  port: string | undefined;
  path: string[] = [];
  query = new List([]);
  hash: string | undefined;
  /** Values of `:name` segments. */
  variables = new List([]);

  constructor(url: unknown) {
    this.update(url);
  }

  /** Takes a text or what a Postman file has. */
  update(url: unknown): void {
    if (url instanceof Url) url = url.toJSON();
    if (typeof url === "string" || typeof url !== "object" || url === null) {
      this.#read(String(url ?? ""));
      return;
    }
    const parts = url as Record<string, unknown>;
    if (parts.host === undefined && typeof parts.raw === "string") this.#read(parts.raw);
    else {
      this.protocol = text(parts.protocol);
      this.host = split(parts.host, ".");
      this.port = text(parts.port);
      this.path = split(parts.path, "/");
      this.query = new List(entriesFrom(parts.query));
      this.hash = text(parts.hash);
    }
    this.variables = new List(entriesFrom(parts.variable));
  }

  getHost(): string {
    return this.host.join(".");
  }

  getPath(): string {
    return `/${this.#segments().join("/")}`;
  }

  getQueryString(): string {
    const on = this.query.filter((entry) => !entry.disabled);
    return on
      .map(({ key, value }) => (value === undefined || value === null ? key : `${key}=${String(value)}`))
      .join("&");
  }

  getPathWithQuery(): string {
    const query = this.getQueryString();
    return query ? `${this.getPath()}?${query}` : this.getPath();
  }

  getRemote(): string {
    return this.port ? `${this.getHost()}:${this.port}` : this.getHost();
  }

  addQueryParams(entries: unknown): void {
    const made = typeof entries === "string" ? queryOf(entries) : entriesFrom(entries);
    for (const entry of made) this.query.add(entry);
  }

  removeQueryParams(keys: string | string[]): void {
    for (const key of [keys].flat()) this.query.remove(key);
  }

  toString(): string {
    const query = this.getQueryString();
    const head = (this.protocol ? `${this.protocol}://` : "") + this.getRemote();
    const path = this.path.length > 0 ? this.getPath() : "";
    return head + path + (query && `?${query}`) + (this.hash ? `#${this.hash}` : "");
  }

  toJSON(): Record<string, unknown> {
    const json: Record<string, unknown> = { raw: this.toString() };
    if (this.protocol) json.protocol = this.protocol;
    json.host = this.host;
    if (this.port) json.port = this.port;
    json.path = this.path;
    if (this.query.count() > 0) json.query = this.query.all();
    if (this.hash) json.hash = this.hash;
    if (this.variables.count() > 0) json.variable = this.variables.all();
    return json;
  }

  #segments(): string[] {
    return this.path.map((segment) => {
      const value = segment.startsWith(":") ? this.variables.get(segment.slice(1)) : undefined;
      return value === undefined ? segment : String(value);
    });
  }

  #read(raw: string): void {
    const [, protocol, rest = ""] = /^(?:([a-z][a-z0-9+.-]*):\/\/)?(.*)$/is.exec(raw.trim()) ?? [];
    const [beforeHash = "", ...hash] = rest.split("#");
    const [beforeQuery = "", ...query] = beforeHash.split("?");
    const slash = beforeQuery.indexOf("/");
    const remote = slash < 0 ? beforeQuery : beforeQuery.slice(0, slash);
    const [, host = "", port] = /^(.*?)(?::(\d+|\{\{[^}]*\}\}))?$/.exec(remote) ?? [];
    this.protocol = protocol;
    this.host = host === "" ? [] : host.includes("{{") ? [host] : host.split(".");
    this.port = port;
    this.path = slash < 0 ? [] : beforeQuery.slice(slash + 1).split("/");
    this.query = new List(queryOf(query.join("?")));
    this.hash = hash.length > 0 ? hash.join("#") : undefined;
    this.variables = new List([]);
  }
}

function queryOf(text: string): Entry[] {
  return text
    .split("&")
    .filter(Boolean)
    .map((pair) => {
      const [key = "", ...value] = pair.split("=");
      return value.length > 0 ? { key, value: value.join("=") } : { key };
    });
}

function text(value: unknown): string | undefined {
  return value === undefined || value === null || value === "" ? undefined : String(value);
}

function split(value: unknown, by: string): string[] {
  if (typeof value === "string") return value.replace(/^\//, "").split(by);
  if (!Array.isArray(value)) return [];
  return value.map((one: unknown) => String((one as { value?: unknown } | null)?.value ?? one));
}

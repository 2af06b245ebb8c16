// A list of keys and values, as `pm` shows headers, the query and the fields of a form.

/** An entry: further fields (`disabled`, `description`, `type`) stay as they are. */
export interface Entry {
  key: string;
  value?: unknown;
  disabled?: boolean;
  [field: string]: unknown;
}

/** Entries in order. A key may be there more than once; `get` answers with the last. */
export class List {
  #entries: Entry[];
  readonly #normal: (key: string) => string;

  constructor(entries: Iterable<Entry>, ignoreCase = false) {
    this.#normal = ignoreCase ? (key) => String(key).toLowerCase() : String;
    this.#entries = [...entries].map((entry) => ({ ...entry }));
  }

  get(key: string): unknown {
    return this.one(key)?.value;
  }

  one(key: string): Entry | undefined {
    return this.#entries.findLast((entry) => !entry.disabled && this.#is(entry, key));
  }

  has(key: string, value?: unknown): boolean {
    const same = this.#entries.filter((entry) => !entry.disabled && this.#is(entry, key));
    return value === undefined ? same.length > 0 : same.some((entry) => entry.value === value);
  }

  /** Takes `{key, value}` or `"key: value"`. */
  add(entry: Entry | string): void {
    this.#entries.push(entryOf(entry));
  }

  append(entry: Entry | string): void {
    this.add(entry);
  }

  upsert(entry: Entry | string): void {
    const made = entryOf(entry);
    const at = this.#entries.findIndex((one) => this.#is(one, made.key));
    if (at < 0) this.#entries.push(made);
    else this.#entries[at] = { ...this.#entries[at], ...made };
  }

  /** By key, or by what a function says. */
  remove(which: string | ((entry: Entry) => boolean)): void {
    const goes = typeof which === "function" ? which : (entry: Entry) => this.#is(entry, which);
    this.#entries = this.#entries.filter((entry) => !goes(entry));
  }

  clear(): void {
    this.#entries = [];
  }

  all(): Entry[] {
    return [...this.#entries];
  }

  count(): number {
    return this.#entries.length;
  }

  idx(index: number): Entry | undefined {
    return this.#entries[index];
  }

  each(visit: (entry: Entry) => void): void {
    this.all().forEach((entry) => visit(entry));
  }

  map<T>(make: (entry: Entry) => T): T[] {
    return this.all().map((entry) => make(entry));
  }

  filter(keep: (entry: Entry) => boolean): Entry[] {
    return this.all().filter((entry) => keep(entry));
  }

  find(fits: (entry: Entry) => boolean): Entry | undefined {
    return this.all().find((entry) => fits(entry));
  }

  toObject(): Record<string, unknown> {
    return Object.fromEntries(this.#entries.filter((entry) => !entry.disabled).map(({ key, value }) => [key, value]));
  }

  toJSON(): Entry[] {
    return this.all();
  }

  [Symbol.iterator](): Iterator<Entry> {
    return this.all()[Symbol.iterator]();
  }

  #is(entry: Entry, key: string): boolean {
    return this.#normal(entry.key) === this.#normal(key);
  }
}

function entryOf(entry: Entry | string): Entry {
  if (typeof entry !== "string") return { ...entry, key: String(entry.key) };
  const [key = "", ...rest] = entry.split(":");
  return { key: key.trim(), value: rest.join(":").trim() };
}

/** The entries of a list, an array of `{key, value}`, or an object. */
export function entriesFrom(value: unknown): Entry[] {
  if (value instanceof List) return value.all();
  if (Array.isArray(value)) return value.map((entry) => entryOf(entry as Entry | string));
  if (typeof value !== "object" || value === null) return [];
  return Object.entries(value).map(([key, one]) => ({ key, value: one }));
}

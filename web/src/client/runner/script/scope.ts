// `pm.environment` and its like.

import { fill, fillAll, type Scopes, textOf } from "../scopes";

/** One scope of variables, as scripts see it. */
export class Scope {
  readonly name: string | undefined;
  readonly #layer: Map<string, unknown>;

  constructor(layer: Map<string, unknown>, name?: string) {
    this.#layer = layer;
    this.name = name;
  }

  get(name: string): unknown {
    return this.#layer.get(name);
  }

  set(name: string, value: unknown): void {
    this.#layer.set(String(name), value);
  }

  unset(name: string): void {
    this.#layer.delete(name);
  }

  has(name: string): boolean {
    return this.#layer.has(name);
  }

  clear(): void {
    this.#layer.clear();
  }

  toObject(): Record<string, unknown> {
    return Object.fromEntries(this.#layer);
  }

  toJSON(): Record<string, unknown> {
    return this.toObject();
  }

  replaceIn<T>(value: T): T {
    return replaceIn(
      value,
      (name) => this.#layer.get(name),
      (name) => this.#layer.has(name),
    );
  }
}

/** `pm.variables`: reads all scopes, the nearest first, and writes the local one. */
export class Variables extends Scope {
  readonly #scopes: Scopes;

  constructor(scopes: Scopes) {
    super(scopes.layers.local);
    this.#scopes = scopes;
  }

  override get(name: string): unknown {
    return this.#scopes.get(name);
  }

  override has(name: string): boolean {
    return this.#scopes.has(name);
  }

  override toObject(): Record<string, unknown> {
    return Object.fromEntries(this.#scopes.all());
  }

  override replaceIn<T>(value: T): T {
    return replaceIn(
      value,
      (name) => this.#scopes.get(name),
      (name) => this.#scopes.has(name),
    );
  }
}

function replaceIn<T>(value: T, get: (name: string) => unknown, has: (name: string) => boolean): T {
  const lookup = (name: string) => (has(name) ? textOf(get(name)) : undefined);
  return typeof value === "string" ? (fill(value, lookup) as T) : fillAll(value, lookup);
}

// The variables of an environment, in Postman's form: `{values: [{key, value, type, enabled}]}`. What else a variable
// holds is kept.

import type { Json } from "../../../client";
import { isSecret } from "../workspace/model/postman";

export interface Variable {
  key: string;
  /** As text; undefined: there is none to see. */
  value: string | undefined;
  secret: boolean;
  enabled: boolean;
  /** As it stands in the environment. */
  raw: Json;
}

export function variablesOf(content: Json): Variable[] {
  const list = Array.isArray(content["values"]) ? (content["values"] as unknown[]) : [];
  return list.filter(isObject).map((raw) => ({
    key: typeof raw["key"] === "string" ? raw["key"] : "",
    value: textOf(raw["value"]),
    secret: isSecret(raw),
    enabled: raw["enabled"] !== false,
    raw,
  }));
}

/** A variable in the table. */
export interface Row extends Variable {
  /** Stays with it while others come and go, and when it has another name. */
  id: number;
}

/** The variables as rows: those of before where they are known again by their names, or by their place when they have another. */
export function rowsOf(variables: readonly Variable[], before: readonly Row[]): Row[] {
  const free = [...before];
  const take = (found: (row: Row) => boolean) => {
    const at = free.findIndex(found);
    return at < 0 ? undefined : free.splice(at, 1)[0]?.id;
  };
  const ids = variables.map(({ key }) => take((row) => row.key === key));
  let next = Math.max(0, ...before.map(({ id }) => id + 1));
  return variables.map((variable, at) => ({ ...variable, id: ids[at] ?? take((row) => row === before[at]) ?? next++ }));
}

/** A variable with something else about it. */
export function changed({ raw }: Variable, what: { key?: string; value?: string; secret?: boolean; enabled?: boolean }): Json {
  const { secret, ...fields } = what;
  if (secret === undefined) return { ...raw, ...fields };
  const { secret: _mark, ...rest } = raw;
  return { ...rest, ...fields, type: secret ? "secret" : "default" };
}

export function added(key: string, value: string, secret = false): Json {
  return { key, value, type: secret ? "secret" : "default", enabled: true };
}

function textOf(value: unknown): string | undefined {
  if (value === undefined || value === null) return undefined;
  return typeof value === "string" ? value : JSON.stringify(value);
}

function isObject(value: unknown): value is Json {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** A name that is not taken yet: "Test copy", "Test copy 2". */
export function copyName(name: string, taken: ReadonlySet<string>): string {
  for (let count = 1; ; count++) {
    const made = count === 1 ? `${name} copy` : `${name} copy ${count}`;
    if (!taken.has(made)) return made;
  }
}

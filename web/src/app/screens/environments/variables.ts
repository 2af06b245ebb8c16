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

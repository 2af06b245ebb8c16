// What a script threw or wrote, as text.

import { LIMITS } from "../protocol";

/** No longer than a message takes. */
export function cut(text: string): string {
  return text.length > LIMITS.text ? `${text.slice(0, LIMITS.text - 1)}…` : text;
}

/** `TypeError: x is not a function`. Never throws, whatever was thrown. */
export function errorText(error: unknown): string {
  try {
    if (error instanceof Error) return cut(`${error.name}: ${error.message}`);
    return cut(shown(error));
  } catch {
    return "an error that can't be shown";
  }
}

/** As a console shows it. */
export function shown(value: unknown): string {
  if (typeof value === "string") return value;
  if (value instanceof Error) return `${value.name}: ${value.message}`;
  if (typeof value !== "object" || value === null) return String(value);
  try {
    return JSON.stringify(value, (_, one: unknown) => (typeof one === "bigint" ? `${one}n` : one)) ?? String(value);
  } catch {
    // It holds itself.
    return Object.prototype.toString.call(value);
  }
}

// The colour of an HTTP method; one that is not usual has the colour of all others.

const KNOWN = new Set(["GET", "POST", "PUT", "PATCH", "DELETE"]);

export function methodColour(method: string): string {
  const upper = method.toUpperCase();
  return `var(--method-${KNOWN.has(upper) ? upper.toLowerCase() : "other"})`;
}

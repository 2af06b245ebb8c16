// Anything that was thrown, as words to show. What the server refused has words of its own.

export interface Fault {
  code: string;
  title: string;
  detail?: string | undefined;
  path?: string | undefined;
  /** Seconds after which it is worth trying again. */
  retryAfter?: number | undefined;
}

export function faultOf(error: unknown): Fault {
  if (isFault(error)) {
    const { code, title, detail, path, retryAfter } = error;
    return { code, title, detail, path, ...(retryAfter !== undefined && { retryAfter }) };
  }
  return { code: "unexpected", title: "Something went wrong in this page.", detail: error instanceof Error ? error.message : String(error) };
}

/** The code of what the server refused; undefined for anything else. */
export function codeOf(error: unknown): string | undefined {
  return isFault(error) ? error.code : undefined;
}

function isFault(error: unknown): error is Fault {
  if (typeof error !== "object" || error === null) return false;
  const { code, title } = error as Partial<Record<keyof Fault, unknown>>;
  return typeof code === "string" && typeof title === "string";
}

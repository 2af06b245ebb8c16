// How a body is shown, by its media type.

import type { Body } from "../model/sent";

export type Form = "json" | "xml" | "html" | "javascript" | "text" | "image" | "binary";

/** Pictures that the page's policy lets in, and that run nothing. */
const IMAGES = /^image\/(png|jpeg|gif|webp|avif|bmp|svg\+xml|x-icon|vnd\.microsoft\.icon)$/;

export function formOf({ media_type, text }: Body): Form {
  const type = media_type.toLowerCase();
  if (IMAGES.test(type)) return "image";
  if (text == null) return "binary";
  if (/[/+]json$/.test(type)) return "json";
  if (type === "text/html" || type === "application/xhtml+xml") return "html";
  if (/[/+]xml$/.test(type)) return "xml";
  if (/(java|ecma)script$/.test(type)) return "javascript";
  // A server that does not say what it sends.
  if (type === "" && /^\s*[[{]/.test(text) && isJson(text)) return "json";
  return "text";
}

/** Laid out anew; what is no JSON stays as it came. Numbers keep their digits, so that long ones are not changed. */
export function laidOut(text: string): string {
  if (!isJson(text)) return text;
  let out = "";
  let depth = 0;
  let quoted = false;
  const line = () => `\n${"  ".repeat(depth)}`;
  for (let at = 0; at < text.length; at += 1) {
    const letter = text[at] as string;
    if (quoted) {
      out += letter;
      if (letter === "\\") out += text[++at] ?? "";
      else if (letter === '"') quoted = false;
    } else if (letter === '"') {
      quoted = true;
      out += letter;
    } else if (letter === "{" || letter === "[") {
      const rest = /^\s*[}\]]/.exec(text.slice(at + 1, at + 200));
      if (rest) {
        out += letter + rest[0].trim();
        at += rest[0].length;
      } else {
        depth += 1;
        out += letter + line();
      }
    } else if (letter === "}" || letter === "]") {
      depth -= 1;
      out += line() + letter;
    } else if (letter === ",") out += letter + line();
    else if (letter === ":") out += ": ";
    else if (!/\s/.test(letter)) out += letter;
  }
  return out;
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

export function blobOf({ media_type, text, base64 }: Body): Blob {
  const type = media_type || "application/octet-stream";
  if (text != null) return new Blob([text], { type });
  return new Blob([Uint8Array.from(atob(base64 ?? ""), (letter) => letter.charCodeAt(0))], { type });
}

export function download(blob: Blob, name: string): void {
  const url = URL.createObjectURL(blob);
  const link = document.createElement("a");
  link.href = url;
  link.download = name;
  link.click();
  // The browser has begun to read it by then.
  setTimeout(() => URL.revokeObjectURL(url), 10_000);
}

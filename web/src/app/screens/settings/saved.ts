// A file of the server's, saved by the browser under a name that says what it is.

import { session } from "../../session.svelte";

export async function saved(path: `/${string}`, name: string): Promise<void> {
  const response = await session.api.send("GET", path);
  const link = document.createElement("a");
  const url = URL.createObjectURL(await response.blob());
  link.href = url;
  link.download = name;
  document.body.append(link);
  link.click();
  link.remove();
  // The browser has taken the file when the click is done; it frees what it holds itself.
  setTimeout(() => URL.revokeObjectURL(url));
}

/** A name as a file's: without what file systems do not take. */
export function fileName(name: string, ending: string): string {
  const plain = name.replace(/[\\/:*?"<>|\p{Cc}]+/gu, " ").trim().slice(0, 80);
  return `${plain || "export"}.${ending}`;
}

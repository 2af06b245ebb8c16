// Text to the clipboard, and a word about it.

import { toasts } from "../../ui";

/** `what` begins a sentence: "The link". */
export async function copied(text: string, what: string): Promise<void> {
  try {
    await navigator.clipboard.writeText(text);
    toasts.say(`${what} is copied.`);
  } catch {
    // Pages that come without TLS have no clipboard, or it was not allowed.
    toasts.say(`This browser does not allow copying. ${what}: ${text}`);
  }
}

// Short notes that come and go: something was done, or went wrong where there is no place to say it.

import { faultOf } from "../fault";

export interface Toast {
  id: number;
  text: string;
  kind: "info" | "error";
  /** Something to do about it. */
  action?: { label: string; run: () => void } | undefined;
}

const LIFE = 6000;
let last = 0;

class Toasts {
  shown = $state<readonly Toast[]>([]);

  say(text: string, action?: Toast["action"]): void {
    this.#show({ id: ++last, text, kind: "info", action });
  }

  /** Stays until it is dismissed: an error is not to be missed. */
  fail(error: unknown): void {
    const { title, detail, code } = faultOf(error);
    this.#show({ id: ++last, text: `${title}${detail ? ` ${detail}` : ""} (${code})`, kind: "error" });
  }

  dismiss(id: number): void {
    this.shown = this.shown.filter((toast) => toast.id !== id);
  }

  #show(toast: Toast): void {
    // Said twice it is no truer.
    if (this.shown.some(({ text }) => text === toast.text)) return;
    this.shown = [...this.shown.slice(-3), toast];
    if (toast.kind === "info") setTimeout(() => this.dismiss(toast.id), LIFE);
  }
}

export const toasts = new Toasts();

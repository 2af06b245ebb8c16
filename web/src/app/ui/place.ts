// Where something that pops up is put: by its anchor, and inside the window.

export interface Placing {
  side?: "below" | "above" | "right";
  align?: "start" | "center" | "end";
  gap?: number;
}

/** Moves `popup`, which is positioned fixed and shown, by `anchor`. */
export function place(popup: HTMLElement, anchor: Element, { side = "below", align = "start", gap = 4 }: Placing = {}): void {
  const by = anchor.getBoundingClientRect();
  const { offsetWidth: width, offsetHeight: height } = popup;
  const margin = 8;
  const most = { x: document.documentElement.clientWidth - width - margin, y: innerHeight - height - margin };
  let x = align === "start" ? by.left : align === "end" ? by.right - width : by.left + (by.width - width) / 2;
  let y = side === "above" ? by.top - height - gap : by.bottom + gap;
  if (side === "right") {
    x = by.right + gap;
    y = by.top;
  } else if (side === "below" && y > most.y && by.top - height - gap > margin) y = by.top - height - gap;
  else if (side === "above" && y < margin) y = by.bottom + gap;
  popup.style.left = `${Math.max(margin, Math.min(x, most.x))}px`;
  popup.style.top = `${Math.max(margin, Math.min(y, most.y))}px`;
}

// What is dragged through the tree, and where it would come to.

import type { Live } from "../../../live.svelte";
import { destination, move, type Where } from "./changes";

export class Drag {
  /** The item that is dragged. */
  item = $state<string>();
  /** Where it would go if it were let go of now. */
  to = $state<{ id: string; where: Where }>();
  readonly #live: Live;

  constructor(live: Live) {
    this.#live = live;
  }

  begin(event: DragEvent, id: string, name: string): void {
    this.item = id;
    event.dataTransfer?.setData("text/plain", name);
  }

  /** By the height at which the pointer is over a row: before it, into it, after it; what may not be is left out. */
  over(event: DragEvent & { currentTarget: HTMLElement }, id: string): void {
    const item = this.item;
    if (item === undefined) return;
    const { top, height } = event.currentTarget.getBoundingClientRect();
    const part = (event.clientY - top) / height;
    const wheres: Where[] = part < 0.3 ? ["before", "into"] : part > 0.7 ? ["after", "into"] : ["into", part < 0.5 ? "before" : "after"];
    const where = wheres.find((one) => destination(this.#live, item, id, one));
    this.to = where && { id, where };
    // What is not prevented here can't be let go of here.
    if (where) event.preventDefault();
  }

  async drop(): Promise<void> {
    const { item, to } = this;
    this.end();
    const place = item !== undefined && to ? destination(this.#live, item, to.id, to.where) : undefined;
    if (item !== undefined && place) await move(this.#live, item, place);
  }

  end(): void {
    this.item = this.to = undefined;
  }
}

// Where the app is: the browser's own history, as state.

import { parse, type Route } from "./route";

class Router {
  #place = $state.raw({ pathname: location.pathname, search: location.search, hash: location.hash });
  /** The page of now. Changes only when it is another one. */
  readonly route: Route = $derived(parse(this.#place));
  readonly query = $derived(new URLSearchParams(this.#place.search));

  constructor() {
    addEventListener("popstate", () => this.#read());
    addEventListener("hashchange", () => this.#read());
    document.addEventListener("click", (event) => this.#clicked(event));
  }

  get pathname(): string {
    return this.#place.pathname;
  }

  /** Goes to an address of the app. `replace`: going back does not come here again. */
  go(href: string, { replace = false } = {}): void {
    if (replace) history.replaceState(null, "", href);
    else if (href !== location.pathname + location.search + location.hash) history.pushState(null, "", href);
    this.#read();
  }

  #read(): void {
    const { pathname, search, hash } = location;
    this.#place = { pathname, search, hash };
  }

  /** Links within the app are followed without loading it anew; with a modifier they are the browser's. */
  #clicked(event: MouseEvent): void {
    if (event.defaultPrevented || event.button !== 0 || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return;
    const link = event.target instanceof Element ? event.target.closest("a") : null;
    if (!link || !link.href || link.target || link.hasAttribute("download") || link.origin !== location.origin) return;
    if (parse(link).name === "unknown") return;
    event.preventDefault();
    this.go(link.pathname + link.search + link.hash);
  }
}

export const router = new Router();

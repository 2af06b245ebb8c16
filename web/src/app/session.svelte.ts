// Who is signed in here.

import { Api, Problem, type Schemas } from "../client";

export type Me = Schemas["Me"];

class Session {
  readonly api = new Api();
  /** Undefined until it is known; null: nobody. */
  me = $state.raw<Me | null>();
  /** Why it is not known. */
  problem = $state.raw<unknown>();

  /** Asks the server. */
  async load(): Promise<void> {
    const before = this.me;
    try {
      this.me = await this.api.get("/v1/me");
      this.problem = undefined;
    } catch (error) {
      // Somebody signed in while this was asked.
      if (this.me !== before) return;
      if (error instanceof Problem && error.code === "signed_out") {
        this.me = null;
        this.problem = undefined;
      } else this.problem = error;
    }
  }

  async signOut(): Promise<void> {
    await this.api.post("/v1/sign_out", undefined);
    this.me = null;
  }

  /** Whether a refusal says that nobody is signed in any more; from then on this says so too. */
  ended(error: unknown): boolean {
    const ended = error instanceof Problem && error.code === "signed_out";
    if (ended) this.me = null;
    return ended;
  }
}

export const session = new Session();

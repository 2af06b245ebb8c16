// The reader's own values of an environment's variables. Nobody else sees or uses them.

import type { Schemas } from "../../../client";
import { session } from "../../session.svelte";

export class PrivateValues {
  values = $state.raw<Readonly<Record<string, string>>>();
  problem = $state.raw<unknown>();
  readonly #path: `/${string}`;
  /** One after the other: each begins with what the one before has left. */
  #last: Promise<unknown> = Promise.resolve();

  constructor(workspace: string, environment: string) {
    this.#path = `/v1/workspaces/${workspace}/environments/${environment}/values`;
  }

  async load(): Promise<void> {
    try {
      this.values = (await this.#read()).values;
      this.problem = undefined;
    } catch (error) {
      if (!session.ended(error)) this.problem = error;
    }
  }

  /** Without a value the shared one counts again. Throws when it is refused. */
  set(key: string, value: string | undefined): Promise<void> {
    const done = this.#last.then(() => this.#set(key, value));
    this.#last = done.catch(() => {});
    return done;
  }

  async #set(key: string, value: string | undefined): Promise<void> {
    // Another window may have set others meanwhile.
    const values = new Map(Object.entries((await this.#read()).values));
    if (value === undefined) values.delete(key);
    else values.set(key, value);
    // By entries: a name may be `__proto__`.
    const answer = await session.api.put<Schemas["Values"]>(this.#path, { values: Object.fromEntries(values) });
    this.values = answer.values;
  }

  #read(): Promise<Schemas["Values"]> {
    return session.api.get<Schemas["Values"]>(this.#path);
  }
}

// A file of Postman's into a workspace: a collection (v2.0, v2.1) or an environment. The server says what it is.

import { Problem, type Schemas } from "../../../client";
import { session } from "../../session.svelte";

export type Root = Schemas["ImportedRoot"];

/** The server takes no more. */
const LARGEST = 64 * 1024 * 1024;

export async function importFile(workspace: string, file: File): Promise<readonly Root[]> {
  if (file.size > LARGEST) {
    const detail = `${file.name} has ${Math.ceil(file.size / 1024 / 1024)} MiB; at most 64 can be imported.`;
    throw new Problem({ code: "too_large", title: "This is larger than allowed.", detail });
  }
  const options = { path: { workspace }, type: "application/json" };
  const { items } = await session.api.post("/v1/workspaces/{workspace}/import", file, options);
  return items;
}

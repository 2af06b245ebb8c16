// A request as generators of code take it (HAR), and what they can write.

import type { Json } from "../../../../client";
import { type Auth, isObject, methodOf, pairsOf, text } from "../model/postman";
import { partsOf } from "../model/url";
import { fillIn, type Scope } from "../model/variables";

interface NameValue {
  name: string;
  value: string;
}

export interface Har {
  method: string;
  url: string;
  httpVersion: string;
  headers: NameValue[];
  queryString: NameValue[];
  cookies: never[];
  headersSize: number;
  bodySize: number;
  postData?: { mimeType: string; text?: string; params?: (NameValue & { fileName?: string })[] };
}

interface Filling {
  /** Undefined: variables stay as they are. */
  scope: Scope | undefined;
  /** The reader's own secret values too. */
  secrets: boolean;
  auth: Auth | undefined;
}

export function harOf(request: Json, { scope, secrets, auth }: Filling): Har {
  const filled = (scope ? fillIn(request, scope, secrets) : request) as Json;
  const by = (scope && auth ? { ...auth, fields: fillIn(auth.fields, scope, secrets) as Record<string, unknown> } : auth) ?? undefined;
  const { base, query, variables } = partsOf(filled["url"]);
  const headers = pairsOf(filled["header"]).filter(({ disabled, key }) => !disabled && key).map(({ key, value }) => ({ name: key, value }));
  const queryString = query.filter(({ disabled }) => !disabled).map(({ key, value }) => ({ name: key, value }));
  authorize(by, headers, queryString);
  const path = base.split("/").map((segment) => {
    const own = segment.startsWith(":") ? variables.find(({ key }) => key === segment.slice(1)) : undefined;
    return own?.value || segment;
  });
  const url = path.join("/");
  const postData = bodyOf(filled["body"]);
  if (postData && !headers.some(({ name }) => name.toLowerCase() === "content-type") && postData.mimeType !== "multipart/form-data") {
    headers.push({ name: "Content-Type", value: postData.mimeType });
  }
  return {
    method: methodOf(filled),
    url: /^[a-z][a-z0-9+.-]*:\/\/|^\{\{/i.test(url) ? url : `http://${url}`,
    httpVersion: "HTTP/1.1",
    headers,
    queryString,
    cookies: [],
    headersSize: -1,
    bodySize: -1,
    ...(postData && { postData }),
  };
}

/** What can be said without asking anybody. The rest (digest, OAuth, AWS) is a matter of the language's libraries. */
function authorize(auth: Auth | undefined, headers: NameValue[], query: NameValue[]): void {
  const field = (name: string) => text(auth?.fields[name]);
  if (auth?.type === "bearer") headers.push({ name: "Authorization", value: `Bearer ${field("token")}` });
  else if (auth?.type === "basic") {
    const pair = `${field("username")}:${field("password")}`;
    // What still has a variable in it can't be encoded yet.
    headers.push({ name: "Authorization", value: pair.includes("{{") ? `Basic base64(${pair})` : `Basic ${base64(pair)}` });
  } else if (auth?.type === "apikey" && field("key")) {
    (field("in") === "query" ? query : headers).push({ name: field("key"), value: field("value") });
  }
}

function base64(whole: string): string {
  return btoa(String.fromCharCode(...new TextEncoder().encode(whole)));
}

const TYPES: Record<string, string> = { json: "application/json", xml: "application/xml", html: "text/html", javascript: "application/javascript" };

function bodyOf(body: unknown): Har["postData"] | undefined {
  if (typeof body === "string") return { mimeType: "text/plain", text: body };
  if (!isObject(body)) return undefined;
  const on = (list: unknown) => pairsOf(list).filter(({ disabled, key }) => !disabled && key);
  switch (body["mode"]) {
    case "raw": {
      const options = isObject(body["options"]) && isObject(body["options"]["raw"]) ? text(body["options"]["raw"]["language"]) : "";
      return text(body["raw"]) === "" ? undefined : { mimeType: TYPES[options] ?? "text/plain", text: text(body["raw"]) };
    }
    case "urlencoded":
      return { mimeType: "application/x-www-form-urlencoded", params: on(body["urlencoded"]).map(({ key, value }) => ({ name: key, value })) };
    case "formdata":
      return {
        mimeType: "multipart/form-data",
        params: on(body["formdata"]).map((row) => (row["type"] === "file" ? { name: row.key, value: "", fileName: text(row["src"]) || "file" } : { name: row.key, value: row.value })),
      };
    case "graphql": {
      const graphql = isObject(body["graphql"]) ? body["graphql"] : {};
      let variables: unknown = {};
      try {
        variables = JSON.parse(text(graphql["variables"]) || "{}");
      } catch {
        variables = text(graphql["variables"]);
      }
      return { mimeType: "application/json", text: JSON.stringify({ query: text(graphql["query"]), variables }) };
    }
    default:
      return undefined;
  }
}

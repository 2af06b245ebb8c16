// What needs neither a server nor time: merging, order, ids, delays, addresses.

import assert from "node:assert/strict";
import { test } from "node:test";
import { Api, mergePatch, newId, Problem } from "../../src/client";
import { backoff } from "../../src/client/backoff";
import { patchedMethod } from "../../src/client/merge";
import { Tree } from "../../src/client/tree";
import type { Entry } from "../../src/client/types";
import { seeded } from "./clocks";

test("a merge patch does what RFC 7396 says", () => {
  // The cases of its appendix A that have an object for a patch.
  const cases: [target: unknown, patch: string, made: string][] = [
    [{ a: "b" }, '{"a":"c"}', '{"a":"c"}'],
    [{ a: "b" }, '{"b":"c"}', '{"a":"b","b":"c"}'],
    [{ a: "b" }, '{"a":null}', "{}"],
    [{ a: "b", b: "c" }, '{"a":null}', '{"b":"c"}'],
    [{ a: ["b"] }, '{"a":"c"}', '{"a":"c"}'],
    [{ a: "c" }, '{"a":["b"]}', '{"a":["b"]}'],
    [{ a: { b: "c" } }, '{"a":{"b":"d","c":null}}', '{"a":{"b":"d"}}'],
    [{ a: [{ b: "c" }] }, '{"a":[1]}', '{"a":[1]}'],
    [{ e: null }, '{"a":1}', '{"e":null,"a":1}'],
    [[1, 2], '{"a":"b","c":null}', '{"a":"b"}'],
    [{}, '{"a":{"bb":{"ccc":null}}}', '{"a":{"bb":{}}}'],
    [{}, '{"__proto__":{"x":1}}', '{"__proto__":{"x":1}}'],
  ];
  for (const [target, patch, made] of cases) {
    const before = JSON.stringify(target);
    assert.equal(JSON.stringify(mergePatch(target, JSON.parse(patch))), made);
    assert.equal(JSON.stringify(target), before);
  }
  assert.equal(({} as { x?: number }).x, undefined);
});

test("what a patch leaves alone stays the same object", () => {
  const target = { a: { deep: [1] }, b: { c: 1 } };
  assert.equal(mergePatch(target, { b: { c: 2 } }).a, target.a);
});

test("a patch gives a request a method, or leaves it", () => {
  assert.equal(patchedMethod({ event: [] }), undefined);
  assert.equal(patchedMethod({ request: { url: "x" } }), undefined);
  assert.equal(patchedMethod({ request: { method: "PUT" } }), "PUT");
  assert.equal(patchedMethod({ request: { method: null } }), "GET");
  assert.equal(patchedMethod({ request: "https://a.example" }), "GET");
  assert.equal(patchedMethod({ request: null }), "GET");
});

test("siblings stand in order, and the list is the same until one changes", () => {
  const tree = new Tree();
  const entry = (id: string, parent: string | null, order: string): Entry => ({ id, kind: "folder", parent, order, name: id, position: 1 });
  for (const one of [entry("a", null, "80"), entry("b", "a", "8180"), entry("c", "a", "80"), entry("d", "a", "8080")]) tree.set(one);
  const ids = (parent: string | null): string[] => tree.children(parent).map(({ id }) => id);
  assert.deepEqual(ids("a"), ["c", "d", "b"]);
  const before = tree.children("a");
  tree.set(entry("e", "b", "80"));
  assert.equal(tree.children("a"), before);
  tree.set(entry("b", "a", "7f"));
  assert.deepEqual(ids("a"), ["b", "c", "d"]);
  tree.set(entry("b", "d", "80"));
  assert.deepEqual([ids("a"), ids("d")], [["c", "d"], ["b"]]);
  assert.deepEqual(tree.within("a").sort(), ["a", "b", "c", "d", "e"]);
  assert.deepEqual(tree.within("gone"), []);
});

test("ids are UUIDv7 and sort in the order they were made, whatever the clock does", () => {
  const times = [5_000, 5_000, 4_000, 6_000, Date.now(), 1];
  const ids = times.map((now) => newId(now));
  for (const id of ids) assert.match(id, /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
  assert.deepEqual([...ids].sort(), ids);
  assert.equal(new Set(ids).size, ids.length);
  const time = Number.parseInt((ids[4] ?? "").replace("-", "").slice(0, 12), 16);
  assert.ok(Math.abs(time - Date.now()) < 60_000);
});

test("delays double up to half a minute, and lie anywhere below", () => {
  const most = [0, 1, 2, 3, 4, 5, 6, 7, 1_000].map((attempt) => backoff(attempt, () => 1));
  assert.deepEqual(most, [500, 1_000, 2_000, 4_000, 8_000, 16_000, 30_000, 30_000, 30_000]);
  assert.equal(backoff(9, () => 0), 0);
  const random = seeded(1);
  const thousand = Array.from({ length: 1_000 }, () => backoff(3, random)).sort((a, b) => a - b);
  // Of a thousand, each tenth of the time gets about a hundred.
  for (let tenth = 0; tenth < 10; tenth += 1) {
    const inside = thousand.filter((delay) => Math.floor(delay / 400) === tenth).length;
    assert.ok(inside > 60 && inside < 140, `${inside} in tenth ${tenth}`);
  }
});

test("addresses are made of paths, ids and queries, and refusals are problems", async () => {
  const asked: [string, RequestInit][] = [];
  const answers: Response[] = [];
  const fetch = ((url: string, init: RequestInit) => {
    asked.push([url, init]);
    const answer = answers.shift();
    return answer ? Promise.resolve(answer) : Promise.reject(new TypeError("fetch failed"));
  }) as typeof globalThis.fetch;
  const api = new Api({ url: "https://loggia.example/", token: "lgp_1", fetch });
  answers.push(Response.json({ team: [] }));
  await api.get("/v1/workspaces/{workspace}/members", { path: { workspace: "a/b" }, query: { limit: 2, before: undefined } });
  assert.equal(asked[0]?.[0], "https://loggia.example/v1/workspaces/a%2Fb/members?limit=2");
  assert.equal(new Headers(asked[0]?.[1].headers).get("authorization"), "Bearer lgp_1");
  answers.push(new Response("email\nbob@b.example", { status: 200 }), new Response(null, { status: 204 }));
  await assert.rejects(api.post("/v1/workspaces/x/invitations", "email", { type: "text/csv" }), { code: "unexpected" });
  assert.equal(new Headers(asked[1]?.[1].headers).get("content-type"), "text/csv");
  assert.equal(await api.delete("/v1/me/tokens/x"), undefined);
  answers.push(Response.json({ code: "invalid", title: "No.", detail: "Name.", path: "name" }, { status: 422 }));
  await assert.rejects(api.post("/v1/workspaces", { name: "" }), (error) => {
    assert.ok(error instanceof Problem);
    assert.deepEqual({ ...error }, { name: "Problem", code: "invalid", title: "No.", detail: "Name.", path: "name", status: 422 });
    return !error.transient;
  });
  answers.push(new Response("<h1>Bad gateway", { status: 502 }), new Response("<h1>?", { status: 404 }));
  await assert.rejects(api.get("/v1/me"), { code: "unavailable", status: 502, transient: true });
  // A proxy's page is no word of the server's that something is not there.
  await assert.rejects(api.get("/v1/me"), { code: "unexpected", status: 404 });
  await assert.rejects(api.get("/v1/me"), { code: "offline", transient: true });
  await assert.rejects(async () => api.get("/v1/workspaces/{workspace}"), TypeError);
  assert.throws(() => new Api(), TypeError);
});

test("a problem keeps what there is to choose, and when to try again", async () => {
  const answers: Response[] = [];
  const api = new Api({ url: "https://loggia.example", token: "lgp_1", fetch: () => Promise.resolve(answers.shift() ?? new Response()) });
  const conflict = { item: "018f0000-0000-7000-8000-000000000000", name: "Ping", ours: null, theirs: null };
  answers.push(Response.json({ code: "conflict", title: "Choices are needed.", status: 409, conflicts: [conflict] }, { status: 409 }));
  await assert.rejects(api.post("/v1/workspaces/w/items/i/pull", { choices: {} }), (error) => {
    assert.ok(error instanceof Problem);
    const name: string | undefined = error.conflicts?.[0]?.name;
    return name === "Ping" && error.retryAfter === undefined;
  });
  const limited = (after: string, body: BodyInit = JSON.stringify({ code: "too_many", title: "Slow down." })): Response =>
    new Response(body, { status: 429, headers: { "retry-after": after } });
  answers.push(limited("7"), limited(new Date(Date.now() + 60_000).toUTCString()), limited("soon"), limited("3", "<h1>Slow down"));
  await assert.rejects(api.get("/v1/me"), { code: "too_many", retryAfter: 7, transient: true });
  await assert.rejects(api.get("/v1/me"), (error) => error instanceof Problem && [59, 60].includes(error.retryAfter ?? 0));
  await assert.rejects(api.get("/v1/me"), (error) => error instanceof Problem && !("retryAfter" in error));
  // A proxy's own limit.
  await assert.rejects(api.get("/v1/me"), { code: "too_many", retryAfter: 3 });
});

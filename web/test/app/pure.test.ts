// What of the app needs no page: frames, addresses, search, initials, faults.

import assert from "node:assert/strict";
import { test } from "node:test";
import { Beat } from "../../src/app/beat";
import { codeOf, faultOf } from "../../src/app/fault";
import { find } from "../../src/app/frame/find";
import { parse, screenHref } from "../../src/app/route";
import { hueOf, initials } from "../../src/app/ui/person";
import { type Entry, Problem } from "../../src/client";

const at = (address: string) => {
  const { pathname, hash } = new URL(address, "http://loggia.test");
  return parse({ pathname, hash });
};

test("addresses, and the links that the server gives", () => {
  assert.deepEqual(at("/"), { name: "workspaces" });
  assert.deepEqual(at("/account"), { name: "account" });
  assert.deepEqual(at("/sign-in"), { name: "sign_in" });
  assert.deepEqual(at("/#setup=abc"), { name: "setup", token: "abc" });
  assert.deepEqual(at("/#sign_in=abc"), { name: "sign_in_link", token: "abc" });
  assert.deepEqual(at("/#invite=a=b"), { name: "invitation", token: "a=b" });
  assert.deepEqual(at("/w/1"), { name: "workspace", id: "1", screen: "workspace", path: [] });
  assert.deepEqual(at("/w/1/history/2/x"), { name: "workspace", id: "1", screen: "history", path: ["2", "x"] });
  for (const none of ["/w", "/w/1/nothing", "/account/x", "/else"]) assert.deepEqual(at(none), { name: "unknown" }, none);
  for (const home of ["/#", "/#sign_in=", "/#other=abc", "/#constructor=abc"]) assert.deepEqual(at(home), { name: "workspaces" }, home);
});

test("an address gives back what it was made of", () => {
  const path = ["a/b", "c d", "%", "é?#"];
  assert.deepEqual(at(screenHref("w/1", "runs", ...path)), { name: "workspace", id: "w/1", screen: "runs", path });
  assert.deepEqual(parse({ pathname: "/w/1/runs/%E0%A4%A", hash: "" }), { name: "workspace", id: "1", screen: "runs", path: ["%E0%A4%A"] });
});

test("search: each word in the name or above, the nearest name first", () => {
  const entry = (id: string, parent: string | null, name: string, method?: string): [string, Entry] => [
    id,
    { id, parent, name, kind: method ? "request" : "folder", order: id, position: 1, ...(method ? { method } : {}) },
  ];
  const items = new Map([
    entry("1", null, "Payments"),
    entry("2", "1", "Refunds"),
    entry("3", "2", "List refunds", "GET"),
    entry("4", "2", "Make a refund", "POST"),
    entry("5", "1", "Charge", "POST"),
  ]);
  const names = (text: string, most = 10) => find(items, text, most).map(({ entry }) => entry.name);
  assert.deepEqual(names("refund"), ["Refunds", "List refunds", "Make a refund"]);
  assert.deepEqual(names("make REFUND"), ["Make a refund"]);
  assert.deepEqual(names("refund post"), ["Make a refund"]);
  assert.deepEqual(names("payments charge"), ["Charge"]);
  assert.deepEqual(names("payments"), ["Payments"], "not all that stands in it");
  assert.deepEqual(names("refund", 1), ["Refunds"]);
  assert.deepEqual(names("nothing"), []);
  assert.deepEqual(names("  "), []);
  assert.deepEqual(find(items, "list", 1)[0]?.within, ["Payments", "Refunds"]);
});

test("many changes are seen once a frame, the first and one's own at once", () => {
  const frames = new Map<number, () => void>();
  let last = 0;
  const page = { requestAnimationFrame: (next: () => void) => (frames.set(++last, next), last), cancelAnimationFrame: (id: number) => frames.delete(id) };
  const frame = () => {
    const [id, next] = [...frames][0] ?? [];
    if (id !== undefined) frames.delete(id);
    next?.();
  };
  Object.assign(globalThis, page);
  let seen = 0;
  const beat = new Beat(() => (seen += 1));
  beat.soon();
  assert.equal(seen, 1);
  for (let turn = 0; turn < 100; turn += 1) beat.soon();
  assert.equal(seen, 1);
  frame();
  assert.equal(seen, 2);
  beat.soon();
  assert.equal(seen, 2, "that frame had its look");
  beat.now();
  assert.equal(seen, 3);
  frame();
  frame();
  assert.equal(seen, 3, "nothing is due");
  beat.soon();
  beat.soon();
  assert.equal(seen, 4);
  beat.stop();
  frame();
  assert.equal(seen, 4);
  assert.equal(frames.size, 0);
});

test("initials and colours", () => {
  const cases = { "Ada Lovelace": "AL", ada: "A", " Jean  de La Fontaine ": "JF", "": "?", "ß": "SS", "👩‍🚀 Sally": "👩‍🚀S", 王: "王" };
  for (const [name, expected] of Object.entries(cases)) assert.equal(initials(name), expected, name);
  assert.equal(hueOf("a"), hueOf("a"));
  assert.notEqual(hueOf("a"), hueOf("b"));
});

test("whatever was thrown has words and a code", () => {
  const problem = new Problem({ code: "invalid", title: "No.", detail: "Because.", path: "name", status: 422 });
  assert.deepEqual(faultOf(problem), { code: "invalid", title: "No.", detail: "Because.", path: "name" });
  assert.equal(codeOf(problem), "invalid");
  assert.equal(faultOf(new TypeError("x is undefined")).detail, "x is undefined");
  assert.equal(faultOf("text").detail, "text");
  assert.equal(codeOf(new Error("x")), undefined);
});

// What of the screens around requests needs no page.

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { type Entry, fold } from "../../src/app/screens/activity/fold";
import { type Company, duration, firstCalls, share, sorted, totals } from "../../src/app/screens/engagement/figures";
import { added, changed, copyName, type Row, rowsOf, variablesOf } from "../../src/app/screens/environments/variables";
import { compare, shortened, valueOf } from "../../src/app/screens/forks/compare";
import { FileFault, read } from "../../src/app/screens/settings/file";
import { foresee, type Known, normalEmail, split } from "../../src/app/screens/settings/invitees";
import { pairsOf, withheld } from "../../src/app/screens/workspace/model/postman";

describe("whom to invite", () => {
  const known: Known = { side: "partner", teamDomains: new Set(["acme.example"]), members: new Set(["old@globex.example"]) };
  const outcomes = (emails: string[], than: Partial<Known> = {}) =>
    foresee(emails.map((email, index) => ({ email, line: index + 1 })), { ...known, ...than });

  test("an address is kept as the server keeps it", () => {
    assert.equal(normalEmail("  Ada@Acme.Example "), "ada@acme.example");
    assert.equal(normalEmail("jürgen@bücher.example"), "jürgen@bücher.example");
    for (const none of ["", "ada", "ada@", "@acme.example", "ada@acme", "a b@acme.example", "ada@-acme.example", "ada@acme..example", `${"a".repeat(65)}@acme.example`]) {
      assert.equal(normalEmail(none), undefined, none);
    }
  });

  test("each line is foreseen as far as one knows", () => {
    assert.deepEqual(outcomes(["new@globex.example", "NEW@globex.example", "x", "old@globex.example", "eve@mail.acme.example"]), [
      "sent",
      "repeated",
      "invalid",
      "already_member",
      "not_external",
    ]);
    assert.deepEqual(outcomes(["eve@acme.example", "new@globex.example"], { side: "team" }), ["sent", "not_internal"]);
    // A Lead knows of no members, and of one company.
    const lead = { members: new Set<string>(), ownDomain: "globex.example" };
    assert.deepEqual(outcomes(["old@globex.example", "new@eu.globex.example", "new@notglobex.example"], lead), ["sent", "sent", "other_domain"]);
  });

  test("what is typed or pasted is split", () => {
    assert.deepEqual(split('a@x.example, "Doe, Bo" <b@x.example>;c@x.example d@x.example\nEve Poe <e@x.example>\nf'), [
      { email: "a@x.example" },
      { email: "b@x.example", name: "Doe, Bo" },
      { email: "c@x.example" },
      { email: "d@x.example" },
      { email: "e@x.example", name: "Eve Poe" },
      { email: "f" },
    ]);
    assert.deepEqual(split(" , ;\n"), []);
  });

  test("files are read by the server's rules, with their lines", () => {
    const csv = read("people.csv", '\uFEFFName, EMAIL ,lead\r\n"Doe, Ann",ann@x.example,yes\r\n\r\nBob,bob@x.example\r\n');
    assert.deepEqual(csv, {
      type: "text/csv",
      invitees: [
        { line: 2, email: "ann@x.example", name: "Doe, Ann", lead: true },
        { line: 4, email: "bob@x.example", name: "Bob" },
      ],
    });
    assert.deepEqual(read("people.txt", "ann@x.example\n\n  bob@x.example  \n").invitees, [
      { line: 1, email: "ann@x.example" },
      { line: 3, email: "bob@x.example" },
    ]);
    const fails = (name: string, text: string, words: RegExp, path?: string) =>
      assert.throws(() => read(name, text), (error) => error instanceof FileFault && words.test(error.title) && error.path === path);
    fails("people.csv", "who\nann", /"email"/, "line 1");
    fails("people.csv", "email,lead\nann@x.example,maybe", /"lead" is true or false/, "line 2");
    fails("people.csv", "email\n", /nobody/);
    fails("people.txt", "a@x.example\n".repeat(1001), /1,001 people/);
  });
});

describe("activity", () => {
  const entry = (at: string, by: string, name: string, fields = ["content"]): Entry => ({
    at,
    by: { id: by, name: by, side: "team" },
    change: { kind: "item_updated", item: { id: name, name, kind: "request" }, fields },
  });

  test("what one does to one thing in a row is one line, with the fields of all", () => {
    const days = fold([
      entry("2026-03-02T12:05:00Z", "ada", "Ping", ["name"]),
      entry("2026-03-02T12:00:00Z", "ada", "Ping"),
      entry("2026-03-02T11:59:00Z", "bob", "Ping"),
      entry("2026-03-02T11:58:00Z", "ada", "Pong"),
      entry("2026-03-02T11:00:00Z", "ada", "Pong"),
    ]);
    const lines = days.flatMap(({ lines }) => lines);
    assert.deepEqual(lines.map(({ count, since }) => [count, since.slice(11, 16)]), [[2, "12:00"], [1, "11:59"], [1, "11:58"], [1, "11:00"]]);
    assert.deepEqual(lines[0]?.entry.change, { kind: "item_updated", item: { id: "Ping", name: "Ping", kind: "request" }, fields: ["name", "content"] });
  });

  test("days are the reader's", () => {
    const at = (date: Date) => entry(date.toISOString(), "ada", String(date));
    const days = fold([at(new Date(2026, 2, 3, 0, 1)), at(new Date(2026, 2, 2, 23, 59))]);
    assert.deepEqual(days.map(({ date }) => date), ["2026-03-03", "2026-03-02"]);
  });
});

describe("engagement", () => {
  const person = (email: string, seconds: number | null, joined_at: string | null = null) => ({ email, joined_at, seconds_to_first_call: seconds });
  const company = (domain: string, ...people: ReturnType<typeof person>[]): Company => ({
    domain,
    invited: 4,
    joined: 3,
    visited: 2,
    called: people.length,
    succeeded: 0,
    people: people as Company["people"],
  });

  test("figures add up, and nobody is divided by", () => {
    const companies = [company("b.example", person("x", 10), person("y", 30), person("z", null)), company("a.example", person("q", 5)), company("c.example")];
    assert.deepEqual(totals(companies), { invited: 12, joined: 9, visited: 6, called: 4, succeeded: 0 });
    assert.deepEqual(firstCalls(companies).map(({ domain, median, people }) => [domain, median, people]), [["a.example", 5, 1], ["b.example", 20, 2]]);
    assert.deepEqual([share(1, 3), share(0, 0)], ["33 %", "–"]);
    assert.deepEqual([0, 59, 60, 3599, 7260, 90_000, 172_800].map(duration), ["0 s", "59 s", "1 min", "1 h", "2 h 1 min", "1 d 1 h", "2 d"]);
  });

  test("what has not happened stands last, either way", () => {
    const people = [person("a", 3), person("b", null), person("c", 1)] as Company["people"];
    const order = (descending: boolean) => sorted(people, "seconds_to_first_call", descending).map(({ email }) => email).join("");
    assert.deepEqual([order(false), order(true)], ["cab", "acb"]);
  });
});

describe("environments", () => {
  test("what a variable holds besides is kept, also what is no variable of ours", () => {
    const [first, second, third] = variablesOf({ values: [{ key: "k", value: 5, type: "Secret", description: "d" }, { key: "n", value: null }, { key: "o", value: {}, enabled: false }, 7] });
    assert.deepEqual([first?.value, first?.secret, first?.enabled], ["5", true, true]);
    assert.deepEqual([second?.value, third?.value, third?.enabled], [undefined, "{}", false]);
    assert.ok(first);
    assert.deepEqual(changed(first, { enabled: false }), { key: "k", value: 5, type: "Secret", description: "d", enabled: false });
    assert.deepEqual(changed(first, { secret: false }), { key: "k", value: 5, type: "default", description: "d" });
    assert.deepEqual(added("k", "v", true), { key: "k", value: "v", type: "secret", enabled: true });
    assert.equal(variablesOf({ values: [{ key: "k", secret: true }] })[0]?.secret, true);
    assert.deepEqual(changed({ ...first, raw: { key: "k", secret: true } }, { secret: false }), { key: "k", type: "default" });
    assert.deepEqual(variablesOf({ values: "none" }), []);
    assert.equal(copyName("E", new Set(["E copy", "E copy 2"])), "E copy 3");
  });
});

test("a secret that was withheld goes back without a value, and keeps the one it has", () => {
  const variables = [{ key: "token", type: "Secret" }, { key: "pass", secret: true, value: "new" }, { key: "host", value: "" }];
  assert.deepEqual(withheld(pairsOf(variables)), variables);
});

describe("rows of an environment", () => {
  const rows = (before: readonly Row[], ...keys: string[]) => rowsOf(variablesOf({ values: keys.map((key) => ({ key })) }), before);
  const ids = (rows: readonly Row[]) => rows.map(({ id }) => id).join();

  test("each stays itself when others go and come, and when it has another name", () => {
    const first = rows([], "a", "b", "b");
    assert.equal(ids(first), "0,1,2");
    assert.equal(ids(rows(first, "b", "b")), "1,2");
    assert.equal(ids(rows(first, "a", "c", "b", "d")), "0,3,1,4");
    assert.equal(ids(rows(rows([], "a", "b"), "a", "c")), "0,1");
  });
});

describe("conflicts", () => {
  test("lines stand by what they were changed to", () => {
    const rows = compare("a\nb\nc", "a\nB\nB2\nc");
    assert.deepEqual(rows, [
      { ours: "a", theirs: "a", same: true },
      { ours: "b", theirs: "B", same: false },
      { ours: undefined, theirs: "B2", same: false },
      { ours: "c", theirs: "c", same: true },
    ]);
    const long = Array.from({ length: 20 }, (_, index) => `line ${index}`);
    const short = shortened(compare(long.join("\n"), long.with(10, "other").join("\n")));
    assert.deepEqual([short.length, short[0], short.at(-1)], [9, 7, 6]);
  });

  test("what a person writes is read back, or said what is wrong with it", () => {
    assert.deepEqual(valueOf('{"name":"a","content":{"x":1}}'), { name: "a", content: { x: 1 } });
    for (const [text, words] of [["{", /no JSON/], ["null", /name/], ['{"name":" ","content":{}}', /name/], ['{"name":"a","content":[]}', /content/]] as const) {
      assert.throws(() => valueOf(text), words);
    }
  });
});

// The switch to multi-partner, in pages that a partner has open then: they forget the others.

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { ALAN, collection, GRACE, requestTo } from "./journey";
import { onServer, suite } from "./suite";

describe("the switch to multi-partner", onServer, () => {
  let id: (name: string) => string;
  const house = suite(async (house) => {
    id = await house.import(collection("Shop", [requestTo("Ping", "https://api.example/ping")]));
  });

  test("a partner's open pages hold nobody else any more, nor does what the tab keeps", async () => {
    const { ada } = house();
    const [grace, alan] = await house().join([GRACE, ALAN]);
    assert.ok(grace && alan);
    await ada.call("PATCH", house().api(`/members/${alan.id}`), { role: "editor" });
    const [request, people, activity] = await Promise.all([
      house().visit(grace, "workspace", id("Ping")),
      house().visit(grace, "settings"),
      house().visit(grace, "activity"),
    ]);
    await request.page.getByLabel("URL").fill("https://api.example/hers");
    const theirs = { kind: "item_update", id: id("Ping"), patch: { content: { request: { url: { raw: "https://api.example/his" } } } } };
    await alan.call("POST", house().api("/changes"), { op: crypto.randomUUID(), changes: [theirs] });
    await request.page.getByText(`${ALAN.name} changed the URL, and so did you.`).waitFor();
    for (const { page } of [people, activity]) await page.locator("main").getByText(ALAN.name).first().waitFor();
    // However long it takes until there is something else to show.
    const { page: team } = await house().visit(ada, "workspace", id("Ping"));
    await team.getByRole("tab", { name: "Headers" }).click();
    await team.getByLabel("Header 1: name").focus();
    for (const { page } of [people, activity]) await page.route(/\/(members|activity)\b/, () => {});

    await request.page.getByLabel("URL").focus();
    await house().separatePartners();
    await request.page.getByText("Somebody changed the URL, and so did you.").waitFor();
    assert.ok(await request.page.locator("main").evaluate((main) => main === document.activeElement), "it goes on by the keyboard from there");
    // The team's screens stay as they are.
    await team.getByRole("button", { name: "Comments" }).waitFor({ state: "detached" });
    assert.ok(await team.getByLabel("Header 1: name").evaluate((field) => field === document.activeElement));
    assert.equal(await request.page.getByLabel("URL").inputValue(), "https://api.example/hers");
    for (const { page } of [people, activity]) await page.locator("main").getByText(ALAN.name).first().waitFor({ state: "detached" });
    for (const { trace } of [request, people, activity]) await trace.holdsNothing(house().others(grace));
    assert.deepEqual([request, people, activity].flatMap(({ wrong }) => wrong), []);
  });
});

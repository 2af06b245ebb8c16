// The Conduit collection, imported by an editor and run by a partner against a Conduit of the test's: what the screen says
// is what the server has recorded, and nobody else learns of it.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { after, before, describe, test } from "node:test";
import type { Page } from "playwright-core";
import { serveConduit } from "../conduit";
import type { Person } from "./around-house";
import { PROGRAM } from "./browser";
import { GUESTS, House } from "./journey";

const REQUESTS = 32;

interface Totals {
  requests: number;
  passed: number;
  failed: number;
  errors: number;
}
interface WholeRun {
  run: { state: string; totals: Totals };
  results: { name: string; status: number; assertions: { name: string; passed: boolean }[] }[];
}

describe("a run of the Conduit collection", { skip: PROGRAM ? false : "LOGGIA_BIN names no server" }, () => {
  let house: House;
  let conduit: Awaited<ReturnType<typeof serveConduit>>;
  let partners: Person[];
  before(async () => {
    [house, conduit] = await Promise.all([House.open(), serveConduit()]);
    await house.separatePartners();
    partners = await house.join(GUESTS);
  });
  after(async () => {
    await house?.close();
    conduit?.server.close().closeAllConnections();
  });

  test("imported, run with an environment, followed as it goes, recorded as it was shown", async () => {
    const { page: ada, wrong: first } = await house.visit(house.ada, "environments");
    const given = { APIURL: conduit.url, EMAIL: "ada@host.com", PASSWORD: "secret", USERNAME: "ada" };
    const values = Object.entries(given).map(([key, value]) => ({ key, value, type: "default", enabled: true }));
    const json = (name: string, buffer: Buffer) => ({ name, mimeType: "application/json", buffer });
    await ada.getByLabel("Files to import").setInputFiles([
      json("conduit.postman_collection.json", readFileSync("../tests/data/conduit.postman_collection.json")),
      json("here.postman_environment.json", Buffer.from(JSON.stringify({ name: "Here", values, _postman_variable_scope: "environment" }))),
    ]);
    await ada.getByText("2 files imported.").waitFor();
    await ada.getByRole("dialog").getByRole("link", { name: "Conduit" }).waitFor();
    await ada.goto(house.href("runs"));
    await ada.getByText("No runs yet").waitFor();

    const [grace, alan, edsger] = partners as [Person, Person, Person];
    const mine = await house.visit(grace, "runs");
    const others = [await house.visit(alan, "runs"), await house.visit(edsger, "runs")];
    const { page } = mine;
    await page.getByLabel("Collection or folder").selectOption({ label: "Conduit" });
    await page.getByLabel("Environment").selectOption({ label: "Here" });
    await page.getByText(`${REQUESTS} of ${REQUESTS} requests, in this order`).waitFor();
    const progress = await followProgress(page);
    await page.getByRole("button", { name: "Run", exact: true }).click();
    await page.getByText("Finished").waitFor();

    const run = new URL(page.url()).pathname.split("/").at(-1);
    const recorded = await grace.call<WholeRun>("GET", house.api(`/runs/${run}`));
    const { requests, passed, failed, errors } = recorded.run.totals;
    assert.equal(recorded.run.state, "finished");
    assert.deepEqual([requests, failed, errors], [REQUESTS, 0, 0]);
    assert.equal(recorded.results.length, REQUESTS);
    const tests = recorded.results.flatMap(({ assertions }) => assertions);
    assert.ok(passed > 300 && tests.length === passed, `${passed} passed, ${tests.length} recorded`);
    const counts = (await page.locator(".counts").innerText()).match(/\d+(?= (?:passed|failed|without|requests))/g)?.map(Number);
    assert.deepEqual(counts, [passed, failed, errors, requests], "what the screen says");

    const steps = await progress();
    assert.ok(steps.every(({ max }) => max === REQUESTS) && steps.length > 3, JSON.stringify(steps));
    assert.ok(steps.every(({ value }, at) => value >= (steps[at - 1]?.value ?? 0)), "it goes on, and not back");
    const chart = page.getByRole("img", { name: /^Response times, the slowest \d/ });
    assert.equal(await chart.locator("rect").count(), REQUESTS);
    const list = page.getByRole("list", { name: "Results" });
    const shown = await list.getByRole("listitem").allInnerTexts();
    assert.ok(shown.length > 3);
    for (const [at, line] of shown.entries()) {
      const { name, status, assertions } = recorded.results[at] ?? assert.fail("more is shown than was recorded");
      assert.ok([name, String(status), `${assertions.length}/${assertions.length}`].every((part) => line.includes(part)), `${name}: ${line}`);
    }
    await list.getByRole("button", { name: /^Passed: Register/ }).first().click();
    const detail = page.getByRole("region", { name: "Tests of Register" });
    assert.equal(await detail.getByRole("listitem").count(), recorded.results[0]?.assertions.length);

    // It is hers alone: not her colleague's, not another company's, not the team's.
    await page.getByRole("link", { name: /^Conduit/ }).getByText(`${passed} passed`).waitFor();
    for (const { page: there } of [...others, { page: ada }]) {
      await there.reload();
      await there.getByText("No runs yet").waitFor();
    }
    for (const person of [alan, edsger]) assert.deepEqual((await person.call<{ runs: unknown[] }>("GET", house.api("/runs"))).runs, []);
    // One that a window left when it was closed can be deleted.
    const left = await grace.call<{ id: string }>("POST", house.api("/runs"), { item: null, environment: null, iterations: 1 });
    await page.goto(house.href(`runs/${left.id}`));
    await page.getByRole("status").getByText("Running").waitFor();
    await page.getByRole("button", { name: "Delete" }).click();
    await page.waitForURL(/runs$/);
    assert.equal((await grace.call<{ runs: unknown[] }>("GET", house.api("/runs"))).runs.length, 1);
    await mine.trace.findsNothing(house.others(grace));
    for (const [at, person] of [alan, edsger].entries()) await others[at]?.trace.findsNothing([...house.others(person), run ?? ""]);
    assert.deepEqual([...first, ...mine.wrong, ...others.flatMap(({ wrong }) => wrong)], []);
  });
});

/** Every state of the progress bar from now on; the function answers those there were. */
async function followProgress(page: Page): Promise<() => Promise<{ value: number; max: number }[]>> {
  await page.evaluate(() => {
    const steps: { value: number; max: number }[] = [];
    (window as unknown as { steps: typeof steps }).steps = steps;
    new MutationObserver(() => {
      const bar = document.querySelector("progress");
      if (bar && steps.at(-1)?.value !== bar.value) steps.push({ value: bar.value, max: bar.max });
    }).observe(document, { subtree: true, childList: true, attributes: true });
  });
  return () => page.evaluate(() => (window as unknown as { steps: { value: number; max: number }[] }).steps);
}

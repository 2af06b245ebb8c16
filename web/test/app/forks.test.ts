// Forks by the tree's menu: made from a collection, pulled into where they are; for a partner there is nothing of it.

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { live } from "./around-house";
import { collection, GRACE, requestTo } from "./journey";
import { menuOf, onServer, row, suite } from "./suite";

describe("forks in the tree", onServer, () => {
  let parent: string;
  let ping: string;
  const house = suite(async ({ ada }) => {
    parent = (await ada.call<{ id: string }>("POST", "/v1/workspaces", { name: "Source" })).id;
    await ada.call("POST", `/v1/workspaces/${parent}/import`, collection("Shop", [requestTo("Ping", "https://api.example/ping")]));
    const { tree } = await ada.call<{ tree: { id: string; name: string }[] }>("GET", `/v1/workspaces/${parent}`);
    ping = tree.find(({ name }) => name === "Ping")?.id ?? assert.fail("Ping is there");
  });

  test("a collection is forked into another workspace, is told to be behind, and pulls", async () => {
    const { ada, server, workspace } = house();
    const { page, wrong } = await house().page({ storageState: ada.state });
    await page.clock.install();
    await page.goto(`${server.url}/w/${parent}/workspace`);
    await live(page);
    await (await menuOf(page, "Shop")).getByRole("menuitem", { name: "Fork into…" }).click();
    const dialog = page.getByRole("dialog");
    await dialog.getByLabel("Into").waitFor();
    assert.deepEqual(await dialog.getByLabel("Into").locator("option").allInnerTexts(), ["Payments"]);
    await dialog.getByRole("button", { name: "Fork", exact: true }).click();
    await page.getByText("Shop is forked into Payments.").waitFor();
    await page.getByRole("button", { name: "Open" }).click();
    await page.waitForURL(new RegExp(`/w/${workspace}/workspace/`));
    await live(page);
    await row(page, "Shop").getByRole("img", { name: "Up to date with its parent" }).waitFor();

    const changes = ["Ping 2", "Ping 3"].map((name) => ({ kind: "item_create", id: crypto.randomUUID(), parent: null, item_kind: "request", name, content: {} }));
    const { tree } = await ada.call<{ tree: { id: string; parent: string | null }[] }>("GET", `/v1/workspaces/${parent}`);
    const root = tree.find((entry) => entry.parent === null)?.id;
    await ada.call("POST", `/v1/workspaces/${parent}/changes`, {
      op: crypto.randomUUID(),
      changes: [...changes.map((change) => ({ ...change, parent: root })), { kind: "item_update", id: ping, patch: { name: "Ping!" } }],
    });
    // Whoever comes back to the window looks again.
    await page.evaluate(() => dispatchEvent(new Event("focus")));
    await row(page, "Shop").getByRole("img", { name: "3 changes behind" }).waitFor();
    const pull = (await menuOf(page, "Shop")).getByRole("menuitem", { name: /Pull changes/ });
    assert.match(await pull.innerText(), /3 changes behind/);
    await pull.click();
    await dialog.getByText("3 changes in the parent since the last pull:").waitFor();
    await dialog.getByRole("button", { name: "Pull", exact: true }).click();
    await page.getByText("3 changes pulled into Shop.").waitFor();
    // What is chosen in a row's menu is no press on the row: it is open as it was.
    await row(page, "Ping!").waitFor();
    await row(page, "Ping 3").waitFor();
    await row(page, "Shop").getByRole("img", { name: "Up to date with its parent" }).waitFor();

    // Who stays is told too, within a minute.
    await ada.call("POST", `/v1/workspaces/${parent}/changes`, { op: crypto.randomUUID(), changes: [{ kind: "item_update", id: ping, patch: { name: "Ping?" } }] });
    await page.clock.fastForward(60_000);
    await row(page, "Shop").getByRole("img", { name: "1 change behind" }).waitFor();
    assert.deepEqual(wrong, []);
  });

  test("a fork that is refused says why; a partner finds nothing of any of it", async () => {
    const { ada } = house();
    const { page, wrong } = await house().visit(ada, "workspace");
    await page.route("**/forks", (route) => {
      const body = JSON.stringify({ code: "too_many_items", title: "The workspace would hold too many items.", status: 422 });
      return route.fulfill({ status: 422, contentType: "application/problem+json", body });
    });
    await (await menuOf(page, "Shop")).getByRole("menuitem", { name: "Fork into…" }).click();
    await page.getByRole("dialog").getByRole("button", { name: "Fork", exact: true }).click();
    await page.getByRole("dialog").getByText("The workspace would hold too many items.").waitFor();

    const [grace] = await house().join([GRACE]);
    assert.ok(grace);
    const { page: there, wrong: alsoWrong } = await house().page({ storageState: grace.state });
    const asked: string[] = [];
    there.on("request", (request) => asked.push(new URL(request.url()).pathname));
    await there.goto(house().href("workspace"));
    await live(there);
    const menu = await menuOf(there, "Shop");
    assert.deepEqual(await menu.getByRole("menuitem").allInnerTexts(), ["Open", "Export"]);
    assert.equal(await there.getByRole("img", { name: /parent|behind/ }).count(), 0);
    assert.deepEqual(asked.filter((path) => /fork|pull/.test(path) && !path.startsWith("/assets/")), []);
    assert.deepEqual([...wrong, ...alsoWrong], []);
  });
});

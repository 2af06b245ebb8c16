// Comments: written with mentions, seen live, resolved; in multi-partner mode there is no sign of any.

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { Page } from "playwright-core";
import { accept } from "./around-house";
import { ALAN, collection, GRACE, requestTo } from "./journey";
import { onServer, suite } from "./suite";

describe("comments", onServer, () => {
  let id: (name: string) => string;
  const house = suite(async (house) => {
    id = await house.import(collection("Shop", [requestTo("Ping", "https://api.example/ping")]));
  });
  const open = (page: Page) => page.getByRole("button", { name: "Comments" }).click();
  const field = (page: Page, label = "Comment") => page.getByRole("combobox", { name: label, exact: true });
  const threads = (page: Page) => page.getByRole("list", { name: "Threads" });

  test("written with a mention, answered, resolved; and gone with the mode", async () => {
    const { ada, server } = house();
    const [grace] = await house().join([GRACE, ALAN]);
    assert.ok(grace);
    // Somebody of another workspace is nobody here.
    const second = await ada.call<{ id: string }>("POST", "/v1/workspaces", { name: "Second" });
    const zoe = { name: "Zoe Vandelay", email: "zoe@vandelay.example" };
    const { rows } = await ada.call<{ rows: { link: string }[] }>("POST", `/v1/workspaces/${second.id}/invitations`, { invitees: [zoe], side: "partner", role: "viewer" });
    await accept(server.url, rows[0]?.link ?? "", zoe.name, zoe.email);

    const { page, wrong } = await house().visit(ada, "workspace", id("Ping"));
    const { page: hers, wrong: alsoWrong } = await house().visit(grace, "workspace", id("Ping"));
    await open(page);
    await open(hers);
    await hers.getByText("No comments").waitFor();
    await field(page).pressSequentially("Is this right, @");
    const offered = page.getByRole("listbox", { name: "Members" }).getByRole("option");
    await offered.first().waitFor();
    assert.deepEqual((await offered.allInnerTexts()).map((name) => name.trim()).sort(), [ALAN.name, GRACE.name]);
    await field(page).pressSequentially("zo");
    await offered.first().waitFor({ state: "hidden" });
    for (let letter = 0; letter < 2; letter += 1) await field(page).press("Backspace");
    await field(page).pressSequentially("gr");
    assert.deepEqual((await offered.allInnerTexts()).map((name) => name.trim()), [GRACE.name]);
    await field(page).press("Enter");
    assert.equal(await field(page).inputValue(), `Is this right, @${GRACE.name} `);
    await field(page).press("End");
    await field(page).pressSequentially("**really**?");

    // What is refused stays written.
    const refused = { status: 503, contentType: "application/problem+json", body: JSON.stringify({ code: "unavailable", title: "This can't be done right now; try again." }) };
    await page.route("**/comments", (route) => (route.request().method() === "POST" ? route.fulfill(refused) : route.continue()));
    await page.getByRole("button", { name: "Comment", exact: true }).click();
    await page.getByText("This can't be done right now; try again.").waitFor();
    assert.match(await field(page).inputValue(), /really/);
    await page.unroute("**/comments");
    await page.getByRole("button", { name: "Comment", exact: true }).click();
    await threads(hers).locator("strong", { hasText: "really" }).waitFor();
    const { comments } = await grace.call<{ comments: { mentions: { id: string }[] }[] }>("GET", house().api(`/items/${id("Ping")}/comments`));
    assert.match(JSON.stringify(comments[0]?.mentions), new RegExp(grace.id));

    // So does a change that is refused.
    await page.route("**/comments/*", (route) => route.fulfill(refused), { times: 1 });
    await page.getByRole("button", { name: "Edit the comment" }).click();
    await field(page, "Change the comment").fill("Is this **really** so?");
    await Promise.all([page.waitForResponse(/\/comments\/[^/]+$/), page.getByRole("button", { name: "Save" }).click()]);
    await page.getByRole("button", { name: "Save" }).and(page.locator(":enabled")).waitFor();
    assert.equal(await field(page, "Change the comment").inputValue(), "Is this **really** so?");
    await page.getByRole("button", { name: "Save" }).click();
    await threads(hers).getByText("so?").waitFor();

    await hers.getByRole("button", { name: "Reply" }).click();
    await field(hers, "Reply").fill("It is.");
    await field(hers, "Reply").press("Control+Enter");
    await threads(page).getByText("It is.").waitFor();
    // Its author resolves it, and who may edit; she is neither.
    assert.equal(await hers.getByRole("button", { name: "Resolve" }).count(), 0);
    await page.getByRole("button", { name: "Resolve" }).click();
    await threads(hers).getByText("It is.").waitFor({ state: "detached" });
    await hers.getByRole("button", { name: "Show 1 resolved" }).click();
    await threads(hers).getByText("It is.").waitFor();
    await page.getByRole("button", { name: "Show 1 resolved" }).click();
    await threads(page).getByRole("button", { name: "Open again" }).click();
    await hers.getByRole("button", { name: /resolved/ }).waitFor({ state: "detached" });
    await threads(hers).getByText("It is.").waitFor();

    // An answer that is lost: sent again it is one comment. What is being written stays when the threads can't be read.
    await page.route("**/comments", (route) => (route.request().method() === "POST" ? route.fetch().then(() => route.fulfill(refused)) : route.continue()));
    await field(page).fill("Once.");
    await page.getByRole("button", { name: "Comment", exact: true }).click();
    await threads(hers).getByText("Once.").waitFor();
    await page.getByRole("button", { name: "Comment", exact: true }).and(page.locator(":enabled")).waitFor();
    assert.equal(await field(page).inputValue(), "Once.");
    await page.unroute("**/comments");
    await page.getByRole("button", { name: "Comment", exact: true }).click();
    await page.waitForFunction(() => document.querySelector<HTMLTextAreaElement>('textarea[aria-label="Comment"]')?.value === "");
    assert.equal(await threads(page).getByText("Once.").count(), 1);
    await field(page).fill("Half");
    await page.route("**/comments", (route) => route.fulfill(refused));
    await grace.call("POST", house().api(`/items/${id("Ping")}/comments`), { text: "Meanwhile." });
    await page.getByRole("button", { name: "Try again" }).waitFor();
    assert.equal(await field(page).inputValue(), "Half");
    await page.unroute("**/comments");
    await page.getByRole("button", { name: "Try again" }).click();
    await threads(page).getByText("Meanwhile.").waitFor();

    await house().separatePartners();
    for (const one of [page, hers]) {
      await one.getByRole("button", { name: "Comments" }).waitFor({ state: "detached" });
      assert.doesNotMatch(await one.locator("body").innerText(), /comment|It is\./i);
    }
    await hers.reload();
    await hers.getByLabel("URL").waitFor();
    assert.equal(await hers.getByRole("button", { name: "Comments" }).count(), 0);
    await assert.rejects(grace.call("GET", house().api(`/items/${id("Ping")}/comments`)), /404/);
    assert.deepEqual([...wrong, ...alsoWrong], []);
  });
});

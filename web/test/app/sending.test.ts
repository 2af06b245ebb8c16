// Requests that are sent to this machine: a file in a form, a limit that is met, a run that is aborted, and the end of
// what is one's own.

import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import type { Page } from "playwright-core";
import { collection, requestTo } from "./journey";
import { type Service, startService } from "./service";
import { onServer, suite } from "./suite";

/** No text in any charset. */
const BYTES = Buffer.from([0x89, 0x50, 0x00, 0xff, 0x0d, 0x0a, 0x2d, 0x2d]);

describe("sending", onServer, () => {
  let service: Service;
  let id: (name: string) => string;
  before(async () => {
    service = await startService();
  });
  const house = suite(async (house) => {
    const requests = [requestTo("Upload", "{{base}}/upload", { method: "POST" }), requestTo("Ping", "{{base}}/ping")];
    const hanging = { name: "Hanging", item: [requestTo("First", "{{base}}/first"), requestTo("Never", "{{base}}/never"), requestTo("Last", "{{base}}/last")] };
    id = await house.import(collection("Shop", [...requests, hanging], { variable: [{ key: "base", value: service.url }] }));
  });
  after(() => service.close());

  const send = (page: Page) => page.getByRole("button", { name: "Send", exact: true }).click();
  const response = (page: Page) => page.getByRole("region", { name: "Response" });

  test("a file in a form arrives as it is, with its name and type", async () => {
    const { page, wrong } = await house().visit(house().ada, "workspace", id("Upload"));
    await page.getByRole("tab", { name: /^Body/ }).click();
    await page.getByLabel("Kind of body").selectOption("formdata");
    await page.getByLabel("Field 1: name").fill("note");
    await page.getByLabel("Field 1: value").fill("to {{base}}");
    await page.getByLabel("Field 2: name").fill("picture");
    await page.getByLabel("Field 2: kind").selectOption("file");
    await page.getByLabel("Field 2: file").setInputFiles({ name: "a picture.png", mimeType: "image/png", buffer: BYTES });
    await page.getByText("a picture.png").waitFor();
    await send(page);
    await response(page).getByText("200 OK").waitFor();
    const arrived = service.reached.find(({ path }) => path === "/upload");
    assert.ok(arrived);
    const form = await new Response(new Uint8Array(arrived.body), { headers: { "content-type": arrived.headers["content-type"] ?? "" } }).formData();
    assert.equal(form.get("note"), `to ${service.url}`);
    const picture = form.get("picture");
    assert.ok(picture instanceof File, "it is a file");
    assert.deepEqual([picture.name, picture.type], ["a picture.png", "image/png"]);
    assert.deepEqual(Buffer.from(await picture.arrayBuffer()), BYTES);
    assert.deepEqual(wrong, []);
  });

  test("who sends too much is told when to try again, and can then", async () => {
    const { page, wrong } = await house().visit(house().ada, "workspace", id("Ping"));
    const said = page.getByRole("term").filter({ hasText: "base" });
    await page.getByLabel("URL").focus();
    await said.waitFor();
    await page.keyboard.press("Escape");
    await said.waitFor({ state: "hidden" });
    const limited = { status: 429, headers: { "content-type": "application/problem+json", "retry-after": "2" } };
    await page.route("**/send", (route) => route.fulfill({ ...limited, body: JSON.stringify({ code: "too_many", title: "Too many messages; slow down." }) }), { times: 1 });
    await send(page);
    await response(page).getByText(/^Try again in [12] s\.$/).waitFor();
    await response(page).getByText("You can try again now.").waitFor();
    await send(page);
    await response(page).getByText("200 OK").waitFor();

    // So is who asks for too many links to sign in, by a proxy say.
    const { page: stranger } = await house().page();
    await stranger.route("**/v1/sign_in", (route) => route.fulfill({ status: 429, headers: { "retry-after": "30" }, body: "<h1>Slow down" }));
    await stranger.goto(`${house().server.url}/sign-in`);
    await stranger.getByLabel("E-mail").fill("ada@acme.example");
    await stranger.getByRole("button", { name: "Send the link" }).click();
    await stranger.getByRole("alert").getByText(/^Try again in (30|29) s\.$/).waitFor();
    assert.deepEqual(wrong, []);
  });

  test("a run that is aborted ends at once, and says so; nothing more is sent", async () => {
    const { page, wrong } = await house().visit(house().ada, "runs");
    await page.getByLabel("Collection or folder").selectOption({ label: "Shop / Hanging" });
    await page.getByRole("button", { name: "Run", exact: true }).click();
    await page.getByRole("button", { name: /Passed: First/ }).waitFor();
    const status = page.getByRole("status").filter({ hasText: /^(Running|Finished|Aborted)$/ });
    assert.equal(await status.innerText(), "Running");
    await page.getByRole("button", { name: "Abort" }).click();
    await status.filter({ hasText: "Aborted" }).waitFor();
    await service.left;
    assert.equal(await page.getByRole("button", { name: "Abort" }).count(), 0);
    assert.ok(service.reached.some(({ path }) => path === "/never"), "it was under way");
    assert.ok(service.reached.every(({ path }) => path !== "/last"));
    await page.reload();
    await status.filter({ hasText: "Aborted" }).waitFor();
    assert.deepEqual(wrong, []);
  });

  test("one's own data goes when one says so: history, runs, private values", async () => {
    const { ada } = house();
    const { id: environment } = await house().ada.call<{ items: { id: string }[] }>("POST", house().api("/import"), {
      name: "Staging",
      values: [{ key: "token", value: "shared", type: "default", enabled: true }],
      _postman_variable_scope: "environment",
    }).then(({ items }) => items[0] ?? assert.fail("the environment is imported"));
    await ada.call("PUT", house().api(`/environments/${environment}/values`), { values: { token: "mine" } });
    const { page, wrong } = await house().visit(ada, "workspace", id("Ping"));
    await send(page);
    await response(page).getByText("200 OK").waitFor();
    await page.goto(house().href("history"));
    await page.getByRole("link", { name: /Ping/ }).first().waitFor();

    await page.goto(house().href("settings", "own"));
    await page.getByRole("button", { name: "Delete my data…" }).click();
    const dialog = page.getByRole("dialog");
    const refused = { status: 503, contentType: "application/problem+json", body: JSON.stringify({ code: "unavailable", title: "This can't be done right now; try again." }) };
    await page.route("**/own", (route) => route.fulfill(refused), { times: 1 });
    await dialog.getByRole("button", { name: "Delete my data" }).click();
    await dialog.getByText("This can't be done right now; try again.").waitFor();
    await dialog.getByRole("button", { name: "Delete my data" }).click();
    await page.getByText("Your history, runs, private values and cookies here are deleted.").waitFor();
    await page.goto(house().href("history"));
    await page.getByText("Nothing sent yet").waitFor();
    await page.goto(house().href("runs"));
    await page.getByText("No runs yet").waitFor();
    assert.deepEqual(await ada.call("GET", house().api(`/environments/${environment}/values`)), { values: {} });
    assert.deepEqual(wrong, []);
  });
});

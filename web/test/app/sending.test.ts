// Requests that are sent to this machine: a file in a form, limits that are met, runs and what is recorded of them, and the
// end of what is one's own.

import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import type { Page } from "playwright-core";
import type { Person } from "./around-house";
import { collection, EDSGER, GRACE, requestTo } from "./journey";
import { type Service, startService } from "./service";
import { onServer, row, suite } from "./suite";

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
    const quick = { name: "Quick", item: [requestTo("Quick one", "{{base}}/quick")] };
    const script = (listen: string, ...exec: string[]) => ({ event: [{ listen, script: { exec } }] });
    const use = "{{base}}/use?token={{token}}&old={{old}}";
    const scripted = [
      { ...requestTo("Log in", "{{base}}/login"), ...script("test", 'pm.environment.set("token", "t1");', 'pm.environment.unset("old");') },
      requestTo("Use it", use),
      { ...requestTo("Use it again", `${use}&again`), ...script("prerequest", `pm.sendRequest("${use}&by=script", () => {});`) },
    ];
    const exec = ['for (let at = 0; at < 60; at += 1) pm.test(at + "x".repeat(480), () => {});', 'pm.test("the last", () => pm.expect(1).to.equal(2));'];
    const strict = { name: "Strict", item: [{ ...requestTo("Tested", "{{base}}/tested"), ...script("test", ...exec) }, requestTo("Untested", "{{base}}/untested")] };
    id = await house.import(collection("Shop", [...requests, ...scripted, hanging, quick, strict], { variable: [{ key: "base", value: service.url }] }));
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
    await page.getByLabel("URL").hover();
    await said.waitFor();
    // What is said can be pointed at, to be copied say.
    await said.hover();
    await said.waitFor();
    await page.getByLabel("URL").focus();
    await page.keyboard.press("Escape");
    await said.waitFor({ state: "hidden" });
    const limited = { status: 429, headers: { "content-type": "application/problem+json", "retry-after": "4" } };
    await page.route("**/send", (route) => route.fulfill({ ...limited, body: JSON.stringify({ code: "too_many", title: "Too many messages; slow down." }) }), { times: 1 });
    await send(page);
    await response(page).getByText(/^Try again in [1-4] s\.$/).waitFor();
    await response(page).getByText("You can try again now.").waitFor();
    await send(page);
    await response(page).getByText("200 OK").waitFor();
    await page.getByRole("navigation").getByRole("link", { name: "History" }).click();
    await page.getByRole("heading", { name: "History" }).waitFor();
    await page.goBack();
    await response(page).getByText("200 OK").waitFor();

    // So is who asks for too many links to sign in, by a proxy say.
    const { page: stranger } = await house().page();
    await stranger.route("**/v1/sign_in", (route) => route.fulfill({ status: 429, headers: { "retry-after": "30" }, body: "<h1>Slow down" }));
    await stranger.goto(`${house().server.url}/sign-in`);
    await stranger.getByLabel("E-mail").fill("ada@acme.example");
    await stranger.getByRole("button", { name: "Send the link" }).click();
    await stranger.getByRole("alert").getByText(/^Try again in (30|2\d) s\.$/).waitFor();
    assert.deepEqual(wrong, []);
  });

  test("what a reader changes of a collection goes along with its own requests, and is sent by nobody else", async () => {
    const [edsger] = (await house().join([EDSGER])) as [Person];
    const { page, wrong } = await house().visit(edsger, "workspace", id("Shop"));
    const tab = (name: string) => page.getByRole("tab", { name: new RegExp(`^${name}`) }).click();
    await tab("Auth");
    await page.getByLabel("Kind", { exact: true }).selectOption("bearer");
    await page.getByLabel("Token").fill("{{mine}}");
    await tab("Variables");
    await page.getByLabel("Variable 2: name").fill("mine");
    await page.getByLabel("Variable 2: value").fill("her own");
    await tab("Scripts");
    await page.getByLabel("Before the request", { exact: true }).click();
    await page.keyboard.insertText('pm.request.headers.add({ key: "X-Mine", value: "yes" });');
    await page.getByText("Your changes: only you see and send them").waitFor();
    const sent = async (page: Page) => {
      const before = service.reached.length;
      await row(page, "Ping").click();
      await send(page);
      await response(page).getByText("200 OK").waitFor();
      const { path, headers } = service.reached[before] ?? {};
      assert.equal(path, "/ping");
      return [headers?.authorization, headers?.["x-mine"]];
    };
    assert.deepEqual(await sent(page), ["Bearer her own", "yes"]);
    // Also when they were made in an earlier visit of the tab.
    await page.reload();
    await row(page, "Ping").waitFor();
    assert.deepEqual(await sent(page), ["Bearer her own", "yes"]);
    const { page: other } = await house().visit(house().ada, "workspace", id("Ping"));
    assert.deepEqual(await sent(other), [undefined, undefined]);
    await row(page, "Shop").click();
    await page.getByRole("button", { name: "Discard" }).click();
    assert.deepEqual(await sent(page), [undefined, undefined]);
    assert.deepEqual(wrong, []);
  });

  test("a run that is aborted ends at once, and says so; nothing more is sent", async () => {
    const { page, wrong } = await house().visit(house().ada, "runs");
    await page.getByLabel("Collection or folder").selectOption({ label: "Shop / Hanging" });
    await page.getByRole("button", { name: "Run", exact: true }).click();
    await page.getByRole("button", { name: /Passed: First/ }).waitFor();
    const status = page.getByRole("status").filter({ hasText: /^(Running|Finished|Aborted)$/ });
    assert.equal(await status.innerText(), "Running");
    await service.asked;
    await page.getByRole("button", { name: "Abort" }).click();
    await status.filter({ hasText: "Aborted" }).waitFor();
    await service.left;
    assert.equal(await page.getByRole("button", { name: "Abort" }).count(), 0);
    assert.ok(service.reached.every(({ path }) => path !== "/last"));
    await page.reload();
    await status.filter({ hasText: "Aborted" }).waitFor();
    assert.deepEqual(wrong, []);
  });

  test("all tests of a run are shown, as many recorded as fit, what failed and the counts with them; what is not recorded is lost alone", async () => {
    const { page, wrong } = await house().visit(house().ada, "runs");
    await page.getByLabel("Collection or folder").selectOption({ label: "Shop / Strict" });
    await page.getByRole("button", { name: "Run", exact: true }).click();
    const failed = page.getByRole("button", { name: /Failed: Tested/ });
    const counts = page.locator(".counts");
    for (const again of [false, true]) {
      if (again) await page.reload();
      await failed.getByText("60/61").waitFor();
      await page.getByRole("status").filter({ hasText: "Finished" }).waitFor();
      assert.match(await counts.innerText(), /60 passed\s+1 failed\s+0 without an answer\s+2 requests/);
      await failed.click();
      await page.getByText("expected 1 to equal 2").waitFor();
    }

    const large = { status: 413, contentType: "application/problem+json", body: JSON.stringify({ code: "too_large", title: "This is larger than allowed." }) };
    await page.route("**/results", (route) => route.fulfill(large), { times: 1 });
    await page.goto(house().href("runs"));
    await page.getByLabel("Collection or folder").selectOption({ label: "Shop / Strict" });
    await page.getByRole("button", { name: "Run", exact: true }).click();
    await page.getByText("1 result could not be recorded.").waitFor();
    await failed.getByText("60/61").waitFor();
    await page.getByRole("status").filter({ hasText: "Finished" }).waitFor();
    const run = new URL(page.url()).pathname.split("/").at(-1);
    const { results } = await house().ada.call<{ results: { name: string }[] }>("GET", house().api(`/runs/${run}`));
    assert.deepEqual(results.map(({ name }) => name), ["Untested"]);
    assert.deepEqual(wrong, []);
  });

  test("who leaves the workspace ends the run; one that nobody goes on with can be deleted; what was not read is read again", async () => {
    const { page, wrong } = await house().visit(house().ada, "runs");
    await page.getByLabel("Collection or folder").selectOption({ label: "Shop / Hanging" });
    await page.getByRole("button", { name: "Run", exact: true }).click();
    await page.getByRole("button", { name: /Passed: First/ }).waitFor();
    const run = new URL(page.url()).pathname.split("/").at(-1);
    const ended = page.waitForResponse((response) => response.url().endsWith(`/${run}/end`));
    await page.getByRole("link", { name: "All workspaces" }).click();
    await ended;
    const stateOf = async (id: string | undefined) => (await house().ada.call<{ run: { state: string } }>("GET", house().api(`/runs/${id}`))).run.state;
    assert.equal(await stateOf(run), "aborted");

    const { id: left } = await house().ada.call<{ id: string }>("POST", house().api("/runs"), { item: id("Quick"), iterations: 1 });
    await page.route(`**/runs/${left}?**`, (route) => route.abort(), { times: 1 });
    await page.goto(house().href("runs", left));
    await page.getByRole("button", { name: "Try again" }).click();
    await page.getByRole("status").filter({ hasText: "Running" }).waitFor();
    await page.getByRole("button", { name: "Delete" }).click();
    await page.waitForURL(house().href("runs"));
    await assert.rejects(stateOf(left), /404/);
    assert.deepEqual(wrong.filter((text) => !text.includes("ERR_FAILED")), []);
  });

  test("a run of more requests than may be sent in a while takes its time, and all are answered", async () => {
    const [grace] = await house().join([GRACE]);
    assert.ok(grace);
    const { page, wrong } = await house().visit(grace, "runs");
    await page.getByLabel("Collection or folder").selectOption({ label: "Shop / Quick" });
    await page.getByLabel("Iterations").fill("10");
    // A machine that is slow enough never meets the limit itself: it is met here at the third request, twice.
    const limited = { status: 429, headers: { "content-type": "application/problem+json", "retry-after": "1" } };
    let asked = 0;
    await page.route("**/send", (route) => {
      asked += 1;
      if (asked !== 3 && asked !== 4) return route.continue();
      return route.fulfill({ ...limited, body: JSON.stringify({ code: "too_many", title: "Too many messages; slow down." }) });
    });
    await page.getByRole("button", { name: "Run", exact: true }).click();
    await page.getByRole("status").filter({ hasText: "Finished" }).waitFor();
    assert.match(await page.locator(".counts").innerText(), /0 without an answer\s+10 requests/);
    assert.equal(asked, 12);
    assert.equal(service.reached.filter(({ path }) => path === "/quick").length, 10);
    assert.deepEqual(wrong, []);
  });

  test("what a script sets holds for the next sends from the page, what it takes away has no value", async () => {
    await house().import({ name: "Local", values: [{ key: "old", value: "1", enabled: true }], _postman_variable_scope: "environment" });
    const { page, wrong } = await house().visit(house().ada, "workspace", id("Log in"));
    await page.getByLabel("Environment").selectOption({ label: "Local" });
    await send(page);
    await response(page).getByText("200 OK").waitFor();
    await row(page, "Use it").click();
    await page.getByText("t1 — set by a script, in this page").first().waitFor({ state: "attached" });
    await page.getByText("no value").first().waitFor({ state: "attached" });
    await send(page);
    await response(page).getByText("200 OK").waitFor();
    await row(page, "Use it again").click();
    await send(page);
    await response(page).getByText("200 OK").waitFor();
    const used = service.reached.map(({ path }) => decodeURIComponent(path)).filter((path) => path.startsWith("/use"));
    assert.deepEqual(used, ["/use?token=t1&old={{old}}", "/use?token=t1&old={{old}}&by=script", "/use?token=t1&old={{old}}&again"]);
    await page.reload();
    await page.getByText("no value").first().waitFor({ state: "attached" });
    assert.equal(await page.getByText("set by a script").count(), 0);
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

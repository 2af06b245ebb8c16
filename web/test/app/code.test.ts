// A request as code: in every language, with variables filled in or kept, and copied.

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { live } from "./around-house";
import { collection, requestTo } from "./journey";
import { onServer, suite } from "./suite";

describe("code", onServer, () => {
  let id: (name: string) => string;
  const house = suite(async (house) => {
    const users = requestTo("Users", "{{base}}/users/{{user}}", { method: "POST", body: '{"name": "Zoë"}' });
    id = await house.import(collection("Shop", [users], { variable: [{ key: "base", value: "https://api.example" }] }));
  });

  test("in 15 languages and more; variables are filled in where they have a value, or all kept", async () => {
    const { page, wrong } = await house().page({ storageState: house().ada.state, permissions: ["clipboard-read", "clipboard-write"] });
    await page.goto(house().href("workspace", id("Users")));
    await live(page);
    await page.getByRole("button", { name: "Code" }).click();
    const panel = page.getByRole("complementary", { name: "Code" });
    const languages = panel.getByLabel("Language", { exact: true });
    await languages.locator("option").first().waitFor({ state: "attached" });
    const options = await languages.locator("option").evaluateAll((all) => all.map((one) => ({ value: (one as HTMLOptionElement).value, label: one.textContent ?? "" })));
    assert.ok(new Set(options.map(({ label }) => label.split(" — ")[0])).size >= 15, options.map(({ label }) => label).join());
    const code = () => panel.locator(".cm-content").innerText();

    const written = new Set<string>();
    for (const { value, label } of options) {
      await languages.selectOption(value);
      await panel.locator(`.cm-content`).filter({ hasText: "api.example" }).waitFor();
      const text = await code();
      assert.match(text, /api\.example/, label);
      assert.match(text, /\/users\/(\{\{user\}\}|%7B%7Buser%7D%7D)/i, `${label}: what has no value is kept`);
      assert.doesNotMatch(text, /\{\{base\}\}/, label);
      written.add(text);
    }
    assert.ok(written.size >= 15, `${written.size} of ${options.length} are different`);

    await languages.selectOption("shell/curl");
    await panel.locator(".cm-content").filter({ hasText: "curl" }).waitFor();
    assert.match(await code(), /Zoë/);
    await panel.getByRole("button", { name: "Copy" }).click();
    await page.getByText("Copied.").waitFor();
    const copied = await page.evaluate(() => navigator.clipboard.readText());
    assert.match(copied, /^curl[\s\S]*https:\/\/api\.example\/users\/[\s\S]*Zoë/);
    await panel.getByLabel("Fill in variables").uncheck();
    await panel.locator(".cm-content").filter({ hasText: "base" }).waitFor();
    assert.doesNotMatch(await code(), /api\.example/);

    // The language is kept, and what can't be copied is said.
    await languages.selectOption("python/requests");
    await page.reload();
    await page.getByRole("button", { name: "Code" }).click();
    assert.equal(await languages.inputValue(), "python/requests");
    await page.evaluate(() => (navigator.clipboard.writeText = () => Promise.reject(new DOMException("no", "NotAllowedError"))));
    await panel.getByRole("button", { name: "Copy" }).click();
    await page.getByText("This browser does not let the page copy.").waitFor();
    assert.deepEqual(wrong, []);
  });
});

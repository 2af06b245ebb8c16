// Makes the README's pictures (`docs/*.png`) from the demo: the team's window and a partner's, at the same moment.
// The server is LOGGIA_BIN, or what `cargo build --release` made.

import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { chromium } from "playwright-core";

const root = fileURLToPath(new URL("../..", import.meta.url));
const program = process.env.LOGGIA_BIN ?? join(root, "target/release/loggia");
if (!existsSync(program)) throw new Error(`There is no server at ${program}: build it, or name one by LOGGIA_BIN.`);
const docs = join(root, "docs");
const LARGEST = 250_000;

const REQUEST = "Get a list of merchant accounts";
const NEXT = "Get a merchant account";
const merchants = ["Amsterdam", "Lisbon", "Nairobi"].map((city, at) => ({
  id: `Harbour_${city}`,
  name: `Harbour ${city}`,
  status: at === 2 ? "PreActive" : "Active",
  merchantCity: city,
  primarySettlementCurrency: at === 2 ? "KES" : "EUR",
  captureDelay: "immediate",
}));

/** What requests are sent to. */
async function startService() {
  const service = createServer((_request, response) => {
    response.writeHead(200, { "content-type": "application/json", "cache-control": "no-store", connection: "close" });
    response.end(JSON.stringify({ itemsTotal: merchants.length, pagesTotal: 1, data: merchants }));
  });
  service.listen(0, "127.0.0.1");
  await once(service, "listening");
  return service;
}

/** The demo, and the link of each person by first name. */
async function startDemo(target) {
  const port = await freePort();
  const child = spawn(program, ["demo", "--listen", `127.0.0.1:${port}`, "--allow-target", target], { stdio: ["ignore", "pipe", "pipe"] });
  process.once("exit", () => child.kill("SIGKILL"));
  const said = await new Promise((resolve, reject) => {
    let text = "";
    const hear = (more) => {
      text += more;
      if (text.includes("Ctrl-C")) resolve(text);
    };
    child.stdout.setEncoding("utf8").on("data", hear);
    child.stderr.setEncoding("utf8").on("data", hear);
    child.once("exit", (code) => reject(new Error(`The demo ended (${code}):\n${text}`)));
  });
  const links = Object.fromEntries([...said.matchAll(/^ {2}(\w+) \w+ .*?(http\S+#sign_in=\w+)$/gm)].map(([, name, link]) => [name, link]));
  return { child, links, url: `http://127.0.0.1:${port}` };
}

async function freePort() {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address();
  await new Promise((resolve) => server.close(resolve));
  return port;
}

/** What the page of somebody who edits asks of the server itself. */
const post = (page, path, body) =>
  page.evaluate(
    async ([path, body]) => {
      const headers = { "content-type": "application/json" };
      const response = await fetch(path, body ? { method: "POST", headers, body: JSON.stringify(body) } : {});
      if (!response.ok) throw new Error(await response.text());
      return response.json();
    },
    [path, body],
  );

async function signIn(browser, link) {
  const context = await browser.newContext();
  const page = await context.newPage();
  await page.goto(link);
  // There is but one workspace, so the link leads into it.
  await page.locator(".connection.live").waitFor();
  const state = await context.storageState();
  return { page, state, workspace: new URL(page.url()).pathname.split("/")[2] };
}

async function picture(page, name) {
  await page.evaluate(() => document.fonts.ready);
  const image = await page.screenshot({ animations: "disabled", caret: "hide" });
  if (image.length > LARGEST) throw new Error(`${name} has ${image.length} bytes, more than ${LARGEST}.`);
  writeFileSync(join(docs, `${name}.png`), image);
  process.stdout.write(`docs/${name}.png: ${Math.round(image.length / 1000)} kB\n`);
  return image;
}

/** A window on the request, with its answer, and with who is here. */
async function openWindow(browser, { state, href, kept, size, colorScheme, here }) {
  const context = await browser.newContext({ storageState: state, colorScheme, ...size });
  const page = await context.newPage();
  await page.addInitScript((kept) => Object.assign(localStorage, kept), kept);
  await page.goto(href);
  await page.locator(".connection.live").waitFor();
  await page.getByRole("button", { name: "Send", exact: true }).click();
  const response = page.getByRole("region", { name: "Response" });
  await response.getByText("200 OK").waitFor();
  await response.locator(".cm-content").getByText('"itemsTotal"').waitFor();
  await page.getByRole("button", { name: `Here now: ${here}` }).waitFor();
  return page;
}

async function openList(page, people) {
  await page.getByRole("button", { name: /^Here now/ }).click();
  const list = page.getByRole("dialog", { name: "Here now" });
  for (const [who, where] of people) await list.getByRole("listitem").filter({ hasText: who }).getByText(where).waitFor();
}

async function sideBySide(browser, name, colorScheme, windows) {
  const page = await browser.newPage({ viewport: { width: 1720, height: 706 } });
  const dark = colorScheme === "dark";
  const figures = windows.map(
    ({ title, words, image }) =>
      `<figure><figcaption><b>${title}</b> ${words}</figcaption><img src="data:image/png;base64,${image.toString("base64")}"></figure>`,
  );
  await page.setContent(`<!doctype html><style>
    body { margin: 0; padding: 20px; display: flex; gap: 24px; box-sizing: border-box; height: 706px;
           background: ${dark ? "#2b2926" : "#e9e5df"}; color: ${dark ? "#eeeae4" : "#23211e"}; font: 19px system-ui, sans-serif }
    figure { margin: 0; flex: 1; min-width: 0 }
    figcaption { height: 34px; white-space: nowrap; overflow: hidden }
    img { display: block; width: 100%; border-radius: 10px; box-shadow: 0 4px 24px rgb(0 0 0 / 22%) }
  </style>${figures.join("")}`);
  await page.evaluate(() => Promise.all([...document.images].map((image) => image.decode())));
  await picture(page, name);
  await page.close();
}

mkdirSync(docs, { recursive: true });
const service = await startService();
const address = `127.0.0.1:${service.address().port}`;
const demo = await startDemo(address);
const executablePath = execFileSync("which", ["chromium"], { encoding: "utf8" }).trim();
const browser = await chromium.launch({ executablePath, args: ["--no-sandbox"] });

const people = {};
for (const name of ["Ada", "Alan", "Grace", "Edsger", "Barbara"]) people[name] = await signIn(browser, demo.links[name]);
const { workspace, page: ada } = people.Ada;
const values = [
  { key: "baseUrl", value: `http://${address}`, type: "default", enabled: true },
  { key: "X-API-Key", value: "demo", type: "default", enabled: true },
];
const sandbox = crypto.randomUUID();
const create = { kind: "environment_create", id: sandbox, name: "Sandbox", content: { values } };
await post(ada, `/v1/workspaces/${workspace}/changes`, { op: crypto.randomUUID(), changes: [create] });
const { tree } = await post(ada, `/v1/workspaces/${workspace}`);
const idOf = (name) => {
  const item = tree.find((one) => one.kind === "request" && one.name === name);
  if (!item) throw new Error(`The demo has no request “${name}”.`);
  return item.id;
};
const href = (name) => `${demo.url}/w/${workspace}/workspace/${idOf(name)}`;
/** What an item is in, and it. */
const pathTo = (id) => (id === null ? [] : [...pathTo(tree.find((one) => one.id === id).parent), id]);
/** What the app has kept of an earlier visit: the environment, and the folders that are open. */
const kept = {
  [`loggia.environment.${workspace}`]: sandbox,
  "loggia.split.tree": "290",
  [`loggia.open.${workspace}`]: JSON.stringify([...pathTo(idOf(REQUEST)), ...pathTo(idOf(NEXT))]),
};
await ada.context().close();
await people.Grace.page.context().close();
/** The others come and look at something: whoever has done nothing for a minute is idle. */
async function comeAgain() {
  for (const [name, at] of [["Alan", NEXT], ["Edsger", REQUEST], ["Barbara", NEXT]]) {
    await people[name].page.goto(href(at));
    await people[name].page.getByLabel("URL").waitFor();
  }
}

async function bothWindows(size, colorScheme) {
  await comeAgain();
  const seen = { href: href(REQUEST), kept, size, colorScheme };
  const team = await openWindow(browser, { ...seen, state: people.Ada.state, here: 4 });
  const partner = await openWindow(browser, { ...seen, state: people.Grace.state, here: 3 });
  await team.getByRole("button", { name: "Here now: 5" }).waitFor();
  // Alan is at a name, and has not done with it: who types nothing for five seconds is said to edit no more.
  const name = people.Alan.page.getByLabel("Name", { exact: true });
  await name.press("End");
  const typing = setInterval(() => void name.press("Space").catch(() => {}), 2000);
  for (const page of [team, partner]) await page.getByRole("treeitem", { name: /Alan is editing/ }).waitFor();
  const close = async () => {
    clearInterval(typing);
    await Promise.all([team, partner].map((page) => page.context().close()));
  };
  return { team, partner, close };
}

for (const colorScheme of ["light", "dark"]) {
  const large = await bothWindows({ viewport: { width: 1280, height: 800 } }, colorScheme);
  await picture(large.team, `team-${colorScheme}`);
  await picture(large.partner, `partner-${colorScheme}`);
  await large.close();
  const small = await bothWindows({ viewport: { width: 1040, height: 786 } }, colorScheme);
  await openList(small.team, [["Alan Turing", NEXT], ["Grace Hopper", REQUEST], ["Edsger Dijkstra", REQUEST], ["Barbara Liskov", NEXT]]);
  await openList(small.partner, [["Ada Lovelace", REQUEST], ["Alan Turing", NEXT], ["Grace Hopper", REQUEST]]);
  const [team, partner] = [small.team, small.partner].map((page) => page.screenshot({ animations: "disabled", caret: "hide" }));
  await sideBySide(browser, `two-windows-${colorScheme}`, colorScheme, [
    { title: "What the team sees:", words: "itself, and every partner by company", image: await team },
    { title: "What a partner sees:", words: "the team, and itself", image: await partner },
  ]);
  await small.close();
}

await comeAgain();
const phone = await openWindow(browser, {
  state: people.Grace.state,
  href: href(REQUEST),
  kept,
  size: { viewport: { width: 390, height: 780 }, hasTouch: true },
  colorScheme: "light",
  here: 2,
});
await picture(phone, "phone");
await phone.goto(`${demo.url}/w/${workspace}/workspace`);
await phone.getByRole("treeitem").first().waitFor();
await picture(phone, "phone-tree");

await browser.close();
service.closeAllConnections();
service.close();
demo.child.kill("SIGTERM");
await once(demo.child, "exit");

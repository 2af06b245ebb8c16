// Where journeys begin: a server of the test's own, a team with a workspace of what the test brings, and people.

import assert from "node:assert/strict";
import type { Browser, BrowserContextOptions, Page } from "playwright-core";
import { accept, live, Person } from "./around-house";
import { openBrowser, openPage, startServer, type TestServer } from "./browser";
import { type Others, Trace } from "./trace";

/** What does not come in this time does not come. */
const PATIENCE = 15_000;

/** Partners of two companies: two of one, so that colleagues of a partner are looked for, too. */
export const GUESTS = [
  { name: "Grace Hopperly", email: "grace@globex.example" },
  { name: "Alan Turingson", email: "alan@initech.example" },
  { name: "Edsger Dijkman", email: "edsger@globex.example" },
] as const;
export const [GRACE, ALAN, EDSGER] = GUESTS;

export interface Guest {
  readonly name: string;
  readonly email: string;
}

export interface Visit {
  page: Page;
  /** What went wrong in it: to be empty. */
  wrong: string[];
  /** Of whatever it was sent. */
  trace: Trace;
}

export class House {
  readonly browser: Browser;
  readonly server: TestServer;
  /** The team's Admin. */
  readonly ada: Person;
  readonly workspace: string;
  /** Everybody who was invited as a partner, whether they came or not. */
  readonly #guests: Guest[] = [];
  readonly #joined: Person[] = [];

  private constructor(browser: Browser, server: TestServer, ada: Person, workspace: string) {
    this.browser = browser;
    this.server = server;
    this.ada = ada;
    this.workspace = workspace;
  }

  /** Requests may be sent to this machine. */
  static async open(): Promise<House> {
    const [browser, server] = await Promise.all([openBrowser(), startServer("serve", /#setup=\w+\s/, ["--allow-target", "127.0.0.1"])]);
    const token = /#setup=(\w+)/.exec(server.said)?.[1];
    const [name, email] = ["Ada Lovelace", "ada@acme.example"];
    const response = await fetch(`${server.url}/v1/setup`, {
      method: "POST",
      headers: { "content-type": "application/json", origin: server.url },
      body: JSON.stringify({ token, team: "Acme", domains: ["acme.example"], email, name }),
    });
    assert.ok(response.ok, `no team: ${response.status}`);
    const me = (await response.json()) as { id: string };
    const ada = new Person(server.url, response.headers.get("set-cookie")?.split(";")[0] ?? "", { id: me.id, name, email });
    const { id } = await ada.call<{ id: string }>("POST", "/v1/workspaces", { name: "Payments", description: "# Hello" });
    return new House(browser, server, ada, id);
  }

  async close(): Promise<void> {
    await this.browser.close();
    await this.server.stop();
  }

  /** A path of the workspace in the API. */
  api(path = ""): string {
    return `/v1/workspaces/${this.workspace}${path}`;
  }

  href(screen: string, ...path: string[]): string {
    return `${this.server.url}/w/${[this.workspace, screen, ...path].join("/")}`;
  }

  async separatePartners(): Promise<void> {
    await this.ada.call("POST", this.api("/multi_partner"), { confirm: "Payments" });
  }

  /** Answers the ids by name of all that is in the workspace then. */
  async import(file: unknown): Promise<(name: string) => string> {
    await this.ada.call("POST", this.api("/import"), file);
    const { tree, environments } = await this.ada.call<{ tree: Named[]; environments: Named[] }>("GET", this.api());
    const ids = new Map([...tree, ...environments].map(({ name, id }) => [name, id]));
    return (name) => ids.get(name) ?? assert.fail(`there is no ${name}`);
  }

  /** The links of their invitations. */
  async invite(guests: readonly Guest[], side: "partner" | "team" = "partner"): Promise<string[]> {
    const role = side === "team" ? "editor" : "viewer";
    const { rows } = await this.ada.call<{ rows: { link: string }[] }>("POST", this.api("/invitations"), { invitees: guests, side, role });
    if (side === "partner") this.#guests.push(...guests);
    return rows.map(({ link }) => link);
  }

  async join(guests: readonly Guest[], side: "partner" | "team" = "partner"): Promise<Person[]> {
    const links = await this.invite(guests, side);
    const people = await Promise.all(guests.map(({ name, email }, at) => accept(this.server.url, links[at] ?? "", name, email)));
    if (side === "partner") this.#joined.push(...people);
    return people;
  }

  /** All by which the other partners could be known to one. */
  others(than: Guest): Others {
    const domain = (guest: Guest) => guest.email.split("@")[1] ?? "";
    const rest = this.#guests.filter(({ email }) => email !== than.email);
    const ids = this.#joined.filter(({ email }) => email !== than.email).map(({ id }) => id);
    const domains = rest.map(domain).filter((one) => one !== domain(than));
    return [...new Set([...rest.flatMap(({ name, email }) => [name, email]), ...ids, ...domains])];
  }

  /** A page that has not gone anywhere. */
  async page(options: BrowserContextOptions = {}): Promise<Visit> {
    const { page, wrong } = await openPage(this.browser, options);
    page.setDefaultTimeout(PATIENCE);
    return { page, wrong, trace: Trace.of(page) };
  }

  /** Somebody's page, on a screen of the workspace. */
  async visit(person: Person, screen: string, ...path: string[]): Promise<Visit> {
    const visit = await this.page({ storageState: person.state });
    await visit.page.goto(this.href(screen, ...path));
    await live(visit.page);
    return visit;
  }

  async leave(): Promise<void> {
    await Promise.all(this.browser.contexts().map((context) => context.close()));
  }
}

interface Named {
  id: string;
  name: string;
}

/** A request as a collection's file has it. */
export function requestTo(name: string, url: string, more: { method?: string; body?: string; description?: string } = {}): object {
  const { method = "GET", body, description } = more;
  const raw = body !== undefined && { body: { mode: "raw", raw: body, options: { raw: { language: "json" } } } };
  return { name, request: { method, header: [], url: { raw: url }, ...raw, ...(description !== undefined && { description }) } };
}

export function collection(name: string, item: object[], more: object = {}): object {
  return { info: { name, schema: "https://schema.getpostman.com/json/collection/v2.1.0/collection.json" }, item, ...more };
}

// A small Conduit (the RealWorld API) in memory: enough for its collection, and with the errors it should have.

import { createServer, type IncomingMessage, type Server } from "node:http";
import type { AddressInfo } from "node:net";

interface User {
  email: string;
  username: string;
  password: string;
  bio: string | null;
  image: string | null;
  follows: Set<string>;
}

interface Article {
  slug: string;
  title: string;
  description: string;
  body: string;
  tagList: string[];
  createdAt: string;
  updatedAt: string;
  author: string;
  favorites: Set<string>;
  comments: { id: number; body: string; createdAt: string; updatedAt: string; author: string }[];
}

/** An answer other than 200. */
class Refusal extends Error {
  constructor(
    readonly status: number,
    message: string,
  ) {
    super(message);
  }
}

type Fields = Record<string, unknown>;

/** What it keeps, and what it answers. */
class Conduit {
  readonly #users = new Map<string, User>();
  readonly #articles = new Map<string, Article>();
  #ids = 0;

  answer(method: string, url: URL, token: string | null, body: Fields): unknown {
    const me = token === null ? null : this.#users.get(token);
    if (me === undefined) throw new Refusal(401, "unknown token");
    const signedIn = () => {
      if (!me) throw new Refusal(401, "sign in first");
      return me;
    };
    const [first, second, third, fourth] = url.pathname.split("/").slice(2);
    const route = `${method} ${first}`;
    if (route === "POST users" && second === "login") return this.#login(body.user as Fields);
    if (route === "POST users") return this.#register(body.user as Fields);
    if (route === "GET user") return account(signedIn());
    if (route === "PUT user") return account(Object.assign(signedIn(), body.user));
    if (route === "GET tags")
      return { tags: [...new Set([...this.#articles.values()].flatMap(({ tagList }) => tagList))] };
    if (first === "profiles" && second) return this.#profile(method, second, third, me);
    if (first !== "articles") throw new Refusal(404, "no such route");
    if (!second && method === "GET") return this.#list(url.searchParams, me);
    if (!second && method === "POST") return this.#create(body.article as Fields, signedIn());
    if (second === "feed") return this.#feed(signedIn());
    return this.#article(method, second ?? "", third, fourth, body, me, signedIn);
  }

  #register(fields: Fields): unknown {
    const [email, username, password] = [text(fields, "email"), text(fields, "username"), text(fields, "password")];
    for (const user of this.#users.values()) {
      if (user.email === email || user.username === username) throw new Refusal(422, "it is taken");
    }
    const user: User = { email, username, password, bio: null, image: null, follows: new Set() };
    this.#users.set(tokenOf(user), user);
    return account(user);
  }

  #login(fields: Fields): unknown {
    const fits = ({ email, password }: User) => email === fields.email && password === fields.password;
    const user = [...this.#users.values()].find(fits);
    if (!user) throw new Refusal(401, "wrong e-mail or password");
    return account(user);
  }

  #profile(method: string, name: string, follow: string | undefined, me: User | null): unknown {
    if (follow && !me) throw new Refusal(401, "sign in first");
    this.#user(name);
    if (follow && method === "POST") me?.follows.add(name);
    if (follow && method === "DELETE") me?.follows.delete(name);
    return { profile: this.#person(name, me) };
  }

  #list(query: URLSearchParams, me: User | null): unknown {
    const [tag, author, favorited] = [query.get("tag"), query.get("author"), query.get("favorited")];
    const fits = (one: Article) =>
      (!tag || one.tagList.includes(tag)) &&
      (!author || one.author === author) &&
      (!favorited || one.favorites.has(favorited));
    return this.#many([...this.#articles.values()].filter(fits), me);
  }

  #feed(me: User): unknown {
    return this.#many(
      [...this.#articles.values()].filter(({ author }) => me.follows.has(author)),
      me,
    );
  }

  #create(fields: Fields, me: User): unknown {
    const title = text(fields, "title");
    this.#ids += 1;
    const now = new Date().toISOString();
    const article: Article = {
      slug: `${title.toLowerCase().replace(/\W+/g, "-")}-${this.#ids}`,
      title,
      description: text(fields, "description"),
      body: text(fields, "body"),
      tagList: ((fields.tagList as string[] | undefined) ?? []).toSorted(),
      createdAt: now,
      updatedAt: now,
      author: me.username,
      favorites: new Set(),
      comments: [],
    };
    this.#articles.set(article.slug, article);
    return { article: this.#shown(article, me) };
  }

  #article(
    method: string,
    slug: string,
    part: string | undefined,
    id: string | undefined,
    body: Fields,
    me: User | null,
    signedIn: () => User,
  ): unknown {
    const article = this.#articles.get(slug);
    if (!article) throw new Refusal(404, "no such article");
    const comment = (one: Article["comments"][number]) => ({ ...one, author: this.#person(one.author, me) });
    switch (`${method} ${part ?? ""}`.trim()) {
      case "GET":
        return { article: this.#shown(article, me) };
      case "PUT":
        if (signedIn().username !== article.author) throw new Refusal(403, "not yours");
        Object.assign(article, body.article, { updatedAt: new Date().toISOString() });
        return { article: this.#shown(article, me) };
      case "DELETE":
        if (signedIn().username !== article.author) throw new Refusal(403, "not yours");
        this.#articles.delete(slug);
        return {};
      case "POST favorite":
        article.favorites.add(signedIn().username);
        return { article: this.#shown(article, me) };
      case "DELETE favorite":
        article.favorites.delete(signedIn().username);
        return { article: this.#shown(article, me) };
      case "GET comments":
        return { comments: article.comments.map(comment) };
      case "POST comments": {
        this.#ids += 1;
        const now = new Date().toISOString();
        const words = text(body.comment as Fields, "body");
        const made = { id: this.#ids, body: words, createdAt: now, updatedAt: now, author: signedIn().username };
        article.comments.push(made);
        return { comment: comment(made) };
      }
      case "DELETE comments":
        article.comments = article.comments.filter(
          (one) => one.id !== Number(id) || one.author !== signedIn().username,
        );
        return {};
      default:
        throw new Refusal(404, "no such route");
    }
  }

  #user(name: string): User {
    const user = [...this.#users.values()].find(({ username }) => username === name);
    if (!user) throw new Refusal(404, "no such user");
    return user;
  }

  #person(name: string, me: User | null): unknown {
    const { username, bio, image } = this.#user(name);
    return { username, bio, image, following: me?.follows.has(username) ?? false };
  }

  #shown({ favorites, comments: _, ...article }: Article, me: User | null): Fields {
    const favorited = me !== null && favorites.has(me.username);
    return { ...article, author: this.#person(article.author, me), favorited, favoritesCount: favorites.size };
  }

  #many(articles: Article[], me: User | null): unknown {
    return { articles: articles.map((one) => this.#shown(one, me)), articlesCount: articles.length };
  }
}

function text(fields: Fields | undefined, name: string): string {
  const value = fields?.[name];
  if (typeof value !== "string" || value === "") throw new Refusal(422, `${name} can't be blank`);
  return value;
}

function tokenOf({ username }: User): string {
  return `token-of-${username}`;
}

function account(user: User): unknown {
  const { email, username, bio, image } = user;
  return { user: { email, username, bio, image, token: tokenOf(user) } };
}

/** Serves a new Conduit, on a free port of this machine alone. */
export async function serveConduit(): Promise<{ url: string; server: Server }> {
  const conduit = new Conduit();
  const server = createServer((request, response) => {
    void read(request).then((body) => {
      const { method = "GET", url = "/", headers } = request;
      const token = /^Token (.+)$/.exec(headers.authorization ?? "")?.[1] ?? null;
      let [status, answer]: [number, unknown] = [200, undefined];
      try {
        answer = conduit.answer(
          method,
          new URL(url, "http://localhost"),
          token,
          body ? (JSON.parse(body) as Fields) : {},
        );
      } catch (error) {
        status = error instanceof Refusal ? error.status : 500;
        answer = { errors: { body: [(error as Error).message] } };
      }
      response.writeHead(status, {
        "content-type": "application/json; charset=utf-8",
        "set-cookie": "seen=yes%21; Path=/",
      });
      response.end(JSON.stringify(answer));
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/api`, server };
}

async function read(request: IncomingMessage): Promise<string> {
  let body = "";
  for await (const chunk of request) body += String(chunk);
  return body;
}

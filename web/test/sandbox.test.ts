// What scripts can't do, in Chromium.

import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import type { Ending } from "../src/client/runner/sandbox";
import type { Job } from "../src/client/runner/protocol";
import { frameDocument, type Sandbox } from "../src/client/runner";
import { openPage, type TestPage } from "./browser";
import { ESCAPES, FRAME_ESCAPES, POLICY_HOLDS } from "./escapes";

let opened: TestPage;
before(async () => {
  opened = await openPage();
});
after(() => opened.close());

interface Ran {
  ending: Ending;
  assertions: { name: string; passed: boolean; error?: string }[];
  console: string[];
  sent: unknown[];
  ms: number;
}

/** Runs a script in the page's sandbox; what it sends is answered by the page. */
async function script(text: string, abort?: true): Promise<Ran> {
  return opened.page.evaluate(
    async ([text, abort]) => {
      const { sandbox } = globalThis as unknown as { sandbox: Sandbox };
      const ran: Ran = { ending: { stopped: "crash", error: "" }, assertions: [], console: [], sent: [], ms: 0 };
      const stop = new AbortController();
      const hooks = {
        assertion: (assertion: Ran["assertions"][0]) => void ran.assertions.push(assertion),
        console: ({ text }: { text: string }) => {
          ran.console.push(text);
          if (abort) stop.abort();
        },
        send: async (request: unknown) => {
          ran.sent.push(request);
          const body = { media_type: "text/plain", text: "answer" };
          return {
            status: 200,
            reason: "OK",
            headers: [],
            body,
            timings: { total_ms: 1 },
            sizes: { head: 0, body: 6, decoded: 6 },
          };
        },
      };
      const scopes = {
        globals: [],
        collection: [],
        environment: [["secret", "s"]] as [string, unknown][],
        data: [],
        local: [],
      };
      const about = { iteration: 0, iterationCount: 1, requestName: "r", requestId: "1" };
      const request = { method: "GET", url: "http://127.0.0.1:9/", header: [] };
      const job: Job = { when: "prerequest", script: text, scopes, request, response: null, about };
      const begun = performance.now();
      ran.ending = await sandbox.run(job, hooks, stop.signal);
      ran.ms = performance.now() - begun;
      return ran;
    },
    [text, abort] as const,
  );
}

function done(ran: Ran) {
  assert("done" in ran.ending, JSON.stringify(ran.ending));
  return ran.ending.done;
}

const wrapped = (body: string, reach: string) => `
  const REACH = ${JSON.stringify(reach)};
  let got;
  try {
    got = await (async () => { ${body} })();
  } catch (error) {
    console.log("refused: " + error);
  }
  if (got !== undefined) console.log("GOT " + got);
  console.log("end");`;

describe("what a script tries", () => {
  for (const [name, body] of Object.entries(ESCAPES)) {
    test(name, async () => {
      const ran = await script(wrapped(body, `${opened.origin}/stolen?${encodeURIComponent(name)}`));
      assert.equal(done(ran).error, undefined);
      assert.equal(ran.console.at(-1), "end");
      assert.deepEqual(
        ran.console.filter((line) => line.startsWith("GOT")),
        [],
      );
      assert.deepEqual(opened.reached, []);
    });
  }

  test("and what it is allowed works: the table's scripts can report", async () => {
    const ran = await script(
      wrapped("return [typeof URL, typeof TextEncoder, crypto.getRandomValues(new Uint8Array(2)).length]", ""),
    );
    assert.deepEqual(ran.console, ["GOT function,function,2", "end"]);
  });

  test("the page's server can be reached by who is let: the counter counts", async () => {
    await opened.page.evaluate("fetch('/counted')");
    assert.deepEqual(opened.reached.splice(0), ["GET /counted"]);
  });
});

/** A body in a worker that nothing was taken from, in a frame such as the sandbox's; what it said. */
async function inBareWorker(name: string, change: (document: string) => string): Promise<string> {
  const reach = `${opened.origin}/stolen?${encodeURIComponent(name)}`;
  const worker = `(async () => {
    const lines = [];
    const console = { log: (text) => lines.push(text) };
    ${wrapped(ESCAPES[name] ?? assert.fail(name), reach)}
    postMessage(lines.join("\\n"));
  })();`;
  return opened.page.evaluate(
    async (document_) => {
      const frame = document.createElement("iframe");
      frame.setAttribute("sandbox", "allow-scripts");
      frame.srcdoc = document_;
      const { port1, port2 } = new MessageChannel();
      frame.onload = () => frame.contentWindow?.postMessage("port", "*", [port2]);
      const said = new Promise<string>((resolve) => {
        port1.onmessage = ({ data }) => {
          if (data.kind === "ready") port1.postMessage({ kind: "run", run: 1, job: null, limit: 3000 });
          else resolve(data.kind === "said" ? data.text : data.ended);
        };
      });
      document.body.append(frame);
      const text = await said;
      frame.remove();
      return text;
    },
    change(frameDocument(worker)),
  );
}

describe("with nothing taken out of the worker, the frame's policy alone", () => {
  for (const name of POLICY_HOLDS) {
    test(name, async () => {
      // What is never told of its failure got nothing either.
      const said = await inBareWorker(name, (document) => document);
      assert.match(said, /end$|^timeout$/);
      assert.doesNotMatch(said, /GOT/);
      assert.deepEqual(opened.reached, []);
    });
  }

  test("and it is the policy that holds: without it they get there", async () => {
    const unguarded = (document: string) => document.replace(/<meta http-equiv[^>]*>/, "");
    for (const name of ["fetch, without cors", "XMLHttpRequest", "importScripts", "WebSocket"]) {
      const said = await inBareWorker(name, unguarded);
      assert.match(said, /end$/);
      assert.equal(opened.reached.splice(0).length, 1, `${name}: ${said}`);
    }
  });
});

describe("even in the frame itself", () => {
  for (const [name, body] of Object.entries(FRAME_ESCAPES)) {
    test(name, async () => {
      const reach = `${opened.origin}/stolen?${encodeURIComponent(name)}`;
      await opened.page.evaluate(async () => {
        const { runner } = globalThis as unknown as { runner: typeof import("../src/client/runner") };
        const frame = document.createElement("iframe");
        frame.id = "probe";
        frame.setAttribute("sandbox", "allow-scripts");
        frame.srcdoc = runner.frameDocument();
        const loaded = new Promise((resolve) => {
          frame.onload = resolve;
        });
        document.body.append(frame);
        await loaded;
      });
      const probe = await opened.page.waitForSelector("#probe", { state: "attached" });
      const inside = await probe.contentFrame();
      assert(inside);
      const loaded = `const loaded = (element) => new Promise((resolve, reject) => {
        element.onload = resolve;
        element.onerror = () => reject(new Error("no"));
        document.documentElement.append(element);
        addEventListener("securitypolicyviolation", () => reject(new Error("no")), { once: true });
      });`;
      const code = `(async () => { const lines = []; const console = { log: (text) => lines.push(text) };
        ${loaded} ${wrapped(body, reach)} return lines.join("\\n"); })()`;
      const said = (await inside.evaluate(code)) as string;
      assert.match(said, /end$/);
      assert.doesNotMatch(said, /GOT/);
      // What was begun has been sent or stopped once the browser has gone there and back again.
      await opened.page.evaluate("fetch('/counted')");
      assert.deepEqual(opened.reached.splice(0), ["GET /counted"]);
      assert.equal(opened.page.url(), `${opened.origin}/`);
      assert.equal(opened.page.context().pages().length, 1);
      await opened.page.evaluate("document.getElementById('probe').remove()");
    });
  }
});

describe("who will not stop", () => {
  const good = async () => {
    const ran = await script("console.log('alive')");
    assert.deepEqual(ran.console, ["alive"], JSON.stringify(ran.ending));
  };

  test("an endless loop is stopped, and what it said before is kept", async () => {
    const ran = await script("pm.test('before', () => {}); while (true) {}");
    assert.deepEqual(ran.ending, { stopped: "timeout", error: "The script was stopped: it took longer than 3000 ms." });
    assert.deepEqual(ran.assertions, [{ name: "before", passed: true }]);
    assert(ran.ms >= 3000 && ran.ms < 15_000, `${ran.ms} ms`);
    await good();
  });

  test("a promise that never settles, with a timer that goes on", async () => {
    const ran = await script("setInterval(() => {}, 10); await new Promise(() => {});");
    assert("stopped" in ran.ending && ran.ending.stopped === "timeout");
    await good();
  });

  test("a flood of messages", async () => {
    const ran = await script("for (let i = 0; ; i += 1) pm.test('t' + i, () => {})");
    assert("stopped" in ran.ending && ran.ending.stopped === "flood", JSON.stringify(ran.ending));
    assert(ran.assertions.length <= 10_000);
    await good();
  });

  test("a console that never ends says so, and stops speaking", async () => {
    const ran = await script("for (let i = 0; i < 5000; i += 1) console.log(i)");
    done(ran);
    assert.equal(ran.console.length, 1000);
    assert.match(ran.console.at(-1) ?? "", /dropped/);
  });

  test("a variable too large to be told", async () => {
    const ran = await script("pm.environment.set('x', 'y'.repeat(5 * 1024 * 1024))");
    assert.match(done(ran).error ?? "", /can't be kept: RangeError/);
    assert.deepEqual(done(ran).scopes.environment, [["secret", "s"]]);
    await good();
  });

  test("microtasks that starve everything", async () => {
    const ran = await script("const again = () => Promise.resolve().then(again); await again();");
    assert("stopped" in ran.ending && ran.ending.stopped === "timeout");
    await good();
  });

  test("the memory of the machine", async () => {
    const ran = await script(
      "const all = []; while (true) all.push(new Array(1e6).fill({}).map(() => ({ x: Math.random() })));",
    );
    assert("stopped" in ran.ending, JSON.stringify(ran.ending));
    assert.equal(await opened.page.evaluate("1 + 1"), 2);
    await good();
  });

  test("a run that is aborted", async () => {
    const ran = await script("console.log('begun'); while (true) {}", true);
    assert("stopped" in ran.ending && ran.ending.stopped === "aborted");
    assert(ran.ms < 3000, `${ran.ms} ms`);
    await good();
  });
});

describe("the bridge", () => {
  test("one script leaves nothing to the next", async () => {
    await script("globalThis.left = 1; Array.prototype.left = 1; pm.left = 1; Object.prototype.left = 1");
    const ran = await script("console.log([typeof left, [].left, pm.left].join())");
    assert.deepEqual(ran.console, ["undefined,,"]);
  });

  test("a script can take the names of old for its own", async () => {
    const ran = await script(
      "let request = 1; const _ = 2; var data = 3; let tests = {}; console.log(request + _ + data)",
    );
    assert.deepEqual(ran.console, ["6"]);
  });

  test("polluted prototypes stay in the worker", async () => {
    const ran = await script(`
      Object.prototype.kind = "done";
      Object.prototype.toJSON = function () { return { kind: "nonsense" }; };
      pm.environment.set("a", 1);`);
    assert("stopped" in ran.ending && ran.ending.stopped === "crash", JSON.stringify(ran.ending));
    assert.equal(await opened.page.evaluate("({}).kind"), undefined);
  });

  test("names that mean something to JavaScript are names", async () => {
    const ran = await script(`
      pm.environment.set("__proto__", { polluted: 1 });
      pm.environment.set("constructor", "c");
      pm.request.body.update(JSON.parse('{"mode":"raw","raw":"x","__proto__":{"polluted":1}}'));`);
    assert.deepEqual(
      done(ran).scopes.environment.map(([name]) => name),
      ["secret", "__proto__", "constructor"],
    );
    assert.equal(await opened.page.evaluate("({}).polluted"), undefined);
  });

  test("what a script posts in our place is checked", async () => {
    for (const stringify of ["'[]'", "'{}'", "'no json'", '\'{"kind":"done"}\'']) {
      // JSON is looked up before the script runs; what it makes of objects is what they say of themselves.
      const ran = await script(
        `Object.prototype.toJSON = () => JSON.parse(${stringify.includes("no json") ? "'null'" : stringify}); console.log(1)`,
      );
      assert("stopped" in ran.ending && ran.ending.stopped === "crash", `${stringify}: ${JSON.stringify(ran.ending)}`);
    }
  });

  test("requests go through the host, and their answers come back", async () => {
    const ran = await script(`
      const response = await pm.sendRequest({ url: "http://127.0.0.1:9/a?b=c", method: "PUT", header: { X: "y" }, body: "text" });
      console.log(response.code, response.text());`);
    assert.deepEqual(ran.console, ["200 answer"]);
    const url = {
      raw: "http://127.0.0.1:9/a?b=c",
      protocol: "http",
      host: ["127", "0", "0", "1"],
      port: "9",
      path: ["a"],
    };
    assert.deepEqual(ran.sent, [
      {
        method: "PUT",
        header: [{ key: "X", value: "y" }],
        url: { ...url, query: [{ key: "b", value: "c" }] },
        body: { mode: "raw", raw: "text" },
      },
    ]);
  });

  test("two scripts at once are refused", async () => {
    const [first, second] = await Promise.allSettled([
      script("await new Promise((r) => setTimeout(r, 50))"),
      script("1"),
    ]);
    assert.equal(first?.status, "fulfilled");
    assert.match(String((second as PromiseRejectedResult).reason), /running another script/);
  });

  test("errors name what was wrong", async () => {
    const cases: [string, RegExp][] = [
      ["nothing.here", /^ReferenceError: nothing is not defined/],
      ["pm.test('x', () => {", /^SyntaxError/],
      [
        "require('fs')",
        /^Error: Cannot find module 'fs'. There are: ajv, atob, btoa, chai, crypto-js, lodash, moment, uuid\.$/,
      ],
      ["pm.visualizer.set('x')", /^Error: pm\.visualizer is not available here\.$/],
      ["setTimeout(() => { throw new Error('late'); }, 1)", /^Error: late$/],
      ["pm.environment.set('x', 1n)", /can't be kept: TypeError/],
      ["throw undefined", /The script threw nothing/],
    ];
    for (const [text, expected] of cases) assert.match(done(await script(text)).error ?? "", expected, text);
  });
});

test("a page whose policy forbids eval gets a clear error, or serves the frame's document itself", async () => {
  const strict = await openPage("script-src 'self'; frame-src 'self'");
  try {
    const said = await strict.page.evaluate(async () => {
      const { runner } = globalThis as unknown as { runner: typeof import("../src/client/runner") };
      const said: string[] = [];
      const scopes = { globals: [], collection: [], environment: [], data: [], local: [] };
      const about = { iteration: 0, iterationCount: 1, requestName: "r", requestId: "1" };
      const job: Job = { when: "test", script: "console.log(1 + 1)", scopes, request: {}, response: null, about };
      const hooks = {
        assertion: () => {},
        console: ({ text }: { text: string }) => void said.push(text),
        send: () => Promise.reject(),
      };
      for (const options of [{}, { src: "/frame" }]) {
        const sandbox = runner.openSandbox(options);
        await sandbox.run(job, hooks, new AbortController().signal).catch((error) => said.push(String(error)));
        sandbox.close();
      }
      return said;
    });
    assert.deepEqual(said, [
      "Error: The sandbox does not start: does the page's Content-Security-Policy allow it?",
      "2",
    ]);
  } finally {
    await strict.close();
  }
});

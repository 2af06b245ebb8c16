// chai, and what Postman adds to it for responses: `pm.response.to.have.status(200)`.

import { Ajv, type Options } from "ajv";
import addFormats from "ajv-formats";
import * as chai from "chai";
import { Request } from "./request";
import { Response } from "./response";

const CODES: Record<string, [code: number, words: string]> = {
  accepted: [202, "Accepted"],
  badRequest: [400, "Bad Request"],
  unauthorized: [401, "Unauthorized"],
  forbidden: [403, "Forbidden"],
  notFound: [404, "Not Found"],
  rateLimited: [429, "Too Many Requests"],
};

const CLASSES: Record<string, (code: number) => boolean> = {
  info: (code) => code >= 100 && code < 200,
  success: (code) => code >= 200 && code < 300,
  redirection: (code) => code >= 300 && code < 400,
  clientError: (code) => code >= 400 && code < 500,
  serverError: (code) => code >= 500 && code < 600,
  error: (code) => code >= 400 && code < 600,
};

chai.use(({ Assertion }, utils) => {
  const subject = (assertion: object): unknown => utils.flag(assertion, "object");
  const response = (assertion: object): Response => {
    const value = subject(assertion);
    if (!(value instanceof Response)) throw new TypeError("This is asked of responses alone, such as pm.response.");
    return value;
  };

  const code = (assertion: Chai.AssertionStatic, fits: boolean, words: string, expected?: number) => {
    const { code } = response(assertion);
    assertion.assert(
      fits,
      `expected response to be ${words} but got ${code}`,
      `expected response not to be ${words} but got ${code}`,
      expected,
      code,
    );
  };

  for (const [name, [expected, words]] of Object.entries(CODES)) {
    Assertion.addProperty(name, function () {
      code(this, response(this).code === expected, `${expected} ${words}`, expected);
    });
  }
  for (const [name, fits] of Object.entries(CLASSES)) {
    Assertion.addProperty(name, function () {
      code(this, fits(response(this).code), `a ${name} response`);
    });
  }
  Assertion.overwriteProperty(
    "ok",
    (usual) =>
      function (this: Chai.AssertionStatic) {
        if (subject(this) instanceof Response) code(this, response(this).code === 200, "200 OK", 200);
        else usual.call(this);
      },
  );

  Assertion.addMethod("status", function (expected: unknown) {
    const { code, status } = response(this);
    const actual = typeof expected === "number" ? code : status;
    this.assert(
      actual === expected,
      `expected response to have status ${typeof expected === "number" ? "code" : "reason"} ${expected} but got ${actual}`,
      `expected response to not have status ${expected}`,
      expected,
      actual,
    );
  });

  Assertion.addMethod("header", function (name: string, value?: unknown) {
    const on = subject(this);
    const { headers } = on instanceof Request ? on : response(this);
    this.assert(
      headers.has(name),
      `expected it to have header with key '${name}'`,
      `expected it to not have header with key '${name}'`,
      undefined,
    );
    if (value === undefined) return;
    const actual = headers.get(name);
    this.assert(
      headers.has(name, value),
      `expected '${name}' header to be '${value}' but got '${actual}'`,
      `expected '${name}' header to not be '${value}'`,
      value,
      actual,
    );
  });

  const body = function (this: Chai.AssertionStatic, expected?: unknown) {
    const text = response(this).text();
    const fits = () => {
      if (expected === undefined) return text !== "";
      if (expected instanceof RegExp) return expected.test(text);
      return typeof expected === "string" ? text === expected : utils.eql(response(this).json(), expected);
    };
    const what = expected === undefined ? "content" : utils.inspect(expected);
    this.assert(
      fits(),
      `expected response body to be ${what}`,
      `expected response body to not be ${what}`,
      expected,
      text,
    );
  };
  Assertion.addMethod("body", body);
  Assertion.addProperty("withBody", function () {
    body.call(this);
  });

  Assertion.addProperty("json", function () {
    const type = response(this).headers.get("content-type");
    const said = String(type ?? "");
    this.assert(
      /^application\/([\w.-]+\+)?json\b/i.test(said),
      `expected response content type to be JSON but got '${said}'`,
      "expected response content type to not be JSON",
      undefined,
    );
  });

  // `("a.b")` is there, `("a.b", 1)` is this, `({…})` is all of it, `()` is an object or array at all.
  Assertion.addMethod("jsonBody", function (path?: unknown, value?: unknown) {
    const json = response(this).json();
    if (path === undefined) {
      const fits = typeof json === "object" && json !== null;
      this.assert(
        fits,
        "expected response body to be a JSON object",
        "expected response body to not be JSON",
        undefined,
      );
    } else if (typeof path !== "string") {
      this.assert(
        utils.eql(json, path),
        "expected JSON body to equal #{exp}",
        "expected JSON body to differ",
        path,
        json,
      );
    } else {
      const { exists, value: actual } = utils.getPathInfo(json as object, path);
      const named = `property '${path}'`;
      this.assert(exists, `expected JSON body to have ${named}`, `expected JSON body to not have ${named}`, undefined);
      if (arguments.length < 2) return;
      const fits = utils.eql(actual, value);
      this.assert(
        fits,
        `expected ${named} to be #{exp} but got #{act}`,
        `expected ${named} to not be #{exp}`,
        value,
        actual,
      );
    }
  });

  Assertion.addMethod("jsonSchema", function (schema: object, options?: Options) {
    const on = subject(this);
    const ajv = new Ajv({ allErrors: true, strict: false, logger: false, ...options });
    addFormats.default(ajv);
    const fits = ajv.validate(schema, on instanceof Response ? on.json() : on);
    this.assert(
      fits,
      `expected data to satisfy schema but found following errors: ${ajv.errorsText()}`,
      "expected data to not satisfy schema",
      true,
      fits,
    );
  });
});

for (const kind of [Response, Request]) {
  Object.defineProperty(kind.prototype, "to", {
    get(this: unknown) {
      return chai.expect(this).to;
    },
  });
}

export { chai };

// `require(name)`: what there is, each read when it is first asked for.

const LIBRARIES: Record<string, () => unknown> = {
  ajv: () => require("ajv"),
  atob: () => atob,
  btoa: () => btoa,
  chai: () => require("./expect").chai,
  "crypto-js": () => require("crypto-js"),
  lodash: () => require("lodash"),
  moment: () => require("moment"),
  uuid: () => require("uuid"),
};

/** A library by its name; throws and says what there is otherwise. */
export function library(name: string): unknown {
  const load = Object.hasOwn(LIBRARIES, name) ? LIBRARIES[name] : undefined;
  if (!load) throw new Error(`Cannot find module '${name}'. There are: ${Object.keys(LIBRARIES).join(", ")}.`);
  return load();
}

// What a script finds in the global scope: the language, and a few tools that reach nothing.
//
// The walls are others: the frame's opaque origin and its Content-Security-Policy hold even for who gets all of this
// back. This makes that an attempt fails with a plain error, at once.

const LANGUAGE = [
  ...[
    "Object",
    "Function",
    "Array",
    "Number",
    "parseFloat",
    "parseInt",
    "Infinity",
    "NaN",
    "undefined",
    "Boolean",
    "String",
  ],
  ...["Symbol", "Date", "Promise", "RegExp", "Error", "AggregateError", "EvalError", "RangeError", "ReferenceError"],
  ...[
    "SyntaxError",
    "TypeError",
    "URIError",
    "globalThis",
    "JSON",
    "Math",
    "Intl",
    "ArrayBuffer",
    "Uint8Array",
    "Int8Array",
  ],
  ...["Uint16Array", "Int16Array", "Uint32Array", "Int32Array", "Float32Array", "Float64Array", "Uint8ClampedArray"],
  ...[
    "BigUint64Array",
    "BigInt64Array",
    "DataView",
    "Map",
    "BigInt",
    "Set",
    "Iterator",
    "WeakMap",
    "WeakSet",
    "WeakRef",
  ],
  ...["Proxy", "Reflect", "FinalizationRegistry", "decodeURI", "decodeURIComponent", "encodeURI", "encodeURIComponent"],
  ...["escape", "unescape", "eval", "isFinite", "isNaN", "Float16Array", "SuppressedError"],
];

const TOOLS = [
  ...["atob", "btoa", "clearInterval", "clearTimeout", "crypto", "performance", "queueMicrotask", "setInterval"],
  ...["setTimeout", "structuredClone", "TextDecoder", "TextEncoder", "URL", "URLSearchParams", "DOMException"],
];

/** Takes everything else out of the global scope, and out of what it inherits from. */
export function harden(): void {
  const stays = new Set<PropertyKey>([...LANGUAGE, ...TOOLS]);
  // Where a browser keeps a tool on a prototype (`crypto`), it becomes the global object's own.
  const tools = TOOLS.map((name): [string, unknown] => [name, Reflect.get(globalThis, name)]);
  let holder: object | null = globalThis;
  while (holder && holder !== Object.prototype) {
    for (const name of Reflect.ownKeys(holder)) {
      if (holder === globalThis && stays.has(name)) continue;
      remove(holder, name);
    }
    holder = Object.getPrototypeOf(holder) as object | null;
  }
  for (const [name, value] of tools) {
    if (value !== undefined) Object.defineProperty(globalThis, name, { value, writable: true, configurable: true });
  }
  Object.defineProperty(globalThis, "self", { value: globalThis, writable: true, configurable: true });
  // What a blob's address would give: other code, in another worker.
  for (const name of ["createObjectURL", "revokeObjectURL"]) remove(URL, name);
}

function remove(holder: object, name: PropertyKey): void {
  if (Reflect.deleteProperty(holder, name)) return;
  // It can't be deleted: `undefined`, or, where it can't be written either, left to the walls.
  Reflect.set(holder, name, undefined);
}

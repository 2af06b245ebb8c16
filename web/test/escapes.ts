// What a script of somebody else may try. `REACH` is the page's server, to which nothing may come.

/** Each is the body of an async function that returns what it got hold of; `undefined`, or throwing, is getting nothing. */
export const ESCAPES: Record<string, string> = {
  fetch: `return (await fetch(REACH)).status`,
  "fetch, without cors": `return String(await fetch(REACH, { mode: "no-cors" }))`,
  XMLHttpRequest: `
    return await new Promise((resolve, reject) => {
      const request = new XMLHttpRequest();
      request.open("GET", REACH);
      request.onload = () => resolve(request.status);
      request.onerror = () => reject(new Error("no"));
      request.send();
    })`,
  "XMLHttpRequest, synchronous": `
    const request = new XMLHttpRequest();
    request.open("GET", REACH, false);
    request.send();
    return request.status`,
  WebSocket: `
    return await new Promise((resolve, reject) => {
      const socket = new WebSocket(REACH.replace("http", "ws"));
      socket.onopen = () => resolve("open");
      socket.onerror = () => reject(new Error("no"));
    })`,
  EventSource: `
    return await new Promise((resolve, reject) => {
      const source = new EventSource(REACH);
      source.onopen = () => resolve("open");
      source.onerror = () => reject(new Error("no"));
    })`,
  sendBeacon: `return navigator.sendBeacon(REACH) || undefined`,
  WebTransport: `const transport = new WebTransport(REACH.replace("http:", "https:")); await transport.ready; return "open"`,
  RTCPeerConnection: `return String(new RTCPeerConnection({ iceServers: [{ urls: "stun:127.0.0.1:3478" }] }))`,
  importScripts: `importScripts(REACH); return globalThis.stolen`,
  "importScripts of a blob": `
    importScripts(URL.createObjectURL(new Blob(["globalThis.stolen = 1"])));
    return globalThis.stolen`,
  "importScripts of data": `importScripts("data:text/javascript,globalThis.stolen=1"); return globalThis.stolen`,
  "import()": `await import(REACH); return "imported"`,
  "import() of data": `return (await import("data:text/javascript,export default 1")).default`,
  "import() of a blob": `
    return (await import(URL.createObjectURL(new Blob(["export default 1"], { type: "text/javascript" })))).default`,
  "import() from eval": `return await (0, eval)("import(" + JSON.stringify(REACH) + ")").then(() => "imported")`,
  "nested Worker": `return String(new Worker(REACH))`,
  "nested Worker of a blob": `
    return String(new Worker(URL.createObjectURL(new Blob(["fetch(" + JSON.stringify(REACH) + ")"]))))`,
  SharedWorker: `return String(new SharedWorker(REACH))`,
  ServiceWorker: `return String(await navigator.serviceWorker.register(REACH))`,
  WebAssembly: `return (await WebAssembly.instantiateStreaming(fetch(REACH))) && "compiled"`,
  parent: `return parent.document.title`,
  top: `return top.location.href`,
  opener: `return String(opener)`,
  document: `return document.cookie`,
  window: `return String(window)`,
  "location of the page": `return /^http/.test(String(location)) ? String(location) : undefined`,
  "navigate away": `location.href = REACH; return /^http/.test(String(location.href)) ? "moved" : undefined`,
  "window.open": `return String(window.open(REACH))`,
  open: `return String(open(REACH))`,
  localStorage: `return localStorage.getItem("secret")`,
  sessionStorage: `return String(sessionStorage)`,
  indexedDB: `
    return await new Promise((resolve, reject) => {
      const request = indexedDB.open("x");
      request.onsuccess = () => resolve("open");
      request.onerror = () => reject(request.error);
    })`,
  caches: `return String(await caches.open("x"))`,
  cookieStore: `return JSON.stringify(await cookieStore.getAll())`,
  "storage.getDirectory": `return String(await navigator.storage.getDirectory())`,
  BroadcastChannel: `return String(new BroadcastChannel("x"))`,
  postMessage: `postMessage("forged"); return "posted"`,
  "self.postMessage": `self.postMessage("forged"); return "posted"`,
  "postMessage of the prototype": `Object.getPrototypeOf(globalThis).postMessage.call(globalThis, "forged"); return "posted"`,
  "listening to the host": `addEventListener("message", () => {}); return "listens"`,
  "a setter for the host's messages": `
    const setter = Object.getOwnPropertyDescriptor(Object.getPrototypeOf(globalThis), "onmessage").set;
    setter.call(globalThis, () => {});
    return "listens"`,
  "the constructor of eval": `return await (0, eval)("(async () => 1)").constructor("return fetch(" + JSON.stringify(REACH) + ")")()`,
  "Function's constructor": `return String(Function("return this.fetch")())  === "undefined" ? undefined : "fetch"`,
  "the constructor's constructor": `
    return await pm.test.constructor("return process || document")()`,
  "what the global object inherits": `
    for (let holder = globalThis; holder; holder = Object.getPrototypeOf(holder)) {
      const found = ["fetch", "postMessage", "Worker", "importScripts", "close"].find((name) => Object.hasOwn(holder, name) && holder[name]);
      if (found) return found;
    }`,
  "the interface of the global object": `const { constructor } = globalThis; return constructor === Object ? undefined : String(new constructor())`,
  Image: `new Image().src = REACH; return "loading"`,
  FontFace: `return String(await new FontFace("x", "url(" + REACH + ")").load())`,
  "OffscreenCanvas and createImageBitmap": `return String(new OffscreenCanvas(1, 1))`,
  Notification: `return String(new Notification(REACH))`,
  close: `close(); return "closed"`,
  "the stack of an error": `
    Error.prepareStackTrace = (_, frames) => frames.map((frame) => frame.getThis() ?? frame.getFunction()).find(Boolean);
    const found = new Error().stack;
    return typeof found === "string" || found === undefined || found === globalThis ? undefined : typeof found.postMessage`,
};

/** The same through what the frame's policy alone leaves to a worker that nothing was taken from. */
export const POLICY_HOLDS = [
  ...["fetch", "fetch, without cors", "XMLHttpRequest", "XMLHttpRequest, synchronous", "WebSocket", "EventSource"],
  ...["WebTransport", "importScripts", "importScripts of data", "import()", "import() of data", "import() of a blob"],
  ...[
    "import() from eval",
    "nested Worker",
    "SharedWorker",
    "ServiceWorker",
    "parent",
    "top",
    "document",
    "localStorage",
  ],
  ...["sessionStorage", "indexedDB", "caches", "cookieStore", "storage.getDirectory", "FontFace", "WebAssembly"],
];

/** In the frame itself, if a script should ever get there. */
export const FRAME_ESCAPES: Record<string, string> = {
  fetch: `return (await fetch(REACH)).status`,
  "parent's document": `return parent.document.title`,
  "parent's storage": `return parent.localStorage.getItem("secret")`,
  "top's address": `top.location.href = REACH; return undefined`,
  cookies: `return document.cookie`,
  localStorage: `return localStorage.getItem("secret")`,
  "window.open": `return window.open(REACH) ? "opened" : undefined`,
  "a form": `
    const form = document.createElement("form");
    form.action = REACH;
    form.method = "POST";
    document.documentElement.append(form);
    form.submit();`,
  "an image": `await loaded(Object.assign(new Image(), { src: REACH })); return "loaded"`,
  "a stylesheet": `await loaded(Object.assign(document.createElement("link"), { rel: "stylesheet", href: REACH })); return "loaded"`,
  prefetch: `document.head.append(Object.assign(document.createElement("link"), { rel: "prefetch", href: REACH }))`,
  preconnect: `document.head.append(Object.assign(document.createElement("link"), { rel: "preconnect", href: REACH }))`,
  "a script": `await loaded(Object.assign(document.createElement("script"), { src: REACH })); return "loaded"`,
  "a frame": `await loaded(Object.assign(document.createElement("iframe"), { src: REACH }));`,
  "a video": `document.head.append(Object.assign(document.createElement("video"), { src: REACH }))`,
  sendBeacon: `navigator.sendBeacon(REACH)`,
  "a popup by a link": `Object.assign(document.createElement("a"), { href: REACH, target: "_blank" }).click()`,
};

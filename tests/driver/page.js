// The page around the tests: counts what is left behind, and plays networks and storages that fail.

// What is left behind ---------------------------------------------------------------------------------------------------------------

export function watchTimers() {
  const { setTimeout, clearTimeout } = globalThis;
  const pending = new Set();
  const asked = [];
  globalThis.setTimeout = (call, delay, ...args) => {
    asked.push(delay);
    const id = setTimeout(() => (pending.delete(id), call(...args)), delay);
    pending.add(id);
    return id;
  };
  globalThis.clearTimeout = (id) => (pending.delete(id), clearTimeout(id));
  return { asked, pending: () => pending.size, restore: () => Object.assign(globalThis, { setTimeout, clearTimeout }) };
}

export function watchListeners() {
  const { addEventListener, removeEventListener } = EventTarget.prototype;
  const found = [];
  const same = (target, kind, call) => found.findIndex((it) => it[0] === target && it[1] === kind && it[2] === call);
  EventTarget.prototype.addEventListener = function (kind, call, ...rest) {
    const target = this ?? globalThis;
    if ((target === window || target === document) && same(target, kind, call) < 0) found.push([target, kind, call]);
    return addEventListener.call(target, kind, call, ...rest);
  };
  EventTarget.prototype.removeEventListener = function (kind, call, ...rest) {
    const target = this ?? globalThis;
    const at = same(target, kind, call);
    if (at >= 0) found.splice(at, 1);
    return removeEventListener.call(target, kind, call, ...rest);
  };
  const restore = () => Object.assign(EventTarget.prototype, { addEventListener, removeEventListener });
  return { count: () => found.length, restore };
}

export function spy(fails) {
  const heard = [];
  const listener = (name, detail) => {
    heard.push(`${name} ${JSON.stringify(detail)}`);
    if (fails) throw new Error("a listener of the page's");
  };
  return Object.assign(listener, { heard });
}

export function watchConsole() {
  const { warn, error } = console;
  const lines = [];
  console.warn = console.error = (...words) => lines.push(words.join(" "));
  return { lines, restore: () => Object.assign(console, { warn, error }) };
}

export async function heldLocks(prefix) {
  const { held } = await navigator.locks.query();
  return held.filter(({ name }) => name.startsWith(prefix));
}

export const nextTask = (delay) => new Promise((done) => setTimeout(done, delay));

export const happens = (name, init) => {
  const event = name === "pageshow" ? new PageTransitionEvent(name, init) : new Event(name);
  const target = name === "freeze" || name === "resume" ? document : window;
  target.dispatchEvent(event);
};

// Storage and locks that fail -------------------------------------------------------------------------------------------------------

export function blockStorage() {
  const own = Object.getOwnPropertyDescriptor(window, "localStorage");
  const get = () => {
    throw new DOMException("blocked", "SecurityError");
  };
  Object.defineProperty(window, "localStorage", { configurable: true, get });
  return { restore: () => Object.defineProperty(window, "localStorage", own) };
}

export function watchWrites(fail) {
  const { setItem } = Storage.prototype;
  const keys = [];
  Storage.prototype.setItem = function (key, value) {
    keys.push(key);
    if (fail) throw new DOMException("full", "QuotaExceededError");
    return setItem.call(this, key, value);
  };
  return { keys, restore: () => Object.assign(Storage.prototype, { setItem }) };
}

export function withoutLocks() {
  Object.defineProperty(navigator, "locks", { configurable: true, value: undefined });
  return { restore: () => delete navigator.locks };
}

export function withoutNetwork() {
  Object.defineProperty(navigator, "onLine", { configurable: true, value: false });
  return { restore: () => delete navigator.onLine };
}

// A network that does as it is told -------------------------------------------------------------------------------------------------

export function fakeSockets() {
  const { WebSocket } = globalThis;
  const sockets = [];
  class Fake extends EventTarget {
    readyState = 0;
    sent = [];
    closed = [];
    constructor(url) {
      super();
      this.url = url;
      sockets.push(this);
    }
    send(text) {
      this.sent.push(text);
    }
    close(...args) {
      if (this.readyState < 2) this.closed.push(args[0] ?? 1005);
      this.readyState = Math.max(this.readyState, 2);
    }
  }
  globalThis.WebSocket = Object.assign(Fake, { CONNECTING: 0, OPEN: 1, CLOSING: 2, CLOSED: 3 });
  const last = () => sockets.at(-1);
  return {
    count: () => sockets.length,
    open: () => ((last().readyState = 1), last().dispatchEvent(new Event("open"))),
    text: (data) => last().dispatchEvent(new MessageEvent("message", { data })),
    binary: () => last().dispatchEvent(new MessageEvent("message", { data: new ArrayBuffer(4) })),
    closing: () => (last().readyState = 2),
    fail: (code) => {
      last().readyState = 3;
      last().dispatchEvent(new Event("error"));
      last().dispatchEvent(new CloseEvent("close", { code }));
    },
    sent: () => last().sent,
    closed: () => last().closed,
    restore: () => Object.assign(globalThis, { WebSocket }),
  };
}

export function fakeFetch(answer) {
  const { fetch } = globalThis;
  const asked = [];
  globalThis.fetch = (url, init) => {
    asked.push(`${init.method} ${url} ${init.credentials} ${init.cache} ${new Headers(init.headers).get("Authorization")} ${init.body}`);
    return answer(init);
  };
  return { asked, restore: () => Object.assign(globalThis, { fetch }) };
}

export const never = ({ signal }) => new Promise((_, fail) => signal.addEventListener("abort", () => fail(signal.reason)));
export const rejectsWithText = () => Promise.reject("no Error at all");
export const throws = () => {
  throw new TypeError("blocked");
};
export const answers = (status, headers, body) => async () => new Response(body, { status, headers: JSON.parse(headers) });
export const blob = (text, type) => URL.createObjectURL(new Blob([text], { type }));

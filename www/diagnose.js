// `GuestChat("diagnose")`: looks at the chat from inside the page, and lets the rule book say what that speaks for. The build makes one
// file of this and the rule book (crates/diagnosis, turned into plain JavaScript, because WebAssembly may be just what is forbidden);
// the loader fetches it when somebody asks. Judges nothing, keeps nothing, and shows no token to anybody: what it notes is words,
// numbers and hosts. Says no more on a socket of its own than it takes to be let in, and opens none while the conversation is live.

import { Diagnosis } from "./guest-chat-rules.js";

const EMPTY_MODULE = Uint8Array.of(0, 0x61, 0x73, 0x6d, 1, 0, 0, 0);

/** Where no socket may be opened beside the widget's: it has one, or lost its place to another tab and would now push that out. */
const HANDS_OFF = ["online", "readonly", "evicted"];

/**
 * Resolves to the report: `{cause, title, change, alike, also, seen, journal, text}`.
 * @param {object} widget
 * @param {HTMLScriptElement} widget.script  the tag
 * @param {string} widget.app                what its module is called
 * @param {(name: string) => string} widget.address  where a file of the bundle is
 * @param {string} [widget.status]           the connection's, if the widget has said one
 * @param {boolean} widget.broken            an internal error has stopped the widget
 * @param {boolean} widget.unfit             the widget's files have arrived, and it could not be started
 * @param {((tell: (at: number, step: number) => void) => void)} [widget.steps]  the widget's journal; absent until it is loaded
 */
export async function diagnose({ script, app, address, status, broken, unfit, steps }) {
  const { deploymentId, region, endpoint, dialect, socketUrl, postUrl, tokenUrl = "", trace } = script.dataset;
  const token = tokenUrl.trim() && resolved(tokenUrl);
  const attributes = [location.origin, deploymentId, region, endpoint, dialect, socketUrl, postUrl, token];
  // Of the trace, an empty one counts.
  const diagnosis = new Diagnosis([...attributes, ...(trace === undefined ? [] : [trace])].join("\0"));
  const note = (key, value) => diagnosis.note(key, value === true ? "yes" : value === false ? "no" : String(value));
  const policy = watchPolicy(note);
  try {
    note("page.broken", broken);
    note("page.unfit", unfit);
    note("page.live", HANDS_OFF.includes(status));
    if (status === "evicted") note("trial.endpoint", "evicted");
    steps?.((at, step) => note("journal", `${at} ${step >>> 24} ${(step >>> 16) & 0xff} ${step & 0xffff}`));
    lookAtPage(note);
    // What has brought the widget here has arrived; all but its style would have been missed.
    await lookAtBundle(note, address, [...(steps ? [] : [`${app}.js`, `${app}.wasm`]), "guest-chat.css"]);
    const look = new Look(diagnosis, note, policy);
    if (diagnosis.is_usable()) {
      const grant = await look.atTokenEndpoint(HANDS_OFF.includes(status));
      if (diagnosis.url("config")) await look.atDeployment();
      if (!HANDS_OFF.includes(status)) await look.atSocket(grant);
    }
    await policy.settled();
    const report = JSON.parse(diagnosis.report());
    console.info(`[guest-chat] ${report.text}`);
    return report;
  } finally {
    policy.stop();
    diagnosis.free();
  }
}

function resolved(url) {
  try {
    return new URL(url, document.baseURI).href;
  } catch {
    return url;
  }
}

/** Notes what the page's policy forbids meanwhile. It is told of by an event, a task later than what it has made fail. */
function watchPolicy(note) {
  const blocked = new Set();
  const alarms = new Set();
  const hear = ({ effectiveDirective, blockedURI }) => {
    const directive = /^(connect|script)-src/.exec(effectiveDirective)?.[1];
    if (!directive) return;
    note(`page.forbids-${directive}`, blockedURI);
    const origin = originOf(blockedURI);
    blocked.add(origin);
    for (const alarm of alarms) alarm(origin);
  };
  document.addEventListener("securitypolicyviolation", hear);
  const settled = () => new Promise((resolve) => setTimeout(resolve, 50));
  return {
    settled,
    forbade: async (url) => (await settled(), blocked.has(originOf(url))),
    /** Calls `alarm` when this address is forbidden, for a forbidden socket need not be told (Chromium's is not). Returns what ends that. */
    watch(url, alarm) {
      const hear = (origin) => origin === originOf(url) && alarm();
      alarms.add(hear);
      return () => alarms.delete(hear);
    },
    stop: () => document.removeEventListener("securitypolicyviolation", hear),
  };
}

function originOf(url) {
  try {
    return new URL(url).origin;
  } catch {
    return url;
  }
}

// What only a page can see ----------------------------------------------------------------------------------------------------------

function lookAtPage(note) {
  note("page.secure", isSecureContext);
  note("page.storage", hasStorage());
  note("page.locks", Boolean(navigator.locks));
  note("page.wasm", hasWasm());
  note("page.online", navigator.onLine);
  const counts = ['script[src*="guest-chat.js"]', "guest-chat"].map((name) => document.querySelectorAll(name).length);
  note("page.widgets", Math.max(...counts));
}

function hasStorage() {
  const key = "guest-chat-diagnosis";
  try {
    localStorage.setItem(key, key);
    const kept = localStorage.getItem(key) === key;
    localStorage.removeItem(key);
    return kept;
  } catch {
    return false;
  }
}

function hasWasm() {
  try {
    return Boolean(new WebAssembly.Module(EMPTY_MODULE));
  } catch {
    return false;
  }
}

async function lookAtBundle(note, address, files) {
  for (const name of files) {
    const response = await fetch(address(name)).catch(() => null);
    const isPage = response?.headers.get("content-type")?.includes("html");
    if (!response?.ok || isPage) return note("page.missing", name);
  }
}

// What the widget would ask ---------------------------------------------------------------------------------------------------------

class Look {
  #diagnosis;
  #note;
  #policy;
  #knowsClock = false;

  constructor(diagnosis, note, policy) {
    this.#diagnosis = diagnosis;
    this.#note = note;
    this.#policy = policy;
  }

  /** The grant, if there was one; it goes nowhere but to `atSocket`. Asked once more to see whether it stays, but not beside a widget at work. */
  async atTokenEndpoint(isLive) {
    const url = this.#diagnosis.url("token");
    if (!url) return;
    const init = this.#tokenQuestion(false);
    const { response, json } = await this.#ask("token", url, init);
    const isOurs = response && new URL(response.url).origin === location.origin;
    if (!isOurs) return;
    const header = (name) => response.headers.get(name) ?? "";
    this.#note("token.cache-control", header("cache-control"));
    this.#note("token.age", header("age"));
    this.#note("token.shared", Boolean(header("access-control-allow-origin")));
    if (typeof json?.type === "string") this.#note("token.problem", json.type);
    if (!response.ok || json === undefined) return;
    const hasToken = typeof json?.token === "string";
    const hasLife = Number.isSafeInteger(json?.expires_in) && json.expires_in > 0;
    this.#note("token.grant", !hasToken ? "no-token" : hasLife ? "good" : "no-life");
    if (hasLife) this.#note("token.life", json.expires_in);
    this.#note("token.service-s", ["access_token", "token_type"].some((name) => typeof json?.[name] === "string"));
    this.#note("token.ids", json?.conversation_id ? (json.guest_id ? "both" : "conversation") : json?.guest_id ? "guest" : "none");
    if (!hasToken) return;
    if (!isLive) {
      const { json: again } = await this.#ask("", url, init);
      const isSame = again?.token === json.token;
      const isElsewhere = again?.conversation_id !== json.conversation_id;
      const what = typeof again?.token !== "string" ? "nothing" : isSame ? "same" : isElsewhere ? "elsewhere" : "another";
      this.#note("token.again", what);
      if (isSame && this.#diagnosis.is_minted()) {
        this.#note("token.everybody-s", (await this.#freshGrant())?.token === json.token);
      }
    }
    return json;
  }

  /** One for a new conversation. The visitor's own, which is in the cookie, is not touched. */
  async #freshGrant() {
    const init = { ...this.#tokenQuestion(true), credentials: "omit" };
    const { json } = await this.#ask("", this.#diagnosis.url("token"), init);
    return typeof json?.token === "string" ? json : undefined;
  }

  /** Not followed: where a login page of another origin is at the end, a browser would say no more than that it failed. */
  #tokenQuestion(isNew) {
    const headers = { "content-type": "application/json" };
    return { method: "POST", redirect: "manual", headers, body: this.#diagnosis.token_request(isNew) };
  }

  async atDeployment() {
    const config = await this.#ask("config", this.#diagnosis.url("config"));
    if (typeof config.json?.status === "string") this.#note("config.status", config.json.status);
    const domains = await this.#ask("domains", this.#diagnosis.url("domains"));
    if (typeof domains.json?.allowAllDomains !== "boolean") return;
    this.#note("domains.all", domains.json.allowAllDomains);
    for (const entry of domains.json.allowedDomains ?? []) this.#note("domains.entry", entry);
  }

  /** With the endpoint's token first; where that is not accepted, one of our own tells what is the token's fault from what is not. */
  async atSocket(grant) {
    const isMinted = this.#diagnosis.is_minted();
    if (grant) {
      const end = await this.#talk(grant);
      this.#note("trial.endpoint", end);
      const isAboutToken = !/^(accepted|never-opened|timeout|policy)/.test(end) || (isMinted && end.startsWith("never-opened"));
      if (!isAboutToken) return;
    }
    const own = !isMinted ? { token: ownToken() } : grant && (await this.#freshGrant());
    if (own) this.#note("trial.own", await this.#talk(own));
  }

  /** Asks, and notes under this name how far it came. */
  async #ask(name, url, init = {}) {
    const note = (key, value) => name && this.#note(`${name}.${key}`, value);
    const signal = AbortSignal.timeout(this.#diagnosis.patience("answer"));
    const credentials = name === "token" || !name ? "same-origin" : "omit";
    try {
      const response = await fetch(url, { credentials, ...init, signal, cache: "no-store" });
      if (response.type === "opaqueredirect") return note("reach", "redirected"), {};
      const text = await response.text();
      const json = parsed(text);
      const kind = response.headers.get("content-type") ?? "";
      note("reach", response.redirected ? "redirected" : response.status);
      note("form", this.#diagnosis.form(kind, text.slice(0, 100), json !== undefined));
      this.#readClock(response);
      return { response, json };
    } catch (error) {
      const forbidden = await this.#policy.forbade(url);
      note("reach", forbidden ? "policy" : error?.name === "TimeoutError" ? "timeout" : "failed");
      return {};
    }
  }

  /** Readable from the page's own origin only. */
  #readClock(response) {
    const date = Date.parse(response.headers.get("date") ?? "");
    if (this.#knowsClock || Number.isNaN(date)) return;
    this.#knowsClock = true;
    const age = Number(response.headers.get("age")) || 0;
    this.#note("clock.ahead", Math.round((date - Date.now()) / 1000) + age);
  }

  /** What becomes of a socket on which it is talked with this grant. */
  async #talk({ token, conversation_id = "", guest_id = "" }) {
    const diagnosis = this.#diagnosis;
    const url = diagnosis.talk(token, String(conversation_id), String(guest_id));
    const end = await new Promise((resolve) => {
      let socket;
      try {
        socket = new WebSocket(url);
      } catch {
        return resolve("never-opened");
      }
      const now = () => Math.round(performance.now());
      const unwatch = this.#policy.watch(url, () => finish("never-opened"));
      const finish = (end) => {
        unwatch();
        clearTimeout(timer);
        socket.onopen = socket.onmessage = socket.onclose = null;
        socket.close(1000);
        isOver = true;
        resolve(end);
      };
      let timer = setTimeout(finish, diagnosis.patience("open"), "timeout");
      let [isOpen, isOver] = [false, false];
      /** Does what the talk wants done: `12 say …`, `12 post …`, `12`, `end …` or nothing. */
      const go = (next) => {
        const [, first, what, words] = /^(\S+) ?(say |post )?(.*)$/s.exec(next) ?? [];
        if (first === "end") return finish(words);
        if (!first || isOver) return;
        clearTimeout(timer);
        timer = setTimeout(() => go(diagnosis.tired()), Number(first));
        if (what === "say ") socket.send(words);
        if (what === "post ") post(...words.split("\n")).then((status) => isOver || go(diagnosis.answered(status)));
      };
      socket.onopen = () => {
        isOpen = true;
        go(diagnosis.opened(now()));
      };
      socket.onmessage = ({ data }) => {
        const members = Object.entries(parsed(data) ?? {}).filter(([, value]) => /string|number/.test(typeof value));
        go(diagnosis.heard(members.flat().join("\0"), now()));
      };
      socket.onclose = ({ code }) => (isOpen ? go(diagnosis.closed(code, now())) : finish("never-opened"));
    });
    return end === "never-opened" && (await this.#policy.forbade(url)) ? "policy" : end;
  }
}

/** The status that this is answered with; 0 if it cannot be asked. */
async function post(url, authorization, body) {
  const headers = { authorization, "content-type": "application/json" };
  const init = { method: "POST", credentials: "omit", headers, body, cache: "no-store" };
  return fetch(url, init).then((response) => response.status, () => 0);
}

/** `undefined` for what is no JSON. */
function parsed(text) {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** A UUID v4; made by hand, because `randomUUID` is for secure pages only. */
function ownToken() {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  bytes[6] = (bytes[6] & 0x0f) | 0x40;
  bytes[8] = (bytes[8] & 0x3f) | 0x80;
  const hex = Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, "$1-$2-$3-$4-$5");
}

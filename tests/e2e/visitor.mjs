// One visitor: a browser profile with a page that embeds the widget. Finds the parts that the page's contract names, does what a
// person does, and keeps everything that went wrong on the page: errors, console errors, violations of its policy.

import assert from "node:assert/strict";

import { until } from "./programs.mjs";

/** How long a test waits for something to show, in ms. */
export const PATIENCE = 10_000;

export class Visitor {
  /** What went wrong, in words; a test of a healthy page ends with `assert.deepEqual(visitor.problems, [])`. */
  problems = [];
  /** Every line on the page's console: `warning: …`. */
  lines = [];
  /** Every request of the page's, in order: `POST http://…`. */
  requests = [];
  /** The addresses of all sockets that it opened. */
  sockets = [];
  /** When each of them was opened and closed, in ms of `performance.now()` of this process: `{ opened, closed: number | null }`. */
  spans = [];
  /** Every frame on the page's sockets, in order: `{ sent: boolean, frame }`, parsed where it is JSON. */
  frames = [];

  constructor(context, page, address) {
    this.context = context;
    this.page = page;
    this.address = address;
  }

  /** Opens the page, listening before anything of it runs, and after `prepare` was done to it. */
  async arrive(prepare = async () => {}) {
    this.page.setDefaultTimeout(PATIENCE);
    await this.#listen();
    await prepare(this.page);
    await this.page.goto(this.address);
    return this;
  }

  /** The same person opens the same page in another tab. */
  async newTab() {
    return new Visitor(this.context, await this.context.newPage(), this.address).arrive();
  }

  /** What went wrong, without what the browser itself writes to the console when a network fails, as it must in some tests. */
  get bugs() {
    return this.problems.filter((words) => !/^console: (WebSocket connection to|Failed to load resource)/.test(words));
  }

  async #listen() {
    this.page.on("pageerror", (error) => this.problems.push(`uncaught: ${error.message}`));
    this.page.on("request", (request) => this.requests.push(`${request.method()} ${request.url()}`));
    this.page.on("console", (line) => {
      this.lines.push(`${line.type()}: ${line.text()}`);
      if (line.type() === "error") this.problems.push(`console: ${line.text()}`);
    });
    this.page.on("websocket", (socket) => {
      this.sockets.push(socket.url());
      const span = { opened: performance.now(), closed: null };
      this.spans.push(span);
      socket.on("close", () => (span.closed ??= performance.now()));
      const keep = (sent) => ({ payload }) => this.frames.push({ sent, frame: parsed(payload) });
      socket.on("framesent", keep(true));
      socket.on("framereceived", keep(false));
    });
    await this.page.exposeBinding("reportViolation", (_, words) => this.problems.push(`policy: ${words}`));
    await this.page.addInitScript(() => {
      addEventListener("securitypolicyviolation", (event) => {
        globalThis.reportViolation(`${event.effectiveDirective} blocked ${event.blockedURI} ${event.sample}`);
      });
    });
  }

  /** Every element with this part, `guest-chat::part(name)`. */
  part(name) {
    return this.page.locator(`guest-chat [part~="${name}"]`);
  }

  /** The visitor's own message (`inbound`, the protocol's word) with this text; with `state`, once it is in it. */
  sentMessage(text, state) {
    const wanted = state ? `[data-state="${state}"]` : "";
    return this.#message(`[data-direction="inbound"]${wanted}`, text);
  }

  /** The other side's message (`outbound`) that contains this text, or any. */
  receivedMessage(text) {
    return this.#message('[data-direction="outbound"]', text);
  }

  #message(attributes, text) {
    const message = this.page.locator(`guest-chat [part~="message"]${attributes}`);
    return text === undefined ? message : message.filter({ hasText: text });
  }

  /** Opens the panel by its launcher. */
  async open() {
    await this.part("launcher").click();
    await this.part("panel").waitFor();
  }

  /** Types a message and sends it by Enter. */
  async send(text) {
    await this.part("composer").fill(text);
    await this.part("composer").press("Enter");
  }

  /** Waits until the connection is in this state (`data-status`), for `patience` ms at most. */
  async status(name, patience = PATIENCE) {
    const status = this.page.locator(`guest-chat [part~="status"][data-status="${name}"]`);
    await status.waitFor({ state: "attached", timeout: patience });
  }

  /** What can be read in the transcript, in order: `["inbound" | "outbound", text]`. */
  async screen() {
    return this.part("message").evaluateAll((messages) =>
      messages.map((message) => [message.dataset.direction, message.querySelector('[part~="text"]').textContent]),
    );
  }

  /** Waits until exactly this can be read, as `screen` tells it. */
  async reads(expected, patience = PATIENCE) {
    const wanted = JSON.stringify(expected);
    let seen;
    const same = async () => (seen = JSON.stringify(await this.screen())) === wanted;
    await until("the screen to agree", patience, same).catch(() => assert.fail(`on the screen: ${seen}\nexpected:      ${wanted}`));
  }

  /** Everything that the page keeps in this browser. */
  async stored() {
    return this.page.evaluate(async () => ({
      cookies: document.cookie,
      local: { ...localStorage },
      session: { ...sessionStorage },
      databases: await indexedDB.databases(),
      caches: await caches.keys(),
    }));
  }

  /** The session token that the page last used on a socket: the key to the simulator's transcript. */
  async token() {
    const last = () => this.frames.findLast(({ sent, frame }) => sent && frame?.token)?.frame.token;
    return until("a frame with a token", PATIENCE, last);
  }

  /** Runs `GuestChat(...args)` on the page. */
  async api(...args) {
    await this.page.evaluate((args) => globalThis.GuestChat(...args), args);
  }
}

function parsed(payload) {
  try {
    return JSON.parse(payload);
  } catch {
    return payload; // a frame that is no JSON is kept as it is
  }
}

// What a browser test starts from: `openSite(t)` brings up simulator, token proxy and the customer's web server on free ports, and
// `site.visit()` sends a visitor with a fresh profile. Everything is closed when the test ends, whatever its outcome.

import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after } from "node:test";
import { chromium } from "playwright-core";

import { Host, strictPolicy } from "./host.mjs";
import { freePort, Program } from "./programs.mjs";
import { Visitor } from "./visitor.mjs";

export { strictPolicy } from "./host.mjs";
export { freePort, until } from "./programs.mjs";
export { PATIENCE, Visitor } from "./visitor.mjs";

/** The deployment that the simulator knows without being told. */
export const DEPLOYMENT = "3f2b1c9e-7a4d-4e0f-9b6a-2d8c5e1f0a37";

/** The program that all tests are run in. */
export const BROWSER = process.env.CHROMIUM ?? "/usr/bin/chromium";

/** The first three are for a container; the rest keep the browser from calling home. */
export const BROWSER_FLAGS = [
  "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--disable-quic", "--no-first-run",
  "--disable-background-networking", "--disable-component-update", "--disable-sync",
];

/** One browser for all tests of a file; profiles keep them apart. */
let browser;
after(async () => (await browser)?.close());

function launch() {
  browser ??= chromium.launch({ executablePath: BROWSER, args: BROWSER_FLAGS });
  return browser;
}

/**
 * Brings up a site for the test `t`.
 * @param {object} options
 * @param {number} [options.life]    life of a grant in seconds; the token proxy's default otherwise
 * @param {string} [options.dialect] the wire that is spoken; Genesys' own otherwise
 * @param {boolean} [options.agent]  whether Ana answers by herself; without her, only what the test says is said
 */
export async function openSite(t, { life, agent = true, dialect } = {}) {
  const site = new Site();
  t.after(async () => {
    const bugs = site.visitors.flatMap((visitor) => visitor.bugs);
    await site.close();
    assert.deepEqual(bugs, [], "on a healthy page nothing throws, nothing breaks the policy, and no error is logged");
  });
  await site.open(life, agent, dialect);
  return site;
}

class Site {
  /** Everybody who came, without their further tabs. */
  visitors = [];
  #host = new Host();
  #folder;

  async open(life, agent, dialect) {
    this.dialect = dialect;
    await this.#host.start();
    this.#folder = await mkdtemp(join(tmpdir(), "guest-chat-e2e-"));
    this.origin = this.#host.origin;

    this.simulator = new Program(
      "simulator", "GUEST_CHAT_SIMULATOR", await freePort(),
      ["--allow-origin", this.origin, "--state", join(this.#folder, "simulator.json"), ...(agent ? [] : ["--no-agent"])],
      "/control/health",
    );
    this.tokenProxy = new Program(
      "token-proxy", "GUEST_CHAT_TOKEN_PROXY", await freePort(),
      ["--origin", this.origin, "--insecure-cookie", "--fault-control", ...(life && !dialect ? ["--life", String(life)] : []),
        ...(dialect ? ["--dialect", dialect, "--api", this.simulator.origin, "--client-id", "demo-client"] : [])],
      "/api/genesys/health",
      // Its own for each site, and the same after a restart: visitors keep their sessions.
      { TOKEN_PROXY_KEY: randomBytes(32).toString("base64"), ...(dialect ? { TOKEN_PROXY_CLIENT_SECRET: "demo-secret" } : {}) },
    );
    this.#host.tokenProxy = this.tokenProxy.origin;
    await Promise.all([this.simulator.start(), this.tokenProxy.start()]);
    // On the other wires a token is the backend's, and so is its life.
    if (life && dialect) await this.settings({ oauth: { guestTokenSeconds: life } });
  }

  async close() {
    await Promise.all(this.visitors.map(({ context }) => context.close()));
    await Promise.all([this.simulator?.kill(), this.tokenProxy?.kill()]);
    await this.#host.stop();
    if (this.#folder) await rm(this.#folder, { recursive: true, force: true });
  }

  /**
   * Sends a visitor with a fresh profile to a page that embeds the widget.
   * @param {object} options
   * @param {object} [options.attributes]  of the script tag, without `data-`; `null` leaves a default out
   * @param {string|null} [options.policy] the page's content security policy; strict by default, `null` for none
   * @param {string} [options.body]        HTML of the page, but for the script tag
   * @param {string} [options.root]        attributes of the page's `<html>`
   * @param {object} [options.profile]     Playwright's options of a browser context: viewport, colorScheme, locale …
   * @param {object} [options.context]     the browser context to come in, if not a new one with that profile
   * @param {(page: object) => Promise<void>} [options.prepare]  what is done to the page before anything of it runs
   */
  async visit({
    attributes = {}, policy = strictPolicy(this.simulator.origin), body = "<main><h1>A shop</h1></main>", root = 'lang="en"',
    profile = {}, context, prepare,
  } = {}) {
    context ??= await (await launch()).newContext(profile);
    const visitor = new Visitor(context, await context.newPage(), this.#host.publish(this.#page(attributes, body, root), policy));
    this.visitors.push(visitor);
    return visitor.arrive(prepare);
  }

  #page(attributes, body, root) {
    const all = {
      "deployment-id": DEPLOYMENT,
      region: "mypurecloud.ie",
      endpoint: this.simulator.origin,
      "token-url": "/api/genesys/refresh",
      dialect: this.dialect ?? null,
      ...attributes,
    };
    const written = Object.entries(all)
      .filter(([, value]) => value !== null)
      .map(([name, value]) => ` data-${name}="${String(value).replaceAll('&', '&amp;').replaceAll('"', '&quot;')}"`);
    return `<!doctype html>
<html ${root}>
<head><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>A shop</title></head>
<body>${body}<script async src="/guest-chat.js"${written.join("")}></script></body>
</html>`;
  }

  /** What the backend has really accepted in the session with this token. */
  async transcript(token) {
    return this.#control(this.simulator, `transcript?token=${encodeURIComponent(token)}`);
  }

  /** A page of the site without the widget: another browser of the same visitor's, say. */
  async emptyPage() {
    const page = await (await launch()).newPage();
    await page.goto(this.#host.publish("<!doctype html>", null));
    return page;
  }

  /** What was really said in that session, in order, as `Visitor.screen` tells what can be read. */
  async said(token) {
    const entries = (await this.transcript(token)).filter(({ kind }) => kind === "Message");
    return entries.map(({ direction, text }) => [direction.toLowerCase(), text]);
  }

  /** What is connected to the backend, and what each connection sent. */
  async connections() {
    return this.#control(this.simulator, "connections");
  }

  /** Pulls one of the backend's levers: `{ action: "say", text }`, `{ action: "disconnect" }` … (companions/simulator/README.md). */
  async agent(lever) {
    return this.#control(this.simulator, "agent", lever);
  }

  /** Changes the backend's settings while it runs. */
  async settings(patch) {
    return this.#control(this.simulator, "settings", patch);
  }

  /** Lets the simulator fail by this rule, or by these (companions/simulator/src/faults.rs). */
  async fault(rule) {
    return this.#control(this.simulator, "faults", rule);
  }

  /** Lifts all of the simulator's faults. */
  async liftFaults() {
    await fetch(`${this.simulator.origin}/control/faults`, { method: "DELETE" });
  }

  /** How often each of the simulator's faults has struck. */
  async faultsStruck() {
    return (await this.#control(this.simulator, "faults")).map(({ struck }) => struck);
  }

  /** Every refresh that the token proxy was asked for: `{ at_ms, session, status }`. */
  async tokenRequests() {
    return (await this.#control(this.tokenProxy, "requests")).requests;
  }

  /**
   * Lets the token proxy's refreshes fail (companions/token-proxy/src/faults.rs).
   * @param {object} orders  `{ next: [fault, …] }` one by one, or `{ always: fault }`; what is named replaces what was there
   */
  async tokenFaults(orders) {
    return this.#control(this.tokenProxy, "faults", orders);
  }

  async #control(program, path, body) {
    const asking = body === undefined
      ? {}
      : { method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify(body) };
    const answer = await fetch(`${program.origin}/control/${path}`, asking);
    const text = await answer.text();
    if (!answer.ok) throw new Error(`/control/${path.split('?')[0]} answered ${answer.status}: ${text}`);
    return text ? JSON.parse(text) : null;
  }
}

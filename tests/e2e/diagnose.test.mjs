// `GuestChat("diagnose")` on pages that are set up wrongly in every way that only a page can meet, and on healthy ones, which are never
// accused. What a program can meet as well is in companions/doctor/tests/causes.rs.

import assert from "node:assert/strict";
import { test } from "node:test";

import { openSite, strictPolicy } from "./harness.mjs";

const REFRESH = "**/api/genesys/refresh";

const diagnose = (visitor) => visitor.page.evaluate(() => globalThis.GuestChat("diagnose"));

/** Before anything of the page runs. */
const scripted = (script) => (page) => page.addInitScript(script);

/** The token endpoint's own answer with other headers. */
const withHeaders = (headers) => (page) =>
  page.route(REFRESH, async (route) => {
    const response = await route.fetch();
    await route.fulfill({ response, headers: { ...response.headers(), ...headers } });
  });

const answering = (address, answer) => (page) => page.route(address, (route) => route.fulfill(answer));

/** Each case: what is wrong, the cause that has to be named, how the page is made so, and words that have to be in the report. */
const CASES = [
  ["a policy without the backend", "policy-connect", ({ origin }) => ({ policy: strictPolicy("https://elsewhere.example"), says: origin })],
  ["a policy without the socket", "policy-connect", ({ origin }) => ({
    policy: strictPolicy(origin).replace(/ ws:\S*?(?=;| |$)/, ""), says: origin.replace("http", "ws"),
  })],
  ["a policy without 'wasm-unsafe-eval'", "wasm-forbidden", ({ origin }) => ({
    policy: strictPolicy(origin).replace(" 'wasm-unsafe-eval'", ""), says: "script-src",
  })],
  ["a module that is missing", "bundle-missing", () => ({
    prepare: answering("**/guest-chat-app.wasm", { status: 404 }), says: "guest-chat-app.wasm",
  })],
  ["a web page in the place of the style", "bundle-missing", () => ({
    prepare: answering("**/guest-chat.css", { body: "<!doctype html>", contentType: "text/html" }), says: "guest-chat.css",
  })],
  ["a diagnosis that is missing", "bundle-missing", () => ({ prepare: answering("**/guest-chat-diagnose.js", { status: 404 }) })],
  ["a token endpoint on another origin", "token-cross-origin", () => ({ attributes: { "token-url": "https://elsewhere.example/t" } })],
  ["a region that is none", "attributes", () => ({ attributes: { region: "ireland", endpoint: null }, says: "data-region" })],
  ["a deployment of another organisation's", "deployment-unknown", () => ({ attributes: { "deployment-id": "d-1" } })],
  ["storage that is denied", "storage-denied", () => ({
    prepare: scripted(() => Object.defineProperty(globalThis, "localStorage", { get() { throw new DOMException("no", "SecurityError"); } })),
  })],
  ["a browser without locks", "locks-missing", () => ({
    prepare: scripted(() => Object.defineProperty(Navigator.prototype, "locks", { get: () => undefined })),
  })],
  ["a browser without WebAssembly", "browser-without-wasm", () => ({ prepare: scripted(() => { delete globalThis.WebAssembly; }) })],
  ["two widgets", "two-widgets", () => ({
    prepare: scripted(() => addEventListener("load", () => document.body.append(document.querySelector("script").cloneNode()))),
  })],
  ["a token that caches may keep", "token-cacheable", () => ({ prepare: withHeaders({ "cache-control": "max-age=60" }) })],
  ["a token that other origins may read", "token-shared", () => ({ prepare: withHeaders({ "access-control-allow-origin": "*" }) })],
  ["a clock that is two hours late", "clock-skew", () => ({
    prepare: withHeaders({ date: new Date(Date.now() + 7_200_000).toUTCString() }), says: "behind the server's",
  })],
  ["a token endpoint that leads to a login", "token-redirected", ({ page }) => ({
    prepare: answering(REFRESH, { status: 302, headers: { location: page } }),
  })],
  ["a token endpoint that leads to a login elsewhere", "token-redirected", () => ({
    prepare: answering(REFRESH, { status: 302, headers: { location: "https://login.example/" } }),
  })],
  ["a token endpoint behind a login page", "token-html", () => ({
    prepare: answering(REFRESH, { body: "<!doctype html><h1>Sign in</h1>", contentType: "text/html" }),
  })],
  ["a token endpoint that answers nothing", "token-no-grant", () => ({ prepare: answering(REFRESH, { status: 204 }) })],
  ["a token endpoint that answers null", "token-no-grant", () => ({ prepare: answering(REFRESH, { body: "null", contentType: "application/json" }) })],
  ["a token endpoint that is not there", "token-not-found", () => ({ prepare: answering(REFRESH, { status: 404 }) })],
  ["a token endpoint that cannot be reached", "token-unreachable", () => ({ prepare: (page) => page.route(REFRESH, (route) => route.abort()) })],
];

test("what is wrong with a page is named", async (t) => {
  const site = await openSite(t, { agent: false });
  for (const [what, cause, make] of CASES) {
    await t.test(what, async () => {
      const { says = "", ...page } = make({ origin: site.simulator.origin, page: `${site.origin}/page-1.html` });
      const visitor = await site.visit(page);
      const report = await diagnose(visitor);
      assert.equal(report.cause, cause, report.text);
      assert.ok(report.text.includes(says), report.text);
      visitor.problems.length = 0; // that is what was wrong
    });
  }
});

test("what is wrong with the backend is named in the page as well, and what looks the same", async (t) => {
  const site = await openSite(t, { agent: false });
  const configure = { request: "configureSession" };
  const cases = [
    ["socket-never-opens", ["upgrade-refused", "middlebox"], () => site.fault({ on: "upgrade", count: null, effect: { status: { status: 403 } } })],
    ["token-scope", ["token-expired"], () => site.fault({ on: configure, effect: { close: { code: 1000 } } })],
    ["silent-close", ["middlebox", "deployment-inactive"], () => site.fault({ on: configure, count: null, effect: { close: { code: 1000 } } })],
    ["session-expired", [], () => site.fault({ on: configure, count: null, effect: { error: { code: 4006 } } })],
    ["token-changes", [], () => site.tokenFaults({ always: { token: "new" } })],
    ["token-failing", [], () => site.tokenFaults({ always: { status: 503 } })],
    ["deployment-inactive", [], () => site.settings({ deployments: [{ active: false }] })],
    ["domain-not-allowed", [], () => site.settings({ deployments: [{}], allowedDomains: ["shop.example"] })],
  ];
  for (const [cause, alike, breakIt] of cases) {
    await breakIt();
    const visitor = await site.visit();
    const report = await diagnose(visitor);
    assert.equal(report.cause, cause, report.text);
    assert.deepEqual(report.alike.map((it) => it.cause), alike);
    for (const { experiment } of report.alike) assert.ok(experiment && report.text.includes(experiment), report.text);
    await site.liftFaults();
    await site.tokenFaults({ next: [], always: {} });
  }
});

test("a widget whose files arrive and cannot be started is named", async (t) => {
  const site = await openSite(t, { agent: false });
  const wasm = (change) => (page) =>
    page.route("**/guest-chat-app.wasm", async (route) => {
      const response = await route.fetch();
      await route.fulfill({ response, body: change(await response.body()) });
    });
  const script = (change) => (page) =>
    page.route("**/guest-chat-app.js", async (route) => {
      const response = await route.fetch();
      await route.fulfill({ response, body: change(await response.text()) });
    });
  for (const [what, prepare] of Object.entries({
    "a module that is cut off": wasm((bytes) => bytes.subarray(0, bytes.length / 2)),
    "a module that is empty": wasm(() => ""),
    "a module of another build": wasm(() => Buffer.of(0, 0x61, 0x73, 0x6d, 1, 0, 0, 0)),
    "a script that is cut off": script((text) => text.slice(0, text.length / 2)),
    "a script that is empty": script(() => ""),
  })) {
    await t.test(what, async () => {
      const visitor = await site.visit({ prepare });
      await visitor.page.locator("guest-chat .launcher").click();
      await visitor.page.locator("guest-chat .note").waitFor();
      const report = await diagnose(visitor);
      assert.equal(report.cause, "bundle-broken", report.text);
      visitor.problems.length = 0; // that is what was wrong
    });
  }
});

test("a file that did not arrive and now does is no cause", async (t) => {
  const site = await openSite(t, { agent: false });
  const visitor = await site.visit({ prepare: answering("**/guest-chat-app.wasm", { status: 503 }) });
  await visitor.page.locator("guest-chat .launcher").click();
  await visitor.page.locator("guest-chat .note").waitFor();
  await visitor.page.unroute("**/guest-chat-app.wasm");
  const report = await diagnose(visitor);
  assert.equal(report.cause, null, report.text);
  visitor.problems.length = 0; // the console has it
});

for (const [what, options] of Object.entries({
  "with a token endpoint": {},
  "without one": { attributes: { "token-url": null } },
  "under no policy": { policy: null },
  "that adds to what every object has": { prepare: scripted(() => { Object.prototype.foo = "bar"; }) },
})) {
  test(`a healthy page ${what} is not accused, and nothing is said but the hello`, async (t) => {
    const site = await openSite(t, { agent: false });
    const visitor = await site.visit(options);
    const report = await diagnose(visitor);
    assert.equal(report.cause, null, report.text);
    assert.deepEqual(report.also, []);
    const actions = visitor.frames.filter(({ sent }) => sent).map(({ frame }) => frame.action);
    assert.deepEqual(actions, ["configureSession"]);
    const tokens = visitor.frames.map(({ frame }) => frame.token).filter(Boolean);
    for (const token of tokens) assert.ok(!JSON.stringify(report).includes(token), "a report holds no token");
  });
}

test("a live conversation is not disturbed, and its steps are told", async (t) => {
  const site = await openSite(t, { agent: false });
  const visitor = await site.visit();
  await visitor.open();
  await visitor.send("a secret of mine");
  await visitor.sentMessage("a secret of mine", "sent").waitFor();
  const report = await diagnose(visitor);
  assert.equal(report.cause, null, report.text);
  assert.equal(visitor.sockets.length, 1, "no socket beside the live one");
  assert.ok(report.journal.some(({ from, to }) => from === "idle" && to === "starting"), report.text);
  assert.ok(report.journal.some(({ to }) => to === "online"), report.text);
  const words = JSON.stringify(report);
  assert.ok(!words.includes("secret of mine") && !words.includes(await visitor.token()));
  await visitor.send("and another");
  await visitor.sentMessage("and another", "sent").waitFor();
  assert.deepEqual(await site.said(await visitor.token()), [["inbound", "a secret of mine"], ["inbound", "and another"]]);
});

test("many tabs and a slow network are no cause", async (t) => {
  const site = await openSite(t, { agent: false });
  await site.tokenFaults({ always: { hang_ms: 800 } });
  await site.fault([
    { on: { http: "*" }, count: null, effect: { delay: { ms: 800 } } },
    { on: { push: "*" }, count: null, effect: { delay: { ms: 800 } } },
  ]);
  const visitor = await site.visit();
  const tabs = [visitor, await visitor.newTab(), await visitor.newTab()];
  await visitor.open();
  await visitor.status("online", 20_000);
  for (const tab of tabs) {
    const report = await diagnose(tab);
    assert.equal(report.cause, null, report.text);
  }
});

// The loader alone, in a real browser, with a stand-in for the widget's bundle: what it fetches and when, what it passes on, what it
// says when things go wrong, what it leaves behind. The stand-in records what it is told, and compiles a real (empty) module, so
// that a page's policy has something to forbid. Every page here has the strict policy that we promise to run under.

import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { createServer } from "node:http";
import { after, afterEach, before, beforeEach, test } from "node:test";
import { chromium } from "playwright-core";

const STRICT =
  "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; style-src 'self'; connect-src 'self'; require-trusted-types-for 'script'";
const TAG = '<script async src="/guest-chat.js" data-deployment-id="d-1" data-token-url="/token"></script>';
const BUNDLE = ["/guest-chat-app.js", "/guest-chat-app.wasm", "/guest-chat.css"];

const APP = `
  export default async function init({ module_or_path }) {
    await WebAssembly.instantiateStreaming(module_or_path, {});
  }
  window.trap = () => {
    throw new WebAssembly.RuntimeError("unreachable");
  };
  export function start(root, settings, emit) {
    const said = (window.said ??= []);
    const launcher = document.createElement("button");
    const composer = document.createElement("textarea");
    launcher.className = "launcher";
    launcher.part = "launcher";
    composer.part = "composer";
    composer.hidden = true;
    const draw = (open) => {
      launcher.setAttribute("aria-expanded", open);
      composer.hidden = !open;
    };
    draw(false);
    launcher.addEventListener("click", () => {
      draw(composer.hidden);
      composer.focus();
    });
    root.append(launcher, composer);
    window.emitted = emit;
    window.settings = settings;
    return {
      call(name, args) {
        if (args[0] === "trap") throw new Error("trapped");
        said.push([name, ...args]);
        if (name === "open") queueMicrotask(() => draw(true)); // frameworks draw later
      },
      broke() {
        said.push(["broke"]);
        if (window.dead) trap();
        root.append("It has stopped");
      },
      destroy() {
        said.push(["destroy"]);
        root.replaceChildren();
      },
    };
  }`;

const TYPES = { js: "text/javascript", css: "text/css", wasm: "application/wasm", html: "text/html" };
const files = {
  "/guest-chat.js": await readFile(new URL("../../www/loader.js", import.meta.url)),
  "/guest-chat-app.js": APP,
  "/guest-chat-app.wasm": Buffer.from("0061736d01000000", "hex"),
  "/guest-chat.css": ":host { position: fixed } .launcher { inline-size: 57px }",
};

const widgetStyle = await readFile(new URL("../../www/widget.css", import.meta.url), "utf8");

let browser, server, origin;
let site; // what the server does for the present test
let page, log, violations;

before(async () => {
  server = createServer(serve).listen(0, "127.0.0.1");
  await new Promise((listening) => server.once("listening", listening));
  origin = `http://127.0.0.1:${server.address().port}`;
  browser = await chromium.launch({
    executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
    args: ["--no-sandbox", "--disable-gpu", "--disable-quic", "--disable-background-networking", "--disable-dev-shm-usage"],
  });
});

after(async () => {
  await browser?.close();
  server?.closeAllConnections();
  server?.close();
});

beforeEach(async () => {
  site = { html: document(TAG), policy: STRICT, asked: [], refuse: new Set(), gate: undefined };
  page = await (await browser.newContext()).newPage();
  log = [];
  violations = [];
  page.on("console", (message) => log.push(`${message.type()}: ${message.text()}`));
  page.on("pageerror", (error) => log.push(`uncaught: ${error.message}`));
  await page.exposeFunction("violated", (what) => violations.push(what));
  await page.addInitScript(() => {
    addEventListener("securitypolicyviolation", (event) => violated(`${event.effectiveDirective} ${event.blockedURI}`));
    window.idle = []; // the test says when the page is idle
    window.requestIdleCallback = (callback) => idle.push(callback);
    window.cancelIdleCallback = (id) => delete idle[id - 1];
  });
});

afterEach(() => page.context().close());

async function serve(request, response) {
  const { pathname } = new URL(request.url, origin);
  site.asked.push(request.url);
  if (BUNDLE.includes(pathname)) await site.gate;
  const body = pathname === "/" ? site.html : site.refuse.has(pathname) ? undefined : files[pathname];
  const type = TYPES[pathname.split(".")[1] ?? "html"];
  const headers = { "content-type": type, "cache-control": "no-store", "access-control-allow-origin": "*" };
  if (type === TYPES.html) headers["content-security-policy"] = site.policy;
  response.writeHead(body === undefined ? 404 : 200, headers).end(body);
}

const document = (body, head = "") => `<!doctype html><html lang="en"><title>A page</title>${head}<body><main>Words</main>${body}</body></html>`;
const visit = () => page.goto(origin);
const launcher = () => page.locator("guest-chat .launcher");
const started = () => page.waitForFunction(() => window.settings);
const bundleAsked = () => site.asked.filter((path) => path.startsWith("/guest-chat")).slice(1).sort();
const say = (...args) => page.evaluate((args) => GuestChat(...args), args);
const said = () => page.evaluate(() => window.said);
const warnings = () => log.filter((line) => line.startsWith("warning"));

/** Holds the bundle back until the returned function is called. */
function hold() {
  let release;
  site.gate = new Promise((resolve) => (release = resolve));
  return release;
}

// The launcher ------------------------------------------------------------------------------------------------------------------

test("the launcher is painted before anything of the bundle is asked for", async () => {
  await visit();
  assert.deepEqual(await launcher().boundingBox(), { x: 1280 - 76, y: 720 - 76, width: 56, height: 56 });
  assert.equal(await page.getByRole("button", { name: "Open chat", expanded: false }).count(), 1);
  assert.deepEqual(bundleAsked(), []);
  assert.deepEqual(violations, []);
});

test("a tag in the head waits for the page, and comes last in the order of the Tab key", async () => {
  site.html = document("<button>Page</button>", TAG.replace("async ", ""));
  await visit();
  assert.equal(await page.evaluate(() => document.body.lastElementChild.localName), "guest-chat");
});

test("the launcher stands in the corner of a page that is read from right to left", async () => {
  site.html = document(TAG).replace("<html", '<html dir="rtl"');
  await visit();
  assert.equal((await launcher().boundingBox()).x, 20);
});

for (const colorScheme of ["light", "dark"]) {
  test(`the painted launcher looks as the widget's own does, ${colorScheme}`, async () => {
    files["/page.css"] = "guest-chat { --guest-chat-accent: #e0a030; font-family: fantasy }";
    site.html = document(TAG, '<link rel="stylesheet" href="/page.css">');
    await page.emulateMedia({ colorScheme });
    await visit();
    await launcher().waitFor();
    const look = () => page.evaluate(() => {
      const { shadowRoot } = document.querySelector("guest-chat");
      const names = ["backgroundColor", "color", "boxShadow", "borderRadius", "border", "bottom", "right", "width", "height", "zIndex", "position",
        "cursor", "display", "fill", "stroke", "strokeWidth", "strokeLinecap", "strokeLinejoin"];
      const seen = [shadowRoot.host, shadowRoot.querySelector(".launcher"), shadowRoot.querySelector(".icon")];
      return seen.map((element) => names.map((name) => `${name}: ${getComputedStyle(element)[name]}`));
    });
    const painted = await look();
    await page.evaluate((text) => {
      const sheet = new CSSStyleSheet();
      sheet.replaceSync(text);
      document.querySelector("guest-chat").shadowRoot.adoptedStyleSheets = [sheet];
    }, widgetStyle);
    assert.deepEqual(await look(), painted);
  });
}

test("the page's own style neither reaches the launcher nor is moved by it", async () => {
  files["/page.css"] = "button { display: none } body { display: grid; gap: 99px; margin: 0 } main { height: 10px }";
  site.html = document(TAG, '<link rel="stylesheet" href="/page.css">');
  await visit();
  assert.equal((await launcher().boundingBox()).width, 56);
  assert.equal(await page.evaluate(() => document.body.offsetHeight), 10);
});

// When the bundle is fetched ----------------------------------------------------------------------------------------------------

for (const [hint, act] of Object.entries({
  "when the launcher is hovered": () => launcher().hover(),
  "when the launcher gets focus": () => launcher().focus(),
  "when the page is idle": () => page.evaluate(() => idle[0]()),
})) {
  test(`the bundle is fetched once, in its whole, ${hint}`, async () => {
    await visit();
    await launcher().waitFor();
    await page.waitForFunction(() => idle.length);
    await act();
    await started();
    await page.evaluate(() => idle[0]());
    await launcher().hover();
    assert.deepEqual(bundleAsked(), BUNDLE);
    assert.equal(await launcher().getAttribute("aria-expanded"), "false", "to fetch is not to open");
    assert.deepEqual(violations, []);
  });
}

test("an earlier conversation fetches the bundle at once", async () => {
  await page.addInitScript(() => localStorage.setItem("guest-chat:d-1:session", "{}"));
  await visit();
  await started();
});

test("another deployment's conversation does not", async () => {
  await page.addInitScript(() => localStorage.setItem("guest-chat:d-2:session", "{}"));
  await visit();
  await page.waitForFunction(() => idle.length);
  assert.deepEqual(bundleAsked(), []);
});

test("a page whose storage is blocked gets its launcher", async () => {
  await page.addInitScript(() =>
    Object.defineProperty(window, "localStorage", { get() { throw new DOMException("blocked", "SecurityError"); } }));
  await visit();
  await launcher().click();
  await started();
  assert.deepEqual(log, []);
});

test("a visitor who saves data pays for nothing that is not wanted", async () => {
  await page.addInitScript(() => Object.defineProperty(navigator, "connection", { value: { saveData: true } }));
  await visit();
  await page.waitForLoadState("load");
  assert.equal(await page.evaluate(() => idle.length), 0);
  await launcher().click();
  await started();
});

test("the loader stores nothing and asks nobody but the bundle", async () => {
  await visit();
  await launcher().click();
  await started();
  assert.deepEqual(await page.evaluate(() => [document.cookie, { ...localStorage }, { ...sessionStorage }]), ["", {}, {}]);
  const others = site.asked.filter((path) => !path.startsWith("/guest-chat") && path !== "/" && path !== "/favicon.ico");
  assert.deepEqual(others, []);
});

test("the query of the tag's address is passed on to the bundle, so that a new version is new in its whole", async () => {
  site.html = document(TAG.replace("guest-chat.js", "guest-chat.js?v=2"));
  await visit();
  await launcher().click();
  await started();
  assert.deepEqual(bundleAsked(), BUNDLE.map((path) => `${path}?v=2`));
});

test("the bundle may come from another origin", async () => {
  const cdn = origin.replace("127.0.0.1", "localhost");
  site.html = document(TAG.replace("/guest-chat.js", `${cdn}/guest-chat.js`));
  site.policy = STRICT.replaceAll("'self'", cdn);
  await visit();
  await launcher().click();
  await page.getByRole("textbox").waitFor();
  assert.deepEqual([violations, log], [[], []]);
});

test("a tag that was made a module finds itself", async () => {
  site.html = document(TAG.replace("async", 'type="module"'));
  await visit();
  await launcher().click();
  await page.getByRole("textbox").waitFor();
  assert.equal(await page.evaluate(() => settings.deploymentId), "d-1");
});

test("every attribute of the tag reaches the widget", async () => {
  await visit();
  await launcher().click();
  await started();
  assert.deepEqual(await page.evaluate(() => settings), { deploymentId: "d-1", tokenUrl: "/token" });
});

// A click before the widget is there --------------------------------------------------------------------------------------------

test("a click that comes before the widget is kept, and moves focus as any click does", async () => {
  const release = hold();
  await visit();
  await launcher().click();
  await launcher().click();
  assert.equal(await page.getByRole("button", { name: "Opening chat" }).getAttribute("aria-busy"), "true");
  release();
  await page.getByRole("textbox").waitFor();
  await page.waitForFunction(() => document.querySelector("guest-chat").shadowRoot.activeElement?.localName === "textarea");
  assert.equal(await launcher().count(), 1);
  assert.equal((await launcher().boundingBox()).width, 57, "the widget's own style has taken over");
});

test("a click does not close the panel that the page has opened meanwhile", async () => {
  const release = hold();
  await visit();
  await launcher().click();
  await say("open");
  release();
  await page.waitForFunction(() => document.querySelector("guest-chat").shadowRoot.activeElement?.localName === "textarea");
});

test("a launcher that has focus keeps it when the widget takes over", async () => {
  await visit();
  await launcher().focus();
  await started();
  assert.equal(await page.evaluate(() => document.querySelector("guest-chat").shadowRoot.activeElement?.className), "launcher");
});

test("a load that fails is said in the page and in the console, keeps what was said, and is tried again by a click", async () => {
  site.refuse.add("/guest-chat-app.wasm");
  await visit();
  await page.evaluate(() => GuestChat("on", "error", (error) => (window.failure = error)));
  await say("send", "hello");
  await page.getByRole("alert").getByText("Chat is not available, try again").waitFor();
  assert.equal(await page.evaluate(() => failure.kind), "load");
  assert.ok(log.some((line) => line.startsWith("error: [guest-chat]") && line.includes("guest-chat-app.wasm answered 404")), log);
  site.refuse.clear();
  await page.getByRole("button", { name: "Chat is not available, try again" }).click();
  await page.getByRole("textbox").waitFor();
  assert.equal(await page.getByRole("alert").count(), 0);
  assert.deepEqual(await said(), [["send", "hello"]]);
});

test("a module that could not be imported is imported again", async () => {
  site.refuse.add("/guest-chat-app.js");
  await visit();
  await launcher().click();
  await page.getByRole("alert").waitFor();
  site.refuse.clear();
  await launcher().click();
  await page.getByRole("textbox").waitFor();
});

for (const [name, policy, expected] of [
  ["WebAssembly", STRICT.replace(" 'wasm-unsafe-eval'", ""), /add 'wasm-unsafe-eval' to its script-src/],
  ["the bundle's files", STRICT.replace("connect-src 'self'", "connect-src 'none'"), /not allowed .* Content-Security-Policy \(script-src, connect-src\)/],
]) {
  test(`a page whose policy forbids ${name} is told what to add`, async () => {
    site.policy = policy;
    await visit();
    await launcher().click();
    await page.getByRole("alert").waitFor();
    assert.ok(log.some((line) => line.startsWith("error: [guest-chat]") && expected.test(line)), log.join("\n"));
  });
}

test("a preload that fails does not trouble a visitor who has asked for nothing", async () => {
  site.refuse.add("/guest-chat.css");
  await visit();
  const said = page.waitForEvent("console", { predicate: (message) => message.text().startsWith("[guest-chat]") });
  await launcher().hover();
  await said;
  assert.equal(await page.getByRole("button", { name: "Open chat" }).count(), 1);
  assert.equal(await page.getByRole("alert").count(), 0);
});

// What the page says ------------------------------------------------------------------------------------------------------------

test("what was said before the loader and before the widget is replayed in order", async () => {
  files["/stub.js"] =
    'window.GuestChat=window.GuestChat||function(){(GuestChat.q=GuestChat.q||[]).push(arguments)};GuestChat("send","one");GuestChat("open")';
  site.html = document(TAG, '<script src="/stub.js"></script>');
  const release = hold();
  await visit();
  await launcher().waitFor();
  await say("close");
  await say("send", "two");
  release();
  await started();
  await say("open");
  assert.deepEqual(await said(), [["send", "one"], ["open"], ["close"], ["send", "two"], ["open"]]);
});

test("to close what was never opened fetches nothing", async () => {
  await visit();
  await launcher().waitFor();
  await say("close");
  assert.deepEqual(bundleAsked(), []);
});

test("listeners hear their event until they unsubscribe, and one that throws disturbs no other", async () => {
  await visit();
  await say("open");
  await started();
  const heard = await page.evaluate(async () => {
    const heard = [];
    GuestChat("on", "message", () => { throw new Error("broken listener"); });
    const unsubscribe = GuestChat("on", "message", (message) => heard.push(message.text));
    GuestChat("on", "unread", (count) => heard.push(count));
    emitted("message", { text: "one" });
    emitted("unread", 3);
    emitted("unheard-of", 1);
    await Promise.resolve();
    unsubscribe();
    emitted("message", { text: "two" });
    await Promise.resolve();
    return heard;
  });
  assert.deepEqual(heard, ["one", 3]);
  assert.equal(log.filter((line) => line === "uncaught: broken listener").length, 2);
});

test("who subscribes to status late hears the current one, once", async () => {
  await visit();
  await say("open");
  await started();
  const heard = await page.evaluate(async () => {
    const heard = [];
    emitted("status", "connecting");
    emitted("status", "online");
    GuestChat("on", "status", (status) => heard.push(status));
    await Promise.resolve();
    return heard;
  });
  assert.deepEqual(heard, ["online"]);
});

test("a listener may call GuestChat without re-entering the widget", async () => {
  await visit();
  await say("open");
  await started();
  const order = await page.evaluate(async () => {
    GuestChat("on", "message", () => GuestChat("send", "answer"));
    emitted("message", {});
    said.push(["emitted"]);
    await Promise.resolve();
    return said;
  });
  assert.deepEqual(order, [["open"], ["emitted"], ["send", "answer"]]);
});

test("a trap in the widget is reported, and what was said after it is still heard", async () => {
  const release = hold();
  await visit();
  await launcher().waitFor();
  await say("send", "trap");
  await say("send", "after");
  release();
  await page.waitForFunction(() => window.said?.length);
  assert.deepEqual(await said(), [["send", "after"]]);
  assert.deepEqual(log, ["uncaught: trapped"]);
});

test("what makes no sense is answered by a warning that names what does", async () => {
  await visit();
  await launcher().waitFor();
  await say("opne");
  await say("toString");
  await say("send", 7);
  await say("send", " ");
  await say("on", "mesage");
  await say("on", "message", "not a function");
  assert.equal(warnings().length, 6);
  assert.match(warnings()[0], /\("opne"\) is unknown, known are: open, close, send, on, diagnose, destroy/);
  assert.match(warnings()[4], /one of: message, status, unread, queue, error/);
  assert.deepEqual(bundleAsked(), []);
});

// The end -----------------------------------------------------------------------------------------------------------------------

test("destroy leaves nothing, later calls warn once, and a new tag starts afresh", async () => {
  await visit();
  await say("open");
  await started();
  await say("destroy");
  assert.equal(await page.locator("guest-chat").count(), 0);
  await say("open");
  await say("send", "into the void");
  assert.equal(warnings().length, 1);
  assert.match(warnings()[0], /\("open"\) does nothing after GuestChat\("destroy"\)/);
  assert.deepEqual(await said(), [["open"], ["destroy"]]);

  await page.evaluate(() => {
    const policy = trustedTypes.createPolicy("page", { createScriptURL: (url) => url });
    const tag = document.createElement("script");
    tag.src = policy.createScriptURL("/guest-chat.js");
    tag.dataset.deploymentId = "d-2";
    document.head.append(tag);
  });
  await launcher().click();
  await page.getByRole("textbox").waitFor();
  await say("send", "again");
  assert.equal(await page.evaluate(() => settings.deploymentId), "d-2");
  assert.deepEqual((await said()).pop(), ["send", "again"]);
});

test("destroy while the bundle is on its way ends it", async () => {
  const release = hold();
  await visit();
  await launcher().click();
  await say("destroy");
  release();
  await page.waitForLoadState("networkidle");
  assert.equal(await page.evaluate(() => window.settings), undefined);
  assert.deepEqual(log.filter((line) => !line.includes("favicon")), []);
});

test("a second tag is ignored with a warning", async () => {
  site.html = document(TAG + TAG);
  await visit();
  await launcher().waitFor();
  await page.waitForLoadState("load");
  assert.equal(await page.locator("guest-chat").count(), 1);
  assert.match(warnings()[0], /on this page already/);
});

// A bug -------------------------------------------------------------------------------------------------------------------------

const stopped = () => log.filter((line) => line.includes("has stopped the chat"));

/** A visit whose widget is there, and whose page listens for errors. */
async function visitAndListen() {
  await visit();
  await launcher().click();
  await started();
  await page.evaluate(() => GuestChat("on", "error", (error) => (window.failures ??= []).push(error.kind)));
}

for (const [where, act] of Object.entries({
  "in a listener of the browser's": () => document.body.click(),
  "in a callback of a promise": () => void Promise.resolve().then(trap),
  "in a timer": () => setTimeout(trap),
})) {
  test(`a trap ${where} is reported once, and the widget says that it has stopped`, async () => {
    await visitAndListen();
    await page.evaluate(() => document.body.addEventListener("click", trap));
    await page.evaluate(act);
    await page.waitForFunction(() => document.querySelector("guest-chat").shadowRoot.textContent.includes("It has stopped"));
    await page.evaluate(act);
    await page.evaluate(() => new Promise((done) => setTimeout(done, 50)));
    assert.deepEqual((await said()).filter(([name]) => name === "broke"), [["broke"]]);
    assert.deepEqual(await page.evaluate(() => failures), ["broken"]);
    assert.equal(stopped().length, 1);
    assert.equal(log.filter((line) => line.startsWith("uncaught: unreachable")).length, 2, "it can be seen by the page's own means");
    assert.equal(await page.getByRole("alert").count(), 0);
  });
}

test("a widget that is too far gone to say so is replaced by a plain line", async () => {
  await visitAndListen();
  await page.evaluate(() => {
    window.dead = true;
    setTimeout(trap);
  });
  await page.getByRole("alert").getByText("The chat has stopped working. Reload the page to go on").waitFor();
  assert.equal(await launcher().isDisabled(), true);
  assert.equal(log.filter((line) => line.startsWith("uncaught")).length, 1);
  await say("send", "still no error of the page's");
  await say("destroy");
  assert.equal(await page.locator("guest-chat").count(), 0);
});

test("what goes wrong elsewhere in the page is not taken for a bug of the widget's", async () => {
  files["/page.js"] = `
    setTimeout(() => { throw new WebAssembly.RuntimeError("of the page's own module") });
    setTimeout(() => { throw undefined });
    Promise.reject(null);
    GuestChat("on", "unread", () => { throw new Error("in a listener of the page's") });
    emitted("unread", { count: 1 });
    window.over = true;`;
  await visitAndListen();
  await page.evaluate(() => {
    const tag = document.createElement("script");
    tag.src = trustedTypes.createPolicy("page", { createScriptURL: (url) => url }).createScriptURL("/page.js");
    document.head.append(tag);
  });
  await page.waitForFunction(() => window.over);
  await page.evaluate(() => new Promise((done) => setTimeout(done, 50)));
  assert.equal(log.filter((line) => line.startsWith("uncaught")).length, 4, log);
  assert.deepEqual([stopped(), await page.evaluate(() => window.failures)], [[], undefined]);
});

test("nothing is heard of a trap after destroy", async () => {
  await visitAndListen();
  await say("destroy");
  await page.evaluate(() => setTimeout(trap));
  await page.evaluate(() => new Promise((done) => setTimeout(done, 50)));
  assert.deepEqual(stopped(), []);
});

// Routers -----------------------------------------------------------------------------------------------------------------------

test("the widget outlives a router that swaps the body, and removes the dead copy from its cache", async () => {
  await visit();
  await say("open");
  await started();
  await page.evaluate(() => {
    window.original = document.querySelector("guest-chat");
    const body = document.createElement("body");
    body.append(original.cloneNode(true));
    document.body.replaceWith(body);
  });
  assert.equal(await page.evaluate(() => document.querySelector("guest-chat") === original), true);
  assert.equal(await page.locator("guest-chat").count(), 1);
  await page.evaluate(() => document.body.replaceChildren());
  assert.equal(await page.evaluate(() => original.isConnected), true);
  assert.deepEqual(await said(), [["open"]]);
});

test("a page may move the element to where it wants it", async () => {
  await visit();
  await launcher().waitFor();
  await page.evaluate(() => document.querySelector("main").append(document.querySelector("guest-chat")));
  assert.equal(await page.evaluate(() => document.querySelector("guest-chat").parentNode.localName), "main");
});

test("a page that takes the element away over and over is believed", async () => {
  await visit();
  await launcher().waitFor();
  await page.evaluate(() => {
    new MutationObserver(() => document.querySelector("guest-chat")?.remove()).observe(document.body, { childList: true });
    document.querySelector("guest-chat").remove();
  });
  assert.equal(await page.locator("guest-chat").count(), 0);
  await say("open");
  assert.equal(warnings().length, 1);
});

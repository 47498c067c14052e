// What the page that embeds the widget can say to it, hear from it, and get wrong.

import assert from "node:assert/strict";
import { test } from "node:test";

import { DEPLOYMENT, openSite, PATIENCE, until } from "./harness.mjs";

/** The README's line for pages that speak before the loader is there. */
const STUB = "window.GuestChat=window.GuestChat||function(){(GuestChat.q=GuestChat.q||[]).push(arguments)};";

/** Writes down everything that the page can hear, in `heard`. */
function listen() {
  globalThis.heard = [];
  for (const event of ["message", "status", "unread", "error"]) {
    globalThis.GuestChat("on", event, (detail) => globalThis.heard.push([event, detail]));
  }
}

/** What the page has heard of this event. */
async function heard(visitor, event) {
  const all = await visitor.page.evaluate(() => globalThis.heard);
  return all.filter(([name]) => name === event).map(([, detail]) => detail);
}

const warnings = (visitor) => visitor.lines.filter((line) => line.startsWith("warning: [guest-chat]"));

test("what the page says before the loader is there is heard", async (t) => {
  const site = await openSite(t, { agent: false });
  const visitor = await site.visit({
    prepare: (page) => page.addInitScript(`${STUB} (${listen})(); GuestChat("send", "one"); GuestChat("send", "two"); GuestChat("open");`),
  });
  await visitor.sentMessage("two", "sent").waitFor();
  await visitor.reads([["inbound", "one"], ["inbound", "two"]]);
  assert.deepEqual(await site.said(await visitor.token()), await visitor.screen());
  assert.equal(await visitor.part("panel").isVisible(), true);
  assert.equal((await heard(visitor, "status")).at(-1).status, "online");
});

test("what the page says before the bundle is there is heard", async (t) => {
  const site = await openSite(t, { agent: false });
  let release;
  const released = new Promise((resolve) => (release = resolve));
  const visitor = await site.visit({
    prepare: (page) => page.route("**/*.wasm", async (route) => {
      await released;
      await route.continue();
    }),
  });
  await visitor.part("launcher").waitFor();
  await visitor.api("send", "one");
  await visitor.api("open");
  await visitor.api("send", "two");
  release();
  await visitor.sentMessage("two", "sent").waitFor();
  await visitor.reads([["inbound", "one"], ["inbound", "two"]]);
});

test("the page hears each message once, from both sides, with all that it may know", async (t) => {
  const site = await openSite(t, { agent: false });
  const visitor = await site.visit();
  await visitor.page.evaluate(listen);
  await visitor.open();
  await visitor.send("Hello");
  await visitor.sentMessage("Hello", "sent").waitFor();
  await site.agent({ action: "say", text: "Good day" });
  await visitor.receivedMessage("Good day").waitFor();

  const [inbound, outbound, ...more] = await heard(visitor, "message");
  assert.deepEqual(more, []);
  for (const message of [inbound, outbound]) {
    assert.ok(Math.abs(Date.parse(message.time) - Date.now()) < 60_000, message.time);
    assert.match(message.time, /^\d{4}-.*Z$/);
    delete message.time;
  }
  const [, written] = (await site.transcript(await visitor.token())).filter(({ kind }) => kind === "Message");
  assert.match(outbound.id, /./);
  assert.equal(outbound.id, written.id);
  delete inbound.id;
  assert.deepEqual(inbound, { direction: "inbound", text: "Hello", state: "sent" });
  assert.deepEqual(outbound, { id: written.id, direction: "outbound", text: "Good day", author: { name: "Ana", isBot: false } });
});

test("the page hears how the connection is, and nothing of earlier conversations", async (t) => {
  const site = await openSite(t, { agent: false });
  const visitor = await site.visit();
  await visitor.page.evaluate(listen);
  await visitor.open();
  await visitor.status("online");
  assert.deepEqual((await heard(visitor, "status")).map(({ status }) => status), ["connecting", "online"]);

  await visitor.send("Hello");
  await visitor.sentMessage("Hello", "sent").waitFor();
  await visitor.page.reload();
  await visitor.page.evaluate(listen);
  await visitor.sentMessage("Hello", "sent").waitFor();
  await visitor.status("online");
  assert.deepEqual(await heard(visitor, "message"), []);
});

test("the page hears the number of unread messages, and that they were read", async (t) => {
  const site = await openSite(t, { agent: false });
  const visitor = await site.visit();
  await visitor.page.evaluate(listen);
  await visitor.api("send", "Hello");
  await visitor.status("online");
  await site.agent({ action: "say", text: "one" });
  await site.agent({ action: "say", text: "two" });
  await until("two unread", PATIENCE, async () => (await heard(visitor, "unread")).at(-1)?.count === 2);
  await visitor.api("open");
  await until("none unread", PATIENCE, async () => (await heard(visitor, "unread")).at(-1)?.count === 0);
  assert.deepEqual((await heard(visitor, "unread")).map(({ count }) => count).filter((count) => count), [1, 2]);
});

test("the page hears of trouble by stable words and its number, never of what was written", async (t) => {
  const site = await openSite(t, { agent: false });
  const visitor = await site.visit();
  await visitor.page.evaluate(listen);
  await visitor.open();
  await visitor.status("online");
  await site.fault({ on: { request: "text" }, effect: { close: { code: 1011, reason: "restart", cut: "beforeAccept" } } });
  await visitor.send("a secret");
  await visitor.sentMessage("a secret", "sent").waitFor();
  const [error] = await heard(visitor, "error");
  assert.equal(typeof error.kind, "string");
  assert.equal(error.code, 1011);
  assert.equal(error.cause, "backend-failing");
  const spoken = JSON.stringify([await heard(visitor, "error"), await heard(visitor, "status"), visitor.lines]);
  assert.ok(!spoken.includes("a secret"), spoken);
  assert.ok(!spoken.includes(await visitor.token()), "no token either");
});

test("whoever unsubscribes hears no more", async (t) => {
  const site = await openSite(t, { agent: false });
  const visitor = await site.visit();
  await visitor.page.evaluate(() => {
    globalThis.both = [];
    const stop = globalThis.GuestChat("on", "message", () => {
      globalThis.both.push("first");
      stop();
    });
    globalThis.GuestChat("on", "message", () => globalThis.both.push("second"));
  });
  await visitor.open();
  for (const text of ["one", "two"]) {
    await visitor.send(text);
    await visitor.sentMessage(text, "sent").waitFor();
  }
  assert.deepEqual(await visitor.page.evaluate(() => globalThis.both), ["first", "second", "second"]);
});

test("destroy leaves no element, socket, listener, timer or lock, and later calls warn once", async (t) => {
  const site = await openSite(t, { agent: false });
  const visitor = await site.visit({ prepare: (page) => page.addInitScript(keepCount) });
  const before = await visitor.page.evaluate(() => globalThis.alive());
  await visitor.open();
  await visitor.send("Hello");
  await visitor.sentMessage("Hello", "sent").waitFor();
  const during = await visitor.page.evaluate(() => globalThis.alive());
  assert.ok(during.timers > 0 && during.listeners.length > 5 && during.locks > 0, JSON.stringify(during));
  await visitor.part("composer").fill("half a sen"); // with a timer of its own

  await visitor.api("destroy");
  await until("the socket to close", PATIENCE, async () => (await site.connections()).length === 0);
  assert.equal(await visitor.page.locator("guest-chat").count(), 0);
  const after = await visitor.page.evaluate(() => globalThis.alive());
  assert.deepEqual(after, { timers: 0, listeners: [], locks: 0 }, `before it was ${JSON.stringify(before)}`);

  await visitor.api("open");
  await visitor.api("send", "into the void");
  assert.equal(warnings(visitor).length, 1, visitor.lines.join("\n"));
  assert.deepEqual(await site.said(await visitor.token()), [["inbound", "Hello"]]);
});

/** Counts what lives outside of the widget's own elements. Runs in the page, before anything else. */
function keepCount() {
  const timers = new Set();
  const { setTimeout: start, clearTimeout: stop, setInterval: repeat, clearInterval: end } = globalThis;
  globalThis.setTimeout = (call, ...rest) => {
    const id = start((...args) => {
      timers.delete(id);
      call(...args);
    }, ...rest);
    timers.add(id);
    return id;
  };
  globalThis.clearTimeout = (id) => {
    timers.delete(id);
    stop(id);
  };
  globalThis.setInterval = (...args) => {
    const id = repeat(...args);
    timers.add(id);
    return id;
  };
  globalThis.clearInterval = (id) => {
    timers.delete(id);
    end(id);
  };

  const listeners = new Set();
  const { addEventListener: add, removeEventListener: remove } = EventTarget.prototype;
  const same = (a) => (b) => a.target === b.target && a.type === b.type && a.listener === b.listener;
  const forget = (entry) => [...listeners].filter(same(entry)).forEach((it) => listeners.delete(it));
  EventTarget.prototype.addEventListener = function (type, listener, options) {
    const target = this ?? globalThis;
    const entry = { target, type, listener };
    if (target === globalThis || target === document || target === globalThis.visualViewport || target === document.documentElement) {
      listeners.add(entry);
      options?.signal?.addEventListener("abort", () => forget(entry));
      if (options?.once) add.call(target, type, () => forget(entry), { once: true });
    }
    return add.call(target, type, listener, options);
  };
  EventTarget.prototype.removeEventListener = function (type, listener, options) {
    forget({ target: this ?? globalThis, type, listener });
    return remove.call(this ?? globalThis, type, listener, options);
  };

  globalThis.alive = async () => ({
    timers: timers.size,
    listeners: [...listeners].map(({ type }) => type),
    locks: (await navigator.locks.query()).held.length,
  });
}

test("a new tag after destroy starts afresh, and finds the conversation again", async (t) => {
  const site = await openSite(t, { agent: false });
  const visitor = await site.visit();
  await visitor.open();
  await visitor.send("before");
  await visitor.sentMessage("before", "sent").waitFor();
  await visitor.api("destroy");
  await visitor.page.evaluate(([deploymentId, endpoint]) => {
    const policy = trustedTypes.createPolicy("page", { createScriptURL: (url) => url });
    const tag = document.createElement("script");
    tag.src = policy.createScriptURL("/guest-chat.js");
    Object.assign(tag.dataset, { deploymentId, endpoint, tokenUrl: "/api/genesys/refresh" });
    document.head.append(tag);
  }, [DEPLOYMENT, site.simulator.origin]);
  await visitor.part("launcher").waitFor();
  await visitor.status("online");
  await visitor.api("send", "after");
  await visitor.sentMessage("after", "sent").waitFor({ state: "attached" });
  await visitor.reads([["inbound", "before"], ["inbound", "after"]]);
  assert.deepEqual(await site.said(await visitor.token()), await visitor.screen());
});

test("every bad attribute is named at once, in the console and in the panel, and nothing is asked for", async (t) => {
  const site = await openSite(t);
  const visitor = await site.visit({
    attributes: { "deployment-id": "no id", region: "ireland", endpoint: "127.0.0.1", "token-url": "https://elsewhere.example/token" },
    prepare: (page) => page.addInitScript(`${STUB} (${listen})();`),
  });
  await visitor.open();
  await visitor.status("misconfigured");
  const panel = await visitor.part("panel").innerText();
  const console = visitor.lines.filter((line) => line.startsWith("error: [guest-chat]"));
  assert.equal(console.length, 1, visitor.lines.join("\n"));
  const events = (await heard(visitor, "error")).map(({ message }) => message);
  for (const field of ["data-deployment-id", "data-region", "data-endpoint", "data-token-url"]) {
    assert.ok(panel.includes(field), `${field} is not in the panel: ${panel}`);
    assert.ok(console[0].includes(field), `${field} is not in the console: ${console}`);
    assert.equal(events.filter((line) => line.startsWith(field)).length, 1, events.join("\n"));
  }
  assert.equal(await visitor.part("composer").isDisabled(), true);
  assert.deepEqual([visitor.sockets, await site.tokenRequests()], [[], []]);
  visitor.problems.length = 0; // the one line that was asked for
});

test("a region that cannot be is answered with those that there are", async (t) => {
  const site = await openSite(t);
  const visitor = await site.visit({ attributes: { region: "mypurecloud,ie" } });
  await visitor.open();
  await visitor.status("misconfigured");
  for (const words of [await visitor.part("panel").innerText(), visitor.lines.join("\n")]) {
    assert.match(words, /data-region[^]*mypurecloud\.ie/);
    assert.doesNotMatch(words, /data-endpoint/);
  }
  visitor.problems.length = 0;
});

test("a second tag is ignored with a warning, and the first one's settings stay", async (t) => {
  const site = await openSite(t, { agent: false });
  // Not async, so it runs before the usual one; and without a token endpoint.
  const first = `<script src="/guest-chat.js" data-deployment-id="${DEPLOYMENT}" data-endpoint="${site.simulator.origin}"></script>`;
  const visitor = await site.visit({ body: first });
  await visitor.page.waitForLoadState();
  await visitor.open();
  await visitor.status("online");
  assert.equal(await visitor.page.locator("guest-chat").count(), 1);
  assert.equal(warnings(visitor).length, 1, visitor.lines.join("\n"));
  assert.deepEqual(await site.tokenRequests(), []);
});

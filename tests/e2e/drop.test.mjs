// Drops: whatever happens to the connection, at whatever moment, each message is accepted exactly once and the screen shows what
// was accepted. What fails here is set up at the simulator; what was accepted is counted there, too.

import assert from "node:assert/strict";
import { test } from "node:test";

import { openSite, PATIENCE, until } from "./harness.mjs";

/** A fate that is looked up waits until history has settled, and history may be asked only ten times a minute. */
const LONG = 30_000;

/** A visitor with a living conversation of one message. */
async function chat(t, options) {
  const site = await openSite(t, { agent: false });
  const visitor = await site.visit(options);
  await visitor.open();
  await visitor.send("before");
  await visitor.sentMessage("before", "sent").waitFor();
  return { site, visitor };
}

/** Backend and screen agree on exactly these messages of the visitor's. */
async function agree(site, visitor, ...texts) {
  const expected = texts.map((text) => ["inbound", text]);
  await visitor.reads(expected, LONG);
  await visitor.sentMessage(texts.at(-1), "sent").waitFor({ timeout: LONG });
  assert.deepEqual(await site.said(await visitor.token()), expected);
  assert.equal(await visitor.page.locator('guest-chat [data-direction="inbound"]:not([data-state="sent"])').count(), 0);
}

const CUTS = {
  beforeAccept: "before it is accepted",
  afterAccept: "after it is accepted and before its echo",
  afterEcho: "after its echo",
};

for (const [cut, when] of Object.entries(CUTS)) {
  for (const [how, effect] of [["closes with 1000", { close: { code: 1000, cut } }], ["breaks", { drop: { cut } }]]) {
    test(`a message is sent once when the connection ${how} ${when}`, async (t) => {
      const { site, visitor } = await chat(t);
      await site.fault({ on: { request: "text" }, effect });
      await visitor.send("in the middle");
      await until("the fault to strike", PATIENCE, async () => (await site.faultsStruck())[0] === 1);
      await visitor.send("behind it");
      await agree(site, visitor, "before", "in the middle", "behind it");
      assert.equal(visitor.sockets.length, 2);
    });
  }
}

test("a message whose echo is lost on a living connection is sent once", async (t) => {
  const { site, visitor } = await chat(t, { prepare: (page) => page.clock.install() });
  await site.fault({ on: { push: "Inbound" }, effect: "lose" });
  await visitor.send("no echo");
  await until("the fault to strike", PATIENCE, async () => (await site.faultsStruck())[0] === 1);
  await visitor.page.clock.fastForward(9_000);
  await agree(site, visitor, "before", "no echo");
});

test("a connection that goes dead without a word is found out, and nothing is lost or repeated", async (t) => {
  const { site, visitor } = await chat(t, { prepare: (page) => page.clock.install() });
  await site.fault({ on: { request: "text" }, effect: { blackHole: { side: "both" } } });
  await visitor.send("into the dark");
  await until("the fault to strike", PATIENCE, async () => (await site.faultsStruck())[0] === 1);
  await visitor.page.clock.fastForward(9_000);
  await agree(site, visitor, "before", "into the dark");
});

test("an agent's words during a drop are there after it, once and in order", async (t) => {
  const { site, visitor } = await chat(t);
  await site.fault({ on: "upgrade", count: 2, effect: { status: { status: 503 } } });
  await site.agent({ action: "close-all", code: 1006 });
  await until("the connection to be gone", PATIENCE, async () => (await site.connections()).length === 0);
  for (const text of ["first", "second", "third"]) await site.agent({ action: "say", text });
  await visitor.reads([["inbound", "before"], ...["first", "second", "third"].map((text) => ["outbound", text])], LONG);
  await visitor.status("online");
});

test("a message twice echoed is shown once", async (t) => {
  const { site, visitor } = await chat(t);
  await site.fault({ on: { push: "text" }, count: null, effect: "duplicate" });
  await visitor.send("echo, echo");
  await visitor.sentMessage("echo, echo", "sent").waitFor();
  await site.agent({ action: "say", text: "echo" });
  await visitor.receivedMessage("echo").waitFor();
  await site.liftFaults();
  await site.agent({ action: "say", text: "over" });
  await visitor.receivedMessage("over").waitFor();
  await visitor.reads(await site.said(await visitor.token()));
});

test("a message that the backend has no time for waits as long as it asks, and is sent once", async (t) => {
  const { site, visitor } = await chat(t);
  await site.fault({ on: { request: "text" }, effect: { tooManyRequests: { retryAfter: 2 } } });
  await visitor.send("too fast");
  await visitor.send("faster still");
  await agree(site, visitor, "before", "too fast", "faster still");
});

test("a message that the backend cannot take is shown as failed, and can be tried again", async (t) => {
  const { site, visitor } = await chat(t);
  await site.fault({ on: { request: "text" }, effect: { error: { code: 400, message: "no" } } });
  await visitor.send("not like this");
  await visitor.sentMessage("not like this", "failed").waitFor();
  await visitor.part("retry").click();
  await agree(site, visitor, "before", "not like this");
});

test("a message whose fate nobody can tell is shown as such, and is sent again only if the visitor wants it", async (t) => {
  const { site, visitor } = await chat(t);
  await site.fault([
    { on: { http: "/messages" }, count: null, effect: { status: { status: 503 } } },
    { on: { request: "text" }, effect: { drop: { cut: "beforeAccept" } } },
  ]);
  await visitor.send("who knows");
  await visitor.sentMessage("who knows", "unconfirmed").waitFor();
  await visitor.part("retry").waitFor({ timeout: LONG });
  assert.deepEqual(await site.said(await visitor.token()), [["inbound", "before"]], "not by itself");
  await site.liftFaults();
  await visitor.part("retry").click();
  await agree(site, visitor, "before", "who knows");
});

test("a message that is left in doubt and was accepted is not sent again, and history settles it", async (t) => {
  const { site, visitor } = await chat(t);
  await site.fault([
    { on: { http: "/messages" }, count: null, effect: { status: { status: 503 } } },
    { on: { request: "text" }, effect: { drop: { cut: "afterAccept" } } },
  ]);
  await visitor.send("it was there");
  await visitor.part("retry").waitFor({ timeout: LONG });
  await site.liftFaults();
  await visitor.page.reload();
  await agree(site, visitor, "before", "it was there");
});

test("a simulator that is killed and started again goes on with the conversation", async (t) => {
  const { site, visitor } = await chat(t);
  await site.simulator.kill();
  await visitor.status("reconnecting");
  await visitor.send("while it is down");
  await visitor.sentMessage("while it is down", "queued").waitFor();
  await visitor.send("and another");
  assert.equal(await visitor.part("composer").isDisabled(), false);
  await site.simulator.start();
  await agree(site, visitor, "before", "while it is down", "and another");
  await visitor.send("and after");
  await agree(site, visitor, "before", "while it is down", "and another", "and after");
});

test("a simulator that is killed between a message and its echo has it once", async (t) => {
  const { site, visitor } = await chat(t);
  await site.fault({ on: { push: "Inbound" }, effect: { delay: { ms: 60_000 } } });
  await visitor.send("just accepted");
  await until("the message to be accepted", PATIENCE, async () => (await site.said(await visitor.token())).length === 2);
  await site.simulator.restart();
  await agree(site, visitor, "before", "just accepted");
});

test("offline is said, what is written meanwhile waits, and it is sent once the network is back", async (t) => {
  const { site, visitor } = await chat(t);
  await visitor.context.setOffline(true);
  await visitor.status("offline");
  await visitor.send("from the tunnel");
  await visitor.sentMessage("from the tunnel", "queued").waitFor();
  await visitor.part("status").getByText("You are offline").waitFor();
  await visitor.context.setOffline(false);
  await agree(site, visitor, "before", "from the tunnel");
  await visitor.status("online");
  await until("nothing to be said about the connection", PATIENCE, async () => (await visitor.part("status").textContent()) === "");
});

test("the visitor need not wait for the next attempt", async (t) => {
  const { site, visitor } = await chat(t);
  await site.simulator.kill();
  const tryNow = visitor.page.getByRole("button", { name: "Try now" });
  await tryNow.waitFor();
  await until("a wait of some seconds", LONG, async () => /Next try in [3-9]/.test(await visitor.part("status").textContent()));
  await site.simulator.start();
  await tryNow.click();
  await visitor.status("online");
});

// A reload in the middle --------------------------------------------------------------------------------------------------------

test("a reload keeps the conversation, the open panel and the half-written sentence", async (t) => {
  const { visitor } = await chat(t);
  await visitor.part("composer").fill("half a sen");
  await visitor.page.reload();
  await visitor.part("panel").waitFor();
  await visitor.reads([["inbound", "before"]]);
  await until("the draft", PATIENCE, async () => (await visitor.part("composer").inputValue()) === "half a sen");
  await visitor.status("online");
});

test("a panel that was closed stays closed over a reload", async (t) => {
  const { visitor } = await chat(t);
  await visitor.part("launcher").click();
  await visitor.page.reload();
  await visitor.status("online");
  assert.equal(await visitor.part("panel").isVisible(), false);
});

test("a message is sent once when the page is reloaded in the moment of sending it", async (t) => {
  const { site, visitor } = await chat(t);
  await visitor.send("and gone");
  await visitor.page.reload();
  await agree(site, visitor, "before", "and gone");
});

test("a message is sent once when the page is reloaded between its acceptance and its echo", async (t) => {
  const { site, visitor } = await chat(t);
  await site.fault({ on: { push: "Inbound" }, effect: { delay: { ms: 60_000 } } });
  await visitor.send("no echo yet");
  await until("the message to be accepted", PATIENCE, async () => (await site.said(await visitor.token())).length === 2);
  await visitor.page.reload();
  await agree(site, visitor, "before", "no echo yet");
});

test("a message is sent once when the page is reloaded before it was accepted", async (t) => {
  const { site, visitor } = await chat(t);
  await site.fault({ on: { request: "text" }, effect: { blackHole: { side: "both" } } });
  await visitor.send("never arrived");
  await until("the fault to strike", PATIENCE, async () => (await site.faultsStruck())[0] === 1);
  await visitor.page.reload();
  await agree(site, visitor, "before", "never arrived");
});

test("messages that wait for the network survive a reload, and are sent once and in order", async (t) => {
  const { site, visitor } = await chat(t);
  await site.simulator.kill();
  await visitor.status("reconnecting");
  await visitor.send("one");
  await visitor.send("two");
  await visitor.sentMessage("two", "queued").waitFor();
  await visitor.page.reload();
  await visitor.sentMessage("two", "queued").waitFor();
  await visitor.send("three");
  await visitor.page.reload();
  await visitor.sentMessage("three", "queued").waitFor();
  await site.simulator.start();
  await agree(site, visitor, "before", "one", "two", "three");
});

test("a first message survives a reload before there was any connection", async (t) => {
  const site = await openSite(t, { agent: false });
  await site.tokenFaults({ always: { status: 503 } });
  const visitor = await site.visit();
  await visitor.open();
  await visitor.send("the very first");
  await visitor.sentMessage("the very first", "queued").waitFor();
  await visitor.page.reload();
  await visitor.sentMessage("the very first", "queued").waitFor();
  await site.tokenFaults({ always: {} });
  await agree(site, visitor, "the very first");
});

test("a visitor who goes on to another page and comes back goes on with the conversation", async (t) => {
  const { site, visitor } = await chat(t);
  await visitor.page.goto(`${visitor.address}?another`);
  await visitor.send("from the second page");
  await visitor.sentMessage("from the second page", "sent").waitFor();
  await visitor.page.goBack();
  await visitor.send("from the first page");
  await agree(site, visitor, "before", "from the second page", "from the first page");
});

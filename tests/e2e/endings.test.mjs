// Every way in which a conversation ends or is taken away: what the visitor sees of it, what is kept, and the way on.

import assert from "node:assert/strict";
import { test } from "node:test";

import { DEPLOYMENT, openSite, PATIENCE, until } from "./harness.mjs";

async function chat(t, options) {
  const site = await openSite(t, { agent: false });
  const visitor = await site.visit(options);
  await visitor.open();
  await visitor.send("before");
  await visitor.sentMessage("before", "sent").waitFor();
  return { site, visitor };
}

const draft = (visitor) => visitor.part("composer").inputValue();

test("an agent who ends the conversation leaves it to be read, and what was half written to the next one", async (t) => {
  const { site, visitor } = await chat(t);
  await visitor.part("composer").fill("one more thing");
  await site.agent({ action: "disconnect" });
  await visitor.status("readonly");
  assert.equal(await visitor.part("composer").isDisabled(), true);
  await visitor.reads([["inbound", "before"]]);
  assert.equal(await draft(visitor), "one more thing");

  await visitor.part("new-chat").click();
  await visitor.status("online");
  assert.equal(await visitor.part("composer").isDisabled(), false);
  assert.equal(await draft(visitor), "one more thing");
  await visitor.part("composer").press("Enter");
  await visitor.sentMessage("one more thing", "sent").waitFor();
  const [first, second] = (await site.transcript(await visitor.token())).filter(({ kind, direction }) => kind === "Message" && direction === "Inbound");
  assert.deepEqual([first.text, second.text], ["before", "one more thing"]);
  assert.ok(second.conversation > first.conversation);
});

test("an ended conversation is still ended, and still to be read, after a reload", async (t) => {
  const { site, visitor } = await chat(t);
  await site.agent({ action: "disconnect" });
  await visitor.status("readonly");
  await visitor.page.reload();
  await visitor.api("open");
  await visitor.status("readonly");
  await visitor.reads([["inbound", "before"]]);
  await visitor.part("new-chat").waitFor();
});

test("the panel of an ended conversation does not open by itself on the next page", async (t) => {
  const { site, visitor } = await chat(t);
  await site.agent({ action: "disconnect" });
  await visitor.status("readonly");
  await visitor.page.reload();
  await visitor.part("panel").waitFor({ state: "attached" });
  await visitor.page.waitForLoadState("networkidle");
  assert.equal(await visitor.part("panel").isVisible(), false);
});

test("an agent who leaves without ending the conversation is missed, and the visitor can write on", async (t) => {
  const { site, visitor } = await chat(t);
  await site.settings({ deployments: [{ conversationDisconnect: "Send" }] });
  await site.agent({ action: "disconnect", readOnly: false });
  await visitor.part("notice").filter({ hasText: "left" }).waitFor();
  await visitor.status("online");
  await visitor.send("anybody?");
  await visitor.sentMessage("anybody?", "sent").waitFor();
});

test("what had not been sent when the conversation ended says so, and goes into a new one", async (t) => {
  const { site, visitor } = await chat(t);
  await site.fault({ on: "upgrade", count: null, effect: { status: { status: 503 } } });
  await site.agent({ action: "close-all" });
  await visitor.status("reconnecting");
  await visitor.send("too late");
  await visitor.sentMessage("too late", "queued").waitFor();
  await site.agent({ action: "disconnect" });
  await site.liftFaults();
  await visitor.status("readonly");
  await visitor.sentMessage("too late", "failed").waitFor();
  await visitor.part("new-chat").click();
  await visitor.status("online");
  await visitor.part("retry").click();
  await visitor.sentMessage("too late", "sent").waitFor();
  const texts = (await site.said(await visitor.token())).map(([, text]) => text);
  assert.deepEqual(texts, ["before", "too late"]);
});

for (const [name, announce] of [["that says so", true], ["that does not say so", false]]) {
  test(`a session that expires on a backend ${name} can be read, and a new chat begins in a new session`, async (t) => {
    const { site, visitor } = await chat(t);
    const old = await visitor.token();
    await visitor.part("composer").fill("still there?");
    await site.agent({ action: "expire", announce });
    if (!announce) await visitor.part("composer").press("Enter");
    await visitor.status("expired");
    assert.equal(await visitor.part("composer").isDisabled(), true);
    await visitor.sentMessage("before").waitFor();
    if (announce) assert.equal(await draft(visitor), "still there?");
    await visitor.part("new-chat").click();
    await visitor.status("online");
    await until("another session", PATIENCE, async () => (await visitor.token()) !== old);
    await visitor.send("a new beginning");
    await visitor.sentMessage("a new beginning", "sent").waitFor();
    const said = (await site.said(await visitor.token())).map(([, text]) => text);
    assert.equal(said.at(-1), "a new beginning");
    assert.ok(!(await site.said(old)).some(([, text]) => text === "a new beginning"));
  });
}

/** Opens so many connections in the visitor's session, as her other devices would. */
async function elsewhere(site, visitor, count) {
  const page = await site.emptyPage();
  const url = `${site.simulator.origin.replace("http", "ws")}/v1?deploymentId=${DEPLOYMENT}`;
  const configure = { action: "configureSession", deploymentId: DEPLOYMENT, token: await visitor.token() };
  await page.evaluate(async ({ url, configure, count }) => {
    globalThis.kept = [];
    for (let made = 0; made < count; made += 1) {
      const socket = new WebSocket(url);
      globalThis.kept.push(socket);
      await new Promise((opened) => (socket.onopen = opened));
      const answered = new Promise((answer) => (socket.onmessage = answer));
      socket.send(JSON.stringify(configure));
      await answered;
    }
  }, { url, configure, count });
}

test("taken over elsewhere, the chat says so, does not fight for it, and comes back when it is asked to", async (t) => {
  const { site, visitor } = await chat(t, { prepare: (page) => page.clock.install() });
  await elsewhere(site, visitor, 2);
  await visitor.status("online");
  await elsewhere(site, visitor, 1);
  await visitor.status("evicted");
  await visitor.part("use-here").waitFor();
  const sockets = visitor.sockets.length;
  await visitor.page.clock.fastForward("01:00:00");
  await visitor.page.evaluate(() => {
    for (const event of ["offline", "online", "focus", "pageshow"]) dispatchEvent(new Event(event));
    document.dispatchEvent(new Event("visibilitychange"));
  });
  await visitor.page.clock.fastForward("01:00:00");
  await visitor.status("evicted");
  assert.equal(visitor.sockets.length, sockets);

  await visitor.part("use-here").click();
  await visitor.status("online");
  await visitor.send("here again");
  await visitor.sentMessage("here again", "sent").waitFor();
  await visitor.reads([["inbound", "before"], ["inbound", "here again"]]);
});

test("taken over elsewhere, to write is to come back", async (t) => {
  const { site, visitor } = await chat(t);
  await site.agent({ action: "evict" });
  await visitor.status("evicted");
  await visitor.send("I am here");
  await visitor.sentMessage("I am here", "sent").waitFor();
  await visitor.status("online");
  assert.deepEqual(await site.said(await visitor.token()), [["inbound", "before"], ["inbound", "I am here"]]);
});

test("a cleared conversation is gone from the screen and from storage, and the next message begins a new one", async (t) => {
  const { site, visitor } = await chat(t);
  await site.agent({ action: "clear" });
  await visitor.reads([]);
  await visitor.send("as if for the first time");
  await visitor.sentMessage("as if for the first time", "sent").waitFor();
  await visitor.reads([["inbound", "as if for the first time"]]);
  assert.ok(!JSON.stringify(await visitor.stored()).includes("before"));
});

// What a browser does to a page that is out of sight: it is frozen and thawed, put into the back/forward cache and taken out again.
// Driven in a browser as a person has it, where a page that is covered is hidden: Playwright's own contexts keep every page visible.

import assert from "node:assert/strict";
import { test } from "node:test";

import { agree } from "./agreement.mjs";
import { FaultProxy } from "./faultproxy.mjs";
import { openSite, PATIENCE, strictPolicy, until } from "./harness.mjs";
import { openBrowser } from "./person.mjs";

/** Notes what the page goes through, from before anything of it runs. */
const noted = (page) =>
  page.addInitScript(() => {
    globalThis.noted = [];
    for (const kind of ["freeze", "resume"]) document.addEventListener(kind, () => globalThis.noted.push(kind));
    addEventListener("pageshow", ({ persisted }) => globalThis.noted.push(persisted ? "back from the cache" : "loaded"));
  });

const happened = (visitor) => visitor.page.evaluate(() => globalThis.noted);

/** A visitor with a living conversation of one message, in a browser that freezes and caches. */
async function chat(t) {
  const site = await openSite(t, { agent: false });
  const proxy = new FaultProxy(site.simulator.port);
  await proxy.start();
  t.after(() => proxy.stop());
  const context = await openBrowser(t);
  const visitor = await site.visit({
    context, prepare: noted, attributes: { endpoint: proxy.origin }, policy: strictPolicy(proxy.origin),
  });
  await visitor.open();
  await visitor.send("before");
  await visitor.sentMessage("before", "sent").waitFor();
  return { site, proxy, visitor };
}

const say = (site, text) => site.agent({ action: "say", text });

/** Covers the visitor's page with another tab and freezes it; gives what thaws and uncovers it. */
async function freeze(site, visitor) {
  const cover = await visitor.context.newPage();
  await cover.goto(site.origin + "/guest-chat.css");
  await cover.bringToFront();
  const devtools = await visitor.context.newCDPSession(visitor.page);
  await until("the page to be hidden", PATIENCE, () => visitor.page.evaluate(() => document.hidden));
  await devtools.send("Page.setWebLifecycleState", { state: "frozen" });
  return async () => {
    await devtools.send("Page.setWebLifecycleState", { state: "active" });
    await cover.close();
    await visitor.page.bringToFront();
    assert.deepEqual(await happened(visitor), ["loaded", "freeze", "resume"]);
  };
}

test("what the agent said while the tab was frozen is read when it thaws", async (t) => {
  const { site, visitor } = await chat(t);
  const thaw = await freeze(site, visitor);
  await say(site, "are you there?");
  await say(site, "I shall wait");
  await thaw();
  await visitor.send("back");
  await agree(site, [visitor], ["before", { agent: "are you there?" }, { agent: "I shall wait" }, "back"]);
});

test("a message that was on its way when the tab was frozen is sent once", async (t) => {
  const { site, proxy, visitor } = await chat(t);
  proxy.latency(1_000);
  await visitor.send("just in time");
  await visitor.sentMessage("just in time", "sending").waitFor();
  const thaw = await freeze(site, visitor);
  await until("the message to be accepted", PATIENCE, async () => (await site.said(await visitor.token())).length === 2);
  await site.agent({ action: "close-all", code: 1006 });
  await say(site, "I have it");
  await thaw();
  await agree(site, [visitor], ["before", "just in time", { agent: "I have it" }]);
});

test("a connection that died while the tab was frozen is replaced soon after it thaws", async (t) => {
  const { site, proxy, visitor } = await chat(t);
  const thaw = await freeze(site, visitor);
  proxy.blackHole();
  await say(site, "into the dark");
  await thaw();
  const start = performance.now();
  await until("a second connection", 2 * PATIENCE, () => visitor.sockets.length === 2);
  const took = Math.round(performance.now() - start);
  t.diagnostic(`another connection ${took} ms after the thaw`);
  // The settings are asked for first, and that goes by a kept connection that is as dead: it is given up after ten seconds.
  assert.ok(took < 13_000, `${took} ms`);
  await visitor.send("let there be light");
  await agree(site, [visitor], ["before", { agent: "into the dark" }, "let there be light"]);
});

/** Leaves the page for another of the same site; gives what comes back by the browser's own button. */
async function leave(site, visitor) {
  await visitor.page.goto(site.origin + "/guest-chat.css");
  const devtools = await visitor.context.newCDPSession(visitor.page);
  return async () => {
    const { currentIndex, entries } = await devtools.send("Page.getNavigationHistory");
    await devtools.send("Page.navigateToHistoryEntry", { entryId: entries[currentIndex - 1].id });
    // A page out of the cache is as it was: what it noted before is still there. Were it loaded anew, only that would be.
    const cached = ["loaded", "freeze", "resume", "back from the cache"];
    await until("the page to be back", PATIENCE, async () => (await happened(visitor).catch(() => null))?.length > 0);
    assert.deepEqual(await happened(visitor), cached);
  };
}

test("a page that comes out of the back/forward cache goes on with the conversation, on one connection", async (t) => {
  const { site, visitor } = await chat(t);
  const back = await leave(site, visitor);
  await until("the connection to be let go", PATIENCE, async () => (await site.connections()).length === 0);
  await say(site, "while you were away");
  await back();
  await visitor.send("back again");
  await agree(site, [visitor], ["before", { agent: "while you were away" }, "back again"]);
  assert.equal((await site.connections()).length, 1);
});

test("a message that was on its way when the page went into the cache is sent once", async (t) => {
  const { site, proxy, visitor } = await chat(t);
  proxy.blackHole({ way: "toClient" });
  await visitor.send("and gone");
  await until("the message to be accepted", PATIENCE, async () => (await site.said(await visitor.token())).length === 2);
  const back = await leave(site, visitor);
  await back();
  await agree(site, [visitor], ["before", "and gone"]);
});

test("a message that waits when the page goes into the cache is sent once, by whichever page comes first", async (t) => {
  const { site, proxy, visitor } = await chat(t);
  await proxy.down();
  await visitor.status("reconnecting");
  await visitor.send("waiting");
  await visitor.sentMessage("waiting", "queued").waitFor();
  const back = await leave(site, visitor);
  await proxy.up();
  const other = await visitor.newTab();
  await other.api("open");
  await other.status("online");
  await visitor.page.bringToFront();
  await back();
  await visitor.page.bringToFront();
  await agree(site, [visitor, other], ["before", "waiting"]);
});

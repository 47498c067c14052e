// Three tabs of one browser, of which one leads. It is closed, it crashes, hangs, is frozen; the others write meanwhile. There is one
// connection, another tab takes it over in time, and every tab shows what the backend accepted.

import assert from "node:assert/strict";
import { test } from "node:test";

import { agree } from "./agreement.mjs";
import { openSite, PATIENCE, until } from "./harness.mjs";
import { openBrowser } from "./person.mjs";

/** A browser with three tabs of one conversation of one message, the first of them leading. */
async function threeTabs(t, options) {
  const site = await openSite(t, { agent: false });
  const first = await site.visit(options);
  await first.open();
  await first.send("before");
  await first.sentMessage("before", "sent").waitFor();
  const tabs = [first, await first.newTab(), await first.newTab()];
  for (const tab of tabs) {
    await tab.part("panel").waitFor();
    await tab.status("online");
  }
  assert.deepEqual(tabs.map(({ sockets }) => sockets.length), [1, 0, 0], "the first one leads");
  return { site, tabs };
}

/** Which of the tabs holds the connection, once it is one of them and the backend knows of no other. */
async function leaderOf(site, tabs, patience = PATIENCE) {
  let leader;
  await until("one connection, of one of these tabs", patience, async () => {
    const live = tabs.filter(({ spans }) => spans.some(({ closed }) => closed === null));
    leader = live[0];
    return live.length === 1 && (await site.connections()).length === 1;
  });
  return leader;
}

/** How long it took from then on until one of these tabs opened a connection, in ms. */
async function takeover(site, tabs, since, patience) {
  const leader = await leaderOf(site, tabs, patience);
  return Math.round(leader.spans.at(-1).opened - since);
}

test("what is said in three tabs at once is accepted once, and shown the same in all, over one connection", async (t) => {
  const { site, tabs } = await threeTabs(t);
  await Promise.all(tabs.map((tab, at) => tab.api("send", `by tab ${at + 1}`)));
  await site.agent({ action: "say", text: "to all" });
  await agree(site, tabs, ["before", "by tab 1", "by tab 2", "by tab 3", { agent: "to all" }], { ordered: false });
  assert.deepEqual(tabs.map(({ sockets }) => sockets.length), [1, 0, 0]);
  assert.equal((await site.connections()).length, 1);
});

test("what is typed fast in a tab that follows is what is sent, whatever comes back of it from the leading one", async (t) => {
  const { site, tabs } = await threeTabs(t);
  const texts = ["the quick brown fox", "jumps over the lazy dog", "and is gone"];
  for (const [at, text] of texts.entries()) {
    const composer = tabs[2 - at].part("composer");
    await composer.pressSequentially(text);
    await composer.press("Enter");
    for (const tab of tabs) await tab.sentMessage(text).waitFor();
  }
  await agree(site, tabs, ["before", ...texts]);
  for (const tab of tabs) assert.equal(await tab.part("composer").inputValue(), "");
});

test("draft, open panel and unread count are the same in all tabs", async (t) => {
  const { site, tabs } = await threeTabs(t);
  await tabs[1].part("composer").fill("half a sen");
  for (const tab of tabs) await until("the draft", PATIENCE, async () => (await tab.part("composer").inputValue()) === "half a sen");
  await tabs[2].part("launcher").click();
  for (const tab of tabs) await tab.part("panel").waitFor({ state: "hidden" });
  await site.agent({ action: "say", text: "anybody?" });
  for (const tab of tabs) await tab.page.getByRole("button", { name: "1 unread" }).waitFor();
  await tabs[0].part("launcher").click();
  for (const tab of tabs) await tab.receivedMessage("anybody?").waitFor();
});

test("when the leading tab is closed, another one takes over at once", async (t) => {
  const { site, tabs: [leader, ...others] } = await threeTabs(t);
  const since = performance.now();
  await leader.page.close();
  const took = await takeover(site, others, since);
  t.diagnostic(`taken over ${took} ms after the leading tab was told to close`);
  assert.ok(took < 3_000, `${took} ms`);
  for (const [at, tab] of others.entries()) await tab.send(`by tab ${at + 2}`);
  await agree(site, others, ["before", "by tab 2", "by tab 3"], { ordered: false });
});

test("what was just written in any tab is accepted once when the leading one is closed", async (t) => {
  const { site, tabs: [leader, ...others] } = await threeTabs(t);
  await Promise.all([leader, ...others].map((tab, at) => tab.api("send", `by tab ${at + 1}`)));
  await leader.page.close();
  await takeover(site, others, 0);
  await agree(site, others, ["before", "by tab 1", "by tab 2", "by tab 3"], { ordered: false });
});

test("when the leading tab crashes, another one takes over", async (t) => {
  const { site, tabs: [leader, ...others] } = await threeTabs(t);
  await leader.send("last words");
  const devtools = await leader.context.newCDPSession(leader.page);
  const crashed = new Promise((crash) => leader.page.once("crash", crash));
  const since = performance.now();
  devtools.send("Page.crash").catch(() => {}); // there is nobody left to answer
  await crashed;
  for (const span of leader.spans) span.closed ??= performance.now();
  const took = await takeover(site, others, since);
  t.diagnostic(`taken over ${took} ms after the leading tab was made to crash`);
  assert.ok(took < 4_000, `${took} ms`);
  await others[0].send("still here");
  await agree(site, others, ["before", "last words", "still here"]);
});

test("when the leading tab hangs, another one takes over, and the hung one stands down when it goes on", async (t) => {
  const { site, tabs } = await threeTabs(t);
  const [leader, ...others] = tabs;
  const since = performance.now();
  const hung = leader.page.evaluate(() => {
    const end = performance.now() + 14_000;
    while (performance.now() < end);
  });
  await others[0].api("send", "is anybody leading?");
  await until("another connection", 20_000, () => others.some(({ spans }) => spans.length > 0));
  const took = Math.round(others.flatMap(({ spans }) => spans)[0].opened - since);
  t.diagnostic(`taken over ${took} ms after the leading tab hung`);
  assert.ok(took < 14_000, `${took} ms`);
  await agree(site, others, ["before", "is anybody leading?"]);
  await hung;
  await leader.api("send", "I am awake");
  await agree(site, tabs, ["before", "is anybody leading?", "I am awake"]);
  assert.notEqual(await leaderOf(site, tabs), leader, "who was replaced does not come back by itself");
});

test("when the leading tab is frozen, what another one says is accepted once, before it thaws", async (t) => {
  const { site, tabs } = await threeTabs(t, { context: await openBrowser(t) });
  const [leader, other, looked] = tabs;
  await looked.page.bringToFront();
  await until("the leading tab to be hidden", PATIENCE, () => leader.page.evaluate(() => document.hidden));
  const devtools = await leader.context.newCDPSession(leader.page);
  await devtools.send("Page.setWebLifecycleState", { state: "frozen" });
  await looked.send("is anybody leading?");
  await site.agent({ action: "say", text: "somebody is" });
  await agree(site, [looked], ["before", "is anybody leading?", { agent: "somebody is" }], { ordered: false });
  await devtools.send("Page.setWebLifecycleState", { state: "active" });
  await leader.page.bringToFront();
  await agree(site, tabs, ["before", "is anybody leading?", { agent: "somebody is" }], { ordered: false });
  await other.page.bringToFront();
  await leaderOf(site, tabs);
});

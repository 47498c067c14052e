// One visitor with several tabs: one conversation, shown whole in each, and nothing sent twice.

import assert from "node:assert/strict";
import { test } from "node:test";

import { openSite, PATIENCE, until } from "./harness.mjs";

const LONG = 30_000;

async function twoTabs(t, attributes) {
  const site = await openSite(t, { agent: false });
  const first = await site.visit({ attributes });
  await first.open();
  await first.send("before");
  await first.sentMessage("before", "sent").waitFor();
  const second = await first.newTab();
  await second.api("open");
  await second.status("online");
  return { site, first, second };
}

for (const [name, attributes] of [["with a token endpoint", {}], ["without one", { "token-url": null }]]) {
  test(`two tabs show the same conversation, each message once, ${name}`, async (t) => {
    const { site, first, second } = await twoTabs(t, attributes);
    await second.send("from the second");
    await second.sentMessage("from the second", "sent").waitFor();
    await first.sentMessage("from the second").waitFor();
    await first.send("from the first");
    await first.sentMessage("from the first", "sent").waitFor();
    await site.agent({ action: "say", text: "to both" });
    const expected = [["inbound", "before"], ["inbound", "from the second"], ["inbound", "from the first"], ["outbound", "to both"]];
    for (const tab of [first, second]) await tab.reads(expected);
    assert.deepEqual(await site.said(await first.token()), expected);
    assert.equal(await first.token(), await second.token());
    assert.deepEqual([...first.bugs, ...second.bugs], []);
  });
}

test("a message that waits in a tab that is closed is sent once, by the next tab", async (t) => {
  const { site, first, second } = await twoTabs(t);
  await site.simulator.kill();
  await first.status("reconnecting");
  await first.send("orphan");
  await first.sentMessage("orphan", "queued").waitFor();
  await first.page.close();
  await site.simulator.start();
  const third = await second.newTab();
  await third.api("open");
  await third.sentMessage("orphan", "sent").waitFor({ timeout: LONG });
  const expected = [["inbound", "before"], ["inbound", "orphan"]];
  for (const tab of [second, third]) await tab.reads(expected, LONG);
  assert.deepEqual(await site.said(await second.token()), expected);
});

test("a message that waits in the only tab is sent once, when the visitor comes back", async (t) => {
  const { site, first, second } = await twoTabs(t);
  await second.page.close();
  await site.simulator.kill();
  await first.status("reconnecting");
  await first.send("on my way home");
  await first.sentMessage("on my way home", "queued").waitFor();
  const { context } = first;
  const blank = await context.newPage(); // the browser itself stays open
  await first.page.close();
  await site.simulator.start();
  const later = await first.newTab();
  await later.api("open");
  await blank.close();
  const expected = [["inbound", "before"], ["inbound", "on my way home"]];
  await later.reads(expected, LONG);
  await later.sentMessage("on my way home", "sent").waitFor({ timeout: LONG });
  assert.deepEqual(await site.said(await later.token()), expected);
});

test("messages that wait in both tabs are each sent once, by whoever wrote them", async (t) => {
  const { site, first, second } = await twoTabs(t);
  await site.simulator.kill();
  await first.status("reconnecting");
  await second.status("reconnecting");
  await first.send("by the first");
  await second.send("by the second");
  await first.sentMessage("by the first", "queued").waitFor();
  await second.sentMessage("by the second", "queued").waitFor();
  await site.simulator.start();
  await first.sentMessage("by the first", "sent").waitFor({ timeout: LONG });
  await second.sentMessage("by the second", "sent").waitFor({ timeout: LONG });
  const said = await site.said(await first.token());
  assert.deepEqual(said.map(([, text]) => text).sort(), ["before", "by the first", "by the second"]);
  for (const tab of [first, second]) await tab.reads(said, LONG);
});

/** What stands in the composer of each tab, once it is this. */
async function drafts(tabs, expected) {
  let seen;
  const same = async () => (seen = await Promise.all(tabs.map((tab) => tab.part("composer").inputValue()))).join() === expected.join();
  await until("the drafts", PATIENCE, same).catch(() => assert.deepEqual(seen, expected));
}

test("a draft belongs to its tab", async (t) => {
  const { first, second } = await twoTabs(t);
  await first.part("composer").fill("mine");
  await second.part("composer").fill("yours");
  await first.page.reload();
  await drafts([first, second], ["mine", "yours"]);
  await second.page.reload();
  await drafts([first, second], ["mine", "yours"]);
});

test("tabs that are reloaded together keep what was written in each", async (t) => {
  const { first, second } = await twoTabs(t);
  await first.part("composer").fill("mine");
  await second.part("composer").fill("yours");
  await Promise.all([first.page.reload(), second.page.reload()]);
  await drafts([first, second], ["mine", "yours"]);
});

test("a tab that takes over what a closed one left keeps its own draft, and the other is not lost", async (t) => {
  const { first, second } = await twoTabs(t);
  await first.part("composer").fill("mine");
  await second.part("composer").fill("yours");
  await until("both to be kept", PATIENCE, async () => {
    const kept = JSON.stringify((await second.stored()).local);
    return kept.includes("mine") && kept.includes("yours");
  });
  await first.page.close();
  await second.page.reload();
  await second.status("online");
  const draft = await second.part("composer").inputValue();
  assert.match(draft, /yours/);
  assert.match(draft + JSON.stringify((await second.stored()).local), /mine/);
});

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
    assert.deepEqual(second.frames, [], "only the tab that leads has a socket");
    assert.deepEqual([...first.bugs, ...second.bugs], []);
  });
}

test("a message that waits in the leading tab is sent once, by another, when that one is closed", async (t) => {
  const { site, first, second } = await twoTabs(t);
  await site.simulator.kill();
  await first.status("reconnecting");
  await first.send("orphan");
  await first.sentMessage("orphan", "queued").waitFor();
  await first.page.close();
  await second.sentMessage("orphan", "queued").waitFor();
  await site.simulator.start();
  await second.sentMessage("orphan", "sent").waitFor({ timeout: LONG });
  const expected = [["inbound", "before"], ["inbound", "orphan"]];
  const third = await second.newTab();
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

test("messages that were written in two tabs while there was no connection are each sent once, in order", async (t) => {
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
  assert.deepEqual(said.map(([, text]) => text), ["before", "by the first", "by the second"]);
  for (const tab of [first, second]) await tab.reads(said, LONG);
});

/** What stands in the composer of each tab, once it is this. */
async function drafts(tabs, expected) {
  let seen;
  const same = async () => (seen = await Promise.all(tabs.map((tab) => tab.part("composer").inputValue()))).join() === expected.join();
  await until("the drafts", PATIENCE, same).catch(() => assert.deepEqual(seen, expected));
}

test("what stands in the composer, and whether the panel is open, is the same in all tabs", async (t) => {
  const { first, second } = await twoTabs(t);
  await first.part("composer").fill("half a sent");
  await drafts([first, second], ["half a sent", "half a sent"]);
  await second.part("composer").fill("half a sentence");
  await drafts([first, second], ["half a sentence", "half a sentence"]);
  await second.api("close");
  await first.part("panel").waitFor({ state: "hidden" });
  await first.api("open");
  await second.part("panel").waitFor();
});

test("a draft survives the reload of any tab, and of all at once", async (t) => {
  const { first, second } = await twoTabs(t);
  await second.part("composer").fill("mine");
  await drafts([first, second], ["mine", "mine"]);
  await first.page.reload();
  await drafts([first, second], ["mine", "mine"]);
  await Promise.all([first.page.reload(), second.page.reload()]);
  await drafts([first, second], ["mine", "mine"]);
});

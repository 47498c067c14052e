// The network between browser and backend, broken by a TCP proxy: while the visitor writes, while the agent writes, and while nobody
// does. After each fault the screen shows what the backend accepted, each text once, in order, and nothing stays in sending.

import assert from "node:assert/strict";
import { describe, test } from "node:test";

import { agree, LONG } from "./agreement.mjs";
import { FaultProxy } from "./faultproxy.mjs";
import { openSite, PATIENCE, strictPolicy, until } from "./harness.mjs";

/** A visitor with a living conversation of one message, whose every byte to and from the backend passes a fault proxy. */
async function chat(t, options) {
  const site = await openSite(t, { agent: false, ...options });
  const proxy = new FaultProxy(site.simulator.port);
  await proxy.start();
  t.after(() => proxy.stop());
  const visitor = await site.visit({ attributes: { endpoint: proxy.origin }, policy: strictPolicy(proxy.origin), ...options });
  await visitor.open();
  await visitor.send("before");
  await visitor.sentMessage("before", "sent").waitFor();
  return { site, proxy, visitor };
}

/** What the agent says arrives at the backend, whatever becomes of it on its way. */
const say = (site, text) => site.agent({ action: "say", text });

/** What ends or deadens a connection. */
const TOXICS = {
  "is reset": (proxy) => proxy.reset(),
  "is cut in the middle of a frame to the backend": (proxy) => proxy.cutAfter(7, { way: "toServer" }),
  "is cut in the middle of a frame to the page": (proxy) => proxy.cutAfter(7, { way: "toClient" }),
  "goes dark": (proxy) => proxy.blackHole(),
  "goes dark towards the backend": (proxy) => proxy.blackHole({ way: "toServer" }),
  "goes dark towards the page": (proxy) => proxy.blackHole({ way: "toClient" }),
};

// Most of each test is waiting, for a dead peer to be found out above all: some run side by side.
describe("each text is read and accepted once", { concurrency: 6 }, () => {
  for (const [name, strike] of Object.entries(TOXICS)) {
    test(`when the connection ${name} just before the visitor writes`, async (t) => {
      const { site, proxy, visitor } = await chat(t);
      strike(proxy);
      await visitor.send("into it");
      await visitor.send("and behind");
      await agree(site, [visitor], ["before", "into it", "and behind"]);
      assert.equal(visitor.sockets.length, 2);
    });

    test(`when the connection ${name} just before the agent writes`, async (t) => {
      const { site, proxy, visitor } = await chat(t);
      strike(proxy);
      await say(site, "into it");
      await say(site, "and behind");
      // Without a word of the visitor's it is a probe that finds out, later.
      await visitor.send("still there?");
      await agree(site, [visitor], ["before", { agent: "into it" }, { agent: "and behind" }, "still there?"]);
    });
  }

  test("when the connection goes dark and the visitor only waits", async (t) => {
    const { site, proxy, visitor } = await chat(t, { prepare: (page) => page.clock.install() });
    proxy.blackHole();
    await say(site, "hello?");
    await visitor.page.clock.fastForward(50_000);
    await visitor.page.clock.fastForward(10_000);
    await agree(site, [visitor], ["before", { agent: "hello?" }]);
  });

  test("when the backend has said its goodbye and the wire stays open", async (t) => {
    const { site, proxy, visitor } = await chat(t);
    proxy.slowClose(4_000);
    await site.agent({ action: "close-all", code: 1000 });
    // The browser is closing the socket now, and would silently drop what is sent on it.
    await visitor.send("into the closing door");
    await say(site, "through the window");
    await visitor.sentMessage("into the closing door", "sent").waitFor({ timeout: LONG });
    await agree(site, [visitor], ["before", "into the closing door", { agent: "through the window" }], { ordered: false });
  });

  test("when everything takes its time", async (t) => {
    const { site, proxy, visitor } = await chat(t);
    proxy.latency(700, { jitter: 800, lasting: true });
    await visitor.send("one");
    await visitor.send("two");
    await say(site, "aha");
    await visitor.send("three");
    proxy.reset();
    await visitor.send("four");
    await agree(site, [visitor], ["before", "one", "two", "three", "four", { agent: "aha" }], { ordered: false });
  });

  test("when a message is given up as lost and arrives after all", async (t) => {
    const { site, proxy, visitor } = await chat(t);
    proxy.latency(9_000);
    await visitor.send("better late");
    await visitor.send("than never");
    await agree(site, [visitor], ["before", "better late", "than never"]);
  });

  test("when nobody answers for a while", async (t) => {
    const { site, proxy, visitor } = await chat(t);
    await proxy.down();
    await visitor.status("reconnecting");
    await visitor.send("one");
    await visitor.send("two");
    await say(site, "hello?");
    await visitor.sentMessage("two", "queued").waitFor();
    await proxy.up();
    await agree(site, [visitor], ["before", { agent: "hello?" }, "one", "two"]);
  });

  test("when new connections are accepted and never answered", async (t) => {
    const { site, proxy, visitor } = await chat(t);
    proxy.blackHole({ lasting: true });
    proxy.reset();
    await visitor.send("one");
    await until("an attempt into the dark", PATIENCE, () => visitor.sockets.length === 2);
    proxy.heal();
    await agree(site, [visitor], ["before", "one"]);
  });

  test("when the network is away", async (t) => {
    const { site, visitor } = await chat(t);
    await visitor.context.setOffline(true);
    await visitor.status("offline");
    await visitor.send("from the tunnel");
    await say(site, "anybody?");
    await visitor.context.setOffline(false);
    await agree(site, [visitor], ["before", { agent: "anybody?" }, "from the tunnel"]);
  });
});

// Programs that fail: the backend killed, or hung and going on, in the middle of a conversation; the token proxy away at the first
// opening and at a renewal. What was said is there afterwards, once and in order.

import assert from "node:assert/strict";
import { describe, test } from "node:test";

import { agree } from "./agreement.mjs";
import { openSite, PATIENCE, until } from "./harness.mjs";

/** A visitor with a living conversation of one message. */
async function chat(t, options) {
  const site = await openSite(t, { agent: false, ...options });
  const visitor = await site.visit();
  await visitor.open();
  await visitor.send("before");
  await visitor.sentMessage("before", "sent").waitFor();
  return { site, visitor };
}

const say = (site, text) => site.agent({ action: "say", text });

describe("what was said is there once", { concurrency: 4 }, () => {
  test("after a backend that was killed again and again while the visitor wrote", async (t) => {
    const { site, visitor } = await chat(t);
    const said = ["before"];
    for (const text of ["one", "two", "three"]) {
      await visitor.send(`${text}, just before`);
      await site.simulator.kill();
      await visitor.send(`${text}, just after`);
      said.push(`${text}, just before`, `${text}, just after`);
      await site.simulator.start();
      await visitor.status("online");
    }
    await agree(site, [visitor], said);
  });

  test("after a backend that was killed as soon as it had heard the agent", async (t) => {
    const { site, visitor } = await chat(t);
    await say(site, "one moment");
    await site.simulator.restart();
    await say(site, "here I am");
    await agree(site, [visitor], ["before", { agent: "one moment" }, { agent: "here I am" }]);
  });

  test("after a backend that hung and went on", async (t) => {
    const { site, visitor } = await chat(t);
    site.simulator.freeze();
    await visitor.send("anybody?");
    await visitor.send("hello?");
    await until("the visitor to be told", PATIENCE + 5_000, async () => (await visitor.part("status").textContent()) !== "");
    site.simulator.thaw();
    await agree(site, [visitor], ["before", "anybody?", "hello?"]);
  });

  test("after a backend that hung for a moment, on the same connection", async (t) => {
    const { site, visitor } = await chat(t);
    site.simulator.freeze();
    await visitor.send("a hiccup");
    await visitor.sentMessage("a hiccup", "sending").waitFor();
    site.simulator.thaw();
    await agree(site, [visitor], ["before", "a hiccup"]);
    assert.equal(visitor.sockets.length, 1);
  });

  test("when the token proxy is away at the first opening", async (t) => {
    const site = await openSite(t, { agent: false });
    await site.tokenProxy.kill();
    const visitor = await site.visit();
    await visitor.open();
    await visitor.send("first words");
    await visitor.status("reconnecting");
    await visitor.sentMessage("first words", "queued").waitFor();
    await site.tokenProxy.start();
    await agree(site, [visitor], ["first words"]);
  });

  test("when the token proxy is away at a renewal, and nobody notices", async (t) => {
    const { site, visitor } = await chat(t, { life: 8 });
    await until("a renewal", PATIENCE, async () => (await site.tokenRequests()).length === 2);
    await site.tokenProxy.kill();
    const asked = () => visitor.requests.filter((request) => request.startsWith("POST")).length;
    await until("a renewal in vain", 2 * PATIENCE, () => asked() === 3);
    await visitor.send("on the old one");
    await site.tokenProxy.start();
    await until("another renewal", 2 * PATIENCE, async () => (await site.tokenRequests()).length > 0);
    await agree(site, [visitor], ["before", "on the old one"]);
    assert.equal(visitor.sockets.length, 1);
  });

  test("when the token proxy is away until the token is dead, and the connection with it", async (t) => {
    const { site, visitor } = await chat(t, { life: 5 });
    await site.tokenProxy.kill();
    await site.agent({ action: "close-all", code: 1006 });
    await visitor.send("who am I?");
    await visitor.status("reconnecting");
    const asked = () => visitor.requests.filter((request) => request.startsWith("POST")).length;
    await until("three requests in vain", 2 * PATIENCE, () => asked() >= 4);
    await site.tokenProxy.start();
    await agree(site, [visitor], ["before", "who am I?"]);
  });
});

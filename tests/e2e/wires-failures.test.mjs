// What each of the threads met, met on purpose: a token that is over before it could be renewed, and a right that is missing. The first is
// survived, on whichever wire; the second is named, nothing is lost by it, and the chat goes on when it is mended.

import assert from "node:assert/strict";
import { test } from "node:test";

import { openSite, PATIENCE, until } from "./harness.mjs";

/** The life of a token here, in seconds: a few renewals long, and soon over. */
const LIFE = 8;

/** Everything that the page was told of, by its cause. */
async function causes(visitor) {
  return visitor.page.evaluate(() => globalThis.causes.filter(Boolean));
}

async function visit(site) {
  const listen = (page) => page.addInitScript(() => {
    globalThis.causes = [];
    addEventListener("DOMContentLoaded", () => {
      const subscribe = () => globalThis.GuestChat?.("on", "error", ({ cause }) => globalThis.causes.push(cause)) ?? setTimeout(subscribe, 5);
      subscribe();
    });
  });
  return site.visit({ prepare: listen });
}

for (const dialect of ["external-contacts", "guest-sessions", "guest-webchat", "webmessaging-guests", "conversation-socket"]) {
  test(`${dialect}: a token that is over before it could be renewed costs nothing that was written`, async (t) => {
    const site = await openSite(t, { dialect, agent: false, life: LIFE });
    const visitor = await visit(site);
    await visitor.open();
    await visitor.status("online");
    await visitor.send("in time");
    await visitor.sentMessage("in time", "sent").waitFor();
    const id = (await site.connections())[0].token;

    await site.tokenFaults({ always: { status: 503 } });
    const granted = (await site.tokenRequests()).findLast(({ status }) => status === 200).at_ms;
    await until("the last token to be over", 3 * LIFE * 1_000, () => Date.now() > granted + LIFE * 1_000);
    await visitor.send("too late");
    // It waits, or it was refused without a word: in no case is it shown as sent.
    await visitor.sentMessage("too late").waitFor();
    assert.deepEqual(await site.said(id), [["inbound", "in time"]]);

    await site.tokenFaults({ always: {} });
    await visitor.sentMessage("too late", "sent").waitFor({ timeout: 4 * PATIENCE });
    assert.deepEqual(await site.said(id), [["inbound", "in time"], ["inbound", "too late"]]);
    assert.deepEqual(await visitor.screen(), await site.said(id));
  });
}

test("webmessaging-guests: no two connections use the same token, which would be heard and not be listened to", async (t) => {
  const site = await openSite(t, { dialect: "webmessaging-guests", agent: false });
  const visitor = await visit(site);
  await visitor.open();
  await visitor.status("online");
  for (const text of ["one", "two"]) {
    await visitor.send(text);
    await visitor.sentMessage(text, "sent").waitFor();
    await site.agent({ action: "close-all", code: 1006 });
    await visitor.status("reconnecting");
    await visitor.status("online");
  }
  await visitor.send("three");
  await visitor.sentMessage("three", "sent").waitFor();
  const hellos = visitor.frames.filter(({ sent, frame }) => sent && frame.type === "CONNECT").map(({ frame }) => frame);
  assert.equal(new Set(hellos.map(({ token }) => token)).size, hellos.length);
  assert.equal(new Set(hellos.map(({ conversationId, guestId }) => `${conversationId} ${guestId}`)).size, 1, "the same conversation");
  assert.ok(visitor.frames.every(({ frame }) => frame.type !== "ERROR"), "nothing was refused");
});

// A browser does not tell a page why an upgrade was refused: there the page knows no more than that no socket opens.
for (const [dialect, scope, ...named] of [
  ["external-contacts", "conversation:write", "session-refused", "token-scope"],
  ["guest-sessions", "guest:write", "token-scope"],
  ["guest-webchat", "guest:write", "socket-never-opens"],
  ["conversation-socket", "conversation:read", "token-scope"],
  ["conversation-socket", "conversation:write", "token-scope"],
]) {
  test(`${dialect}: that ${scope} is missing is named, and what was written is kept until it is there`, async (t) => {
    const site = await openSite(t, { dialect, agent: false });
    const scopes = ["guest:read", "guest:write", "conversation:read", "conversation:write"];
    // A service token that is renewed each time, so that a right is there as soon as it is given.
    await site.settings({ oauth: { scopes: scopes.filter((it) => it !== scope), serviceTokenSeconds: 2 } });
    const visitor = await visit(site);
    await visitor.open();
    await visitor.send("Hello");
    const told = until("a cause to be told", 6 * PATIENCE, async () => (await causes(visitor)).length > 0);
    // Where nothing tells whether a message was taken, the visitor is asked, and tries again.
    const ask = visitor.page.getByRole("button", { name: "Send again" });
    let isOver = false;
    const retry = (async () => {
      while (!isOver) {
        await ask.click({ timeout: 500 }).catch(() => {});
      }
    })();
    await told.finally(() => (isOver = true));
    await retry;
    for (const cause of await causes(visitor)) assert.ok(named.includes(cause), `${cause} is none of ${named}`);
    await visitor.sentMessage("Hello").waitFor();

    await site.settings({ oauth: { scopes } });
    const again = async () => {
      for (const name of ["Send again", "Try again", "Try now"]) {
        const button = visitor.page.getByRole("button", { name });
        if (await button.count()) await button.first().click({ timeout: 500 }).catch(() => {});
      }
      return visitor.sentMessage("Hello", "sent").count();
    };
    await until("it to arrive", 6 * PATIENCE, again);
    const [{ token }] = (await site.connections()).slice(-1);
    assert.deepEqual(await site.said(token), [["inbound", "Hello"]]);
  });
}

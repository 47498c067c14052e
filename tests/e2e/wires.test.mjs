// The five wires beside Genesys' own, in a real browser: a visitor cannot tell which one is spoken, but where a wire cannot promise, and
// there the transcript says so.

import assert from "node:assert/strict";
import { test } from "node:test";

import { openSite, PATIENCE, until } from "./harness.mjs";

const FIVE = ["external-contacts", "guest-sessions", "guest-webchat", "webmessaging-guests", "conversation-socket"];
const GAP = "Some messages may be missing here";

/** The id of the one conversation that there is. */
async function conversation(site) {
  const [{ token }] = await site.connections();
  return token;
}

for (const dialect of FIVE) {
  test(`${dialect}: a conversation, and a page that is loaded anew`, async (t) => {
    const site = await openSite(t, { dialect, agent: false });
    const visitor = await site.visit();
    await visitor.open();
    await visitor.status("online");
    const id = await conversation(site);
    await visitor.send("Hello");
    await visitor.sentMessage("Hello", "sent").waitFor();
    await site.agent({ action: "say", text: "Hi, this is Ana" });
    await visitor.reads([["inbound", "Hello"], ["outbound", "Hi, this is Ana"]]);
    assert.deepEqual(await site.said(id), await visitor.screen());

    const app = visitor.requests.filter((request) => request.endsWith(".wasm")).map((request) => request.split("/").pop());
    assert.deepEqual(app, ["guest-chat-app-wires.wasm"], "only the module that speaks it");

    await visitor.page.reload();
    await visitor.status("online");
    await visitor.reads([["inbound", "Hello"], ["outbound", "Hi, this is Ana"]]);
    await visitor.send("Again");
    await visitor.sentMessage("Again", "sent").waitFor();
    assert.deepEqual((await site.said(id)).map(([, text]) => text), ["Hello", "Hi, this is Ana", "Again"]);
  });

  test(`${dialect}: a token is renewed while the visitor types, and nobody notices`, async (t) => {
    const site = await openSite(t, { dialect, agent: false, life: 8 });
    const visitor = await site.visit();
    await visitor.open();
    await visitor.status("online");
    const id = await conversation(site);
    await visitor.send("first");
    await visitor.sentMessage("first", "sent").waitFor();
    const asked = (await site.tokenRequests()).length;

    const words = "a sentence that takes longer than a token lives";
    await visitor.part("composer").pressSequentially(words, { delay: 200, timeout: 3 * PATIENCE });
    await visitor.part("composer").press("Enter");
    await visitor.sentMessage(words, "sent").waitFor();
    await site.agent({ action: "say", text: "read" });
    await visitor.receivedMessage("read").waitFor();

    assert.ok((await site.tokenRequests()).length >= asked + 1, "it was renewed meanwhile");
    assert.deepEqual(await site.said(id), [["inbound", "first"], ["inbound", words], ["outbound", "read"]]);
    assert.deepEqual(await visitor.screen(), await site.said(id));
    assert.equal(await visitor.page.getByText(GAP).count(), 0);
  });

  test(`${dialect}: a connection is lost, something is missed, and the transcript says where`, async (t) => {
    const site = await openSite(t, { dialect, agent: false });
    const visitor = await site.visit();
    await visitor.open();
    await visitor.status("online");
    const id = await conversation(site);
    await visitor.send("before");
    await visitor.sentMessage("before", "sent").waitFor();

    await site.fault({ on: "upgrade", count: 1, effect: { status: { status: 503 } } });
    await site.agent({ action: "close-all", code: 1001, reason: "" });
    await visitor.send("meanwhile");
    await visitor.sentMessage("meanwhile", "sent").waitFor();
    await visitor.page.getByText(GAP).waitFor();
    assert.deepEqual(await site.said(id), [["inbound", "before"], ["inbound", "meanwhile"]]);
    assert.deepEqual(await visitor.screen(), await site.said(id));
  });
}

test("messages are posted to where the page says", async (t) => {
  const site = await openSite(t, { dialect: "external-contacts", agent: false });
  const posted = [];
  const attributes = { "post-url": `${site.simulator.origin}/to/{contactId}/elsewhere` };
  const visitor = await site.visit({ attributes, prepare: (page) => page.route("**/elsewhere", (route) => {
    posted.push([new URL(route.request().url()).pathname, route.request().postDataJSON().text]);
    return route.fulfill({ headers: { "access-control-allow-origin": "*" }, json: { id: "r-1" } });
  }) });
  await visitor.open();
  await visitor.send("Hello");
  await visitor.sentMessage("Hello", "sent").waitFor();
  assert.deepEqual(posted, [[`/to/${await conversation(site)}/elsewhere`, "Hello"]]);
});

test("a scope that is missing is told as a cause, and the message is kept", async (t) => {
  const site = await openSite(t, { dialect: "external-contacts", agent: false });
  await site.settings({ oauth: { scopes: ["conversation:read"] } });
  const visitor = await site.visit();
  await visitor.page.evaluate(() => {
    globalThis.causes = [];
    globalThis.GuestChat("on", "error", ({ cause }) => globalThis.causes.push(cause));
  });
  await visitor.open();
  await visitor.send("Hello");
  await until("a cause to be told", 4 * PATIENCE, async () => (await visitor.page.evaluate(() => globalThis.causes)).some(Boolean));
  await visitor.sentMessage("Hello", "queued").waitFor();
});

test("a page hears of the visitor's place in line, for its analytics", async (t) => {
  const site = await openSite(t, { dialect: "guest-sessions", agent: false });
  const visitor = await site.visit();
  await visitor.page.evaluate(() => {
    globalThis.places = [];
    globalThis.GuestChat("on", "queue", (place) => globalThis.places.push(place));
  });
  await visitor.open();
  await visitor.status("online");
  await visitor.send("Hello");
  await visitor.sentMessage("Hello", "sent").waitFor();
  await site.agent({ action: "queue", position: 3, waitSeconds: 40 });
  await site.agent({ action: "queue", position: 0 });
  const heard = () => visitor.page.evaluate(() => globalThis.places);
  await until("both places to be told", PATIENCE, async () => (await heard()).length === 2);
  assert.deepEqual(await heard(), [{ position: 3, waitSeconds: 40 }, { position: 0, waitSeconds: 0 }]);
});

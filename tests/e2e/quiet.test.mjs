// Until somebody wants to chat, a page with the widget is a page without it: nothing asked for, nothing kept, nothing connected.

import assert from "node:assert/strict";
import { test } from "node:test";

import { openSite, PATIENCE, until } from "./harness.mjs";

const NOTHING_STORED = { cookies: "", local: {}, session: {}, databases: [], caches: [] };

for (const [name, attributes] of [["with a token endpoint", {}], ["without one", { "token-url": null }]]) {
  test(`a page whose visitor asks for nothing asks for nothing but the bundle, ${name}`, async (t) => {
    const site = await openSite(t);
    const visitor = await site.visit({ attributes });
    await visitor.part("launcher").hover();
    // The widget has taken the painted launcher's place, so it has had its chance to ask for more.
    await visitor.part("panel").waitFor({ state: "attached" });
    await visitor.page.mouse.move(0, 0);
    await visitor.page.evaluate(() => {
      for (const event of ["online", "focus", "pageshow"]) dispatchEvent(new Event(event));
      document.dispatchEvent(new Event("visibilitychange"));
    });
    await visitor.page.waitForLoadState("networkidle");

    assert.deepEqual(visitor.requests.map((request) => request.replace(site.origin, "")).sort(), [
      "GET /guest-chat-app.js", "GET /guest-chat-app.wasm", "GET /guest-chat.css", "GET /guest-chat.js", "GET /page-1.html",
    ]);
    assert.deepEqual(visitor.sockets, []);
    assert.deepEqual(await visitor.stored(), NOTHING_STORED);
    assert.deepEqual(await visitor.context.cookies(), []);
    assert.deepEqual(await site.tokenRequests(), []);
    assert.deepEqual(await site.connections(), []);
    assert.deepEqual(visitor.problems, []);
  });
}

test("to close what was never opened, or to listen, asks for nothing", async (t) => {
  const site = await openSite(t);
  const visitor = await site.visit();
  await visitor.part("panel").waitFor({ state: "attached" });
  await visitor.api("close");
  await visitor.page.evaluate(() => void GuestChat("on", "message", () => {}));
  await visitor.page.waitForLoadState("networkidle");
  assert.deepEqual([visitor.sockets, await visitor.stored(), await site.tokenRequests()], [[], NOTHING_STORED, []]);
});

test("a page that sends for its visitor connects, and opens nothing", async (t) => {
  const site = await openSite(t, { agent: false });
  const visitor = await site.visit();
  await visitor.api("send", "Sent by the page");
  await visitor.status("online");
  const accepted = async () => JSON.stringify(await site.said(await visitor.token())) === '[["inbound","Sent by the page"]]';
  await until("the message to arrive", PATIENCE, accepted);
  assert.equal(await visitor.part("panel").isVisible(), false);
  assert.equal(await visitor.part("launcher").getAttribute("aria-expanded"), "false");
  await visitor.open();
  await visitor.reads([["inbound", "Sent by the page"]]);
  assert.deepEqual(visitor.problems, []);
});

// data-trace in a real browser: whose requests carry which header is the browser's affair as much as ours.

import assert from "node:assert/strict";
import { test } from "node:test";

import { openSite } from "./harness.mjs";

/** A visitor, and every request of the page's with its `traceparent`: `[path, traceparent | undefined]`. */
async function watched(site, attributes) {
  const told = [];
  const prepare = async (page) => page.on("request", (request) => told.push([new URL(request.url()), request.headers().traceparent]));
  const visitor = await site.visit({ attributes, prepare });
  return { visitor, told: (path) => told.filter(([url]) => url.pathname.startsWith(path)).map(([, trace]) => trace) };
}

async function dropAndReturn(site, visitor) {
  await visitor.open();
  await visitor.status("online");
  await visitor.send("one");
  await visitor.sentMessage("one", "sent").waitFor();
  await site.agent({ action: "close-all", code: 1006 });
  await visitor.status("reconnecting");
  await visitor.status("online");
  await visitor.send("two");
  await visitor.sentMessage("two", "sent").waitFor();
}

const hellos = (visitor) => visitor.frames.filter(({ sent, frame }) => sent && ["CONNECT", "configureSession"].includes(frame.type ?? frame.action));

test("both sides of a reconnect are in one trace, and so is the page that is loaded anew", async (t) => {
  for (const [dialect, field] of [["webmessaging-guests", "traceparent"], [null, "tracingId"]]) {
    const site = await openSite(t, { dialect, agent: false });
    const { visitor, told } = await watched(site, { trace: "" });
    await dropAndReturn(site, visitor);
    await visitor.page.reload();
    await visitor.status("online");
    const traces = new Set(told("/api/genesys/refresh"));
    assert.equal(traces.size, 1);
    const [trace] = traces;
    assert.match(trace, /^00-[0-9a-f]{32}-[0-9a-f]{16}-01$/);
    assert.equal(hellos(visitor).length, 3);
    for (const { frame } of hellos(visitor)) assert.ok(frame[field].endsWith(trace), `${dialect}: ${frame[field]}`);
    // The simulator is of another origin, and was not listed.
    for (const path of ["/api/v2/", "/webdeployments/"]) assert.deepEqual(told(path).filter(Boolean), []);
  }
});

test("an origin that the page lists is told, and allows it", async (t) => {
  const site = await openSite(t, { agent: false });
  const { visitor, told } = await watched(site, { trace: site.simulator.origin });
  await dropAndReturn(site, visitor);
  const [trace] = told("/api/genesys/refresh");
  const history = told("/api/v2/webmessaging/messages");
  assert.ok(trace && history.length > 0);
  assert.deepEqual(new Set(history), new Set([trace]));
  assert.deepEqual(await visitor.screen(), [["inbound", "one"], ["inbound", "two"]]);
});

test("without the attribute nothing is told to anybody", async (t) => {
  const site = await openSite(t, { dialect: "webmessaging-guests", agent: false });
  const { visitor, told } = await watched(site, {});
  await dropAndReturn(site, visitor);
  assert.deepEqual(told("/").filter(Boolean), []);
  assert.equal(hellos(visitor).filter(({ frame }) => "traceparent" in frame).length, 0);
});

test("what is listed and is no origin is named in the panel", async (t) => {
  const site = await openSite(t, { agent: false });
  const { visitor } = await watched(site, { trace: "yes" });
  await visitor.open();
  await visitor.page.getByText("data-trace").first().waitFor();
  assert.equal(visitor.problems.splice(0).length, 1, "it is named once in the console, too");
  const { cause, text } = await visitor.page.evaluate(() => globalThis.GuestChat("diagnose"));
  assert.equal(cause, "attributes");
  assert.match(text, /data-trace/);
});

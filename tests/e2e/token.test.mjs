// The token: asked for once, renewed behind the visitor's back, refused in the open, and never seen where it does not belong.

import assert from "node:assert/strict";
import { test } from "node:test";

import { openSite, PATIENCE, until } from "./harness.mjs";

/** Puts a clock into the page that the test can move on; until then it goes as usual. */
const withClock = (page) => page.clock.install();

/** What the page heard of the connection. */
const statuses = (visitor) => visitor.page.evaluate(() => globalThis.statuses);
const noteStatuses = (visitor) =>
  visitor.page.evaluate(() => {
    globalThis.statuses = [];
    globalThis.GuestChat("on", "status", ({ status }) => globalThis.statuses.push(status));
  });

const answered = (count) => async (site) => (await site.tokenRequests()).filter(({ status }) => status).length >= count;

test("the endpoint is asked once for each connection, however much is said", async (t) => {
  const site = await openSite(t, { agent: false });
  const visitor = await site.visit();
  await visitor.open();
  await visitor.send("one");
  await visitor.sentMessage("one", "sent").waitFor();
  await site.agent({ action: "close-all" });
  await until("a second connection", PATIENCE, () => visitor.sockets.length === 2);
  await visitor.send("two");
  await visitor.sentMessage("two", "sent").waitFor();
  // The token proxy gives places in line, one for each.
  assert.equal((await site.tokenRequests()).length, 2);
  const [cookie, ...more] = await visitor.context.cookies();
  assert.deepEqual([cookie.httpOnly, cookie.sameSite, more], [true, "Strict", []]);
});

test("a token that lives five seconds is renewed again and again without touching the socket", async (t) => {
  const site = await openSite(t, { life: 5, agent: false });
  const visitor = await site.visit();
  await noteStatuses(visitor);
  await visitor.open();
  await visitor.status("online");
  const [{ connection }] = await site.connections();
  await until("four grants", 20_000, () => answered(4)(site));
  await visitor.send("still here");
  await visitor.sentMessage("still here", "sent").waitFor();
  assert.deepEqual((await site.connections()).map((it) => it.connection), [connection]);
  assert.equal(visitor.sockets.length, 1);
  assert.equal((await statuses(visitor)).at(-1), "online");
  assert.ok(!(await statuses(visitor)).includes("reconnecting"));
  const times = (await site.tokenRequests()).map(({ at_ms }) => at_ms);
  const lives = times.slice(1).map((time, at) => time - times[at]);
  assert.ok(lives.every((life) => life > 3_500 && life < 5_000), `renewed after ${lives} ms`);
  assert.deepEqual(visitor.problems, []);
});

test("a renewal that fails is tried again, and the visitor notices nothing", async (t) => {
  const site = await openSite(t, { life: 5, agent: false });
  await site.tokenFaults({ next: [{}, { status: 503 }, { html: true }, { status: 500 }] });
  const visitor = await site.visit();
  await noteStatuses(visitor);
  await visitor.open();
  await visitor.status("online");
  await until("a grant after the failures", 30_000, () => answered(5)(site));
  await visitor.send("still here");
  await visitor.sentMessage("still here", "sent").waitFor();
  assert.equal(visitor.sockets.length, 1);
  assert.ok(!(await statuses(visitor)).includes("reconnecting"));
});

test("a live socket keeps its token when the endpoint gives another one, and the next connection uses the newest", async (t) => {
  const site = await openSite(t, { life: 5, agent: false });
  const visitor = await site.visit();
  await visitor.open();
  await visitor.status("online");
  const first = await visitor.token();
  await site.tokenFaults({ always: { token: "new" } });
  await until("another token", PATIENCE, () => answered(2)(site));
  await visitor.send("on the old one");
  await visitor.sentMessage("on the old one", "sent").waitFor();
  assert.deepEqual(await site.said(first), [["inbound", "on the old one"]]);
  assert.equal(visitor.sockets.length, 1);
  await site.agent({ token: first, action: "close-all" });
  await until("a second connection", PATIENCE, async () => (await visitor.token()) !== first);
});

test("refused once, the visitor notices nothing", async (t) => {
  const site = await openSite(t, { agent: false });
  await site.tokenFaults({ next: [{ status: 401 }] });
  const visitor = await site.visit();
  await visitor.open();
  await visitor.status("online");
  assert.deepEqual((await site.tokenRequests()).map(({ status }) => status), [401, 200]);
});

for (const status of [401, 403]) {
  test(`refused twice with ${status}, the visitor is told, nothing is asked by itself any more, and can try again`, async (t) => {
    const site = await openSite(t, { agent: false });
    await site.tokenFaults({ always: { status } });
    const visitor = await site.visit({ prepare: withClock });
    await visitor.open();
    await visitor.status("refused");
    await visitor.page.clock.fastForward("02:00:00");
    await visitor.page.evaluate(() => {
      for (const event of ["offline", "online", "focus"]) dispatchEvent(new Event(event));
      document.dispatchEvent(new Event("visibilitychange"));
    });
    await visitor.page.clock.fastForward("02:00:00");
    await visitor.status("refused");
    assert.deepEqual((await site.tokenRequests()).map(({ status }) => status), [status, status]);
    assert.deepEqual(visitor.sockets, []);

    await visitor.send("kept");
    await visitor.status("refused");
    await visitor.sentMessage("kept").waitFor();
    await site.tokenFaults({ always: {} });
    await visitor.page.getByRole("button", { name: "Try again" }).click();
    await visitor.sentMessage("kept", "sent").waitFor();
    assert.deepEqual(await site.said(await visitor.token()), [["inbound", "kept"]]);
  });
}

for (const [name, fault] of [
  ["that is overloaded", { status: 503 }],
  ["that answers with a login page", { html: true }],
]) {
  test(`an endpoint ${name} is asked again until it answers`, async (t) => {
    const site = await openSite(t, { agent: false });
    await site.tokenFaults({ next: [fault, fault] });
    const visitor = await site.visit();
    await noteStatuses(visitor);
    await visitor.open();
    await visitor.send("patience");
    await visitor.sentMessage("patience", "sent").waitFor({ timeout: 30_000 });
    assert.ok((await statuses(visitor)).includes("reconnecting"), String(await statuses(visitor)));
    assert.equal((await site.tokenRequests()).length, 3);
    assert.deepEqual(await site.said(await visitor.token()), [["inbound", "patience"]]);
  });
}

for (const [name, retryAfter, earliest] of [
  ["in seconds", () => "4", (first) => first + 3_900],
  // A date is the same moment however long the page takes to ask, and has whole seconds.
  ["as a date", () => new Date(Date.now() + 7_000).toUTCString(), (first, date) => Date.parse(date) - 100],
]) {
  test(`an endpoint that says ${name} when to come again is not asked before`, async (t) => {
    const site = await openSite(t, { agent: false });
    const asked = retryAfter();
    await site.tokenFaults({ next: [{ status: 429, retry_after: asked }] });
    const visitor = await site.visit();
    await visitor.open();
    await visitor.status("reconnecting");
    await visitor.status("online");
    const [first, second] = (await site.tokenRequests()).map(({ at_ms }) => at_ms);
    assert.ok(second >= earliest(first, asked), `asked again after ${second - first} ms`);
  });
}

test("an endpoint that hangs is given up after ten seconds and asked again", async (t) => {
  const site = await openSite(t, { agent: false });
  await site.tokenFaults({ next: [{ hang_ms: 60_000 }] });
  const visitor = await site.visit({ prepare: withClock });
  await visitor.open();
  await until("the first request", PATIENCE, async () => (await site.tokenRequests()).length === 1);
  await visitor.page.clock.fastForward(9_000);
  assert.equal((await site.tokenRequests()).length, 1);
  await visitor.page.clock.fastForward(1_500);
  await visitor.status("online");
  assert.deepEqual((await site.tokenRequests()).map(({ status }) => status), [null, 200]);
});

test("with an endpoint, the token is neither in the console, nor in an address, nor in the page, nor in any storage", async (t) => {
  const site = await openSite(t, { life: 5, agent: false });
  await site.tokenFaults({ next: [{}, { status: 503 }, { status: 401 }] });
  await site.fault({ on: { request: "text" }, effect: { drop: { cut: "afterAccept" } } });
  const visitor = await site.visit();
  await visitor.page.evaluate(() => {
    globalThis.events = [];
    for (const event of ["message", "status", "unread", "error"]) globalThis.GuestChat("on", event, (it) => globalThis.events.push(it));
  });
  await visitor.open();
  await visitor.send("Hello");
  await visitor.sentMessage("Hello", "sent").waitFor();
  await until("a renewal after the failures", 20_000, () => answered(4)(site));
  const token = await visitor.token();
  const page = await visitor.page.evaluate(() => document.documentElement.outerHTML + document.querySelector("guest-chat").shadowRoot.innerHTML
    + JSON.stringify(globalThis.events));
  const places = { lines: visitor.lines, requests: visitor.requests, sockets: visitor.sockets, stored: await visitor.stored(), page };
  for (const [place, content] of Object.entries(places)) {
    assert.ok(!JSON.stringify(content).includes(token), `the token is in ${place}`);
  }
  assert.ok(visitor.frames.some(({ sent, frame }) => sent && frame?.token === token), "where it belongs");
});

test("with an endpoint, a reload goes on in the same session", async (t) => {
  const site = await openSite(t, { agent: false });
  const visitor = await site.visit();
  await visitor.open();
  await visitor.send("before");
  await visitor.sentMessage("before", "sent").waitFor();
  const token = await visitor.token();
  await visitor.page.reload();
  await visitor.send("after");
  await visitor.sentMessage("after", "sent").waitFor();
  assert.equal(await visitor.token(), token);
  await visitor.reads([["inbound", "before"], ["inbound", "after"]]);
});

test("without an endpoint the widget makes its own token, and keeps it over a reload", async (t) => {
  const site = await openSite(t, { agent: false });
  const visitor = await site.visit({ attributes: { "token-url": null } });
  await visitor.open();
  await visitor.send("before");
  await visitor.sentMessage("before", "sent").waitFor();
  const token = await visitor.token();
  await visitor.page.reload();
  await visitor.send("after");
  await visitor.sentMessage("after", "sent").waitFor();
  assert.equal(await visitor.token(), token);
  assert.deepEqual(await site.said(token), [["inbound", "before"], ["inbound", "after"]]);
  await visitor.reads([["inbound", "before"], ["inbound", "after"]]);
  assert.deepEqual(await site.tokenRequests(), []);
  assert.deepEqual(await visitor.context.cookies(), []);
  assert.deepEqual(visitor.problems, []);
});

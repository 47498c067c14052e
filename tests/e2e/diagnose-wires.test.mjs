// `GuestChat("diagnose")` on pages that speak one of the five wires: what a page can see of how each of them fails, and healthy ones, which are
// never accused. What a program sees is in companions/doctor/tests/wires.rs, and what follows from either in crates/diagnosis/tests/wires.rs.

import assert from "node:assert/strict";
import { test } from "node:test";

import { openSite } from "./harness.mjs";

const FIVE = ["external-contacts", "guest-sessions", "guest-webchat", "webmessaging-guests", "conversation-socket"];
const REFRESH = "**/api/genesys/refresh";
const TEXT = "a text that is nobody else's business";

const diagnose = (visitor) => visitor.page.evaluate(() => globalThis.GuestChat("diagnose"));

/** What is not for a report, in one that is for everybody. */
function isFitForATicket(report) {
  const said = JSON.stringify(report);
  assert.ok(!said.includes("token=") && !said.includes(TEXT), said);
}

const without = (scope) => (site) =>
  site.settings({ oauth: { scopes: ["guest:read", "guest:write", "conversation:read", "conversation:write"].filter((it) => it !== scope) } });

/** Without these members in each grant. */
const lacking = (...members) => (page) =>
  page.route(REFRESH, async (route) => {
    const response = await route.fetch();
    const grant = await response.json();
    for (const member of members) delete grant[member];
    await route.fulfill({ response, json: grant });
  });

/** Each case: the wire, what is wrong, the cause that has to be named, how the site is made so, how the page is, and its tag. */
const CASES = [
  ["external-contacts", "a scope is missing", "token-scope", without("conversation:write")],
  ["external-contacts", "another contact than the greeting's", "contact-mismatch",
    (site) => site.fault({ on: { request: "message" }, count: null, effect: { error: { code: 409 } } })],
  ["external-contacts", "nobody greets", "hello-unanswered", (site) => site.fault({ on: { push: "greeting" }, count: null, effect: "lose" })],
  ["external-contacts", "posts go to where nobody answers", "post-unreachable", undefined,
    (page) => page.route("**/nowhere", (route) => route.abort()), (site) => ({ "post-url": `${site.simulator.origin}/{contactId}/nowhere` })],
  ["guest-webchat", "a scope is missing", "socket-never-opens", without("guest:write")],
  ["guest-webchat", "this visitor's token is refused", "token-expired",
    (site) => site.fault({ on: "upgrade", count: 1, effect: { status: { status: 403 } } })],
  ["webmessaging-guests", "a grant without ids", "token-ids-missing", undefined, lacking("conversation_id", "guest_id")],
  ["conversation-socket", "nobody may listen", "token-scope", without("conversation:read")],
  ["conversation-socket", "the join is lost on its way", "join-unheard",
    (site) => site.fault({ on: { request: "join" }, count: null, effect: "lose" })],
];

for (const [dialect, what, cause, breakIt, prepare, attributes] of CASES) {
  test(`${dialect}: ${what}`, async (t) => {
    const site = await openSite(t, { dialect, agent: false });
    await breakIt?.(site);
    const visitor = await site.visit({ prepare, attributes: attributes?.(site) });
    const report = await diagnose(visitor);
    assert.equal(report.cause, cause, report.text);
    isFitForATicket(report);
    visitor.problems.length = 0; // that is what was wrong
  });
}

for (const dialect of FIVE) {
  test(`${dialect}: a healthy page is not accused, before, during and after a conversation`, async (t) => {
    const site = await openSite(t, { dialect, life: 20 });
    const visitor = await site.visit();
    const healthy = async (when) => {
      const report = await diagnose(visitor);
      assert.equal(report.cause, null, `${when}: ${report.text}`);
      isFitForATicket(report);
    };
    await healthy("not opened yet");
    await visitor.open();
    await visitor.status("online");
    await healthy("online");
    await visitor.send(TEXT);
    await visitor.sentMessage(TEXT, "sent").waitFor();
    await healthy("while the agent answers");
    await visitor.page.reload();
    await visitor.status("online");
    await healthy("after a reload");
    await site.agent({ action: "disconnect" });
    await visitor.status("readonly");
    await healthy("ended");
  });
}

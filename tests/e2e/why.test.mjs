// A chat that does not come about says why: a line to the visitor, a cause to the developer, in an event and once in the console.

import assert from "node:assert/strict";
import { test } from "node:test";

import { agree } from "./agreement.mjs";
import { openSite, until } from "./harness.mjs";
import { WHYS } from "./whys.mjs";

/** Some of them are told at the third attempt only. */
const SOME_ATTEMPTS = 30_000;

for (const [name, { line, status, told, prepare, breakIt }] of Object.entries(WHYS)) {
  test(`${name}: the visitor reads what to do, and the developer hears the cause`, async (t) => {
    const site = await openSite(t, { agent: false });
    await breakIt?.(site);
    const visitor = await site.visit({ prepare });
    await visitor.page.evaluate(() => {
      globalThis.errors = [];
      GuestChat("on", "error", ({ kind, cause, code }) => globalThis.errors.push([kind, cause, code]));
    });
    await visitor.open();
    await visitor.part("status").getByText(line).waitFor({ timeout: SOME_ATTEMPTS });
    await visitor.status(status);
    const last = () => visitor.page.evaluate(() => globalThis.errors.at(-1));
    await until("the event", SOME_ATTEMPTS, async () => (await last()).every((it, index) => it === told[index]));

    const [, cause] = told;
    const warnings = visitor.lines.filter((words) => words.startsWith("warning: [guest-chat]"));
    assert.equal(warnings.length, cause ? 1 : 0, warnings.join("\n"));
    if (cause) assert.equal(warnings[0], `warning: [guest-chat] ${cause}: GuestChat("diagnose") says more`);
  });
}

test("a cause that is mended is forgotten: the chat comes about, and says nothing more of it", async (t) => {
  const site = await openSite(t, { agent: false });
  await WHYS["silent-close"].breakIt(site);
  const visitor = await site.visit();
  await visitor.open();
  await visitor.part("status").getByText(WHYS["silent-close"].line).waitFor({ timeout: SOME_ATTEMPTS });
  await site.liftFaults();
  await visitor.part("status").getByRole("button").click();
  await visitor.status("online");
  // Slowly enough for the line to be read.
  await site.fault({ on: { request: "configureSession" }, effect: { delay: { ms: 3000 } } });
  await site.agent({ action: "close-all" });
  await visitor.status("reconnecting");
  assert.match(await visitor.part("status").textContent(), /^Reconnecting/);
  await visitor.status("online");
});

test("the handshake works, and the first message is answered by a close without a word: it is kept, the cause is told, and it arrives once", async (t) => {
  const site = await openSite(t, { agent: false });
  const visitor = await site.visit();
  await visitor.page.evaluate(() => {
    globalThis.causes = [];
    GuestChat("on", "error", ({ cause }) => cause && globalThis.causes.push(cause));
  });
  await visitor.open();
  await visitor.status("online");
  await site.fault({ on: { request: "text" }, count: 3, effect: { close: { code: 1000, cut: "beforeAccept" } } });
  await visitor.send("Is anybody there?");
  await agree(site, [visitor], ["Is anybody there?"]);
  assert.deepEqual(await visitor.page.evaluate(() => globalThis.causes), ["token-scope"]);
});

test("what to do about a trouble is said no longer than the trouble lasts", async (t) => {
  const site = await openSite(t, { agent: false });
  await site.tokenFaults({ next: [{ html: true }] });
  const visitor = await site.visit();
  await visitor.open();
  await visitor.status("online");
  await site.fault({ on: { request: "configureSession" }, effect: { delay: { ms: 3000 } } });
  await visitor.context.setOffline(true);
  await visitor.status("offline");
  await visitor.context.setOffline(false);
  await visitor.status("reconnecting");
  assert.match(await visitor.part("status").textContent(), /^Reconnecting/);
  await visitor.status("online");
});

// A page that dies at each await point of a send: of one in a living conversation, of the very first, of one whose connection breaks.
// Whenever it happens, the page that comes after it shows the message once, and the backend has it once.

import assert from "node:assert/strict";
import { test } from "node:test";

import { agree, LONG } from "./agreement.mjs";
import { openSite, until } from "./harness.mjs";
import { effects, effectsOfTheDead, numberedEffects } from "./points.mjs";

const TEXT = "at the point";

/** How a send begins; each leaves the page ready to be armed, and gives what was said before and the deed itself. */
const SENDS = {
  "a message in a living conversation": async (visitor) => {
    await converse(visitor);
    return { before: ["before"], deed: () => pressEnter(visitor) };
  },
  "the very first message": async (visitor) => {
    await visitor.part("launcher").waitFor();
    return { before: [], deed: () => visitor.api("send", TEXT) };
  },
  "a message whose connection breaks before it is accepted": async (visitor, site) => {
    await converse(visitor);
    await site.fault({ on: { request: "text" }, token: await visitor.token(), effect: { drop: { cut: "beforeAccept" } } });
    return { before: ["before"], deed: () => pressEnter(visitor) };
  },
  "a message whose connection breaks before its echo": async (visitor, site) => {
    await converse(visitor);
    await site.fault({ on: { request: "text" }, token: await visitor.token(), effect: { drop: { cut: "afterAccept" } } });
    return { before: ["before"], deed: () => pressEnter(visitor) };
  },
};

async function converse(visitor) {
  await visitor.open();
  await visitor.send("before");
  await visitor.sentMessage("before", "sent").waitFor();
  await visitor.part("composer").fill(TEXT);
}

/** Whether it writes the message down. A draft is none yet. */
const isSaving = (name) => name.startsWith("write local") && name.includes(`"text":"${TEXT}"`);

const pressEnter = (visitor) => visitor.part("composer").press("Enter");

// In a closed panel, too.
const isSent = async (visitor) => (await visitor.sentMessage(TEXT, "sent").count()) > 0;
const hasDied = (visitor) => visitor.page.evaluate(() => performance.getEntriesByType("navigation")[0].type === "reload").catch(() => false);

/** Sends with the page dying before its `point`-th effect, or not at all; gives what was said and whether it died. */
async function sendUpTo(point, site, begin) {
  const visitor = await site.visit({ prepare: numberedEffects });
  const { before, deed } = await begin(visitor, site);
  await visitor.page.evaluate((point) => globalThis.points.arm(point), point);
  // The page may be gone before it has answered.
  await deed().catch((error) => assert.match(String(error), /navigat|destroyed/));
  let died = false;
  await until("the end of the page, or of the sending", LONG, async () => (died = await hasDied(visitor)) || (await isSent(visitor)));
  return { visitor, before, died };
}

for (const [what, begin] of Object.entries(SENDS)) {
  test(`${what} is sent once, wherever on its way the page dies`, { timeout: 180_000 }, async (t) => {
    const site = await openSite(t, { agent: false });
    const { visitor, before } = await sendUpTo(undefined, site, begin);
    await agree(site, [visitor], [...before, TEXT]);
    const names = await effects(visitor);
    const saved = names.findIndex(isSaving);
    const left = names.findIndex((name) => name.startsWith("frame") && name.includes(TEXT));
    assert.ok(saved !== -1 && saved < left, `saved before it leaves:\n${names.join("\n")}`);
    await visitor.context.close();

    let deaths = 0;
    const points = names.map((_, at) => at + 1);
    const dieAt = async (point) => {
      const { visitor, before, died } = await sendUpTo(point, site, begin);
      deaths += Number(died);
      await visitor.part("launcher").waitFor();
      await visitor.api("open");
      // What was not yet written anywhere is gone with the page, and is in neither place. Not every run has its effects in the same order.
      const done = died ? await effectsOfTheDead(visitor) : null;
      const kept = !done || done.some(isSaving);
      if (kept && before.length === 0) await choose(visitor, done);
      await agree(site, [visitor], kept ? [...before, TEXT] : before).catch((error) => {
        throw new Error(`died after\n${done?.join("\n")}\n${error.message}`);
      });
      await visitor.context.close();
    };
    await sideBySide(4, points, dieAt);
    // The order of what the page does at once may differ, and so may how often it saves: not every run comes as far.
    assert.ok(deaths >= points.length - 2, `died ${deaths} times at ${points.length} points:\n${names.join("\n")}`);
    t.diagnostic(`${deaths} deaths at ${points.length} points`);
  });
}

/**
 * A page that dies between its hello and the beginning of the conversation leaves one whose history is empty, as one that was cleared
 * would be. Then the visitor is asked, and wants it sent; in no other case.
 */
async function choose(visitor, done) {
  const ask = visitor.part("retry");
  await until("it to be sent, or asked about", LONG, async () => (await isSent(visitor)) || (await ask.count()) > 0);
  if ((await ask.count()) === 0) return;
  assert.ok(!done?.some((name) => name.startsWith("frame") && name.includes('"Join"')), `asked without need:\n${done?.join("\n")}`);
  await ask.click();
}

/** Works off all of `items`, so many at a time. */
async function sideBySide(width, items, work) {
  const rest = [...items];
  const worker = async () => {
    while (rest.length > 0) await work(rest.shift());
  };
  await Promise.all(Array.from({ length: width }, worker));
}

// A page that dies at each await point of a send: of one in a living conversation, of the very first, of one whose connection breaks.
// Whenever it happens, the page that comes after it shows the message once, and the backend has it once.

import assert from "node:assert/strict";
import { test } from "node:test";

import { agree, LONG } from "./agreement.mjs";
import { openSite, until } from "./harness.mjs";
import { disarm, effectsOfTheDead, numberedEffects } from "./points.mjs";

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
  // So that no effect of what came before is counted among those of the sending.
  await until("the draft to be written down", LONG, () => isWritten(visitor));
}

/** Whether it writes the message down. A draft is none yet. */
const isSaving = (name) => name.startsWith("write local") && name.includes(`"text":"${TEXT}"`);
const isLeaving = (name) => name.startsWith("frame") && name.includes(TEXT);

const pressEnter = (visitor) => visitor.part("composer").press("Enter");

// In a closed panel, too.
const isSent = async (visitor) => (await visitor.sentMessage(TEXT, "sent").count()) > 0;
const isWritten = (visitor) => visitor.page.evaluate((text) => Object.values(localStorage).some((value) => value.includes(text)), TEXT);
const isOver = async (visitor) => (await isSent(visitor)) && !(await isWritten(visitor));
const hasDied = (visitor) => visitor.page.evaluate(() => performance.getEntriesByType("navigation")[0].type === "reload").catch(() => false);

/**
 * Sends with the page dying before its `point`-th effect, or not at all; gives what was said, and the effects that the page had, as one
 * that `died` or that came `through`.
 */
async function sendUpTo(point, site, begin) {
  const visitor = await site.visit({ prepare: numberedEffects });
  const { before, deed } = await begin(visitor, site);
  await visitor.page.evaluate((point) => globalThis.points.arm(point), point);
  // The page may be gone before it has answered.
  await deed().catch((error) => assert.match(String(error), /navigat|destroyed/));
  await until("the end of the page, or of the sending", LONG, async () => (await hasDied(visitor)) || (await isOver(visitor).catch(() => false)));
  const through = await disarm(visitor);
  if (through) return { visitor, before, through };
  await until("the next page", LONG, () => hasDied(visitor));
  return { visitor, before, died: await effectsOfTheDead(visitor) };
}

for (const [what, begin] of Object.entries(SENDS)) {
  test(`${what} is sent once, wherever on its way the page dies`, { timeout: 180_000 }, async (t) => {
    const site = await openSite(t, { agent: false });
    const { visitor, before, through: names } = await sendUpTo(undefined, site, begin);
    await agree(site, [visitor], [...before, TEXT]);
    const saved = names.findIndex(isSaving);
    const left = names.findIndex(isLeaving);
    assert.ok(saved !== -1 && saved < left, `saved before it leaves:\n${names.join("\n")}`);
    await visitor.context.close();

    const deaths = { "before it was saved": 0, "once it was saved": 0, "once it had left": 0 };
    const points = names.map((_, at) => at + 1);
    const dieAt = async (point) => {
      const { visitor, before, died, through } = await sendUpTo(point, site, begin);
      // The order of what a page does at once may differ, and so may how often it saves: one that came through had not so many effects.
      if (through) assert.ok(through.length < point, `lived on at ${point}:\n${through.join("\n")}`);
      else assert.equal(died.length, point - 1, `died after\n${died.join("\n")}`);
      await visitor.part("launcher").waitFor();
      await visitor.api("open");
      // What was not yet written anywhere is gone with the page, and is in neither place.
      const kept = (through ?? died).some(isSaving);
      if (died) deaths[died.some(isLeaving) ? "once it had left" : kept ? "once it was saved" : "before it was saved"] += 1;
      if (kept && before.length === 0) await choose(visitor, died);
      await agree(site, [visitor], kept ? [...before, TEXT] : before).catch((error) => {
        throw new Error(`died after\n${died?.join("\n")}\n${error.message}`);
      });
      await visitor.context.close();
    };
    await sideBySide(4, points, dieAt);
    for (const [when, often] of Object.entries(deaths)) assert.ok(often > 0, `no page died ${when}:\n${names.join("\n")}`);
    t.diagnostic(`deaths at ${points.length} points: ${JSON.stringify(deaths)}`);
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

// The chat for those who see, hear, move and read in other ways: keyboard, screen reader, colours of the visitor's own, little motion,
// other directions of writing, small screens. Axe checks what can be checked by rule; the rest is walked through.

import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { test } from "node:test";

import { openSite, PATIENCE, until } from "./harness.mjs";

const axe = await readFile(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");

/** What axe finds fault with on the page as it stands, one line for each. */
async function faults(visitor) {
  await visitor.page.evaluate(axe);
  // A colour that is on its way to another one is neither.
  await visitor.page.evaluate(() => Promise.all(
    document.querySelector("guest-chat").shadowRoot.getAnimations().map((it) => it.effect.getTiming().iterations === Infinity || it.finished),
  ));
  return visitor.page.evaluate(async () => {
    const { violations } = await globalThis.axe.run();
    return violations.flatMap(({ id, nodes }) => nodes.map(({ target, failureSummary }) => `${id}: ${target.flat().join(" ")}: ${failureSummary}`));
  });
}

/** The states that a visitor meets, each beginning where the one before ended. */
const STATES = [
  ["closed", async (_, visitor) => visitor.part("panel").waitFor({ state: "attached" })],
  ["open and empty", async (_, visitor) => {
    await visitor.open();
    await visitor.status("online");
  }],
  ["in conversation", async (site, visitor) => {
    await visitor.send("Where is https://shop.example/order?");
    await visitor.sentMessage(undefined, "sent").waitFor();
    await site.agent({ action: "say", text: "On its way: https://shop.example/track" });
    await visitor.receivedMessage("On its way").waitFor();
    await site.agent({ action: "type" });
    await visitor.part("typing").waitFor();
  }],
  ["with a message that failed", async (site, visitor) => {
    await site.fault({ on: { request: "text" }, effect: { error: { code: 400 } } });
    await visitor.send("not accepted");
    await visitor.sentMessage("not accepted", "failed").waitFor();
  }],
  ["ended", async (site, visitor) => {
    await visitor.part("composer").fill("one more");
    await site.agent({ action: "disconnect" });
    await visitor.status("readonly");
    await visitor.part("new-chat").waitFor();
    await visitor.part("status").getByText("This chat has ended").waitFor();
  }],
];

for (const [name, profile] of [
  ["light", { colorScheme: "light" }],
  ["dark", { colorScheme: "dark" }],
  ["forced colours", { forcedColors: "active" }],
  ["a small screen", { viewport: { width: 320, height: 568 } }],
]) {
  test(`axe finds nothing to complain of in any state, in ${name}`, async (t) => {
    const site = await openSite(t, { agent: false });
    const visitor = await site.visit({ profile });
    const found = [];
    for (const [state, reach] of STATES) {
      await reach(site, visitor);
      found.push(...(await faults(visitor)).map((fault) => `${state}: ${fault}`));
    }
    assert.deepEqual(found, []);
  });
}

/** What has the focus, through the shadow root: its part or its accessible name. */
const focused = (visitor) =>
  visitor.page.evaluate(() => {
    const element = document.activeElement?.shadowRoot?.activeElement ?? document.activeElement;
    return element?.getAttribute("part") || element?.getAttribute("aria-label") || element?.localName;
  });

test("the whole chat can be had from the keyboard, and Escape gives the focus back", async (t) => {
  const site = await openSite(t, { agent: false });
  const visitor = await site.visit({ body: '<a href="#top">A link</a>' });
  await visitor.part("panel").waitFor({ state: "attached" });
  const { keyboard } = visitor.page;
  await keyboard.press("Tab");
  assert.equal(await focused(visitor), "a");
  await keyboard.press("Tab");
  assert.equal(await focused(visitor), "launcher");
  await keyboard.press("Enter");
  await visitor.part("panel").waitFor();
  await until("the focus in the composer", PATIENCE, async () => (await focused(visitor)) === "composer");
  await keyboard.type("From the keyboard");
  await keyboard.press("Enter");
  await visitor.sentMessage("From the keyboard", "sent").waitFor();
  assert.equal(await focused(visitor), "composer");
  await keyboard.press("Tab");
  assert.equal(await focused(visitor), "send");
  await keyboard.press("Escape");
  await visitor.part("panel").waitFor({ state: "hidden" });
  await until("the focus on the launcher", PATIENCE, async () => (await focused(visitor)) === "launcher");
  await keyboard.press("Tab");
  assert.notEqual(await focused(visitor), "composer", "what is hidden takes no focus");
});

test("the focus stays where it is when the page opens the chat, and when an answer comes", async (t) => {
  const site = await openSite(t, { agent: false });
  const visitor = await site.visit({ body: '<input aria-label="Search">' });
  await visitor.page.getByLabel("Search").focus();
  await visitor.api("open");
  await visitor.status("online");
  await site.agent({ action: "say", text: "Hello" });
  await visitor.receivedMessage("Hello").waitFor();
  assert.equal(await focused(visitor), "Search");
});

test("a panel that fills the screen keeps the focus in it", async (t) => {
  const site = await openSite(t, { agent: false });
  const visitor = await site.visit({ profile: { viewport: { width: 390, height: 844 } }, body: '<a href="#top">A link</a>' });
  await visitor.open();
  await visitor.status("online");
  const seen = new Set();
  for (let pressed = 0; pressed < 8; pressed += 1) {
    await visitor.page.keyboard.press("Tab");
    seen.add(await focused(visitor));
  }
  assert.ok(["composer", "send", "Close chat"].every((name) => seen.has(name)), [...seen].join());
  assert.ok(!seen.has("a") && !seen.has("body") && !seen.has("launcher"), [...seen].join());
  assert.equal(await visitor.part("panel").getAttribute("aria-modal"), "true");
});

test("what is said is announced once by a region of its own, and the transcript is silent", async (t) => {
  const site = await openSite(t, { agent: false });
  const visitor = await site.visit();
  await visitor.open();
  await visitor.send("before");
  await visitor.sentMessage("before", "sent").waitFor();
  await visitor.page.reload();
  await visitor.reads([["inbound", "before"]]);
  await visitor.status("online");
  await visitor.page.evaluate(() => {
    globalThis.announced = [];
    const region = document.querySelector("guest-chat").shadowRoot.querySelector('[aria-live="polite"]');
    const note = (records) => records.forEach(({ addedNodes }) => addedNodes.forEach((node) => globalThis.announced.push(node.textContent)));
    new MutationObserver(note).observe(region, { childList: true });
  });
  await site.agent({ action: "say", text: "We are looking." });
  await visitor.receivedMessage("We are looking.").waitFor();
  await until("the announcement", PATIENCE, () => visitor.page.evaluate(() => globalThis.announced.length));
  const announced = await visitor.page.evaluate(() => globalThis.announced.filter(Boolean));
  assert.deepEqual(announced, ["Ana said: We are looking."], "and nothing out of history");
  assert.equal(await visitor.page.getByRole("log").getAttribute("aria-live"), "off");
  assert.equal(await visitor.page.locator('guest-chat [aria-live="polite"], guest-chat [role="status"], guest-chat [role="alert"]').count(), 1);
});

test("whoever wants little motion sees none", async (t) => {
  const site = await openSite(t, { agent: false });
  const visitor = await site.visit({ profile: { reducedMotion: "reduce" } });
  const moved = () => visitor.page.evaluate(() =>
    [...document.querySelector("guest-chat").shadowRoot.querySelectorAll("*")].flatMap((element) => {
      const style = getComputedStyle(element);
      const moves = element.getAnimations({ subtree: true }).flatMap((it) => it.effect.getKeyframes()).some((frame) =>
        ["transform", "translate", "rotate", "scale"].some((property) => frame[property] && frame[property] !== "none"));
      const stands = style.transform === "none" && style.translate === "none" && style.rotate === "none" && style.scale === "none";
      return stands && !moves ? [] : [`${element.localName}.${element.getAttribute("class")}: ${style.transform}`];
    }));
  await visitor.part("panel").waitFor({ state: "attached" });
  assert.deepEqual(await moved(), []);
  await visitor.open();
  await visitor.status("online");
  await visitor.send("Slowly");
  await visitor.sentMessage("Slowly").waitFor();
  await site.agent({ action: "type" });
  await visitor.part("typing").waitFor();
  assert.deepEqual(await moved(), []);
});

test("on a page that is written from right to left the chat is mirrored", async (t) => {
  const site = await openSite(t, { agent: false });
  const visitor = await site.visit({ root: 'lang="ar" dir="rtl"' });
  await visitor.open();
  await visitor.send("مرحبا");
  await visitor.sentMessage("مرحبا", "sent").waitFor();
  await site.agent({ action: "say", text: "أهلا" });
  await visitor.receivedMessage("أهلا").waitFor();
  const { width } = visitor.page.viewportSize();
  const middle = async (locator) => locator.boundingBox().then(({ x, width }) => x + width / 2);
  assert.ok((await middle(visitor.part("launcher"))) < width / 4);
  const panel = await middle(visitor.part("panel"));
  assert.ok(panel < width / 2);
  assert.ok((await middle(visitor.sentMessage("مرحبا").locator('[part~="text"]'))) < panel, "the visitor's own are at the end, which is left");
  assert.ok((await middle(visitor.receivedMessage("أهلا").locator('[part~="text"]'))) > panel);
  assert.ok((await middle(visitor.part("send"))) < (await middle(visitor.part("composer"))));
});

test("nothing needs to be scrolled sideways at 320 px, whatever is written", async (t) => {
  const site = await openSite(t, { agent: false });
  const visitor = await site.visit({ profile: { viewport: { width: 320, height: 568 } } });
  await visitor.open();
  await visitor.send("W".repeat(300));
  await visitor.sentMessage(undefined, "sent").waitFor();
  await site.agent({ action: "say", text: `https://shop.example/${"long".repeat(60)} and words` });
  await visitor.receivedMessage().waitFor();
  await visitor.part("composer").fill("unbroken".repeat(40));
  const wide = await visitor.page.evaluate(() =>
    [document.documentElement, ...document.querySelector("guest-chat").shadowRoot.querySelectorAll("*")]
      .filter((element) => element.scrollWidth > element.clientWidth && element.clientWidth > 1 && getComputedStyle(element).overflowX !== "visible"
        && getComputedStyle(element).overflowX !== "hidden")
      .map((element) => `${element.localName}.${element.getAttribute("class")}: ${element.scrollWidth} > ${element.clientWidth}`));
  assert.deepEqual(wide, []);
  for (const part of ["text", "composer", "send"]) {
    const { x, width } = await visitor.part(part).last().boundingBox();
    assert.ok(x >= 0 && x + width <= 320, part);
  }
});

test("on a phone the panel fills the screen, and can be left again", async (t) => {
  const site = await openSite(t, { agent: false });
  const visitor = await site.visit({ profile: { viewport: { width: 390, height: 844 }, hasTouch: true, isMobile: true } });
  await visitor.part("launcher").tap();
  await visitor.part("panel").waitFor();
  await visitor.status("online");
  await until("the panel to fill the screen", PATIENCE, async () => {
    const { x, y, width, height } = await visitor.part("panel").boundingBox();
    return JSON.stringify([x, y, width, height]) === "[0,0,390,844]";
  });
  const size = await visitor.part("composer").evaluate((composer) => Number.parseFloat(getComputedStyle(composer).fontSize));
  assert.ok(size >= 16, "or iOS zooms in");
  await visitor.page.getByRole("button", { name: "Close chat" }).tap();
  await visitor.part("panel").waitFor({ state: "hidden" });
  await visitor.part("launcher").waitFor();
});

test("what a finger must hit is large enough", async (t) => {
  const site = await openSite(t, { agent: false });
  const visitor = await site.visit({ profile: { viewport: { width: 390, height: 844 }, hasTouch: true } });
  await visitor.open();
  await visitor.status("online");
  const small = await visitor.part("panel").getByRole("button").evaluateAll((buttons) =>
    buttons.filter((button) => {
      const { x, y, width, height } = button.getBoundingClientRect();
      const [middle, centre] = [x + width / 2, y + height / 2];
      // 44 px, less a hair: the area may be larger than what is drawn.
      const corners = [[-21.5, 0], [21.5, 0], [0, -21.5], [0, 21.5]];
      return !corners.every(([right, down]) => button.contains(button.getRootNode().elementFromPoint(middle + right, centre + down)));
    }).map((button) => button.getAttribute("aria-label")));
  assert.deepEqual(small, []);
});

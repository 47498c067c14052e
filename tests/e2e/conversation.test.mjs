// What a visitor and an agent can say to each other, and how it is shown: text in, the same text out, once, and never as markup.

import assert from "node:assert/strict";
import { test } from "node:test";

import { openSite, PATIENCE, until } from "./harness.mjs";

/** A visitor with an open chat, and nobody who answers by herself. */
async function chat(t, options) {
  const site = await openSite(t, { agent: false });
  const visitor = await site.visit(options);
  await visitor.open();
  await visitor.status("online");
  return { site, visitor };
}

test("whoever opens the chat is greeted, writes, and is answered", async (t) => {
  const site = await openSite(t);
  const visitor = await site.visit();
  await visitor.open();
  await visitor.receivedMessage("Hi, I am Ana. How can I help you today?").waitFor();
  await visitor.send("What are your opening hours?");
  await visitor.sentMessage("What are your opening hours?", "sent").waitFor();
  await visitor.part("typing").waitFor();
  await visitor.receivedMessage("The workshop is open on weekdays").waitFor();
  await visitor.part("typing").waitFor({ state: "detached" });
  await visitor.reads(await site.said(await visitor.token()));
  assert.deepEqual(visitor.problems, []);
});

test("the agent is seen to type until she has written", async (t) => {
  const { site, visitor } = await chat(t);
  await site.agent({ action: "type" });
  await visitor.part("typing").waitFor();
  await site.agent({ action: "say", text: "Here it is." });
  await visitor.receivedMessage("Here it is.").waitFor();
  assert.equal(await visitor.part("typing").count(), 0);
});

test("an agent who stops to type without a word is not seen to type for ever", async (t) => {
  const { site, visitor } = await chat(t);
  await site.agent({ action: "type" });
  await visitor.part("typing").waitFor();
  await visitor.part("typing").waitFor({ state: "detached" });
});

test("the agent is told that the visitor types", async (t) => {
  const { visitor } = await chat(t);
  await visitor.part("composer").pressSequentially("Well, you see");
  const isTyping = ({ sent, frame }) => sent && JSON.stringify(frame).includes('"Typing"');
  await until("a typing event", PATIENCE, () => visitor.frames.some(isTyping));
  await visitor.part("composer").press("Enter");
  await visitor.sentMessage("Well, you see", "sent").waitFor();
  assert.equal(visitor.frames.filter(isTyping).length, 1, "however many keys were pressed");
});

test("messages that come while the panel is closed are counted on the launcher until it is opened", async (t) => {
  const { site, visitor } = await chat(t);
  await visitor.part("launcher").click();
  await visitor.part("panel").waitFor({ state: "hidden" });
  await site.agent({ action: "say", text: "Are you there?" });
  await site.agent({ action: "say", text: "I can wait." });
  await visitor.part("launcher").getByText("2", { exact: true }).waitFor();
  assert.equal(await visitor.page.getByRole("button", { name: "Open chat, 2 unread messages" }).count(), 1);
  await visitor.open();
  await visitor.receivedMessage("I can wait.").waitFor();
  assert.equal(await visitor.part("launcher").textContent(), "");
});

test("Enter sends, and Shift+Enter breaks the line", async (t) => {
  const { site, visitor } = await chat(t);
  const composer = visitor.part("composer");
  await composer.pressSequentially("one");
  await composer.press("Shift+Enter");
  await composer.pressSequentially("two");
  await composer.press("Enter");
  await visitor.sentMessage(undefined, "sent").waitFor();
  assert.equal(await composer.inputValue(), "");
  assert.deepEqual(await site.said(await visitor.token()), [["inbound", "one\ntwo"]]);
});

for (const [name, event] of [
  ["while it composes", { key: "Enter", isComposing: true }],
  ["in browsers that have ended the composition by then", { key: "Enter", keyCode: 229 }],
]) {
  test(`the Enter of an input method sends nothing, ${name}`, async (t) => {
    const { site, visitor } = await chat(t);
    const composer = visitor.part("composer");
    await composer.fill("日本");
    await composer.dispatchEvent("keydown", event);
    assert.equal(await composer.inputValue(), "日本");
    await composer.pressSequentially("語");
    await composer.press("Enter");
    await visitor.sentMessage("日本語", "sent").waitFor();
    assert.deepEqual(await site.said(await visitor.token()), [["inbound", "日本語"]]);
  });
}

test("the send button sends, and the visitor can write on at once", async (t) => {
  const { visitor } = await chat(t);
  await visitor.part("composer").fill("by button");
  await visitor.part("send").click();
  await visitor.page.keyboard.type("and on");
  await visitor.sentMessage("by button", "sent").waitFor();
  assert.equal(await visitor.part("composer").inputValue(), "and on");
});

test("nothing but blanks is not sent", async (t) => {
  const { site, visitor } = await chat(t);
  await visitor.send("  \n ");
  await visitor.send("something");
  await visitor.sentMessage("something", "sent").waitFor();
  assert.deepEqual(await site.said(await visitor.token()), [["inbound", "something"]]);
});

test("lines, emoji and scripts of every direction arrive as they were written, both ways", async (t) => {
  const { site, visitor } = await chat(t);
  const text = "Zwei Zeilen:\n👩‍👩‍👧‍👦 🏳️‍🌈 e\u0301 “quoted” \\n \"json\" \u{10ffff}\n  مرحبا עולם  end";
  await visitor.send(text);
  await visitor.sentMessage(undefined, "sent").waitFor();
  await site.agent({ action: "say", text });
  await visitor.receivedMessage().waitFor();
  const both = [["inbound", text], ["outbound", text]];
  assert.deepEqual(await site.said(await visitor.token()), both);
  assert.deepEqual(await visitor.screen(), both);
});

test("addresses are links that give nothing away, and no other scheme is one", async (t) => {
  const { site, visitor } = await chat(t);
  const text = "See https://shop.example/a?b=c, or www.shop.example; not javascript:alert(1), data:text/html,x or vbscript:x.";
  await site.agent({ action: "say", text });
  await visitor.receivedMessage().waitFor();
  const links = await visitor.part("text").locator("a").evaluateAll((links) =>
    links.map(({ textContent, href, target, rel }) => ({ textContent, href, target, rel })));
  const safe = { target: "_blank", rel: "noopener noreferrer nofollow" };
  assert.deepEqual(links, [
    { textContent: "https://shop.example/a?b=c", href: "https://shop.example/a?b=c", ...safe },
    { textContent: "www.shop.example", href: "https://www.shop.example/", ...safe },
  ]);
  assert.deepEqual(await visitor.screen(), [["outbound", text]]);
});

test("markup is text, whoever wrote it", async (t) => {
  const { site, visitor } = await chat(t);
  const markup = '<img src=x onerror="document.title=\'hacked\'"><script>document.title="hacked"</script><b>bold</b> &amp;';
  await visitor.send(markup);
  await visitor.sentMessage(undefined, "sent").waitFor();
  await site.agent({ action: "say", text: markup });
  await visitor.receivedMessage().waitFor();
  assert.deepEqual(await visitor.screen(), [["inbound", markup], ["outbound", markup]]);
  assert.equal(await visitor.part("panel").locator("img, script, b").count(), 0);
  assert.equal(await visitor.page.title(), "A shop");
});

test("a text of more than 4,096 bytes is kept, is said to be too long, and is sent once it is shorter", async (t) => {
  const { site, visitor } = await chat(t);
  const longest = "é".repeat(2_048);
  await visitor.send(`${longest}x`);
  await visitor.part("panel").getByText("Too long by 1.").waitFor();
  assert.equal(await visitor.part("composer").inputValue(), `${longest}x`);
  assert.deepEqual(await visitor.screen(), []);
  await visitor.send(longest);
  await visitor.sentMessage(longest, "sent").waitFor();
  assert.deepEqual(await site.said(await visitor.token()), [["inbound", longest]]);
});

test("what comes while the visitor reads further up moves nothing, and waits behind a pill", async (t) => {
  const { site, visitor } = await chat(t);
  for (let line = 1; line <= 20; line += 1) await site.agent({ action: "say", text: `line ${line}` });
  await visitor.receivedMessage("line 20").waitFor();
  const log = visitor.page.getByRole("log");
  await log.evaluate((log) => log.scrollTo({ top: 100 }));
  await until("the scroll to be heard", PATIENCE, () => log.evaluate((log) => log.scrollTop === 100));
  await visitor.page.evaluate(() => new Promise(requestAnimationFrame));
  await site.agent({ action: "say", text: "down here" });
  const pill = visitor.page.getByRole("button", { name: "1 new message" });
  await pill.waitFor();
  assert.equal(await log.evaluate((log) => log.scrollTop), 100);
  await pill.click();
  await pill.waitFor({ state: "detached" });
  assert.ok(await log.evaluate((log) => log.scrollHeight - log.clientHeight - log.scrollTop < 2));
});

test("the end of the conversation stays in view, whatever becomes of the last message", async (t) => {
  const { site, visitor } = await chat(t);
  for (let line = 1; line <= 20; line += 1) await site.agent({ action: "say", text: `line ${line}` });
  await visitor.receivedMessage("line 20").waitFor();
  await site.fault({ on: { request: "text" }, effect: { error: { code: 400, message: "no" } } });
  await visitor.send("This one is not accepted, and says so on as many lines as that needs.");
  await visitor.part("retry").waitFor();
  const last = visitor.sentMessage(undefined, "failed").getByRole("button").last();
  await until("all of the last line in view", PATIENCE, async () => {
    const [button, composer] = await Promise.all([last.boundingBox(), visitor.part("composer").boundingBox()]);
    return button.y + button.height <= composer.y;
  });
});

test("a conversation longer than a page of history is read to its beginning", async (t) => {
  const { site, visitor } = await chat(t);
  for (let line = 1; line <= 40; line += 1) await site.agent({ action: "say", text: `line ${line} of many` });
  await visitor.receivedMessage("line 40 of many").waitFor();
  await visitor.page.reload();
  await visitor.receivedMessage("line 40 of many").waitFor();
  const log = visitor.page.getByRole("log");
  await until("the beginning", PATIENCE, async () => {
    await log.evaluate((log) => log.scrollTo({ top: 0 }));
    return visitor.receivedMessage("line 1 of many").isVisible();
  });
  await visitor.reads(await site.said(await visitor.token()));
});

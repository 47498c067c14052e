// The one walk that must never break: a visitor opens the launcher, writes, is answered, on the strictest page we promise to work on.

import assert from "node:assert/strict";
import { test } from "node:test";

import { openSite } from "./harness.mjs";

test("a visitor writes and is answered on a page with a strict policy", async (t) => {
  const site = await openSite(t);
  const visitor = await site.visit();

  await visitor.open();
  await visitor.send("Do you ship to Norway?");
  await visitor.sentMessage("Do you ship to Norway?", "sent").waitFor();
  await visitor.receivedMessage().first().waitFor();
  await visitor.status("online");

  const transcript = JSON.stringify(await site.transcript(await visitor.token()));
  assert.equal(transcript.split("Do you ship to Norway?").length - 1, 1, transcript);
  assert.deepEqual(visitor.problems, []);
});

test("a server that does not know what a .wasm is makes the chat slower to come, and is named in the console", async (t) => {
  const site = await openSite(t);
  const prepare = (page) =>
    page.route("**/guest-chat-app.wasm", async (route) => {
      const response = await route.fetch();
      await route.fulfill({ response, headers: { ...response.headers(), "content-type": "application/octet-stream" } });
    });
  const visitor = await site.visit({ prepare });
  await visitor.open();
  await visitor.status("online");
  const warnings = visitor.lines.filter((line) => line.startsWith("warning"));
  assert.equal(warnings.length, 1, warnings.join("\n"));
  assert.match(warnings[0], /\[guest-chat\] .*serve the \.wasm as application\/wasm/);
});

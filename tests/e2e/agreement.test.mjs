// The comparison itself, without a browser: everything that must not be is seen, and said so that a person can read it.

import assert from "node:assert/strict";
import { test } from "node:test";

import { agree } from "./agreement.mjs";

/** A tab that shows these lines, as `[direction, text, state]`. */
function tab(...lines) {
  const messages = lines.map(([direction, text, state]) => ({ dataset: { direction, state }, querySelector: () => ({ textContent: text }) }));
  return { spans: [], token: async () => "", part: () => ({ evaluateAll: async (see) => see(messages) }) };
}

const backend = (...lines) => ({ visitors: [], said: async () => lines });
const sent = (text) => ["inbound", text, "sent"];

test("what agrees passes", async () => {
  const site = backend(["inbound", "one"], ["outbound", "two"]);
  await agree(site, [tab(sent("one"), ["outbound", "two"])], ["one", { agent: "two" }], { patience: 0 });
});

const WRONG = {
  "a message that was lost": [[["inbound", "one"]], tab(sent("one")), ["one", "two"], "wrong: backend"],
  "a message that was accepted twice": [[["inbound", "one"], ["inbound", "one"]], tab(sent("one"), sent("one")), ["one"], "wrong: backend"],
  "messages in another order": [[["inbound", "two"], ["inbound", "one"]], tab(sent("two"), sent("one")), ["one", "two"], "wrong: backend"],
  "a message that is shown twice": [[["inbound", "one"]], tab(sent("one"), sent("one")), ["one"], "wrong: tab 1"],
  "a message that is not shown": [[["inbound", "one"]], tab(), ["one"], "wrong: tab 1"],
  "a message that stays in sending": [[["inbound", "one"]], tab(["inbound", "one", "sending"]), ["one"], "wrong: tab 1"],
};
for (const [what, [accepted, screen, said, verdict]] of Object.entries(WRONG)) {
  test(`${what} is seen`, async () => {
    await assert.rejects(agree(backend(...accepted), [screen], said, { patience: 0 }), ({ message }) => message.includes(verdict));
  });
}

test("the difference is a table", async () => {
  const site = backend(["inbound", "one"], ["outbound", "two"]);
  const failure = await agree(site, [tab(sent("one")), tab(["inbound", "one", "sending"])], ["one"], { patience: 0 }).catch((error) => error);
  assert.equal(failure.message, `no agreement; wrong: backend, tab 1, tab 2
  said                   backend                tab 1                  tab 2
≠ inbound one            inbound one            inbound one            inbound one (sending)
≠ —                      outbound two           —                      —`);
});

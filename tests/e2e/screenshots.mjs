// Pictures of every state that is worth a look, on two screens, light and dark: `node tests/e2e/screenshots.mjs FOLDER`. Not a test: nothing is
// compared, somebody looks. It needs the same environment as the tests, and fails where a state cannot be reached.

import { mkdir, readFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { test } from "node:test";

import { openSite } from "./harness.mjs";
import { WHYS } from "./whys.mjs";

const folder = process.argv[2];
if (!folder) throw new Error("usage: node tests/e2e/screenshots.mjs FOLDER");
await mkdir(folder, { recursive: true });

/** The shop of `trunk serve`, so that the chat is seen where it will stand. */
const page = await readFile(resolve(import.meta.dirname, "../../index.html"), "utf8");
const SHOP = `<link rel="stylesheet" href="/demo.css">${/<body>([^]*)<\/body>/.exec(page)[1]}`;

const SCREENS = {
  desktop: { viewport: { width: 1280, height: 800 } },
  phone: { viewport: { width: 390, height: 844 }, deviceScaleFactor: 2, isMobile: true, hasTouch: true },
};

/** How long a state may take that waits for several failures, in ms. */
const LONG = 40_000;

/** The states in an order in which each follows from the one before. */
const STATES = {
  closed: async (_, visitor) => visitor.part("panel").waitFor({ state: "attached" }),

  "open-empty": async (_, visitor) => {
    await visitor.open();
    await visitor.status("online");
  },

  conversation: async (site, visitor) => {
    await say(site, visitor, "Hi, I am Ana. How can I help you today?");
    await write(visitor, "Hello Ana");
    await write(visitor, "I ordered the Lauv tent last week, GC-20713. Has it left yet?");
    await say(site, visitor, "One moment, I will have a look.");
    await say(site, visitor, "It left Bergen this morning and should be with you tomorrow. You can follow it here: https://shop.example/track/GC-20713");
    await write(visitor, "That was quick, thank you 🙂");
    await site.agent({ action: "type" });
    await visitor.part("typing").waitFor();
  },

  failed: async (site, visitor) => {
    await visitor.part("typing").waitFor({ state: "detached" });
    await site.fault({ on: { request: "text" }, effect: { error: { code: 400, message: "no" } } });
    await visitor.send("One more: do the pegs come with it, or do I order those apart?");
    await visitor.part("retry").waitFor();
  },

  reconnecting: async (site, visitor) => {
    await visitor.part("retry").click();
    await visitor.sentMessage("One more", "sent").waitFor();
    await site.simulator.kill();
    await visitor.send("Are you still there?");
    await visitor.part("status").getByText(/Next try in/).waitFor({ timeout: LONG });
  },

  offline: async (_, visitor) => {
    await visitor.context.setOffline(true);
    await visitor.part("status").getByText("You are offline").waitFor();
  },

  unconfirmed: async (site, visitor) => {
    await site.simulator.start();
    await visitor.context.setOffline(false);
    await visitor.sentMessage("Are you still there?", "sent").waitFor({ timeout: LONG });
    await site.fault([
      { on: { http: "/messages" }, count: null, effect: { status: { status: 503 } } },
      { on: { request: "text" }, effect: { drop: { cut: "afterAccept" } } },
    ]);
    await visitor.send("And could you send me the invoice again?");
    await visitor.sentMessage("invoice", "unconfirmed").getByRole("button").first().waitFor({ timeout: LONG });
  },

  ended: async (site, visitor) => {
    await site.liftFaults();
    await visitor.status("online");
    await visitor.part("composer").fill("Oh, and one");
    await site.agent({ action: "disconnect" });
    await visitor.part("new-chat").waitFor();
    await visitor.part("status").getByText("This chat has ended").waitFor();
  },
};

async function write(visitor, text) {
  await visitor.send(text);
  await visitor.sentMessage(text, "sent").waitFor();
}

async function say(site, visitor, text) {
  await site.agent({ action: "say", text });
  await visitor.receivedMessage(text).waitFor();
}

/** Takes the picture once everything that moves has arrived; what moves for ever is left to. */
async function take(visitor, name) {
  await visitor.page.evaluate(async () => {
    const moving = document.querySelector("guest-chat").shadowRoot.getAnimations();
    await Promise.all(moving.filter((it) => it.effect.getTiming().iterations !== Infinity).map((it) => it.finished.catch(() => {})));
  });
  await visitor.page.screenshot({ path: join(folder, `${name}.png`) });
}

for (const [screen, size] of Object.entries(SCREENS)) {
  for (const colorScheme of ["light", "dark"]) {
    const profile = { ...size, colorScheme };

    test(`${screen}, ${colorScheme}`, async (t) => {
      const site = await openSite(t, { agent: false });
      const visitor = await site.visit({ profile, body: SHOP });
      for (const [state, reach] of Object.entries(STATES)) {
        await reach(site, visitor);
        await take(visitor, `${screen}-${colorScheme}-${state}`);
      }
    });

    test(`${screen}, ${colorScheme}, a wire without history`, async (t) => {
      const site = await openSite(t, { agent: false, dialect: "guest-webchat" });
      const visitor = await site.visit({ profile, body: SHOP });
      await visitor.open();
      await visitor.status("online");
      await write(visitor, "Hello, is the Lauv tent in stock in green?");
      await say(site, visitor, "Let me see, one moment.");
      await site.agent({ action: "close-all", code: 1001 });
      await visitor.page.getByText("may be missing").waitFor();
      await visitor.status("online");
      await say(site, visitor, "So that would be Friday, then.");
      await site.fault({ on: { request: "text" }, effect: { drop: { cut: "afterAccept" } } });
      await visitor.send("Friday is fine, please send it");
      await visitor.sentMessage("Friday", "unconfirmed").getByRole("button").first().waitFor({ timeout: LONG });
      await visitor.status("online");
      await take(visitor, `${screen}-${colorScheme}-gap`);
    });

    test(`${screen}, ${colorScheme}, misconfigured`, async (t) => {
      const site = await openSite(t, { agent: false });
      const visitor = await site.visit({ profile, body: SHOP, attributes: { region: "ireland", "token-url": "https://elsewhere.example/token" } });
      await visitor.open();
      await visitor.status("misconfigured");
      await take(visitor, `${screen}-${colorScheme}-misconfigured`);
      visitor.problems.length = 0; // it says so in the console, as it should
    });
  }
}

// The lines that say why a chat does not come about are the longest; the narrowest screen has the least room for them.
for (const [name, { line, prepare, breakIt }] of Object.entries(WHYS)) {
  test(`narrow, ${name}`, async (t) => {
    const site = await openSite(t, { agent: false });
    await breakIt?.(site);
    const visitor = await site.visit({ prepare, body: SHOP, profile: { viewport: { width: 320, height: 640 }, deviceScaleFactor: 2 } });
    await visitor.open();
    await visitor.part("status").getByText(line).waitFor({ timeout: LONG });
    await take(visitor, `narrow-why-${name}`);
    visitor.problems.length = 0;
  });
}

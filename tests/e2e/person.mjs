// A browser as a person has it, with a profile of its own. Playwright's contexts pretend that every page is in front of somebody and
// switch the back/forward cache off; here a page that is covered is hidden and can be frozen, and one that is left is kept.

import { spawn } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { chromium } from "playwright-core";

import { BROWSER, BROWSER_FLAGS } from "./harness.mjs";

/** Starts one for the test `t`, and gives its one context. It ends with the test. */
export async function openBrowser(t) {
  const profile = await mkdtemp(join(tmpdir(), "guest-chat-profile-"));
  const flags = [...BROWSER_FLAGS, "--headless=new", "--remote-debugging-port=0", `--user-data-dir=${profile}`, "about:blank"];
  const child = spawn(BROWSER, flags, { stdio: ["ignore", "ignore", "pipe"] });
  const ended = new Promise((exit) => child.once("exit", exit));
  t.after(async () => {
    child.kill("SIGKILL");
    await ended;
    await rm(profile, { recursive: true, force: true, maxRetries: 5 });
  });
  const browser = await chromium.connectOverCDP(await address(child), { noDefaults: true });
  return browser.contexts()[0];
}

/** Where it listens, which it says when it is ready. */
function address(child) {
  return new Promise((ready, failed) => {
    let said = "";
    child.stderr.setEncoding("utf8").on("data", (text) => {
      said += text;
      const found = /DevTools listening on (ws:\S+)/.exec(said)?.[1];
      if (found) ready(found);
    });
    child.once("exit", () => failed(new Error(`the browser ended:\n${said}`)));
  });
}

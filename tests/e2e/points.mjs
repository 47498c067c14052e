// The points at which a page can die. Whatever a page does between two of its effects on the world is lost with it and leaves no trace,
// so that dying before each effect in turn is dying at every await point there is. An effect is a write to storage, a lock, a
// request, a socket, a frame, a word to the other tabs.

import assert from "node:assert/strict";

/** Put into the page before anything of it runs. `points.arm(k)`: let it die before its k-th effect from now on. */
export const numberedEffects = (page) =>
  page.addInitScript(() => {
    const points = { effects: [], dieBefore: Infinity, armed: false, dead: false };
    globalThis.points = points;
    points.arm = (dieBefore) => Object.assign(points, { dieBefore, armed: true });

    /** Whether this effect may still happen. A dead page does nothing more, not even while it is being unloaded. */
    const lives = (name) => {
      if (!points.armed) return true;
      if (!points.dead && points.effects.push(name) === points.dieBefore) {
        points.dead = true;
        points.effects.pop();
        globalThis.name = JSON.stringify(points.effects); // the one thing that a page hands on to the one after it, whatever fails
        location.reload();
      }
      return !points.dead;
    };
    const wrap = (on, method, describe, instead = () => undefined) => {
      const real = on[method];
      on[method] = function (...args) {
        return lives(describe.apply(this, args)) ? real.apply(this, args) : instead();
      };
    };
    const never = () => new Promise(() => {});
    const area = (storage) => (storage === localStorage ? "local" : "session");
    wrap(Storage.prototype, "setItem", function (_, value) { return `write ${area(this)} ${value}`; });
    wrap(Storage.prototype, "removeItem", function (key) { return `remove ${area(this)} ${key}`; });
    wrap(LockManager.prototype, "request", () => "lock", never);
    wrap(globalThis, "fetch", (asked) => `fetch ${new URL(asked.url ?? asked, location).pathname}`, never);
    wrap(WebSocket.prototype, "send", (frame) => `frame ${frame}`);
    wrap(WebSocket.prototype, "close", () => "close");
    wrap(BroadcastChannel.prototype, "postMessage", () => "broadcast");
    globalThis.WebSocket = new Proxy(WebSocket, {
      construct: (real, args) => (lives("socket") ? new real(...args) : new EventTarget()),
    });
  });

/** Lets the page live from now on, and gives its effects since it was armed, in order; nothing of a page that has died by then. */
export const disarm = (visitor) =>
  visitor.page
    .evaluate(() => {
      globalThis.points.armed = false;
      const [{ type }] = performance.getEntriesByType("navigation");
      return globalThis.points.dead || type === "reload" ? undefined : globalThis.points.effects;
    })
    .catch((error) => assert.match(String(error), /navigat|destroyed/));

/** The effects that the page which died had before. */
export const effectsOfTheDead = (visitor) => visitor.page.evaluate(() => JSON.parse(globalThis.name));

// The loader: the one classic script that a page embeds, served as `guest-chat.js`. It paints the launcher at once, fetches the
// widget when somebody is likely to want it, and keeps what the page says to `GuestChat(…)` until the widget is there to hear it.
// Knows nothing of chat: no protocol, nothing stored, no request but for the bundle's own files. Runs under a strict policy: no
// inline style, no markup from strings, no code from strings.
(() => {
  "use strict";

  const script = document.currentScript ?? [...document.querySelectorAll('script[src*="guest-chat.js"]')].pop();
  if (!script?.src) return complain("needs a script tag of its own, with a src");

  const earlier = window.GuestChat;
  if (earlier?.tag) {
    // A router that swaps the body runs the tag in it again. That is the same embed, not a second one.
    if (earlier.tag.isConnected) complain("is on this page already: the second tag is ignored");
    return;
  }

  const life = new AbortController(); // whatever must end with the widget hangs on its signal
  const { signal } = life;
  const calls = []; // said by the page or the visitor, not yet heard by the widget
  const listeners = { __proto__: null, message: new Set(), status: new Set(), unread: new Set(), queue: new Set(), error: new Set() };
  let status; // the latest, in an array, for those who subscribe late
  let named; // the cause that stands in the console
  let loading; // the promise of the widget, from the first wish for it on
  let arrived = false; // its files have, in one attempt at least
  let attempt = 0;
  let widget;
  let broken = false; // a bug has stopped it
  // Most pages need the small widget. The other one speaks every dialect, knows what is none, and can trace.
  const { dialect, trace } = script.dataset;
  const app = dialect?.trim() || trace !== undefined ? "guest-chat-app-wires" : "guest-chat-app";

  // The page's API ----------------------------------------------------------------------------------------------------------------

  const commands = {
    __proto__: null,

    open() {
      say("open");
      load();
    },

    close() {
      say("close");
    },

    send(text) {
      if (typeof text !== "string" || !text.trim()) return complain('("send", text) needs a text');
      say("send", text);
      load();
    },

    /** Returns the function that unsubscribes. Who subscribes to `status` late hears the current one. */
    on(event, listener) {
      if (!(event in listeners) || typeof listener !== "function") {
        return complain(`("on", event, listener) needs a function, and one of: ${Object.keys(listeners).join(", ")}`);
      }
      const entry = { listener };
      listeners[event].add(entry);
      if (event === "status" && status) tell(event, entry, status[0]);
      return () => void listeners[event].delete(entry);
    },

    /** Resolves to a report that says why the chat is dead, or that it is well; whatever of the widget has failed to load. */
    async diagnose() {
      try {
        const { diagnose } = await import(address("guest-chat-diagnose.js")).catch(outOfReach);
        const steps = widget && ((tell) => widget.call("journal", [tell]));
        return await diagnose({ script, app, address, status: status?.[0].status, broken, unfit: arrived && !loading, steps });
      } catch (error) {
        return { cause: "bundle-missing", text: `the diagnosis could not be made: ${error.message}` };
      }
    },

    /** Leaves no listener, timer, request or element behind. */
    destroy() {
      life.abort();
      calls.length = 0;
      for (const event in listeners) listeners[event].clear();
      GuestChat.tag = undefined;
      attempted(() => widget?.destroy());
      element.remove();
    },
  };

  function GuestChat(name, ...args) {
    if (signal.aborted) {
      if (!GuestChat.warned) complain(`("${name}") does nothing after GuestChat("destroy"): a new tag starts afresh`);
      GuestChat.warned = true;
    } else if (name in commands) {
      return commands[name](...args);
    } else {
      complain(`("${name}") is unknown, known are: ${Object.keys(commands).join(", ")}`);
    }
  }

  function complain(text) {
    console.warn("[guest-chat] GuestChat" + (text[0] === "(" ? text : ` ${text}`));
  }

  /** Hands a call to the widget, or keeps it until there is one: in order, and not lost when loading fails. */
  function say(name, ...args) {
    calls.push(() => widget.call(name, args));
    deliver();
  }

  function deliver() {
    while (widget && calls.length) attempted(calls.shift());
  }

  /** What goes wrong in the widget is reported as uncaught, and neither the page's script nor the next call suffers. */
  function attempted(call) {
    try {
      call();
    } catch (error) {
      reportError(error);
    }
  }

  function emit(event, detail) {
    if (event === "status") {
      status = [detail];
      if (detail.status === "online") named = undefined;
    }
    // Once, until another takes its place or messages flow again: attempt after attempt meets it.
    const { cause = named } = detail;
    if (cause !== named) console.warn(`[guest-chat] ${(named = cause)}: GuestChat("diagnose") says more`);
    for (const entry of listeners[event] ?? []) tell(event, entry, detail);
  }

  /** In a microtask: a listener that throws disturbs no other, and one that calls `GuestChat` does not re-enter the widget. */
  function tell(event, entry, detail) {
    queueMicrotask(() => listeners[event].has(entry) && entry.listener(detail));
  }

  // The element and the painted launcher ------------------------------------------------------------------------------------------

  const element = document.createElement("guest-chat");
  const root = element.attachShadow({ mode: "open" });
  const launcher = document.createElement("button");
  const note = document.createElement("p"); // says that loading failed, for a phone shows no title
  let wanted = false; // the visitor has clicked, and has not been served

  launcher.type = "button";
  launcher.className = "launcher";
  launcher.setAttribute("part", "launcher");
  launcher.setAttribute("aria-expanded", "false");
  launcher.append(icon());
  launcher.addEventListener("click", click, { signal });
  for (const hint of ["pointerenter", "focus"]) launcher.addEventListener(hint, load, { signal, once: true });
  note.className = "note";
  note.setAttribute("role", "alert");

  function paint(state, label) {
    root.adoptedStyleSheets = [look];
    if (launcher.parentNode !== root) root.replaceChildren(launcher); // otherwise it stays, and so does its focus
    if (state === "failed") root.append(note);
    else note.remove();
    launcher.dataset.state = state;
    launcher.setAttribute("aria-busy", state === "busy");
    launcher.setAttribute("aria-label", label);
    launcher.title = state === "failed" ? label : "";
    note.textContent = label;
  }

  function icon() {
    const [svg, path] = ["svg", "path"].map((name) => document.createElementNS("http://www.w3.org/2000/svg", name));
    svg.setAttribute("class", "icon");
    svg.setAttribute("viewBox", "0 0 20 20");
    svg.setAttribute("aria-hidden", "true");
    path.setAttribute("d", "M10 3.5c-4 0-7 2.6-7 6 0 1.9.9 3.5 2.3 4.6v2.6l2.6-1.4c.7.1 1.4.2 2.1.2 4 0 7-2.6 7-6s-3-6-7-6Z");
    svg.append(path);
    return svg;
  }

  /** The visitor's own click, before the widget is there to take it. */
  function click() {
    if (!wanted) calls.push(open);
    wanted = true;
    paint("busy", "Opening chat");
    load();
  }

  /** Hands the click on to the widget's own launcher, so that focus moves as it does for any click. */
  function open() {
    wanted = false;
    // A task later, when calls before this one have been drawn: the page may have opened the panel itself.
    setTimeout(() => {
      const now = root.querySelector(".launcher");
      if (now?.getAttribute("aria-expanded") === "true") root.querySelector("[part~=composer]")?.focus();
      else now?.click();
    });
  }

  // The bundle --------------------------------------------------------------------------------------------------------------------

  function load() {
    if (!signal.aborted) loading ??= bundle().then(start).catch(fail);
  }

  async function bundle() {
    const [module, style, wasm] = await Promise.all([
      import(address(`${app}.js`)),
      file("guest-chat.css").then((response) => response.text()),
      file(`${app}.wasm`),
    ]).catch(outOfReach);
    arrived = true;
    await module.default({ module_or_path: wasm });
    return { module, style };
  }

  /** Beside the loader, wherever that is; and with its query, so that `?v=2` renews the whole bundle. */
  function address(name) {
    const url = new URL(name, script.src);
    url.search = new URL(script.src).search;
    if (attempt) url.hash = attempt; // some browsers remember a failed import by its whole address
    return url.href;
  }

  async function file(name) {
    const response = await fetch(address(name), { signal });
    if (!response.ok) throw new Error(`${response.url} answered ${response.status}`);
    return response;
  }

  /** Puts the widget in the place of the painted launcher, within one frame. */
  function start({ module, style }) {
    if (signal.aborted) return;
    const focused = root.activeElement === launcher;
    root.adoptedStyleSheets = [sheet(style)];
    root.replaceChildren();
    widget = module.start(root, { ...script.dataset }, emit);
    if (focused) root.querySelector(".launcher")?.focus();
    deliver();
  }

  /** What was said is kept, and the next click tries again. */
  function fail(error) {
    if (signal.aborted) return;
    loading = undefined;
    arrived ||= error instanceof SyntaxError; // a module's that could be read
    attempt += 1;
    const message = `the chat could not be loaded: ${reason(error)}`;
    console.error(`[guest-chat] ${message}`, error);
    emit("error", { kind: "load", message });
    if (calls.length) paint("failed", "Chat is not available, try again");
    else paint("ready", "Open chat");
  }

  function outOfReach(error) {
    if (!(error instanceof TypeError)) throw error;
    const causes = "it is missing there, or out of reach, or not allowed by its server (CORS) or by this page's Content-Security-Policy";
    throw new Error(`something beside ${script.src} did not arrive: ${causes} (script-src, connect-src)`, { cause: error });
  }

  function reason(error) {
    const text = String(error?.message ?? error);
    return /wasm-unsafe-eval|CSP|content security/i.test(text)
      ? "this page's Content-Security-Policy forbids WebAssembly: add 'wasm-unsafe-eval' to its script-src"
      : text;
  }

  function preloadWhenIdle() {
    if (document.readyState !== "complete") {
      addEventListener("load", preloadWhenIdle, { signal, once: true });
    } else if (window.requestIdleCallback) {
      const idle = requestIdleCallback(load, { timeout: 5000 });
      signal.addEventListener("abort", () => cancelIdleCallback(idle));
    } else {
      const later = setTimeout(load, 2000);
      signal.addEventListener("abort", () => clearTimeout(later));
    }
  }

  function hasEarlierConversation() {
    try {
      return Object.keys(localStorage).some((key) => key.startsWith(`guest-chat:${script.dataset.deploymentId?.trim()}`) && !key.endsWith(":reign"));
    } catch {
      return false; // storage is blocked, so there is nothing to resume
    }
  }

  // A bug of the widget's -------------------------------------------------------------------------------------------------------

  // WebAssembly cannot catch its own panic: it is a trap, and comes up as uncaught wherever the browser had called. It is left to be
  // seen there, for its stack is all that is known.
  for (const kind of ["error", "unhandledrejection"]) addEventListener(kind, trapped, { signal });

  function trapped({ error, reason = error }) {
    const ours = new URL("guest-chat-app", script.src).href;
    if (broken || reason?.name !== "RuntimeError" || !String(reason.stack).includes(ours)) return;
    broken = true;
    const message = "an internal error has stopped the chat";
    console.error(`[guest-chat] ${message}`);
    emit("error", { kind: "broken", message });
    setTimeout(giveUp); // when nothing of the widget's is at work any more
  }

  /** Lets the widget say so itself. If that is beyond it, its face is as dead as the rest, and is replaced. */
  function giveUp() {
    if (signal.aborted) return;
    const words = root.textContent;
    try {
      widget?.broke();
    } catch {
      // The trap before this one has been reported.
    }
    setTimeout(() => {
      if (signal.aborted || root.textContent !== words) return;
      launcher.disabled = true;
      paint("failed", "The chat has stopped working. Reload the page to go on");
    });
  }

  // Its place in the page ---------------------------------------------------------------------------------------------------------

  // A router that swaps the body takes the element along. The conversation outlives that, so the element is put back; what ends
  // it is `destroy`. A page that takes it away over and over means it.
  const observer = new MutationObserver(place);
  let removals = [];

  function place() {
    if (element.isConnected || !document.body) return;
    removals = [...removals.filter((time) => time > performance.now() - 1000), performance.now()];
    if (removals.length > 20) return commands.destroy();
    for (const copy of document.querySelectorAll("guest-chat")) copy.remove(); // from a router's cache, without its shadow root
    document.body.append(element);
    observer.observe(document.body, { childList: true });
  }

  /** When the page has been read, so that the launcher comes last in the order of the Tab key. */
  function settle() {
    observer.observe(document.documentElement, { childList: true });
    signal.addEventListener("abort", () => observer.disconnect());
    place();
  }

  // Its look ----------------------------------------------------------------------------------------------------------------------

  // The launcher alone, in the names and values of widget.css, so that nothing jumps when that takes over.
  const look = sheet(`
:host {
  all: initial;
  position: fixed;
  z-index: var(--guest-chat-z-index, 2147483000);
  color-scheme: light dark;
  font-family: var(--guest-chat-font, inherit);
  --accent: var(--guest-chat-accent, #0f6b5c);
  --fill: var(--accent);
  --on-fill: #fff;
  --shade: #0002;
  --shade-far: #0002;
  --edge: calc(20px + max(env(safe-area-inset-left), env(safe-area-inset-right)));
  --foot: calc(20px + env(safe-area-inset-bottom));
}
@supports (color: light-dark(red, red)) and (color: oklch(from red l c h)) {
  :host {
    --fill: oklch(from var(--accent) min(l, .565 + max(0, (l - .66) * 1000)) c h);
    --on-fill: oklch(from var(--accent) clamp(.2, (.66 - l) * 1000, 1) 0 h);
    --shade: light-dark(oklch(from var(--accent) .3 .03 h / .12), oklch(0 0 0 / .4));
    --shade-far: light-dark(oklch(from var(--accent) .3 .04 h / .2), oklch(0 0 0 / .5));
  }
}
.launcher {
  position: fixed;
  inset-inline-end: var(--edge);
  inset-block-end: var(--foot);
  display: grid;
  place-items: center;
  box-sizing: border-box;
  inline-size: 56px;
  block-size: 56px;
  margin: 0;
  padding: 0;
  border: 1px solid transparent;
  border-radius: 50%;
  background: var(--fill);
  color: var(--on-fill);
  box-shadow: 0 8px 24px var(--shade-far), 0 2px 6px var(--shade);
  cursor: pointer;
  touch-action: manipulation;
  -webkit-tap-highlight-color: transparent;
}
.launcher:focus-visible { outline: 2px solid var(--accent); outline-offset: 3px; }
.icon {
  inline-size: 26px;
  block-size: 26px;
  fill: none;
  stroke: currentColor;
  stroke-width: 1.75;
  stroke-linecap: round;
  stroke-linejoin: round;
}
.launcher[data-state=busy] .icon { animation: wait 1.2s .3s ease-in-out infinite alternate; }
@keyframes wait { to { opacity: .35; } }
.note {
  position: fixed;
  inset-inline-end: calc(var(--edge) + 68px);
  inset-block-end: calc(var(--foot) + 10px);
  margin: 0;
  padding: 8px 12px;
  border: 1px solid light-dark(#0002, #fff3);
  border-radius: 10px;
  background: Canvas;
  color: CanvasText;
  font-size: 13px;
  line-height: 18px;
}
@media print { :host { display: none; } }
`);

  function sheet(text) {
    const sheet = new CSSStyleSheet();
    sheet.replaceSync(text);
    return sheet;
  }

  // Start -------------------------------------------------------------------------------------------------------------------------

  paint("ready", "Open chat");
  if (document.readyState === "loading") document.addEventListener("DOMContentLoaded", settle, { signal, once: true });
  else settle();

  GuestChat.tag = script;
  window.GuestChat = GuestChat;
  for (const call of earlier?.q ?? []) GuestChat(...call);
  if (hasEarlierConversation()) load();
  else if (!signal.aborted && !navigator.connection?.saveData) preloadWhenIdle();
})();

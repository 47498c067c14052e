// The customer's web server: the release bundle, host pages under a content security policy, and the token endpoint on the same
// origin, forwarded to the token proxy as a site's own gateway would.

import { readFile } from "node:fs/promises";
import { createServer, request } from "node:http";
import { extname, join, resolve } from "node:path";

const DIST = process.env.GUEST_CHAT_DIST ?? resolve(import.meta.dirname, "../../dist");

const TYPES = {
  ".css": "text/css; charset=utf-8",
  ".html": "text/html; charset=utf-8",
  ".js": "text/javascript; charset=utf-8",
  ".wasm": "application/wasm",
};

/** The strictest policy under which the widget promises to work; `backend` is the origin of socket and REST. */
export function strictPolicy(backend) {
  return [
    "default-src 'none'",
    "script-src 'self' 'wasm-unsafe-eval'",
    "style-src 'self'",
    `connect-src 'self' ${backend} ${backend.replace(/^http/, 'ws')}`,
    "require-trusted-types-for 'script'",
  ].join("; ");
}

export class Host {
  #pages = new Map();
  #server = createServer((incoming, outgoing) => {
    this.#answer(incoming, outgoing).catch((error) => outgoing.writeHead(500).end(String(error)));
  });

  /** The token proxy's origin, set once it is known. */
  tokenProxy = null;

  /** Starts to listen on a free port; `origin` is known from then on. */
  async start() {
    await new Promise((listening) => this.#server.listen(0, "127.0.0.1", listening));
    this.origin = `http://127.0.0.1:${this.#server.address().port}`;
  }

  async stop() {
    this.#server.closeAllConnections();
    await new Promise((closed) => this.#server.close(closed));
  }

  /** Puts up a page and returns its address. */
  publish(html, policy) {
    const path = `/page-${this.#pages.size + 1}.html`;
    this.#pages.set(path, { html, policy });
    return this.origin + path;
  }

  async #answer(incoming, outgoing) {
    const { pathname } = new URL(incoming.url, this.origin);
    if (pathname.startsWith("/api/genesys/")) return this.#forward(incoming, outgoing);

    const page = this.#pages.get(pathname);
    if (page) {
      const policy = page.policy ? { "content-security-policy": page.policy } : {};
      return outgoing.writeHead(200, { "content-type": TYPES[".html"], ...policy }).end(page.html);
    }
    // A bundle is one flat folder: a path is one name or nothing of ours.
    const name = /^\/([\w.-]+)$/.exec(pathname)?.[1];
    const body = name && (await readFile(join(DIST, name)).catch(() => null));
    if (!body) return outgoing.writeHead(404).end();
    outgoing.writeHead(200, { "content-type": TYPES[extname(name)] ?? "application/octet-stream", "cache-control": "no-store" });
    outgoing.end(body);
  }

  /** Passes a request on as it is, all headers included: the proxy judges by `Origin` and `Sec-Fetch-Site`. */
  #forward(incoming, outgoing) {
    const onward = request(this.tokenProxy + incoming.url, { method: incoming.method, headers: incoming.headers }, (answer) => {
      outgoing.writeHead(answer.statusCode, answer.headers);
      answer.pipe(outgoing);
    });
    onward.on("error", () => outgoing.headersSent || outgoing.writeHead(502).end());
    outgoing.on("close", () => onward.destroy());
    incoming.pipe(onward);
  }
}

// A TCP proxy on this machine that breaks what passes through it, as networks do: bytes that vanish in one direction or in both, resets,
// connections that are torn in the middle of a frame, closes that come late, latency, a port that nobody answers. It knows TCP
// and nothing of what is said over it.
//
// A link is one connection of a client's with its own connection to the server behind. What is asked of the proxy holds for the links
// that are there; with `lasting`, for those to come as well, until `heal()`.

import { once } from "node:events";
import { connect, createServer } from "node:net";

/** The two ways of a link; a fault names one of them, or both by leaving it out. */
const WAYS = ["toServer", "toClient"];

export class FaultProxy {
  #server = null;
  #target;
  #links = new Set();
  /** What each new link begins with. */
  #lasting = [];

  /** @param {number} target  the port on this machine that everything is passed on to */
  constructor(target) {
    this.#target = target;
  }

  /** Starts to listen on a free port; `origin` is known from then on. */
  async start() {
    await this.up();
    this.port = this.#server.address().port;
    this.origin = `http://127.0.0.1:${this.port}`;
  }

  async stop() {
    this.reset();
    if (!this.#server) return;
    const closed = once(this.#server, "close");
    this.#server.close();
    this.#server = null;
    await closed;
  }

  /** How many links there are. */
  get links() {
    return this.#links.size;
  }

  /** Nobody listens any more, and every link is reset: a new connection is refused. */
  async down() {
    await this.stop();
  }

  /** Listens again, on the same port. */
  async up() {
    this.#server = createServer({ allowHalfOpen: true, noDelay: true }, (client) => this.#accept(client));
    this.#server.listen(this.port ?? 0, "127.0.0.1");
    await once(this.#server, "listening");
  }

  /** What is sent is lost from now on, for the link's whole life, and nobody is told: a dead peer behind an open connection. */
  blackHole({ way, lasting } = {}) {
    this.#impose(lasting, (link) => link.each(way, (pipe) => (pipe.dark = true)));
  }

  /** What is sent arrives so many ms later, and up to `jitter` ms more; in order, as TCP promises. */
  latency(ms, { way, jitter = 0, lasting } = {}) {
    this.#impose(lasting, (link) => link.each(way, (pipe) => Object.assign(pipe, { ms, jitter })));
  }

  /** One end's close, whether an end or a reset, is seen by the other so many ms later. */
  slowClose(ms, { lasting } = {}) {
    this.#impose(lasting, (link) => link.each(undefined, (pipe) => (pipe.closesAfter = ms)));
  }

  /** The link is reset when so many more bytes have passed that way; the last of them still do. */
  cutAfter(bytes, { way, lasting } = {}) {
    this.#impose(lasting, (link) => link.each(way, (pipe) => (pipe.budget = bytes)));
  }

  /** Both ends of every link are reset at once (RST). */
  reset() {
    for (const link of this.#links) link.reset();
  }

  /** New links are healthy again. Those that were broken stay so. */
  heal() {
    this.#lasting = [];
  }

  #impose(lasting, fault) {
    for (const link of this.#links) fault(link);
    if (lasting) this.#lasting.push(fault);
  }

  #accept(client) {
    const link = new Link(client, connect({ port: this.#target, host: "127.0.0.1", allowHalfOpen: true, noDelay: true }));
    this.#links.add(link);
    link.ended.then(() => this.#links.delete(link));
    for (const fault of this.#lasting) fault(link);
  }
}

/** Two sockets and a pipe each way; over when both are closed. */
class Link {
  #sockets;

  constructor(client, server) {
    this.#sockets = [client, server];
    const reset = () => this.reset();
    this.pipes = { toServer: new Pipe(client, server, reset), toClient: new Pipe(server, client, reset) };
    this.ended = Promise.all(this.#sockets.map((socket) => new Promise((closed) => socket.once("close", closed))));
  }

  each(way, act) {
    for (const name of WAYS) if (way === undefined || way === name) act(this.pipes[name]);
  }

  reset() {
    for (const socket of this.#sockets) socket.resetAndDestroy();
  }
}

/** One way: what `from` says goes to `to`, but for what is wrong with it. */
class Pipe {
  dark = false;
  ms = 0;
  jitter = 0;
  closesAfter = 0;
  budget = Infinity;
  #to;
  /** The time of the last delivery that was planned: none overtakes another. */
  #last = 0;

  constructor(from, to, reset) {
    this.#to = to;
    from.on("data", (bytes) => this.#pass(bytes, reset));
    from.on("end", () => this.#close(() => to.end()));
    // The reason does not matter: whoever is at the other end is to see what this one saw, a reset.
    from.on("error", () => this.#close(() => to.resetAndDestroy()));
  }

  #pass(bytes, reset) {
    if (this.dark) return;
    const part = bytes.subarray(0, this.budget);
    this.budget -= part.length;
    const spent = this.budget === 0;
    this.#later(this.ms + Math.random() * this.jitter, () => {
      if (this.#to.destroyed) return;
      this.#to.write(part, () => spent && reset());
    });
  }

  /** A close comes after what was said before it. In the dark nobody learns of it. */
  #close(act) {
    if (!this.dark) this.#later(this.ms + this.closesAfter, () => this.#to.destroyed || act());
  }

  #later(ms, act) {
    const now = performance.now();
    this.#last = Math.max(this.#last, now + ms);
    if (this.#last <= now) act();
    else setTimeout(act, this.#last - now);
  }
}

// The fault proxy itself, without a browser: every fault does what its name says, to a server that echoes.

import assert from "node:assert/strict";
import { once } from "node:events";
import { connect, createServer } from "node:net";
import { test } from "node:test";

import { FaultProxy } from "./faultproxy.mjs";
import { until } from "./programs.mjs";

const PATIENCE = 5_000;

/** One end of a connection: what it has heard, and how it ended. */
class End {
  heard = "";
  /** `null`, `"end"` or the code of an error, whatever came first. */
  over = null;

  constructor(socket) {
    this.socket = socket;
    socket.setEncoding("utf8").on("data", (text) => (this.heard += text));
    socket.on("end", () => (this.over ??= "end"));
    socket.on("error", ({ code }) => (this.over ??= code));
  }

  async hears(text) {
    await until(`"${text}" to be heard`, PATIENCE, () => this.heard === text).catch(() => assert.equal(this.heard, text));
  }

  async ends(how) {
    await until("the connection to end", PATIENCE, () => this.over !== null);
    assert.equal(this.over, how);
  }
}

/** A server that echoes, behind a proxy; `dial()` connects a client and gives both ends. */
async function setUp(t) {
  const accepted = [];
  const sockets = new Set();
  const server = createServer({ allowHalfOpen: true }, (socket) => {
    sockets.add(socket);
    accepted.push(new End(socket));
    socket.on("data", (text) => socket.write(text));
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const proxy = new FaultProxy(server.address().port);
  await proxy.start();
  t.after(async () => {
    for (const socket of sockets) socket.destroy();
    await proxy.stop();
    server.close();
  });
  const dial = async () => {
    const before = accepted.length;
    const socket = connect({ port: proxy.port, host: "127.0.0.1", allowHalfOpen: true });
    sockets.add(socket);
    const client = new End(socket);
    await until("an answer to the call", PATIENCE, () => client.over !== null || !socket.connecting);
    if (client.over !== null) return { client };
    await until("the server to accept", PATIENCE, () => accepted.length > before);
    return { client, server: accepted.at(-1) };
  };
  return { proxy, dial };
}

/** Both ends of a link over which one word has gone and come back. */
async function linked(t) {
  const { proxy, dial } = await setUp(t);
  const { client, server } = await dial();
  client.socket.write("one ");
  await client.hears("one ");
  return { proxy, dial, client, server };
}

test("what is sent through a healthy proxy arrives, and so does the end", async (t) => {
  const { proxy, client, server } = await linked(t);
  assert.equal(proxy.links, 1);
  client.socket.end("two");
  await client.hears("one two");
  await server.ends("end");
  server.socket.end();
  await client.ends("end");
  await until("the link to be gone", PATIENCE, () => proxy.links === 0);
});

test("a black hole towards the server loses what the client says, and nothing else", async (t) => {
  const { proxy, client, server } = await linked(t);
  proxy.blackHole({ way: "toServer" });
  client.socket.write("lost");
  server.socket.write("heard");
  await client.hears("one heard");
  assert.equal(server.heard, "one ");
});

test("a black hole towards the client loses what the server says, and nothing else", async (t) => {
  const { proxy, client, server } = await linked(t);
  proxy.blackHole({ way: "toClient" });
  client.socket.write("two");
  await server.hears("one two");
  assert.equal(client.heard, "one ");
});

test("in a black hole neither learns of the other's close, and new links are healthy", async (t) => {
  const { proxy, dial, client, server } = await linked(t);
  proxy.blackHole();
  client.socket.destroy();
  const { client: next } = await dial();
  next.socket.write("alive");
  await next.hears("alive");
  assert.equal(server.over, null);
});

test("a lasting fault strikes new links until it is healed", async (t) => {
  const { proxy, dial } = await linked(t);
  proxy.blackHole({ lasting: true });
  const { client: dark } = await dial();
  dark.socket.write("lost");
  proxy.heal();
  const { client: bright } = await dial();
  bright.socket.write("heard");
  await bright.hears("heard");
  assert.equal(dark.heard, "");
});

test("a reset is seen as one by both ends", async (t) => {
  const { proxy, client, server } = await linked(t);
  proxy.reset();
  await client.ends("ECONNRESET");
  await server.ends("ECONNRESET");
});

test("a link is cut in the middle of what is said", async (t) => {
  const { proxy, client, server } = await linked(t);
  proxy.cutAfter(3, { way: "toServer" });
  client.socket.write("twofold");
  await server.ends("ECONNRESET");
  assert.equal(server.heard, "one two");
  await client.ends("ECONNRESET");
});

test("latency delays what is said, and keeps its order", async (t) => {
  const { proxy, client } = await linked(t);
  proxy.latency(60, { jitter: 40 });
  const start = performance.now();
  for (const word of ["a", "b", "c", "d"]) client.socket.write(word);
  await client.hears("one abcd");
  assert.ok(performance.now() - start >= 120, "there and back");
});

test("a slow close is seen late, and what is said meanwhile arrives", async (t) => {
  const { proxy, client, server } = await linked(t);
  proxy.slowClose(150);
  const start = performance.now();
  server.socket.end();
  client.socket.write("still here");
  await server.hears("one still here");
  assert.equal(client.over, null);
  await client.ends("end");
  assert.ok(performance.now() - start >= 145);
});

test("a proxy that is down refuses, and is up again on the same port", async (t) => {
  const { proxy, dial, client } = await linked(t);
  await proxy.down();
  await client.ends("ECONNRESET");
  assert.equal((await dial()).client.over, "ECONNREFUSED");
  await proxy.up();
  const { client: again } = await dial();
  again.socket.write("back");
  await again.hears("back");
});

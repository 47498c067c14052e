// The simulator and the token proxy as programs on free ports of this machine: started, killed and started again. Knows how to
// ask whether one answers, and nothing of what either is for.

import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { createServer } from "node:net";
import { resolve } from "node:path";

const ROOT = resolve(import.meta.dirname, "../..");

/** How long a program may take to answer, in ms; it is compiled, so this is for a machine busy with a browser. */
const UNTIL_READY = 15_000;

/**
 * The first port of this process's own hundred, below those that systems hand out by themselves (Linux from 32768 on): one of them could be
 * taken by anybody's connection between the look and the use. It is listened on for as long as the process lives, which keeps others out.
 */
const FIRST_PORT = await lease();
let ports = 0;

async function lease() {
  for (let tried = 0; tried < 100; tried++) {
    const first = 20_000 + ((process.pid + tried) % 100) * 100;
    const guard = await listening(first);
    if (!guard) continue;
    guard.unref();
    return first;
  }
  throw new Error("no hundred ports are free from 20000 on");
}

/** A server that listens there; nothing if somebody else does. */
function listening(port) {
  const server = createServer();
  return new Promise((known) => server.once("error", () => known()).listen(port, "127.0.0.1", () => known(server)));
}

/** A port that nobody listens on at the moment. */
export async function freePort() {
  for (let tried = 0; tried < 99; tried++) {
    const port = FIRST_PORT + 1 + (ports++ % 99);
    const server = await listening(port);
    if (!server) continue;
    await new Promise((closed) => server.close(closed));
    return port;
  }
  throw new Error(`no port is free from ${FIRST_PORT} on`);
}

/** A program that listens on one port for as long as it lives, and can be started again on the same port. */
export class Program {
  #name;
  #file;
  #args;
  #health;
  #environment;
  #child = null;
  #stderr = "";

  /**
   * @param {string} name      as Cargo calls it
   * @param {string} variable  the environment variable that may name its file
   * @param {number} port      where it will listen
   * @param {string[]} args    further arguments
   * @param {string} health    the path that answers 200 when it is ready
   * @param {object} [environment]  variables for it, beside our own
   */
  constructor(name, variable, port, args, health, environment = {}) {
    this.#name = name;
    this.#file = process.env[variable] ?? resolve(process.env.CARGO_TARGET_DIR ?? resolve(ROOT, "target"), "debug", name);
    this.#args = ["--port", String(port), ...args];
    this.#health = health;
    this.#environment = { ...process.env, ...environment };
    this.port = port;
    this.origin = `http://127.0.0.1:${port}`;
  }

  /** Starts it and returns when it answers. */
  async start() {
    if (!existsSync(this.#file)) {
      throw new Error(`${this.#file} is missing: run the browser tests by \`cargo xtask test --only e2e\``);
    }
    this.#child = spawn(this.#file, this.#args, {
      env: this.#environment,
      stdio: ["ignore", "ignore", "pipe"],
    });
    this.#child.stderr.setEncoding("utf8").on("data", (text) => (this.#stderr = (this.#stderr + text).slice(-4_000)));
    const child = this.#child;
    await until(`${this.#name} to answer`, UNTIL_READY, async () => {
      if (child.exitCode !== null) {
        throw new Error(`${this.#name} ended with ${child.exitCode}:\n${this.#stderr}`);
      }
      const answer = await fetch(this.origin + this.#health).catch(() => null);
      return answer?.status === 200;
    });
  }

  /** Ends it at once, as a crash does; its connections are cut. */
  async kill() {
    await this.#end("SIGKILL");
  }

  /** Asks it to stop, as a deployment does. */
  async stop() {
    await this.#end("SIGTERM");
  }

  /** Stops it where it is: its connections stay open, and nobody answers on them. */
  freeze() {
    this.#child.kill("SIGSTOP");
  }

  /** Lets it go on as if nothing had been. */
  thaw() {
    this.#child.kill("SIGCONT");
  }

  /** Kills it and starts it again on the same port. */
  async restart() {
    await this.kill();
    await this.start();
  }

  async #end(signal) {
    const child = this.#child;
    this.#child = null;
    if (!child || child.exitCode !== null || child.signalCode !== null) return;
    const ended = new Promise((exit) => child.once("exit", exit));
    child.kill(signal);
    await ended;
  }
}

/** Asks every 25 ms until `condition` gives something true, which it returns; fails with `what` after `limit` ms. */
export async function until(what, limit, condition) {
  const end = Date.now() + limit;
  for (;;) {
    const outcome = await condition();
    if (outcome) return outcome;
    if (Date.now() > end) throw new Error(`waited ${limit} ms for ${what}`);
    await new Promise((later) => setTimeout(later, 25));
  }
}

// The one question after every fault: does each page show exactly what the backend accepted, and is that what was said? Asked again
// and again until it is so or time is up; then the answer is a table that a person can read.

import assert from "node:assert/strict";

import { until } from "./programs.mjs";

/** A fate that is looked up waits until history has settled, a dead peer is found out first, and two cores may be busy. */
export const LONG = 45_000;

/**
 * Waits until backend and screens agree: on each of `said` once and in order, with every message of the visitor's sent.
 * @param {object} site          what `openSite` gave
 * @param {object[]} visitors    each tab that shows this conversation
 * @param {Array} said           what the test said: a text is the visitor's, `{ agent: text }` the other side's
 * @param {object} [options]
 * @param {boolean} [options.ordered]   whether `said` is in order; without, only the backend's order counts
 * @param {number} [options.patience]   in ms
 */
export async function agree(site, visitors, said, { ordered = true, patience = LONG } = {}) {
  const wanted = said.map((entry) => (typeof entry === "string" ? `inbound ${entry}` : `outbound ${entry.agent}`));
  let columns;
  const same = async () => {
    columns = { said: wanted, backend: await accepted(site, visitors) };
    for (const [at, visitor] of visitors.entries()) columns[`tab ${at + 1}`] = await shown(visitor);
    return differences(columns, ordered).length === 0;
  };
  await until("agreement", patience, same).catch((error) => assert.fail(table(columns, ordered) ?? String(error)));
}

async function accepted(site, visitors) {
  // Of several tabs only one has had a connection, and that may be gone.
  const connected = [...visitors, ...site.visitors].find(({ spans }) => spans.length > 0) ?? visitors[0];
  return (await site.said(await connected.token())).map(([direction, text]) => `${direction} ${text}`);
}

/** What can be read, with the state of what is not certainly sent. */
async function shown(visitor) {
  return visitor.part("message").evaluateAll((messages) =>
    messages.map((message) => {
      const { direction, state } = message.dataset;
      const words = `${direction} ${message.querySelector('[part~="text"]').textContent}`;
      return direction === "inbound" && state !== "sent" ? `${words} (${state})` : words;
    }),
  );
}

/** The columns that are not as they should be. */
function differences({ said, backend, ...tabs }, ordered) {
  const wrong = Object.entries(tabs).filter(([, lines]) => String(lines) !== String(backend)).map(([name]) => name);
  const [left, right] = ordered ? [said, backend] : [said.toSorted(), backend.toSorted()];
  return String(left) === String(right) ? wrong : ["backend", ...wrong];
}

/** All columns side by side, with a mark before each line that is not the same in all. */
function table(columns, ordered = true) {
  if (!columns) return null;
  const names = Object.keys(columns);
  const height = Math.max(...names.map((name) => columns[name].length));
  const width = Math.max(...names.flatMap((name) => [name, ...columns[name]]).map((words) => words.length)) + 2;
  const line = (mark, cells) => `${mark} ${cells.map((cell) => cell.padEnd(width)).join("")}`.trimEnd();
  const rows = Array.from({ length: height }, (_, at) => {
    const cells = names.map((name) => columns[name][at] ?? "—");
    return line(new Set(cells).size === 1 ? " " : "≠", cells);
  });
  return [`no agreement; wrong: ${differences(columns, ordered).join(", ")}`, line(" ", names), ...rows].join("\n");
}

// Puts the functions of a module into the order in which it compresses best: those of one type together, and among them each one
// beside the one that is most like it. A compressor finds a repetition anywhere in the module, but says cheaply only that it is near.
// Nothing else changes, so neither does what the module does. Which likeness serves best differs from build to build by a few hundred
// bytes, so several are tried.
import { brotliCompressSync } from 'node:zlib';
import binaryen from 'binaryen';

/** So many bytes that two functions have in common make them a little more alike. */
const SHINGLES = [3, 4, 5, 6];

/** In which order the types come: as they are numbered, backwards, or with those first that have many functions, or few. */
const GROUPS = [([a], [b]) => a - b, ([a], [b]) => b - a, ([, a], [, b]) => b.length - a.length, ([, a], [, b]) => a.length - b.length];

/** The module with its functions in the best of those orders. */
export function inOrder(bytes) {
  const code = read(bytes);
  const tried = SHINGLES.flatMap((length) => {
    const likeness = code.bodies.map((body) => shingles(body, length));
    return [1, -1].flatMap((direction) => GROUPS.map((groups) => ordered(bytes, code, likeness, direction, groups)));
  });
  const [best] = tried.map((module) => ({ module, size: brotliCompressSync(module).length })).sort((a, b) => a.size - b.size);
  return best.module;
}

/** `direction`: from the smallest function on, or from the largest. */
function ordered(bytes, { imported, types, bodies }, likeness, direction, byGroup) {
  const groups = new Map();
  types.forEach((type, at) => groups.set(type, [...(groups.get(type) ?? []), at]));
  const sorted = [...groups].sort(byGroup);
  const bySize = (a, b) => direction * (bodies[a].length - bodies[b].length);
  const order = sorted.flatMap(([, group]) => chain(group.sort(bySize), likeness));

  // binaryen reorders by name, so they are named by their place, and the names are not written.
  const names = order.map((at, place) => [...leb(imported + at), 5, ...Buffer.from(String(place).padStart(5, '0'))]);
  const functions = [...leb(names.length), ...names.flat()];
  const section = [4, ...Buffer.from('name'), 1, ...leb(functions.length), ...functions];
  const module = binaryen.readBinary(Buffer.concat([bytes, Buffer.from([0, ...leb(section.length), ...section])]));
  module.runPasses(['reorder-functions-by-name']);
  return module.emitBinary();
}

/** From the first on, always the one that is most like the one before. */
function chain([first, ...rest], likeness) {
  const left = new Set(rest);
  const order = [first];
  while (left.size) {
    const last = likeness[order.at(-1)];
    let best = { alike: -1 };
    for (const at of left) {
      const alike = common(last, likeness[at]);
      if (alike > best.alike) best = { at, alike };
    }
    left.delete(best.at);
    order.push(best.at);
  }
  return order;
}

/** From 0 for nothing in common to 1. */
function common(a, b) {
  const [small, large] = a.size < b.size ? [a, b] : [b, a];
  let both = 0;
  for (const shingle of small) if (large.has(shingle)) both += 1;
  return both / (1 + a.size + b.size - both);
}

function shingles(body, length) {
  const set = new Set();
  for (let at = 0; at + length <= body.length; at += 1) set.add(body.toString('latin1', at, at + length));
  return set;
}

/** As much of the binary format as this takes: https://webassembly.github.io/spec/core/binary/modules.html */
function read(bytes) {
  let at = 8;
  const number = () => {
    for (let value = 0, scale = 1; ; scale *= 128) {
      const byte = bytes[at++];
      value += (byte & 127) * scale;
      if (byte < 128) return value;
    }
  };
  const take = (length) => bytes.subarray(at, (at += length));
  const list = (item) => Array.from({ length: number() }, item);
  const found = {};
  while (at < bytes.length) {
    const id = number();
    const end = number() + at;
    if (id === 3) found.types = list(number);
    if (id === 10) found.bodies = list(() => take(number()));
    at = end;
  }
  const module = binaryen.readBinary(bytes);
  const isImported = (_, index) => binaryen.getFunctionInfo(module.getFunctionByIndex(index)).base;
  const imported = Array.from({ length: module.getNumFunctions() }, isImported).filter(Boolean).length;
  return { imported, ...found };
}

function leb(number) {
  const bytes = [];
  for (; number > 127; number = Math.floor(number / 128)) bytes.push((number % 128) + 128);
  return [...bytes, number];
}

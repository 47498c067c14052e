// Takes out of the bundle what nothing in it uses, and shortens the names by which its two halves call each other:
//   node shrink.mjs GLUE.js MODULE.wasm
// - Leptos brings wasm-streams along, whose classes nobody imports. Exported code is never dead to a linker, so the exports go first;
//   then the bodies of their functions, which the table still holds (3 KB); and what only they used goes with them.
// - The words of std's input and output errors stay behind when the last that could say them is gone: data is never dead to anybody.
//   They are blanked (0.4 KB).
// - wasm-bindgen's names carry a hash of 16 digits each, in both halves, which no compression can shorten: 6 KB of what travels.
// - The module is optimised at level 1 only, before and after unused parameters have gone: the higher levels make it smaller and what
//   travels, its compressed form, larger. Hints of alignment, which no engine heeds, and the list of features go (`--dealign`, 1 KB in all).
// - What the module asks for is written as arrow functions; one way to begin and no words about its deprecated forms are left (0.6 KB).
// - Its functions are put in an order that compresses: 3 KB. See order.mjs.
// The glue is taken as wasm-bindgen writes it; its version is pinned, and what is not found where it should be is an error.
import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import binaryen from 'binaryen';
import { inOrder } from './order.mjs';

const [gluePath, wasmPath] = process.argv.slice(2);
let glue = readFileSync(gluePath, 'utf8');
const foreign = /intounderlying/i;

const module = binaryen.readBinary(readFileSync(wasmPath));
const count = (number, info) => Array.from({ length: number }, (_, index) => info(index));
const exported = count(module.getNumExports(), (index) => binaryen.getExportInfo(module.getExportByIndex(index)).name);
for (const name of exported) if (foreign.test(name)) module.removeExport(name);
const described = (it) => ({ it, ...binaryen.getFunctionInfo(it) });
const functions = () => count(module.getNumFunctions(), (index) => described(module.getFunctionByIndex(index)));
const emptied = functions().filter(({ name, base }) => !base && foreign.test(name));
for (const { it } of emptied) binaryen.Function.setBody(it, module.unreachable());
module.runPasses(['remove-unused-module-elements']);
const asked = new Set(functions().map(({ base }) => base).filter(Boolean));
const bytes = Buffer.from(module.emitBinary());
const [words, end] = ['entity not found', 'operation successful'].map((text) => bytes.indexOf(text));
const isSaid = functions().some(({ name }) => /std2io5error/.test(name));
if (isSaid || words < 0 || end < words || end > words + 1000) throw new Error('the words of std::io are not where they were, or may be said');
bytes.fill(0, words, end + 'operation successful'.length);
writeFileSync(wasmPath, bytes);

const passes = ['-O1', '--dealign', '--dae-optimizing', '--duplicate-function-elimination', '-O1', '--strip-target-features', '--minify-imports-and-exports-and-modules'];
const wasmOpt = fileURLToPath(new URL('node_modules/.bin/wasm-opt', import.meta.url));
const short = JSON.parse(execFileSync(wasmOpt, [...passes, wasmPath, '-o', wasmPath], { encoding: 'utf8' }));
writeFileSync(wasmPath, inOrder(readFileSync(wasmPath)));
const imports = new Map(short.imports.map(([, name, to]) => [name, to]));
const exports = new Map(short.exports);

// The foreign classes and what belongs to them, one top-level statement each.
const statement = /^(?=export class |const |if \(Symbol|export function |function |async function |let |export \{)/m;
const isForeign = (text) => foreign.test(text) && /^(export class|const \w+Finalization|if \(Symbol)/.test(text);
glue = glue.split(statement).filter((text) => !isForeign(text)).join('');

// What the module asks for is handed over under its short name; what it asks for no more is not handed over.
const member = /^ {8}(\w+): [\s\S]*?(?=^ {8}\w+: |^ {4}\};)/gm;
glue = glue.replace(member, (text, name) => {
  if (!name.startsWith('__wb')) return text;
  return asked.has(name) ? text.replace(name, imports.get(name) ?? name) : '';
});
const [from] = short.imports[0] ?? [];
glue = glue.replace(JSON.stringify(from), JSON.stringify('a')).replace(/\bwasm\.(\w+)/g, (text, name) => (exports.has(name) ? `wasm.${exports.get(name)}` : text));

// Briefer: none of these functions asks for `this` or `arguments`; and the loader begins in one way only, with an answer that is good.
const loading = `
async function __wbg_load(response, imports) {
    try {
        return await WebAssembly.instantiateStreaming(response, imports);
    } catch (error) {
        if (response.headers.get('Content-Type') === 'application/wasm') throw error;
        console.warn('[guest-chat] slower than it could be: serve the .wasm as application/wasm', error);
        return WebAssembly.instantiate(await response.arrayBuffer(), imports);
    }
}
`;
const beginning = `
async function __wbg_init({ module_or_path }) {
    const { instance } = await __wbg_load(module_or_path, __wbg_get_imports());
    return __wbg_finalize_init(instance);
}
`;
const written = [
  [/: function\(\) \{ return handleError\(function \(([^)]*)\) \{/g, ': handled(($1) => {'],
  [/^( {8}\}), arguments\); \},$/gm, '$1),'],
  [/^( {8}\S+): function\(([^)]*)\) \{/gm, '$1: ($2) => {'],
  [/function handleError\(f, args\) \{([^]*?)f\.apply\(this, args\);([^]*?)\n\}\n/, 'const handled = (f) => (...args) => {$1f(...args);$2\n};\n'],
  [/async function __wbg_load\([^]*?\n\}\n/, loading],
  [/async function __wbg_init\([^]*?\n\}\n/, beginning],
  ['export { initSync, ', 'export { '],
  // Whatever runs this module, which refers to its page's objects by reference types, has these.
  [/\(typeof FinalizationRegistry === 'undefined'\)\n.*\n    : new/g, 'new'],
  [/if \(!\('encodeInto' in cachedTextEncoder\)\) \{[^]*?\n\}\n/, ''],
  // Every string that is handed over may grow.
  [/^ {4}if \(realloc === undefined\) \{[^]*?\n {4}\}\n/m, ''],
  // A Safari of old decodes no more than 2 GiB in all. No conversation comes near.
  [/^ {4}numBytesDecoded \+= len;\n {4}if \(numBytesDecoded [^]*?\n {4}\}\n/m, ''],
  [/^if \(Symbol\.dispose\) Widget.*$/m, ''],
  [/^ {4}wasm(?:Instance|Module) = .*$/gm, ''],
];
for (const [long, brief] of written) {
  const briefer = glue.replace(long, brief);
  if (briefer === glue) throw new Error(`the glue is not what it was: ${long} is not in it`);
  glue = briefer;
}

if (/passStringToWasm0\([^,]*, [^,)]*\)/.test(glue)) throw new Error('the glue is not what it was: a string is handed over that cannot grow');
const missing = [...asked].filter((name) => !new RegExp(`^ {8}${(imports.get(name) ?? name).replaceAll('$', '\\$')}: `, 'm').test(glue));
if (missing.length || foreign.test(glue)) throw new Error(`the glue is not what it was: ${missing.join(', ') || 'foreign classes are left'}`);
if (!emptied.length || !asked.size) throw new Error('the module is not what it was: it has no names, or asks for nothing');
writeFileSync(gluePath, glue);

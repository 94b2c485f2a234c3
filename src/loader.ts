/**
 * Loads the files of the published bundle, with the code that V8 made of them in earlier processes: to compile a
 * function when it is first called takes most of what a first call takes, in each process, on each of a thousand ranks.
 */
import { closeSync, fstatSync, openSync, readSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join, relative } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { Script } from "node:vm";
import { isCodeKept, keepCode, keptCode } from "./code-cache.js";

const folder = dirname(fileURLToPath(import.meta.url));
const require = createRequire(import.meta.url);

/** What V8 compiled the loaded files from: their source alone, or what was kept. By their names. */
export const origins: Map<string, "source" | "kept"> = new Map();

const modules = new Map<string, { exports: object }>();

/**
 * What a file of the bundle exports. Where no code is kept Node loads it, which knows of coverage and source maps.
 * @param name Relative to this file, `"mpi/index.cjs"`.
 * @throws What the file throws, or the error of the file system if it cannot be read.
 */
export const load = (name: string): object =>
  isCodeKept ? evaluate(join(folder, name)) : (require(`./${name}`) as object);

function evaluate(path: string): object {
  const known = modules.get(path);
  if (known !== undefined) return known.exports;
  const module = { exports: {} };
  modules.set(path, module);
  try {
    execute(path, module);
  } catch (error) {
    modules.delete(path);
    throw error;
  }
  return module.exports;
}

function execute(path: string, module: { exports: object }): void {
  const run = compile(path);
  const find = (name: string): object => {
    if (name.startsWith(".")) return evaluate(join(dirname(path), name));
    return RARE.has(name) ? whenUsed(name) : (require(name) as object);
  };
  run(module.exports, find, module, path, dirname(path));
}

/** Modules of Node that take a millisecond to load, and that few processes come to use. */
const RARE = new Set(["node:child_process", "node:v8", "node:worker_threads"]);

const whenUsed = (name: string): object =>
  new Proxy({}, { get: (_, key) => (require(name) as Record<string | symbol, unknown>)[key] });

type Wrapped = (exports: object, require: unknown, module: object, filename: string, dirname: string) => void;

const BEFORE = "(function (exports, require, module, __filename, __dirname) { ";
const AFTER = "\n})";

function compile(path: string): Wrapped {
  // In one piece from the start, and in ASCII: V8 would copy what is put together from parts.
  const wrapped = readInto(path, BEFORE, AFTER);
  const name = relative(folder, path);
  const kept = keptCode(name, wrapped);
  const script = new Script(wrapped.toString("latin1"), {
    filename: pathToFileURL(path).href,
    columnOffset: -BEFORE.length,
    ...(kept.code === undefined ? {} : { cachedData: kept.code }),
  });
  const isUsed = script.cachedDataRejected === false;
  origins.set(name, isUsed ? "kept" : "source");
  keepCode(script, kept, isUsed);
  return script.runInThisContext() as Wrapped;
}

function readInto(path: string, before: string, after: string): Buffer {
  const file = openSync(path, "r");
  try {
    const { size } = fstatSync(file);
    const bytes = Buffer.allocUnsafeSlow(before.length + size + after.length);
    bytes.write(before, "latin1");
    for (let at = 0; at < size; ) {
      const count = readSync(file, bytes, before.length + at, size - at, at);
      if (count === 0) throw new Error(`${path} became shorter while it was read`);
      at += count;
    }
    bytes.write(after, before.length + size, "latin1");
    return bytes;
  } finally {
    closeSync(file);
  }
}

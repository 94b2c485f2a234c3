/**
 * Loads the files of the published bundle, with the code that V8 made of them in earlier processes: to compile a
 * function when it is first called takes most of what a first call takes, in each process, on each of a thousand ranks.
 *
 * The code is kept by Node's own conventions (node:module, "module compile cache"), which Node itself follows for whole
 * modules only, not for what was compiled later: `NODE_COMPILE_CACHE` names another directory than
 * `$XDG_CACHE_HOME/typed-mpi-code` or `~/.cache/typed-mpi-code`, and `NODE_DISABLE_COMPILE_CACHE=1` turns it off.
 */
import {
  closeSync,
  fstatSync,
  mkdirSync,
  openSync,
  readdirSync,
  readSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { createRequire } from "node:module";
import { dirname, isAbsolute, join, relative, resolve } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { Script } from "node:vm";
import { crc32 } from "node:zlib";

const MAGIC = 0x31636d74;
const HEADER = 24;
const PREFIX = "typed-mpi-";
/** So many processes in turn add what they compiled, and one in as many of the later ones looks whether it has more. */
const LEARNING = 8;
/** More by a part of this. */
const MORE = 1.05;
/** Milliseconds after which a writer is taken for dead, and code for that of a version that nobody has any more. */
const [DEAD, OLD] = [60_000, 90 * 86_400_000];

const folder = dirname(fileURLToPath(import.meta.url));
const require = createRequire(import.meta.url);

/** Code of one file, as it is kept. */
interface Kept {
  /** Of the source that it was made of. */
  readonly source: number;
  /** How many processes have added to it. */
  readonly generation: number;
  readonly code: Buffer;
}

/** A file of the bundle that is loaded. */
interface Loaded {
  readonly script: Script;
  /** Where its code is kept. */
  readonly path: string;
  readonly source: number;
  readonly kept: Kept | undefined;
}

/** What V8 compiled the loaded files from: their source alone, or what was kept. By their names. */
export const origins: Map<string, "source" | "kept"> = new Map();

const modules = new Map<string, { exports: object }>();
const loaded: Loaded[] = [];
const directory = codeDirectory();

/**
 * What a file of the bundle exports.
 * @param name Relative to this file, `"mpi/index.cjs"`.
 * @throws What the file throws, or the error of the file system if it cannot be read.
 */
export const load = (name: string): object =>
  directory === undefined ? require(`./${name}`) : evaluate(join(folder, name));

/** Undefined if no code is to be kept: the files are loaded by Node then, which knows of coverage and source maps. */
function codeDirectory(): string | undefined {
  const { env } = process;
  if (env["NODE_DISABLE_COMPILE_CACHE"] === "1" || env["NODE_V8_COVERAGE"]) return undefined;
  if (process.sourceMapsEnabled) return undefined;
  // In the realm of a test runner, numbers and arrays of a script of Node's own realm would be foreign.
  if (new Script("Array").runInThisContext() !== Array) return undefined;
  const caches = [env["XDG_CACHE_HOME"], env["HOME"] && join(env["HOME"], ".cache"), env["LOCALAPPDATA"]];
  const cache = caches.find((each) => each && isAbsolute(each));
  const root = env["NODE_COMPILE_CACHE"] || (cache && join(cache, "typed-mpi-code"));
  return root === undefined ? undefined : resolve(root);
}

function evaluate(path: string): object {
  const known = modules.get(path);
  if (known !== undefined) return known.exports;
  const module = { exports: {} };
  modules.set(path, module);
  const run = compile(path);
  const find = (name: string): object => {
    if (name.startsWith(".")) return evaluate(join(dirname(path), name));
    return RARE.has(name) ? whenUsed(name) : (require(name) as object);
  };
  run(module.exports, find, module, path, dirname(path));
  return module.exports;
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
  const source = crc32(wrapped);
  const name = relative(folder, path);
  const maker = `${process.version}-${process.arch}`;
  const stored = join(
    directory as string,
    `${PREFIX}${name.replaceAll(/[\\/]/g, "-")}-${source.toString(16)}-${maker}`,
  );
  const found = read(stored);
  const kept = found?.source === source ? found : undefined;
  const script = new Script(wrapped.toString("latin1"), {
    filename: pathToFileURL(path).href,
    columnOffset: -BEFORE.length,
    ...(kept === undefined ? {} : { cachedData: kept.code }),
  });
  // Code of other flags of V8. It is not replaced: those who use the others would do the same in turn.
  const isRejected = script.cachedDataRejected === true;
  origins.set(name, kept === undefined || isRejected ? "source" : "kept");
  if (!isRejected) remember({ script, path: stored, source, kept });
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

/**
 * The code in a file; undefined if there is none that is whole, and of this user alone: V8 runs it unseen.
 */
function read(path: string): Kept | undefined {
  try {
    const file = openSync(path, "r");
    try {
      const { uid, mode, size } = fstatSync(file);
      const user = process.getuid?.();
      if (user !== undefined && (uid !== user || (mode & 0o022) !== 0)) return undefined;
      const bytes = Buffer.allocUnsafeSlow(size);
      if (readSync(file, bytes, 0, size, 0) !== size || size < HEADER) return undefined;
      const [magic, generation, source, sum] = new Uint32Array(bytes.buffer, 0, 4) as unknown as readonly [
        number,
        number,
        number,
        number,
      ];
      const code = bytes.subarray(HEADER);
      return magic === MAGIC && crc32(code) === sum ? { source, generation, code } : undefined;
    } finally {
      closeSync(file);
    }
  } catch {
    return undefined;
  }
}

function remember(each: Loaded): void {
  if (loaded.push(each) === 1) process.once("exit", keep);
}

/** Keeps what was compiled meanwhile. */
function keep(): void {
  try {
    const { isMainThread } = require("node:worker_threads") as typeof import("node:worker_threads");
    if (!isMainThread) return;
    for (const each of loaded) {
      const generation = each.kept?.generation ?? 0;
      if (generation < LEARNING || Math.random() * LEARNING < 1) write(each, generation);
    }
  } catch {
    // A directory that is full, or not ours: as if nothing was kept.
  }
}

function write({ script, path, source, kept }: Loaded, generation: number): void {
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
  const temporary = `${path}.new`;
  let file: number;
  try {
    // Of many processes that end at once one writes.
    file = openSync(temporary, "wx", 0o600);
  } catch {
    if (Date.now() - statSync(temporary).mtimeMs > DEAD) rmSync(temporary, { force: true });
    return;
  }
  try {
    // Another one may have written since this one read.
    const isOld = (read(path)?.generation ?? 0) !== generation;
    const code = isOld ? undefined : script.createCachedData();
    const isMore = code !== undefined && code.length > MORE * (kept?.code.length ?? 0);
    if (code !== undefined && (isMore || generation < LEARNING)) {
      const best = isMore || kept === undefined ? code : kept.code;
      const header = new Uint32Array(HEADER / 4);
      header.set([MAGIC, generation + 1, source, crc32(best)]);
      writeFileSync(file, Buffer.concat([new Uint8Array(header.buffer), best]));
      renameSync(temporary, path);
    } else {
      rmSync(temporary);
    }
  } finally {
    closeSync(file);
  }
  if (generation === 0) prune(dirname(path));
}

function prune(directory: string): void {
  for (const name of readdirSync(directory).filter((each) => each.startsWith(PREFIX))) {
    const path = join(directory, name);
    if (Date.now() - statSync(path).mtimeMs > OLD) rmSync(path, { force: true });
  }
}

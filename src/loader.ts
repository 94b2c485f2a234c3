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
  constants,
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
/** By what part these must have more. */
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

/** What V8 begins its code with: its version and flags, and what else the code is good for. */
const STAMP = 16;

/** A file of the bundle that is loaded. */
interface Loaded {
  readonly script: Script;
  /** Where its code is kept. */
  readonly path: string;
  readonly source: number;
  /** Of the code that it was loaded with; 0 if there was none. */
  readonly generation: number;
  readonly length: number;
}

/** What V8 compiled the loaded files from: their source alone, or what was kept. By their names. */
export const origins: Map<string, "source" | "kept"> = new Map();

const modules = new Map<string, { exports: object }>();
const loaded: Loaded[] = [];
const probe = new Script("Array");
const stampNow = (): number => crc32(probe.createCachedData().subarray(0, STAMP));
const directory = codeDirectory();
const stamp = directory === undefined ? 0 : stampNow();

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
  if (probe.runInThisContext() !== Array) return undefined;
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
  const source = crc32(wrapped);
  const name = relative(folder, path);
  const parts = [name.replaceAll(/[\\/]/g, "-"), source, stamp, process.version, process.arch];
  const hexadecimal = parts.map((part) => (typeof part === "number" ? part.toString(16) : part));
  const stored = join(directory as string, PREFIX + hexadecimal.join("-"));
  const found = read(stored);
  const kept = found?.source === source ? found : undefined;
  const script = new Script(wrapped.toString("latin1"), {
    filename: pathToFileURL(path).href,
    columnOffset: -BEFORE.length,
    ...(kept === undefined ? {} : { cachedData: kept.code }),
  });
  const isUsed = kept !== undefined && script.cachedDataRejected !== true;
  origins.set(name, isUsed ? "kept" : "source");
  const { generation = 0, code = undefined } = kept ?? {};
  remember({ script, path: stored, source, generation, length: isUsed ? (code?.length ?? 0) : 0 });
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
    // In a directory that others can write to, it may be anything.
    const file = openSync(
      path,
      constants.O_RDONLY | (constants.O_NONBLOCK ?? 0) | (constants.O_NOFOLLOW ?? 0),
    );
    try {
      const stat = fstatSync(file);
      const { uid, mode, size } = stat;
      const user = process.getuid?.();
      if (!stat.isFile()) return undefined;
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
    // Flags that were changed meanwhile: what V8 makes now is of no use to a process that begins without them.
    if (!isMainThread || stampNow() !== stamp) return;
    for (const each of loaded) {
      if (each.generation < LEARNING || Math.random() * LEARNING < 1) write(each);
    }
  } catch {
    // A directory that is full, or not ours: as if nothing was kept.
  }
}

function write({ script, path, source, generation, length }: Loaded): void {
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
    const best = bestCode(script, path, generation, length);
    if (best !== undefined) {
      const header = new Uint32Array(HEADER / 4);
      header.set([MAGIC, generation + 1, source, crc32(best)]);
      writeFileSync(file, Buffer.concat([new Uint8Array(header.buffer), best]));
      renameSync(temporary, path);
    }
  } finally {
    closeSync(file);
    // It is there only if it was of no use. Another process's, which may be there since, will be written again.
    rmSync(temporary, { force: true });
  }
  if (generation === 0) prune(dirname(path));
}

/** What to keep: the code of this process, or what is there if that is more; undefined to leave that as it is. */
function bestCode(script: Script, path: string, generation: number, length: number): Buffer | undefined {
  const before = read(path);
  // Another one has written since this one read.
  if ((before?.generation ?? 0) !== generation) return undefined;
  const code = script.createCachedData();
  if (code.length > length * (generation < LEARNING ? 1 : MORE)) return code;
  return generation < LEARNING ? before?.code : undefined;
}

/** The names of files of this package: the directory may be for others as well. */
const OURS = /^typed-mpi-.+\.cjs-[0-9a-f]+-[0-9a-f]+-v\d/;

function prune(directory: string): void {
  for (const name of readdirSync(directory).filter((each) => OURS.test(each))) {
    const path = join(directory, name);
    const stat = statSync(path, { throwIfNoEntry: false });
    if (stat?.isFile() && Date.now() - stat.mtimeMs > OLD) rmSync(path, { force: true });
  }
}

/**
 * Keeps the code that V8 makes of scripts, for later processes, by Node's own conventions (node:module, "module compile
 * cache"): `NODE_COMPILE_CACHE` names another directory than `$XDG_CACHE_HOME/typed-mpi-code` or `~/.cache/typed-mpi-code`,
 * and `NODE_DISABLE_COMPILE_CACHE=1` turns it off. Node's own cache is for modules, and is of no use to their first calls.
 */
import { subscribe, unsubscribe } from "node:diagnostics_channel";
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
import { dirname, isAbsolute, join, resolve } from "node:path";
import { Script } from "node:vm";
import { crc32 } from "node:zlib";

const MAGIC = 0x31636d74;
const HEADER = 24;
const PREFIX = "typed-mpi-";
/** So many processes in turn add what they compiled, and one in as many of the later ones looks whether it has more. */
const LEARNING = 8;
/** By what part these must have more: each process reads all of it, also what others alone use. */
const MORE = 1.05;
/**
 * Milliseconds of a processor since the first script, beyond which a process has nothing to add: V8 keeps with a function that
 * it was hot, and makes machine code of it in each later process at once, by which a first call takes twice as long.
 */
const YOUNG = 250;
/** Where a floor tells that its compiler was run. */
const COMPILED = "typed-mpi:compiled";
/** Milliseconds after which a writer is taken for dead, and code for that of a version that nobody has any more. */
const [DEAD, OLD] = [60_000, 90 * 86_400_000];

/** What V8 begins its code with: its version and flags, and what else the code is good for. */
const STAMP = 16;

const probe = new Script("Array");
const stampNow = (): number => crc32(probe.createCachedData().subarray(0, STAMP));
const directory = codeDirectory();
const stamp = directory === undefined ? 0 : stampNow();

/** Whether any is kept in this process. */
export const isCodeKept: boolean = directory !== undefined;

/** Undefined if no code is to be kept. */
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

/** The code of a script. */
export interface Kept {
  /** Where it is kept. */
  readonly path: string;
  /** The checksum of the script's text. */
  readonly source: number;
  /** How many processes have added to it; 0 if there is none. */
  readonly generation: number;
  readonly code: Buffer | undefined;
}

/** What is kept of the script of this name, which has this text. */
export function keptCode(name: string, text: Uint8Array): Kept {
  const source = crc32(text);
  const sums = [source, stamp].map((sum) => sum.toString(16));
  const file = [name.replaceAll(/[\\/]/g, "-"), ...sums, process.version, process.arch].join("-");
  const path = join(directory as string, PREFIX + file);
  const found = read(path);
  const isOfText = found?.source === source;
  return {
    path,
    source,
    generation: isOfText ? found.generation : 0,
    code: isOfText ? found.code : undefined,
  };
}

/** A script whose code is to be kept. */
interface Loaded {
  readonly script: Script;
  readonly path: string;
  readonly source: number;
  /** How many processes have added to it: the others, and this one if it has. */
  generation: number;
  hasAdded: boolean;
  /** Of the code that it was loaded with, or that was written since; 0 if there was none. */
  length: number;
  /** When it was loaded. */
  readonly time: number;
}

const loaded: Loaded[] = [];
/** What this process had used when the first was. */
let begin: NodeJS.CpuUsage | undefined;

/**
 * Keeps what V8 has made of a script when the process ends; where nothing is kept yet, also when a function was compiled for the
 * first time.
 * @param isUsed Whether V8 took the code that was kept.
 */
export function keepCode(script: Script, { path, source, generation, code }: Kept, isUsed: boolean): void {
  // Not the code itself, which would stay in memory.
  const length = isUsed ? (code?.length ?? 0) : 0;
  const time = Date.now();
  if (loaded.push({ script, path, source, generation, hasAdded: false, length, time }) > 1) return;
  begin = process.cpuUsage();
  process.once("exit", keepAll);
  subscribe(COMPILED, keepFirst);
}

/** What a file holds. */
interface Contents {
  readonly source: number;
  readonly generation: number;
  readonly code: Buffer;
}

/**
 * The code in a file; undefined if there is none that is whole, and of this user alone: V8 runs it unseen.
 */
function read(path: string): Contents | undefined {
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
      const [magic, generation = 0, source = 0, sum] = new Uint32Array(bytes.buffer, 0, 4);
      const code = bytes.subarray(HEADER);
      return magic === MAGIC && crc32(code) === sum ? { source, generation, code } : undefined;
    } finally {
      closeSync(file);
    }
  } catch {
    return undefined;
  }
}

/** Keeps what was compiled meanwhile. */
function keepAll(): void {
  const { user, system } = process.cpuUsage(begin);
  const isYoung = (user + system) / 1000 < YOUNG;
  const isLearning = (generation: number): boolean => generation < LEARNING || Math.random() * LEARNING < 1;
  keep(({ length, generation }) => length === 0 || (isYoung && isLearning(generation)));
}

/** Keeps what a first call needs, before it is hot, unless another process has. */
function keepFirst(): void {
  unsubscribe(COMPILED, keepFirst);
  const writtenAt = (path: string): number => statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? 0;
  keep(({ path, length, time }) => length === 0 && writtenAt(path) < time);
}

function keep(isAsked: (each: Loaded) => boolean): void {
  try {
    const scripts = loaded.filter(isAsked);
    if (scripts.length === 0) return;
    const { isMainThread } = createRequire(import.meta.url)(
      "node:worker_threads",
    ) as typeof import("node:worker_threads");
    // Flags that were changed meanwhile: what V8 makes now is of no use to a process that begins without them.
    if (isMainThread && stampNow() === stamp) for (const each of scripts) write(each);
  } catch {
    // A directory that is full, or not ours: as if nothing was kept.
  }
}

function write(each: Loaded): void {
  const { script, path, source, generation, length } = each;
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
      const processes = each.hasAdded ? generation : generation + 1;
      header.set([MAGIC, processes, source, crc32(best)]);
      writeFileSync(file, Buffer.concat([new Uint8Array(header.buffer), best]));
      renameSync(temporary, path);
      Object.assign(each, { generation: processes, hasAdded: true, length: best.length });
      if (generation === 0) prune(dirname(path));
    }
  } finally {
    closeSync(file);
    // It is there only if it was of no use. Another process's, which may be there since, will be written again.
    rmSync(temporary, { force: true });
  }
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

import {
  closeSync,
  constants,
  existsSync,
  fstatSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  statSync,
  writeFileSync,
  writeSync,
} from "node:fs";
import { join } from "node:path";
import type { CacheParams } from "../params.js";
import { pause } from "../steps.js";
import { tryLock } from "./flock.js";
import { cacheRoot } from "./names.js";

/*
 * What happened in a cache, and how large it is: `stats/0.jsonl` to `stats/3.jsonl`, by process so that few wait
 * for each other. A line adds to what the lines before it say. It begins with a line feed, so that one that a full
 * disk cut off spoils no other. Statistics are never a reason to fail: what cannot be written is not counted.
 */

/** What can be counted. */
export type Counted = "hits" | "misses" | "builds" | "failures" | "evictions";

/** What happened since the cache was made or the statistics were reset. */
export interface Statistics {
  /** Libraries found on disk. */
  readonly hits: number;
  /** Libraries not found on disk. */
  readonly misses: number;
  readonly builds: number;
  /** Builds that failed. */
  readonly failures: number;
  /** Libraries removed because the cache was too large. */
  readonly evictions: number;
  /** How large the entries are. Exact after a collection; entries removed in other ways are counted until then. */
  readonly bytes: number;
}

type Sums = { -readonly [Name in keyof Statistics]: number };

/** More would make builds slower, which read all of them to know the size. */
const SHARDS = 4;

/** A longer shard is written anew as one line: a build reads all shards. */
const SHARD_LIMIT = 1024;

/** Milliseconds to wait for others that write to the same shard, which takes each some microseconds. */
const PATIENCE = 50;

const zero = (): Sums => ({ hits: 0, misses: 0, builds: 0, failures: 0, evictions: 0, bytes: 0 });
const NAMES = Object.keys(zero()) as (keyof Statistics)[];

/** These happen often, and are written when the process ends. */
const DEFERRED: ReadonlySet<Counted> = new Set(["hits", "misses"]);

/** Not written yet, by root of the cache. */
const pending = new Map<string, Sums>();

/**
 * Counts something. Hits and misses are written when the process ends or something else is counted.
 * @param what What happened.
 * @param n How many times. Default 1.
 * @param bytes Size of the entries that were built or evicted. Default 0.
 */
export function count(cache: CacheParams, what: Counted, n: number = 1, bytes: number = 0): void {
  const root = cacheRoot(cache.cacheDir);
  const sums = pendingOf(root);
  sums[what] += n;
  sums.bytes += what === "evictions" ? -bytes : bytes;
  if (!DEFERRED.has(what)) flush(root);
}

/** Corrects the size of the cache. @param difference Bytes that it is larger than what the statistics say. */
export function adjustSize(cache: CacheParams, difference: number): void {
  if (difference === 0) return;
  const root = cacheRoot(cache.cacheDir);
  pendingOf(root).bytes += difference;
  flush(root);
}

/** The statistics of the cache, with what this process has counted. Zeros if there are none. Lists no directory. */
export function readStatistics(cache: CacheParams): Statistics {
  const root = cacheRoot(cache.cacheDir);
  const sums = zero();
  for (let shard = 0; shard < SHARDS; shard++) add(sums, readShard(shardFilename(root, shard)));
  add(sums, pending.get(root) ?? {});
  for (const name of NAMES) sums[name] = Math.max(0, sums[name]);
  return sums;
}

/** Sets all counts to zero, in this process as well; the size of the cache remains known. */
export function resetStatistics(cache: CacheParams): void {
  const root = cacheRoot(cache.cacheDir);
  const bytes = pending.get(root)?.bytes ?? 0;
  pending.delete(root);
  for (let shard = 0; shard < SHARDS; shard++) {
    const filename = shardFilename(root, shard);
    if (!existsSync(filename)) continue;
    locked(filename, () => {
      const sums = readShard(filename);
      if (NAMES.some((name) => sums[name] !== 0)) replace(filename, { ...zero(), bytes: sums.bytes });
    });
  }
  adjustSize(cache, bytes);
}

const shardFilename = (root: string, shard: number): string => join(root, "stats", `${shard}.jsonl`);

function pendingOf(root: string): Sums {
  let sums = pending.get(root);
  if (sums === undefined) {
    if (pending.size === 0) process.once("exit", flushAll);
    sums = zero();
    pending.set(root, sums);
  }
  return sums;
}

function flushAll(): void {
  for (const root of [...pending.keys()]) flush(root);
}

/** Writes what is pending for a cache as one line. */
function flush(root: string): void {
  const sums = pending.get(root);
  pending.delete(root);
  if (pending.size === 0) process.off("exit", flushAll);
  if (sums === undefined) return;
  const filename = shardFilename(root, process.pid % SHARDS);
  try {
    makeDirectory(root);
  } catch {
    return;
  }
  locked(filename, (file, isAlone) => {
    writeSync(file, line(sums));
    if (isAlone && fstatSync(file).size > SHARD_LIMIT) replace(filename, readShard(filename));
  });
}

/** Makes `stats`, but not the cache: if it has been removed, so have its statistics. */
function makeDirectory(root: string): void {
  const directory = join(root, "stats");
  if (existsSync(directory)) return; // An exception would take ten times as long.
  try {
    mkdirSync(directory, { mode: 0o755 });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
  }
}

/**
 * Does something with a shard while no other process does, and forgets about errors. After some time it is done all
 * the same, but then nothing must be replaced: `body` is told.
 */
function locked(filename: string, body: (file: number, isAlone: boolean) => void): void {
  const { O_WRONLY, O_APPEND, O_CREAT, O_NOFOLLOW = 0 } = constants;
  try {
    for (let waited = 0; ; waited++) {
      const file = openSync(filename, O_WRONLY | O_APPEND | O_CREAT | O_NOFOLLOW, 0o644);
      try {
        const isBusy = tryLock(file, "exclusive") === "busy";
        // Of one that was replaced while this process waited nobody knows any more.
        if (isBusy ? waited >= PATIENCE : isAt(filename, file)) {
          body(file, !isBusy);
          return;
        }
      } finally {
        closeSync(file);
      }
      pause(1).sync();
    }
  } catch {
    // A full or read-only disk, or a cache that has been removed: there is nobody to tell.
  }
}

const isAt = (filename: string, file: number): boolean =>
  statSync(filename, { throwIfNoEntry: false })?.ino === fstatSync(file).ino;

/** Puts one line in place of all. The temporary file of a process that is killed here is written over by the next. */
function replace(filename: string, sums: Sums): void {
  writeFileSync(`${filename}.tmp`, line(sums), { mode: 0o644 });
  renameSync(`${filename}.tmp`, filename);
}

const line = (sums: Sums): string =>
  `\n${JSON.stringify(
    sums,
    NAMES.filter((name) => sums[name] !== 0),
  )}`;

/** What the lines of a file add up to; zeros if it cannot be read. */
function readShard(filename: string): Sums {
  const sums = zero();
  if (!existsSync(filename)) return sums;
  let text: string;
  try {
    text = readFileSync(filename, "utf8");
  } catch {
    return sums;
  }
  for (const each of text.split("\n")) {
    if (each === "") continue;
    try {
      add(sums, JSON.parse(each));
    } catch {
      // Cut off: the disk was full.
    }
  }
  return sums;
}

function add(sums: Sums, addends: unknown): void {
  for (const name of NAMES) {
    const addend = (addends as Partial<Record<keyof Statistics, unknown>> | null)?.[name];
    if (Number.isSafeInteger(addend)) sums[name] += addend as number;
  }
}

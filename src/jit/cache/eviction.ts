import { existsSync, mkdirSync, statSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { invalidType, outOfRange } from "../../argument-error.js";
import { debug } from "../log.js";
import type { CacheParams } from "../params.js";
import { pause } from "../steps.js";
import { list, removeLitter } from "./litter.js";
import { tryExclusive } from "./lock.js";
import { type Manifest, readManifest } from "./manifest.js";
import { assertSignature, cacheRoot, createLockFilename, createManifestFilename } from "./names.js";
import { removeEntry } from "./publish.js";
import { adjustSize, count, readStatistics } from "./statistics.js";

/*
 * Keeps a cache below its limit: the entries that have not been used for the longest time go, as their manifests'
 * times tell, until a tenth of the limit is free.
 */

/** How much of the limit may be used after a collection: it is not needed at every build then. */
const REMAINDER = 0.9;

/** Milliseconds until a build tries again to make room in a cache of which too much was in use. */
const RETRY = 60_000;

/** Milliseconds that a collection waits for another one to end. */
const PATIENCE = 10_000;

/** How a collection is done. */
export interface CollectOptions {
  /** Bytes; 0 is no limit. Default `cache.maxSize`. */
  readonly maxSize?: number | undefined;
  /** Whether to tell only what would be removed. Default false. */
  readonly dryRun?: boolean | undefined;
}

/** What a collection did, or would do. */
export interface Collection {
  /** Signatures, in the order of their removal. */
  readonly removed: readonly string[];
  /** Signatures that should have been removed, had no process used, built or just found them. */
  readonly inUse: readonly string[];
  /** What dead processes had left, and quarantined libraries: paths relative to the cache. They were removed, too. */
  readonly litter: readonly string[];
  /** Size of all that was removed. */
  readonly bytes: number;
  /** How many entries there are now. */
  readonly kept: number;
  /** Bytes that they take. */
  readonly size: number;
}

/** An entry, and what is to be known to decide about it. */
interface Candidate {
  readonly signature: string;
  readonly size: number;
  /** Milliseconds since 1970. */
  readonly used: number;
  readonly dependencies: readonly string[];
  /** How many entries that are not removed are linked with it. */
  dependents: number;
  /** Whether its turn has come while it still had dependents. */
  isDue: boolean;
}

/** The bytes that an entry takes, without its manifest. */
export const entrySize = ({ library, source, header, log }: Manifest): number =>
  [library, source, header, log].reduce((sum, file) => sum + (file?.size ?? 0), 0);

/**
 * Removes what dead processes have left, and, if the cache is larger than the limit, the entries that were used
 * least recently until it is at 90 % of it. What a process has loaded or builds remains, and all that it is linked
 * with. Other processes may build, load and collect meanwhile.
 * @returns What was removed and what remains. A cache that does not exist is empty.
 * @throws TypeError or RangeError for bad options; the file system's error if the cache cannot be read or written
 */
export function collectGarbage(cache: CacheParams, options: CollectOptions = {}): Collection {
  const { maxSize = cache.maxSize, dryRun = false } = options;
  if (typeof maxSize !== "number") throw invalidType("maxSize", "a number of bytes", maxSize);
  if (!(maxSize >= 0)) throw outOfRange("maxSize", "0 (no limit) or more bytes", maxSize);
  if (!existsSync(cacheRoot(cache.cacheDir))) {
    return { removed: [], inUse: [], litter: [], bytes: 0, kept: 0, size: 0 };
  }
  const release = dryRun ? undefined : waitForOthers(collectionLock(cache));
  try {
    const known = readStatistics(cache).bytes;
    const { entries, torn } = readEntries(cache);
    const before = sizeOf(entries.values());
    const { removed, inUse } = evict(cache, entries, before, maxSize, dryRun);
    const litter = removeLitter(cache, dryRun, torn);
    const size = sizeOf(entries.values());
    if (!dryRun) {
      adjustSize(cache, before - known);
      if (removed.length > 0) count(cache, "evictions", removed.length, before - size);
    }
    const bytes = before - size + litter.bytes;
    return { removed, inUse, litter: litter.paths, bytes, kept: entries.size, size };
  } finally {
    release?.();
  }
}

/**
 * Collects if the cache has grown above its limit, as its statistics tell: below it, no directory is listed. Does
 * nothing while another process collects, or if shortly before too much was in use. Never throws: a cache that is too
 * large is no reason to fail.
 * @returns undefined if nothing was done
 */
export function maybeCollect(cache: CacheParams): Collection | undefined {
  const { maxSize } = cache;
  try {
    if (maxSize === 0 || readStatistics(cache).bytes <= maxSize || wasInVain(cache)) return undefined;
    const release = tryExclusive(collectionLock(cache));
    if (release === undefined) return undefined;
    release();
    const collection = collectGarbage(cache);
    debug(
      () =>
        `${cache.cacheDir}: ${collection.removed.length} libraries removed, ${collection.size} bytes kept`,
    );
    if (collection.size > maxSize) writeFileSync(attemptFilename(cache), "");
    return collection;
  } catch (error) {
    debug(() => `${cache.cacheDir} cannot be made smaller: ${(error as Error).message}`);
    return undefined;
  }
}

const collectionLock = (cache: CacheParams): string =>
  join(cacheRoot(cache.cacheDir), "stats", "collection.lock");

/** Its time tells when a collection did not get below the limit: the next would list everything for nothing. */
const attemptFilename = (cache: CacheParams): string => join(cacheRoot(cache.cacheDir), "stats", "full");

function wasInVain(cache: CacheParams): boolean {
  const attempt = statSync(attemptFilename(cache), { throwIfNoEntry: false });
  return attempt !== undefined && Math.abs(Date.now() - attempt.mtimeMs) < RETRY;
}

/** The lock of the collection, so that the sizes that are counted come out right; not for longer than PATIENCE. */
function waitForOthers(filename: string): (() => void) | undefined {
  mkdirSync(dirname(filename), { recursive: true, mode: 0o755 });
  const deadline = Date.now() + PATIENCE;
  for (;;) {
    const release = tryExclusive(filename);
    if (release !== undefined || Date.now() > deadline) return release;
    pause(20).sync();
  }
}

/** All entries, by signature, and the signatures whose manifests cannot be read. */
function readEntries(cache: CacheParams): { entries: Map<string, Candidate>; torn: string[] } {
  const torn: string[] = [];
  const entries = new Map<string, Candidate>();
  const directory = join(cacheRoot(cache.cacheDir), "manifest");
  for (const name of list(directory)) {
    if (!name.endsWith(".json")) continue;
    const signature = name.slice(0, -".json".length);
    if (!isSignature(signature)) continue;
    const filename = join(directory, name);
    // The time first: an entry that is replaced in between then counts as used.
    const stat = statSync(filename, { throwIfNoEntry: false });
    if (stat === undefined) continue;
    const manifest = readManifest(filename);
    if (manifest?.signature !== signature) {
      torn.push(signature);
      continue;
    }
    const dependencies = manifest.dependencies.map((dependency) => dependency.signature);
    const used = stat.mtimeMs;
    entries.set(signature, {
      signature,
      size: entrySize(manifest),
      used,
      dependencies,
      dependents: 0,
      isDue: false,
    });
  }
  for (const { dependencies } of entries.values()) {
    for (const dependency of dependencies) {
      const entry = entries.get(dependency);
      if (entry !== undefined) entry.dependents++;
    }
  }
  return { entries, torn };
}

/** What names no library is nobody's entry. */
function isSignature(text: string): boolean {
  try {
    assertSignature(text);
    return true;
  } catch {
    return false;
  }
}

const sizeOf = (entries: Iterable<Candidate>): number => {
  let sum = 0;
  for (const { size } of entries) sum += size;
  return sum;
};

/** Removes entries, also from `entries`, until those that remain are small enough. */
function evict(
  cache: CacheParams,
  entries: Map<string, Candidate>,
  before: number,
  maxSize: number,
  dryRun: boolean,
): { removed: string[]; inUse: string[] } {
  const removed: string[] = [];
  const inUse: string[] = [];
  const limit = maxSize === 0 || before <= maxSize ? Infinity : maxSize * REMAINDER;
  let size = before;

  /** What it alone was linked with, and was due before, is due again. */
  const remove = (entry: Candidate): void => {
    if (size <= limit) return;
    entry.isDue = true;
    if (entry.dependents > 0) return;
    const outcome = removeUnused(entry, cache, dryRun);
    if (outcome === "in use") {
      inUse.push(entry.signature);
      return;
    }
    if (outcome === "removed") removed.push(entry.signature);
    entries.delete(entry.signature);
    size -= entry.size;
    for (const signature of entry.dependencies) {
      const dependency = entries.get(signature);
      if (dependency !== undefined && --dependency.dependents === 0 && dependency.isDue) remove(dependency);
    }
  };

  const oldestFirst = [...entries.values()].sort(
    (a, b) => a.used - b.used || (a.signature < b.signature ? -1 : 1),
  );
  for (const entry of oldestFirst) remove(entry);
  return { removed, inUse };
}

/**
 * Removes an entry which nobody uses: not if a process has it loaded, builds it, or has found it since its manifest
 * was listed, and so is about to load it.
 */
function removeUnused(entry: Candidate, cache: CacheParams, dryRun: boolean): "removed" | "in use" | "gone" {
  const { signature, used } = entry;
  const filename = createManifestFilename(signature, cache);
  const releaseBuild = tryExclusive(createLockFilename(signature, cache));
  if (releaseBuild === undefined) return "in use";
  try {
    const stat = statSync(filename, { throwIfNoEntry: false });
    if (stat === undefined) return "gone";
    if (stat.mtimeMs !== used) return "in use";
    const release = tryExclusive(filename);
    if (release === undefined) return "in use";
    try {
      return dryRun || removeEntry(signature, cache) ? "removed" : "gone";
    } finally {
      release();
    }
  } finally {
    releaseBuild();
  }
}

import { readdirSync, rmSync, statSync, utimesSync } from "node:fs";
import { basename, join } from "node:path";
import { JitError } from "../error.js";
import type { CacheParams } from "../params.js";
import { tryDeleteFile } from "../system.js";
import { cannotWrite } from "./cannot-write.js";
import {
  assertCategories,
  type Category,
  categories,
  filesIn,
  globCache,
  signatureOfFile,
} from "./listing.js";
import { removeLitter } from "./litter.js";
import { tryExclusive } from "./lock.js";
import { readManifest, writeManifest } from "./manifest.js";
import { assertSignature, cacheRoot, createLockFilename, createManifestFilename } from "./names.js";
import { adjustSize } from "./statistics.js";

/* Removal at the user's wish. What the cache removes by itself is in eviction.ts. */

/** What {@link cleanCache} removes. */
export interface CleanOptions {
  /** Whether to tell only what would be removed. Default true, as dijitso has it. */
  readonly dryRun?: boolean;
  /** Which files. Default: all. */
  readonly categories?: readonly Category[];
  /** Only those of this library. Default: of all. */
  readonly signature?: string | undefined;
  /** Whether to remove also what a process has loaded or builds. Default false. */
  readonly force?: boolean;
}

/** What {@link cleanCache} did, or would do. */
export interface Cleaned {
  /** Absolute names. */
  readonly removed: readonly string[];
  /** Signatures of what a process has loaded or builds, and that therefore stays. */
  readonly inUse: readonly string[];
  /** Size of what was removed. */
  readonly bytes: number;
}

/**
 * Removes files from the cache. A library whose library file or header is removed does not exist any more: its manifest
 * goes first. Other programs may build and load meanwhile. Files that are not the cache's own stay.
 * @throws TypeError for bad options; JitError `ERR_JIT_CACHE` if the directory is no cache; the file system's error
 */
export function cleanCache(cache: CacheParams, options: CleanOptions = {}): Cleaned {
  const { dryRun = true, categories: chosen = categories, signature, force = false } = options;
  assertCategories(chosen);
  if (signature !== undefined) assertSignature(signature);
  assertIsCache(cache);
  const removed: string[] = [];
  const inUse: string[] = [];
  let bytes = 0;
  for (const [each, files] of ownFiles(cache, chosen)) {
    if (signature !== undefined && each !== signature) continue;
    const outcome = removeFiles(each, files, { cache, chosen, dryRun, force });
    if (outcome === undefined) {
      inUse.push(each);
      continue;
    }
    removed.push(...outcome.removed);
    bytes += outcome.bytes;
  }
  if (signature === undefined && categories.every((each) => chosen.includes(each))) {
    const litter = removeLitter(cache, dryRun);
    const root = cacheRoot(cache.cacheDir);
    removed.push(...litter.paths.map((path) => join(root, path)).filter((path) => !removed.includes(path)));
  }
  return { removed, inUse, bytes };
}

/** The directories that nothing but a cache has, of which it has one at least. */
const MARKS: readonly string[] = ["manifest", "lock", "stats"];

/**
 * Refuses a directory in which there is something, but no cache: `/usr` has include, lib and src as well.
 * @throws JitError `ERR_JIT_CACHE`
 */
export function assertIsCache(cache: CacheParams): void {
  const root = cacheRoot(cache.cacheDir);
  let names: string[];
  try {
    names = readdirSync(root);
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === "ENOENT") return; // Nothing has been cached yet.
    throw new JitError("ERR_JIT_CACHE", `${root} cannot be read: ${(cause as Error).message}`, { cause });
  }
  if (names.length === 0 || names.some((name) => MARKS.includes(name))) return;
  throw new JitError(
    "ERR_JIT_CACHE",
    `${root} is no cache: it has none of the directories ${MARKS.join(", ")}, but other files. Nothing was touched`,
  );
}

/** What `signatureOf` makes. A file with another name is the cache's only if there is a library of that name. */
const HASHED = /_[0-9a-f]{32}$/;

/** The cache's own files, by signature. */
function ownFiles(cache: CacheParams, chosen: readonly Category[]): Map<string, string[]> {
  const libraries = globCache(cache, ["lib"]).lib ?? [];
  const known = new Set(libraries.map((filename) => signatureOfFile(basename(filename), "lib", cache)));
  const files = new Map<string, string[]>();
  for (const name of filesIn(join(cacheRoot(cache.cacheDir), "manifest"))) {
    const signature = name.slice(0, -".json".length);
    if (!name.endsWith(".json") || !/^\w[\w-]*$/.test(signature)) continue;
    known.add(signature);
    files.set(signature, []);
  }
  for (const [category, filenames] of Object.entries(globCache(cache, chosen)) as [Category, string[]][]) {
    for (const filename of filenames) {
      const signature = signatureOfFile(basename(filename), category, cache);
      if (signature === undefined || !(known.has(signature) || HASHED.test(signature))) continue;
      const others = files.get(signature);
      if (others === undefined) files.set(signature, [filename]);
      else others.push(filename);
    }
  }
  return files;
}

interface Removal {
  readonly cache: CacheParams;
  readonly chosen: readonly Category[];
  readonly dryRun: boolean;
  readonly force: boolean;
}

/** @returns undefined if a process has the library loaded or builds it */
function removeFiles(
  signature: string,
  files: readonly string[],
  { cache, chosen, dryRun, force }: Removal,
): { removed: string[]; bytes: number } | undefined {
  const manifestFilename = createManifestFilename(signature, cache);
  // Without its library it is of no use; without its header no other library can be built with it.
  const isEnd = chosen.includes("lib") || chosen.includes("inc");
  const release = dryRun ? () => {} : tryExclusive(createLockFilename(signature, cache));
  if (release === undefined && !force) return undefined;
  try {
    const stat = statSync(manifestFilename, { throwIfNoEntry: false });
    const unhold = tryExclusive(manifestFilename);
    if (unhold === undefined && !force) return undefined;
    try {
      const removed = isEnd && stat !== undefined ? [manifestFilename, ...files] : [...files];
      const bytes = files.reduce((sum, name) => sum + sizeOf(name), 0);
      if (dryRun) return { removed, bytes };
      const manifest = readManifest(manifestFilename);
      if (isEnd) {
        rmSync(manifestFilename, { force: true });
      } else if (manifest !== undefined && stat !== undefined) {
        const source = chosen.includes("src") ? null : manifest.source;
        const log = chosen.includes("log") ? null : manifest.log;
        writeManifest(manifestFilename, { ...manifest, source, log }, cache.fsync);
        utimesSync(manifestFilename, stat.atime, stat.mtime); // It was not used.
      }
      for (const filename of files) tryDeleteFile(filename);
      if (manifest !== undefined) adjustSize(cache, -bytes); // Only what has a manifest was counted.
      return { removed, bytes };
    } catch (cause) {
      throw cannotWrite(cacheRoot(cache.cacheDir), cause, signature);
    } finally {
      unhold?.();
    }
  } finally {
    release?.();
  }
}

const sizeOf = (filename: string): number => statSync(filename, { throwIfNoEntry: false })?.size ?? 0;

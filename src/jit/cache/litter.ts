import { existsSync, lstatSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { isAbsolute, join, relative } from "node:path";
import type { CacheParams } from "../params.js";
import { isAlive } from "./alive.js";
import { isHeld, tryExclusive } from "./lock.js";
import { cacheRoot, createLockFilename, createManifestFilename, entryDirectories } from "./names.js";

/*
 * What processes that were killed leave in a cache: build directories, locks, temporary files, torn manifests, and
 * parts of entries that were never published or not removed whole. And what was put into quarantine.
 */

/** Milliseconds after which a part without a manifest is litter, though nobody builds the entry. */
const OLD = 3_600_000;

/** What `signature.ts` makes. Files of other names are not of this package, and stay. */
const SIGNATURE = /^\w{1,60}_[0-9a-f]{32}$/;

/** What was removed. */
export interface Litter {
  /** Relative to the cache. */
  readonly paths: string[];
  /** Size of it all. */
  readonly bytes: number;
}

/** A file or directory that looks abandoned. */
interface Suspect {
  readonly directory: string;
  readonly name: string;
}

/**
 * Removes litter. What is of a signature is looked at while holding the lock of that, so that nothing is taken from
 * a living builder.
 * @param dryRun Whether to tell only what would be removed.
 * @param torn Signatures whose manifests cannot be read. Default: none.
 * @throws The file system's error if something cannot be removed.
 */
export function removeLitter(cache: CacheParams, dryRun: boolean, torn: readonly string[] = []): Litter {
  const root = cacheRoot(cache.cacheDir);
  const paths: string[] = [];
  let bytes = 0;
  const remove = ({ directory, name }: Suspect): void => {
    const path = join(directory, name);
    bytes += sizeOnDisk(join(root, path));
    if (!dryRun) rmSync(join(root, path), { recursive: true, force: true });
    paths.push(path);
  };

  for (const name of list(join(root, "quarantine"))) remove({ directory: "quarantine", name });
  for (const [signature, suspects] of findSuspects(root, cache, new Set(torn))) {
    const lock = createLockFilename(signature, cache);
    const manifest = createManifestFilename(signature, cache);
    const release = tryExclusive(lock);
    if (release === undefined) continue;
    try {
      // On a file system without locks, the builder may be alive.
      const isAlone = isHeld(lock);
      for (const suspect of suspects) if (isLitter(root, suspect, manifest, isAlone)) remove(suspect);
    } finally {
      release();
    }
  }
  return { paths, bytes };
}

/** By signature. Looks only at names: in a large cache there are many files. */
function findSuspects(root: string, cache: CacheParams, torn: ReadonlySet<string>): Map<string, Suspect[]> {
  const published = new Set<string>();
  for (const name of list(join(root, "manifest"))) {
    if (name.endsWith(".json") && !torn.has(name.slice(0, -5))) published.add(hashIn(name.slice(0, -5)));
  }
  const suspects = new Map<string, Suspect[]>();
  // Torn manifests come first: then their parts have none any more.
  const parts = ["manifest", ...entryDirectories(cache)];
  const temporary = cache.tempDirRoot === "" ? [] : [relative(root, cacheRoot(cache.tempDirRoot))];
  for (const directory of new Set([...parts, "temp", ...temporary, "lock"])) {
    const prefix = directory === cache.libDir ? cache.libPrefix + cache.libBasename : "";
    const isPart = parts.includes(directory);
    for (const name of list(join(root, directory))) {
      const signature = name.startsWith(prefix) ? (name.slice(prefix.length).split(".")[0] ?? "") : "";
      if (!SIGNATURE.test(signature)) continue;
      if (isPart && !name.endsWith(".tmp") && published.has(hashIn(signature))) continue;
      const known = suspects.get(signature);
      if (known === undefined) suspects.set(signature, [{ directory, name }]);
      else known.push({ directory, name });
    }
  }
  return suspects;
}

/** Names the entry also to those who do not know the prefix of its library. */
const hashIn = (signature: string): string => signature.slice(-32);

/** Whether it can go, now that nobody builds the entry. */
function isLitter(root: string, { directory, name }: Suspect, manifest: string, isAlone: boolean): boolean {
  const filename = join(root, directory, name);
  if (directory === "lock") return false; // Who took the lock to look at it removes it.
  const stat = lstatSync(filename, { throwIfNoEntry: false });
  if (stat === undefined) return false;
  const isOld = Date.now() - stat.mtimeMs > OLD;
  if (directory === "temp" && isAlone) return true;
  // Elsewhere other caches may build the same.
  if (!isWithin(directory) || directory === "temp") return isOld && !isAlive(Number(name.split(".")[1]));
  if (!isOld || name.endsWith(".tmp")) return isOld;
  return filename === manifest ? isTorn(filename) : !existsSync(manifest);
}

const isWithin = (directory: string): boolean => !directory.startsWith("..") && !isAbsolute(directory);

/** Not so if it is only of another format: then a later version of this package will use it. */
function isTorn(filename: string): boolean {
  const text = readFileSync(filename, "utf8");
  try {
    JSON.parse(text);
    return false;
  } catch {
    return true;
  }
}

function sizeOnDisk(path: string): number {
  const stat = lstatSync(path, { throwIfNoEntry: false });
  if (stat === undefined) return 0;
  if (!stat.isDirectory()) return stat.size;
  return list(path).reduce((sum, name) => sum + sizeOnDisk(join(path, name)), 0);
}

/** The names in a directory; none if there is no such directory. @throws The file system's error for other reasons. */
export function list(directory: string): string[] {
  try {
    return readdirSync(directory);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return [];
    throw error;
  }
}

import { mkdtempSync, readdirSync, rmdirSync, rmSync, statSync, unlinkSync } from "node:fs";
import { join } from "node:path";
import type { CacheParams } from "../params.js";
import { isAlive } from "./alive.js";
import { cannotWrite } from "./cannot-write.js";
import { isHeld } from "./lock.js";
import {
  assertSignature,
  cacheRoot,
  createIncFilename,
  createLibFilename,
  createLockFilename,
  createLogFilename,
  createManifestFilename,
  createSrcFilename,
  makePrivateDirectory,
} from "./names.js";

/* Where libraries are built, and what is left there by builders that were killed. */

/** Milliseconds after which a directory may be called abandoned where no lock tells. */
const OLD = 3_600_000;

const temporaryRoot = (cache: CacheParams): string =>
  cache.tempDirRoot === "" ? join(cacheRoot(cache.cacheDir), "temp") : cacheRoot(cache.tempDirRoot);

/**
 * Makes a new directory to build in: `temp/<signature>.<pid>.<random>` in the cache, or below `cache.tempDirRoot`.
 * @returns Its absolute path. The caller removes it.
 * @throws JitError `ERR_JIT_CACHE` if it cannot be made.
 */
export function stagingDirectory(signature: string, cache: CacheParams): string {
  assertSignature(signature);
  try {
    return mkdtempSync(join(makePrivateDirectory(temporaryRoot(cache)), `${signature}.${process.pid}.`));
  } catch (cause) {
    throw cannotWrite(cacheRoot(cache.cacheDir), cause, signature);
  }
}

/** Removes a staging directory. It is as good as empty, and `rmSync` would take three times as long. */
export function removeStaging(directory: string): void {
  try {
    for (const name of readdirSync(directory)) unlinkSync(join(directory, name));
    rmdirSync(directory);
  } catch {
    rmSync(directory, { recursive: true, force: true });
  }
}

/**
 * Removes what builders of the signature left that were killed: their directories, and the parts of an entry that was
 * not published or not removed as a whole. To be called while holding the lock of the signature; what cannot be
 * removed stays.
 */
export function cleanAbandoned(signature: string, cache: CacheParams): void {
  const isAlone = isHeld(createLockFilename(signature, cache));
  cleanDirectories(join(cacheRoot(cache.cacheDir), "temp"), signature, isAlone);
  // Other caches may build the same there.
  if (cache.tempDirRoot !== "") cleanDirectories(temporaryRoot(cache), signature, false);
  if (isAlone && !exists(createManifestFilename(signature, cache))) {
    for (const filename of partFilenames(signature, cache)) remove(filename);
  }
}

function cleanDirectories(root: string, signature: string, isAlone: boolean): void {
  let names: string[];
  try {
    names = readdirSync(root);
  } catch {
    return; // There is none yet.
  }
  for (const name of names) {
    if (!name.startsWith(`${signature}.`)) continue;
    const path = join(root, name);
    if (isAlone || isAbandoned(path, Number(name.split(".")[1]))) remove(path);
  }
}

/** Without a lock: old, and the process that made it is not on this host. */
function isAbandoned(path: string, pid: number): boolean {
  const stat = statSync(path, { throwIfNoEntry: false });
  if (stat === undefined || Date.now() - stat.mtimeMs < OLD) return false;
  return pid > 0 && !isAlive(pid);
}

/** All the files that an entry of this signature may have, but for the manifest. */
export function partFilenames(signature: string, cache: CacheParams): string[] {
  const source = createSrcFilename(signature, cache);
  return [
    createLibFilename(signature, cache),
    createIncFilename(signature, cache),
    source,
    `${source}.gz`,
    createLogFilename(signature, cache),
  ];
}

const exists = (filename: string): boolean => statSync(filename, { throwIfNoEntry: false }) !== undefined;

function remove(path: string): void {
  try {
    if (exists(path)) rmSync(path, { recursive: true, force: true });
  } catch {
    // It is in nobody's way.
  }
}

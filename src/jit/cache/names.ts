import { mkdirSync } from "node:fs";
import { homedir } from "node:os";
import { join, resolve } from "node:path";
import { invalidType, invalidValue } from "../../argument-error.js";
import type { CacheParams } from "../params.js";
import { cannotWrite } from "./cannot-write.js";

/* Where the files of a signature are. Nothing here lists a directory, and only the make* functions touch the disk. */

/** Long enough for 60 characters of a name and a hash, short enough for a file name with prefix and postfix. */
const LONGEST_SIGNATURE = 200;

/** No separator, no dot: a file name as it stands, and `<signature>.` begins the name of nothing else. */
const CHARACTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-";

/** The last one that was good: what is asked of a library asks about its signature again and again. */
let good: string | undefined;

/**
 * Refuses what would lead out of the cache or cannot be a file name.
 * @param signature What names a library: letters, digits, `_` and `-`, at most 200.
 * @throws TypeError `ERR_INVALID_ARG_TYPE` or `ERR_INVALID_ARG_VALUE`.
 */
export function assertSignature(signature: string): void {
  if (signature === good) return;
  if (typeof signature !== "string") throw invalidType("signature", "a string", signature);
  if (signature.length > LONGEST_SIGNATURE) {
    throw invalidValue("signature", `expected at most ${LONGEST_SIGNATURE} characters`, signature);
  }
  if (!isOfCharacters(signature) || signature.startsWith("-") || signature === "") {
    throw invalidValue("signature", 'expected letters, digits, "_" and "-" only', signature);
  }
  good = signature;
}

/** Not by a regular expression: a process asks this a few times, and V8 takes longer to compile one, twice. */
function isOfCharacters(text: string): boolean {
  for (const character of text) if (!CHARACTERS.includes(character)) return false;
  return true;
}

/**
 * The root of the cache as an absolute path.
 * @param cacheDir May begin with `~`, and may be relative to the current directory.
 */
export function cacheRoot(cacheDir: string): string {
  const isInHome = cacheDir.startsWith("~") && /^~(?=$|[/\\])/.test(cacheDir);
  return resolve(isInHome ? homedir() + cacheDir.slice(1) : cacheDir);
}

/** The path of a file of the signature, below the root whatever the parameters are. */
function createFilename(directory: string, signature: string, basename: string, cache: CacheParams): string {
  assertSignature(signature);
  return join(cacheRoot(cache.cacheDir), directory, basename);
}

/**
 * The name of the build log: `log/<signature>.txt` in the cache directory.
 * @throws TypeError if the signature is none, as all of these functions.
 */
export const createLogFilename = (signature: string, cache: CacheParams): string =>
  createFilename(cache.logDir, signature, signature + cache.logPostfix, cache);

/** The name of the header without its directory: `<signature>.h`. */
export function createIncBasename(signature: string, cache: CacheParams): string {
  assertSignature(signature);
  return signature + cache.incPostfix;
}

/** The name of the header: `include/<signature>.h` in the cache directory. */
export const createIncFilename = (signature: string, cache: CacheParams): string =>
  createFilename(cache.incDir, signature, createIncBasename(signature, cache), cache);

/** The name of the source code without its directory: `<signature>.cpp`, even if it is kept compressed. */
export function createSrcBasename(signature: string, cache: CacheParams): string {
  assertSignature(signature);
  return signature + cache.srcPostfix;
}

/** The name of the source code: `src/<signature>.cpp` in the cache directory; compressed, it has `.gz` added. */
export const createSrcFilename = (signature: string, cache: CacheParams): string =>
  createFilename(cache.srcDir, signature, createSrcBasename(signature, cache), cache);

/** The name of the library without its directory: `libtyped-mpi-<signature>.so`. */
export function createLibBasename(signature: string, cache: CacheParams): string {
  assertSignature(signature);
  return cache.libPrefix + cache.libBasename + signature + cache.libPostfix;
}

/** The name of the library: `lib/libtyped-mpi-<signature>.so` in the cache directory. */
export const createLibFilename = (signature: string, cache: CacheParams): string =>
  createFilename(cache.libDir, signature, createLibBasename(signature, cache), cache);

/** What a linker takes after `-l`: `typed-mpi-<signature>`. */
export function createLibname(signature: string, cache: CacheParams): string {
  assertSignature(signature);
  return cache.libBasename + signature;
}

/** Where a failed build leaves what is needed to repeat it: `jitfailure-<signature>` in `failDirRoot`, or here. */
export function createFailDirPath(signature: string, cache: CacheParams): string {
  assertSignature(signature);
  return join(cacheRoot(cache.failDirRoot || "."), `jitfailure-${signature}`);
}

/** The name of the manifest, by which an entry exists: `manifest/<signature>.json` in the cache directory. */
export const createManifestFilename = (signature: string, cache: CacheParams): string =>
  createFilename("manifest", signature, `${signature}.json`, cache);

/** The name of the file that a builder of the signature locks: `lock/<signature>.lock` in the cache directory. */
export const createLockFilename = (signature: string, cache: CacheParams): string =>
  createFilename("lock", signature, `${signature}.lock`, cache);

/**
 * Makes a directory and its parents, which others cannot write to whatever the umask is.
 * @returns Its path.
 * @throws The error of the file system.
 */
export function makePrivateDirectory(directory: string): string {
  mkdirSync(directory, { recursive: true, mode: 0o755 });
  return directory;
}

const makeIn = (cache: CacheParams, directory: string): string =>
  makePrivateDirectory(join(cacheRoot(cache.cacheDir), directory));

/** Makes the directory of the headers unless it is there. @returns Its absolute path. @throws The file system's error. */
export const makeIncDir = (cache: CacheParams): string => makeIn(cache, cache.incDir);

/** Makes the directory of the source code unless it is there. @returns Its absolute path. @throws The file system's error. */
export const makeSrcDir = (cache: CacheParams): string => makeIn(cache, cache.srcDir);

/** Makes the directory of the libraries unless it is there. @returns Its absolute path. @throws The file system's error. */
export const makeLibDir = (cache: CacheParams): string => makeIn(cache, cache.libDir);

/** Makes the directory of the build logs unless it is there. @returns Its absolute path. @throws The file system's error. */
export const makeLogDir = (cache: CacheParams): string => makeIn(cache, cache.logDir);

/** Makes every directory that an entry needs. @throws JitError `ERR_JIT_CACHE` if that is refused. */
export function ensureDirs(cache: CacheParams): void {
  try {
    for (const directory of entryDirectories(cache)) makeIn(cache, directory);
  } catch (cause) {
    throw cannotWrite(cacheRoot(cache.cacheDir), cause);
  }
}

/** The directories with the parts of the entries, relative to the root. */
export const entryDirectories = (cache: CacheParams): readonly string[] => [
  cache.libDir,
  cache.incDir,
  cache.srcDir,
  cache.logDir,
  "manifest",
];

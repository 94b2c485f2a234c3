import { existsSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { invalidType } from "../../argument-error.js";
import { warning } from "../log.js";
import type { CacheParams } from "../params.js";
import { ldd } from "../system.js";
import { globCache, signatureOfFile } from "./listing.js";
import { cacheRoot } from "./names.js";

/* Whether the libraries of a cache find each other, and why one cannot be loaded. */

/**
 * The libraries of the cache that a library is linked with, as the system's loader finds them.
 * @param libFilename The library's file.
 * @returns for each name the path of the file, or null if the loader does not find it
 * @throws JitError `ERR_JIT_LOAD` if the file is no library, or damaged; `ENOENT` if the system has no `ldd`
 */
export function getDependencies(libFilename: string, cache: CacheParams): Record<string, string | null> {
  const isOurs = ([name]: readonly [string, unknown]): boolean =>
    signatureOfFile(name, "lib", cache) !== undefined;
  return Object.fromEntries(Object.entries(ldd(libFilename)).filter(isOurs));
}

/**
 * Looks for dependencies that are missing. This asks the loader about each library; `verifyCache` finds damage.
 * @returns for each library with missing dependencies its absolute file name and theirs, without directory, sorted
 * @throws `ENOENT` if the system has no `ldd`
 */
export function checkCacheIntegrity(cache: CacheParams): Record<string, string[]> {
  const missing: Record<string, string[]> = {};
  for (const libFilename of globCache(cache, ["lib"]).lib ?? []) {
    const absent = Object.entries(dependenciesOf(libFilename, cache))
      .filter(([name, path]) => path === null && !existsSync(join(dirname(libFilename), name)))
      .map(([name]) => name);
    if (absent.length > 0) missing[libFilename] = absent.sort();
  }
  return missing;
}

/** Those of a damaged library are not known, and its own affair. */
function dependenciesOf(libFilename: string, cache: CacheParams): Record<string, string | null> {
  try {
    return getDependencies(libFilename, cache);
  } catch (error) {
    if ((error as { code?: unknown }).code === "ERR_JIT_LOAD") return {};
    throw error;
  }
}

/**
 * Tells what {@link checkCacheIntegrity} has found; nothing if nothing is missing.
 * @param missing What it returned.
 * @param out Takes a line. Default: a warning in the log.
 * @throws TypeError if `out` is no function
 */
export function reportCacheIntegrity(
  missing: Readonly<Record<string, readonly string[]>>,
  out: (line: string) => void = warning,
): void {
  if (typeof out !== "function") throw invalidType("out", "a function", out);
  const libraries = Object.entries(missing).sort(([a], [b]) => (a < b ? -1 : 1));
  if (libraries.length === 0) return;
  out(`${libraries.length} ${libraries.length === 1 ? "library lacks" : "libraries lack"} dependencies:`);
  for (const [library, names] of libraries) {
    out(`  ${library} needs`);
    for (const name of names) out(`    ${name}`);
  }
}

/** What the loader says, and what that means. `$1` is what it names. */
const CAUSES: readonly (readonly [RegExp, string])[] = [
  [
    /undefined symbol: (\S+?)(?:,|\s|$)|symbol not found[^']*'(\S+?)'/i,
    "The function or variable $1 is defined nowhere: generate it, or add the library that has it to the dependencies " +
      "or to build.libs",
  ],
  [
    /(wrong ELF class|cannot open shared object file: Exec format|incompatible architecture)/i,
    "It was built for another kind of processor",
  ],
  [
    /version `(\S+?)' not found/,
    "It was built with a newer compiler or C library than this system has ($1): build it here",
  ],
  [
    /(invalid ELF header|file too short|not a mach-o file|ELF load command|section header)/i,
    "The file is damaged: `typed-mpi cache verify` tells about the others",
  ],
  [
    /(failed to map segment|Operation not permitted)/i,
    "Its directory may be on a file system mounted with noexec: choose another one by TYPED_MPI_CACHE_DIR",
  ],
];

/**
 * Explains why the system's loader refused a library.
 * @param error What was thrown when it was loaded.
 * @param libFilename The library.
 * @returns a text for a user: the library, what the loader says, what that means, and what to do
 */
export function analyseLoadError(error: unknown, libFilename: string, cache: CacheParams): string {
  const text = error instanceof Error ? error.message : String(error);
  const explanation = explain(text, libFilename, cache);
  return `${libFilename} cannot be loaded: ${text.trim()}${explanation === undefined ? "" : `\n${explanation}`}`;
}

function explain(text: string, libFilename: string, cache: CacheParams): string | undefined {
  if (!existsSync(libFilename)) return "There is no such file: it has been removed since it was found";
  const other = dependencyIn(text, libFilename, cache);
  if (other !== undefined) return other;
  for (const [pattern, meaning] of CAUSES) {
    const match = pattern.exec(text);
    if (match !== null) return `${meaning.replace("$1", () => match[1] ?? match[2] ?? "")}.`;
  }
  const [, absent] = /(\S+): cannot open shared object file: No such file/.exec(text) ?? [];
  if (absent === undefined) return undefined;
  return `It needs ${absent}, which the loader does not find: name its directory in build.rpathDirs.`;
}

/** Another library of the cache that the loader does not find. */
function dependencyIn(text: string, libFilename: string, cache: CacheParams): string | undefined {
  if (!/cannot open shared object file: No such file|Library not loaded/.test(text)) return undefined;
  const names = text.split(/[\s:'"]+/).map((word) => basename(word));
  const name = names.find(
    (each) => each !== basename(libFilename) && signatureOfFile(each, "lib", cache) !== undefined,
  );
  if (name === undefined) return undefined;
  const filename = join(cacheRoot(cache.cacheDir), cache.libDir, name);
  return existsSync(filename)
    ? `It depends on ${filename}, which is there, but not where the loader looks: it was moved without it.`
    : `It depends on ${filename}, which is missing: call jit for that library first.`;
}

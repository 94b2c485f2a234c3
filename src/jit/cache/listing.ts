import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { invalidType, invalidValue } from "../../argument-error.js";
import { sourcePostfixes } from "../params/defaults.js";
import type { CacheParams } from "../params.js";
import { readManifest } from "./manifest.js";
import {
  assertSignature,
  cacheRoot,
  createIncFilename,
  createLibFilename,
  createLogFilename,
  createManifestFilename,
  createSrcFilename,
} from "./names.js";

/* Which files are in a cache, by kind and by signature. Only commands and whoever calls these functions list anything. */

/** The kinds of files: headers, source code, libraries, build logs. */
export type Category = "inc" | "src" | "lib" | "log";

/** All of them. */
export const categories: readonly Category[] = ["inc", "src", "lib", "log"];

/** @throws TypeError `ERR_INVALID_ARG_TYPE` or `ERR_INVALID_ARG_VALUE` */
export function assertCategories(given: readonly Category[]): void {
  if (!Array.isArray(given)) throw invalidType("categories", "an array", given);
  for (const each of given) {
    if (!categories.includes(each))
      throw invalidValue("categories", `expected ${categories.join(", ")}`, each);
  }
}

/** A file of the cache. */
export interface CacheFile {
  readonly category: Category;
  /** Absolute. */
  readonly filename: string;
}

/** The files of one library that are there. @throws TypeError if the signature is none */
export function filesOfSignature(signature: string, cache: CacheParams): CacheFile[] {
  assertSignature(signature);
  const source = sourceFilename(signature, cache);
  const files: CacheFile[] = [
    { category: "inc", filename: createIncFilename(signature, cache) },
    ...(source === undefined ? [] : [{ category: "src", filename: source } as const]),
    { category: "lib", filename: createLibFilename(signature, cache) },
    { category: "log", filename: createLogFilename(signature, cache) },
  ];
  return files.filter(({ filename }) => existsSync(filename));
}

/** Where the source code is: compressed or not, C or C++. */
export function sourceFilename(signature: string, cache: CacheParams): string | undefined {
  const named = createSrcFilename(signature, cache);
  const recorded = readManifest(createManifestFilename(signature, cache))?.source?.path;
  const directory = join(cacheRoot(cache.cacheDir), cache.srcDir);
  const others = Object.values(sourcePostfixes).map((postfix) => join(directory, signature + postfix));
  return [
    named,
    `${named}.gz`,
    ...(recorded === undefined ? [] : [join(cacheRoot(cache.cacheDir), recorded)]),
    ...others.flatMap((name) => [name, `${name}.gz`]),
  ].find((filename) => existsSync(filename));
}

/**
 * The files in the cache, by kind.
 * @param chosen Which kinds. Default: all.
 * @returns for each kind the absolute names, sorted; files with other names than the cache's own are left out
 * @throws TypeError for a kind that does not exist; the file system's error if a directory cannot be read
 */
export function globCache(
  cache: CacheParams,
  chosen: readonly Category[] = categories,
): Partial<Record<Category, string[]>> {
  assertCategories(chosen);
  const found: Partial<Record<Category, string[]>> = {};
  for (const category of chosen) {
    const directory = join(cacheRoot(cache.cacheDir), layout(category, cache).directory);
    found[category] = filesIn(directory)
      .filter((name) => signatureOfFile(name, category, cache) !== undefined)
      .map((name) => join(directory, name))
      .sort();
  }
  return found;
}

/** How the files of one kind are named. */
function layout(category: Category, cache: CacheParams) {
  const sources = [cache.srcPostfix, ...Object.values(sourcePostfixes)];
  return {
    inc: { directory: cache.incDir, prefix: "", postfixes: [cache.incPostfix] },
    src: { directory: cache.srcDir, prefix: "", postfixes: sources.flatMap((each) => [`${each}.gz`, each]) },
    lib: {
      directory: cache.libDir,
      prefix: cache.libPrefix + cache.libBasename,
      postfixes: [cache.libPostfix],
    },
    log: { directory: cache.logDir, prefix: "", postfixes: [cache.logPostfix] },
  }[category];
}

/**
 * The signature in the name of a file.
 * @param basename Without directory.
 * @returns undefined if no file of this kind has such a name
 */
export function signatureOfFile(
  basename: string,
  category: Category,
  cache: CacheParams,
): string | undefined {
  const { prefix, postfixes } = layout(category, cache);
  const postfix = postfixes.find((each) => basename.endsWith(each));
  if (postfix === undefined || !basename.startsWith(prefix)) return undefined;
  const signature = basename.slice(prefix.length, basename.length - postfix.length);
  return /^\w[\w-]*$/.test(signature) ? signature : undefined;
}

/** The names of the files in a directory; none if it does not exist. */
export function filesIn(directory: string): string[] {
  try {
    const entries = readdirSync(directory, { withFileTypes: true });
    return entries.filter((entry) => entry.isFile()).map(({ name }) => name);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return [];
    throw error;
  }
}

/** The signatures of the libraries that are in the cache, sorted. @throws The file system's error. */
export const extractLibSignatures = (cache: CacheParams): string[] =>
  filesIn(join(cacheRoot(cache.cacheDir), cache.libDir))
    .map((name) => signatureOfFile(name, "lib", cache))
    .filter((signature) => signature !== undefined)
    .sort();

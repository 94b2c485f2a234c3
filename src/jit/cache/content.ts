import { existsSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { gzipSync } from "node:zlib";
import { invalidValue } from "../../argument-error.js";
import { JitError } from "../error.js";
import type { CacheParams } from "../params.js";
import { makeDirs, readTextfile, storeTextfile, tryCopyFile, tryDeleteFile } from "../system.js";
import { assertCategories, type Category, categories, filesOfSignature, sourceFilename } from "./listing.js";
import {
  cacheRoot,
  createIncFilename,
  createLogFilename,
  createSrcBasename,
  createSrcFilename,
  makeIncDir,
  makeLogDir,
  makeSrcDir,
} from "./names.js";

/* The text of the files in a cache: read, stored, copied out of it. */

/**
 * The source code of a library, unpacked if it is kept compressed.
 * @returns undefined if it is not kept
 * @throws TypeError if the signature is none; the file system's error if it cannot be read
 */
export function readSrc(signature: string, cache: CacheParams): string | undefined {
  const filename = sourceFilename(signature, cache);
  return filename === undefined ? undefined : readTextfile(filename);
}

/** The header of a library, or undefined if it has none. @throws As {@link readSrc}. */
export const readInc = (signature: string, cache: CacheParams): string | undefined =>
  readTextfile(createIncFilename(signature, cache));

/** What the compiler wrote when the library was built, or undefined if that is not kept. @throws As {@link readSrc}. */
export const readLog = (signature: string, cache: CacheParams): string | undefined =>
  readTextfile(createLogFilename(signature, cache));

/**
 * Stores source code, as it is.
 * @param content A string, or bytes.
 * @returns the name of the file
 * @throws TypeError if the signature is none; the file system's error if it cannot be written
 */
export function storeSrc(signature: string, content: string | Uint8Array, cache: CacheParams): string {
  const filename = createSrcFilename(signature, cache);
  makeSrcDir(cache);
  return storeTextfile(filename, content);
}

/** Stores a header. @returns the name of the file @throws As {@link storeSrc}. */
export function storeInc(signature: string, content: string | Uint8Array, cache: CacheParams): string {
  const filename = createIncFilename(signature, cache);
  makeIncDir(cache);
  return storeTextfile(filename, content);
}

/** Stores a build log. @returns the name of the file @throws As {@link storeSrc}. */
export function storeLog(signature: string, content: string | Uint8Array, cache: CacheParams): string {
  const filename = createLogFilename(signature, cache);
  makeLogDir(cache);
  return storeTextfile(filename, content);
}

/**
 * Keeps, deletes or compresses a source file, as `cache.srcStorage` says. A compressed file that is there already
 * is replaced: it may be of other code.
 * @returns the name of the file that is there now, or undefined if there is none
 * @throws the file system's error
 */
export function compressSourceCode(srcFilename: string, cache: CacheParams): string | undefined {
  const compressed = `${srcFilename}.gz`;
  switch (cache.srcStorage) {
    case "keep":
      return srcFilename;
    case "delete":
      tryDeleteFile(srcFilename);
      return undefined;
    case "compress":
      if (!existsSync(srcFilename)) return existsSync(compressed) ? compressed : undefined;
      storeTextfile(compressed, gzipSync(readFileSync(srcFilename)));
      tryDeleteFile(srcFilename);
      return compressed;
    default:
      throw invalidValue("cache.srcStorage", 'expected "keep", "delete" or "compress"', cache.srcStorage);
  }
}

/** How {@link extractFiles} copies. */
export interface ExtractOptions {
  /** What the name of the new directory begins with. Default "". */
  readonly prefix?: string;
  /** Where the directory is made. Default: the current directory. */
  readonly path?: string;
  /** Which files. Default: all. */
  readonly categories?: readonly Category[];
}

/**
 * Copies the files of a library to a new directory `<path>/<prefix><signature>`, the source code unpacked.
 * @returns the absolute path of that directory
 * @throws TypeError if the signature is none, or nothing of it is in the cache; JitError `ERR_JIT_CACHE` if a file cannot be copied
 */
export function extractFiles(signature: string, cache: CacheParams, options: ExtractOptions = {}): string {
  const { prefix = "", path = ".", categories: chosen = categories } = options;
  assertCategories(chosen);
  const files = filesOfSignature(signature, cache).filter(({ category }) => chosen.includes(category));
  if (files.length === 0) {
    throw invalidValue("signature", `there are no files of it in ${cacheRoot(cache.cacheDir)}`, signature);
  }
  const directory = resolve(path, prefix + signature);
  makeDirs(directory);
  for (const { category, filename } of files) {
    if (category === "src") {
      const name = createSrcBasename(signature, cache);
      storeTextfile(join(directory, name), readTextfile(filename) ?? "");
    } else if (!tryCopyFile(filename, directory)) {
      throw new JitError("ERR_JIT_CACHE", `${filename} could not be copied to ${directory}`, { signature });
    }
  }
  return directory;
}

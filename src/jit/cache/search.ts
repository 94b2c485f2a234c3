import { basename } from "node:path";
import { invalidType } from "../../argument-error.js";
import type { CacheParams } from "../params.js";
import { ldd, readTextfile } from "../system.js";
import { type Category, globCache, signatureOfFile } from "./listing.js";

/* Search in the files of a cache. */

/** A line that matches. */
export interface GrepMatch {
  /** Number of the line, from 1. */
  readonly line: number;
  /** The line without its end. */
  readonly text: string;
}

/** Where {@link grepCache} searches. */
export interface GrepOptions {
  /** Only in files whose signature contains this. Default: in all. */
  readonly signature?: string;
  /** In which files. Default: headers, source code and logs. */
  readonly categories?: readonly Category[];
}

/**
 * Searches the lines of the files for a pattern; of libraries the lines `name => path` of what they are linked with.
 * @param regex Found anywhere in a line.
 * @returns for each file with matches its absolute name and the matches, sorted by name
 * @throws TypeError if `regex` is no RegExp; the file system's error. Files removed meanwhile or damaged are left out.
 */
export function grepCache(
  regex: RegExp,
  cache: CacheParams,
  options: GrepOptions = {},
): Map<string, GrepMatch[]> {
  if (!(regex instanceof RegExp)) throw invalidType("regex", "a RegExp", regex);
  const { signature = "", categories: chosen = ["inc", "src", "log"] } = options;
  // With these flags a RegExp remembers where it was in the line before.
  const pattern = new RegExp(regex.source, regex.flags.replace(/[gy]/g, ""));
  const found = new Map<string, GrepMatch[]>();
  for (const [category, filenames] of Object.entries(globCache(cache, chosen)) as [Category, string[]][]) {
    for (const filename of filenames) {
      if (!signatureOfFile(basename(filename), category, cache)?.includes(signature)) continue;
      const matches = linesOf(filename, category)
        .map((text, i) => ({ line: i + 1, text }))
        .filter(({ text }) => pattern.test(text));
      if (matches.length > 0) found.set(filename, matches);
    }
  }
  return found;
}

function linesOf(filename: string, category: Category): string[] {
  try {
    if (category !== "lib") return (readTextfile(filename) ?? "").replace(/\r?\n$/, "").split(/\r?\n/);
    const libraries = Object.entries(ldd(filename)).sort(([a], [b]) => (a < b ? -1 : 1));
    return libraries.map(([name, path]) => `${name} => ${path ?? "not found"}`);
  } catch {
    return []; // `verify` is there to tell.
  }
}

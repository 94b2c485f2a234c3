import { hash } from "node:crypto";
import { readFileSync, statSync } from "node:fs";
import { isAbsolute, join, relative, resolve, sep } from "node:path";
import type { IncludeRecord } from "./manifest.js";

/* The headers that a library was made from, as the compiler tells them. */

/** Clocks of one host and its disks differ by less, in milliseconds. */
const SKEW = 2000;

/** Milliseconds: times are exact to a microsecond as a double. */
const ROUNDING = 0.001;

/**
 * The prerequisites in what a compiler writes for make (`-MD`).
 * @returns Paths as they stand there, each once.
 */
export function parseDependencyFile(text: string): string[] {
  const paths = new Set<string>();
  for (const rule of text.replace(/\\\r?\n/g, " ").split(/\r?\n/)) {
    const colon = /:(?=\s|$)/.exec(rule);
    if (colon === null) continue;
    for (const [word] of rule.slice(colon.index + 1).matchAll(/(?:\\[ \t#]|\S)+/g)) {
      paths.add(word.replace(/\\([ \t#])/g, "$1").replaceAll("$$", "$"));
    }
  }
  return [...paths];
}

/**
 * Records the files that a compiler read, but for those of the build itself.
 * @param depFile What it wrote; undefined or missing if it writes none.
 * @param directory The compiler's current directory.
 * @param cacheDir Absolute: what is in it is recorded relative to it, so that the cache can be moved.
 * @param since When the compiler was about to start, in milliseconds since 1970. What changed later may be another
 *   text than it read, and will not be trusted.
 */
export function recordIncludes(
  depFile: string | undefined,
  directory: string,
  cacheDir: string,
  since: number,
): IncludeRecord[] {
  let text: string;
  try {
    text = depFile === undefined ? "" : readFileSync(depFile, "utf8");
  } catch {
    return [];
  }
  const records: IncludeRecord[] = [];
  for (const path of parseDependencyFile(text)) {
    const absolute = resolve(directory, path);
    if (isBelow(absolute, directory)) continue;
    const stored = isBelow(absolute, cacheDir) ? relative(cacheDir, absolute).replaceAll(sep, "/") : absolute;
    records.push(recordFile(absolute, stored, since));
  }
  return records;
}

const isBelow = (path: string, directory: string): boolean => path.startsWith(directory + sep);

function recordFile(absolute: string, path: string, since: number): IncludeRecord {
  const stat = statSync(absolute, { bigint: true, throwIfNoEntry: false });
  if (stat === undefined) return { path, sha256: "", size: 0, mtimeNs: "0" };
  const changed = Number(stat.ctimeNs) / 1e6;
  const isRecent = changed > since + ROUNDING && changed < Date.now() + SKEW;
  const sha256 = isRecent ? "" : (digestOf(absolute) ?? "");
  return { path, sha256, size: Number(stat.size), mtimeNs: String(stat.mtimeNs) };
}

function digestOf(filename: string): string | undefined {
  try {
    return hash("sha256", readFileSync(filename));
  } catch {
    return undefined;
  }
}

/** What became of the headers of an entry. */
export interface IncludesCheck {
  /** The first that has changed. */
  readonly changed?: string;
  /** What to record from now on, if some were touched without a change. */
  readonly touched?: readonly IncludeRecord[];
}

/**
 * Whether the headers are what they were. Only those whose size or time differ are read.
 * @param cacheDir Where the paths that are relative begin.
 */
export function checkIncludes(includes: readonly IncludeRecord[], cacheDir: string): IncludesCheck {
  let touched: IncludeRecord[] | undefined;
  for (let index = 0; index < includes.length; index++) {
    const record = includes[index] as IncludeRecord;
    const filename = isAbsolute(record.path) ? record.path : join(cacheDir, record.path);
    const stat = statSync(filename, { throwIfNoEntry: false });
    if (stat === undefined || record.sha256 === "") return { changed: filename };
    if (stat.size === record.size && isSameTime(stat.mtimeMs, record.mtimeNs)) continue;
    if (stat.size !== record.size || digestOf(filename) !== record.sha256) return { changed: filename };
    touched ??= [...includes];
    const { mtimeNs } = statSync(filename, { bigint: true });
    touched[index] = { ...record, mtimeNs: String(mtimeNs) };
  }
  return touched === undefined ? {} : { touched };
}

/** Exact to a microsecond, which is what a double has: bigint's stat takes twice as long. */
const isSameTime = (mtimeMs: number, mtimeNs: string): boolean =>
  Math.abs(mtimeMs - Number(mtimeNs) / 1e6) < ROUNDING;

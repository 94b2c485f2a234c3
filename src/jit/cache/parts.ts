import { hash } from "node:crypto";
import { chmodSync, closeSync, fsyncSync, openSync, statSync } from "node:fs";
import { join, relative, sep } from "node:path";
import { gzipSync } from "node:zlib";
import type { CacheParams } from "../params.js";
import { fileSystemCode } from "./cannot-write.js";
import type { FileRecord } from "./manifest.js";
import { cacheRoot, createIncFilename, createSrcFilename } from "./names.js";
import { writeWhole } from "./whole.js";

/* The files of an entry, before they are where they belong. */

/** A file that is to become part of an entry. */
export interface Part {
  /** Where it belongs. */
  readonly filename: string;
  readonly record: FileRecord;
  /** What it is to contain, or where that is written already. */
  readonly data?: string | Uint8Array;
  readonly from?: string;
}

/** What is known of an entry before its library is compiled. */
export interface TextParts {
  readonly source: Part | undefined;
  readonly header: Part | undefined;
  readonly sourceSha256: string;
  readonly headerSha256: string | null;
}

const sha256Of = (data: string | Uint8Array): string => hash("sha256", data);

/** @param from The file that has the data already, if one does. */
export function makePart(filename: string, data: string | Uint8Array, root: string, from?: string): Part {
  const bytes = typeof data === "string" ? Buffer.from(data) : data;
  const path = relative(root, filename).replaceAll(sep, "/");
  const record = { path, sha256: sha256Of(bytes), size: bytes.byteLength };
  return from === undefined ? { filename, data: bytes, record } : { filename, from, record };
}

export const optionalPart = (filename: string, data: string | undefined, root: string): Part | undefined =>
  data === undefined ? undefined : makePart(filename, data, root);

export function textParts(
  signature: string,
  source: string,
  header: string | undefined,
  cache: CacheParams,
): TextParts {
  return {
    source: sourcePart(signature, source, cache),
    header: optionalPart(createIncFilename(signature, cache), header, cacheRoot(cache.cacheDir)),
    sourceSha256: sha256Of(source),
    headerSha256: header === undefined ? null : sha256Of(header),
  };
}

/**
 * The same, written to the staging directory if they can be moved from there: for the time in which the compiler works.
 * What cannot be written is left for the publication, which tells.
 */
export function stageTextParts(
  signature: string,
  directory: string,
  source: string,
  header: string | undefined,
  cache: CacheParams,
): TextParts {
  const parts = textParts(signature, source, header, cache);
  if (!isInside(directory, cache)) return parts;
  const write = (part: Part | undefined, name: string): Part | undefined =>
    part && {
      filename: part.filename,
      record: part.record,
      from: writePart(part, directory, name, cache.fsync),
    };
  try {
    return {
      ...parts,
      source: write(parts.source, "publish.source"),
      header: write(parts.header, "publish.header"),
    };
  } catch (error) {
    if (fileSystemCode(error) === undefined) throw error;
    return parts;
  }
}

/** Whether files can be moved from the staging directory into the cache. */
export const isInside = (directory: string, { cacheDir }: CacheParams): boolean =>
  directory.startsWith(join(cacheRoot(cacheDir), "temp") + sep);

function sourcePart(signature: string, source: string, cache: CacheParams): Part | undefined {
  const root = cacheRoot(cache.cacheDir);
  const filename = createSrcFilename(signature, cache);
  if (cache.srcStorage === "delete") return undefined;
  if (cache.srcStorage === "keep") return makePart(filename, source, root);
  return makePart(`${filename}.gz`, gzipSync(source), root);
}

/**
 * Writes it to the directory, unless it is written already.
 * @returns Where it is.
 */
export function writePart(part: Part, directory: string, name: string, fsync: boolean): string {
  if (part.from !== undefined) return part.from;
  const filename = join(directory, name);
  writeWhole(filename, part.data ?? "", fsync, 0o644);
  return filename;
}

/**
 * Writes the library to the directory, unless the compiler has.
 * @returns Where it is.
 */
export function writeLibrary(part: Part, directory: string, fsync: boolean): string {
  if (part.from === undefined) {
    const filename = join(directory, "publish.library");
    writeWhole(filename, part.data ?? "", fsync, 0o755);
    return filename;
  }
  // The umask may have let others write to it, and what they can write to is not loaded.
  const { mode } = statSync(part.from);
  if ((mode & 0o022) !== 0) chmodSync(part.from, mode & 0o755);
  if (fsync) flush(part.from);
  return part.from;
}

/** Waits until a file, or the names in a directory, are on the disk. */
export function flush(path: string): void {
  const file = openSync(path, "r");
  try {
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
}

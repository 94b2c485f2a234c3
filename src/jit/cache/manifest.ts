import { randomBytes } from "node:crypto";
import { readFileSync, renameSync, rmSync } from "node:fs";
import { writeWhole } from "./whole.js";

/* What an entry of the cache consists of and was made from. An entry exists if and only if its manifest does. */

/** A file of the entry. */
export interface FileRecord {
  /** Relative to the cache directory, with `/`. */
  readonly path: string;
  /** 64 hexadecimal digits. */
  readonly sha256: string;
  /** Bytes. */
  readonly size: number;
}

/** A file that the compiler read. */
export interface IncludeRecord {
  /** Absolute, or relative to the cache directory if it is in there. */
  readonly path: string;
  /** Empty if it changed during the build: the entry is good for this once. */
  readonly sha256: string;
  /** Bytes. */
  readonly size: number;
  /** Nanoseconds since 1970, in decimal. */
  readonly mtimeNs: string;
}

/** A library that this one is linked with. */
export interface DependencyRecord {
  readonly signature: string;
  /** Of the library that it was linked with. */
  readonly sha256: string;
}

export interface Manifest {
  readonly format: 1;
  readonly signature: string;
  /** As the user gave it. */
  readonly name: string;
  readonly library: FileRecord;
  /** Null if the source code is not kept. */
  readonly source: FileRecord | null;
  readonly header: FileRecord | null;
  readonly log: FileRecord | null;
  /** Of the source code as it was generated, not as it is stored. */
  readonly sourceSha256: string;
  readonly headerSha256: string | null;
  readonly dependencies: readonly DependencyRecord[];
  readonly includes: readonly IncludeRecord[];
  readonly build: {
    readonly command: readonly string[];
    readonly compiler: string;
    readonly seconds: number;
    readonly host: string;
    /** ISO 8601. */
    readonly date: string;
    /** Of typed-mpi. */
    readonly version: string;
  };
}

/**
 * Reads a manifest.
 * @param filename Of {@link createManifestFilename}.
 * @returns Undefined if it is missing, cannot be read, is torn, or is of another format.
 */
export function readManifest(filename: string): Manifest | undefined {
  let text: string;
  try {
    text = readFileSync(filename, "utf8");
  } catch {
    return undefined;
  }
  return parseManifest(text);
}

/** The manifest in the text, or undefined if that is torn or of another format. */
export function parseManifest(text: string): Manifest | undefined {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return undefined;
  }
  return isManifest(value) ? value : undefined;
}

/** The text of a manifest as it is stored. */
export const formatManifest = (manifest: Manifest): string => `${JSON.stringify(manifest)}\n`;

/**
 * Replaces a manifest at once: whoever reads it sees the old one or the new one.
 * @param filename Of {@link createManifestFilename}, in a directory that exists.
 * @param fsync Whether it is on the disk before it is seen.
 * @throws The error of the file system; then there is nothing left of the new one.
 */
export function writeManifest(filename: string, manifest: Manifest, fsync: boolean): void {
  const temporary = `${filename}.${process.pid}.${randomBytes(6).toString("hex")}.tmp`;
  try {
    writeWhole(temporary, formatManifest(manifest), fsync, 0o644);
    renameSync(temporary, filename);
  } catch (error) {
    rmSync(temporary, { force: true });
    throw error;
  }
}

type Fields = Readonly<Record<string, unknown>>;

const isFields = (value: unknown): value is Fields =>
  typeof value === "object" && value !== null && !Array.isArray(value);

/** As long as one of SHA-256: one that is none is that of no file. */
const isDigest = (value: unknown): boolean => typeof value === "string" && value.length === 64;
const isText = (value: unknown): boolean => typeof value === "string";

/** Below the root: what a manifest names is read, moved and removed. */
const isInside = (path: unknown): boolean =>
  typeof path === "string" &&
  path !== "" &&
  !path.startsWith("/") &&
  path.charAt(1) !== ":" &&
  !path.includes("\\") &&
  !path.includes("\0") &&
  !path.split("/").includes("..");

const isFile = (value: unknown): boolean =>
  isFields(value) &&
  isInside(value["path"]) &&
  isDigest(value["sha256"]) &&
  Number.isSafeInteger(value["size"]);

const isFileOrNull = (value: unknown): boolean => value === null || isFile(value);

const isDependency = (value: unknown): boolean =>
  isFields(value) && isText(value["signature"]) && isDigest(value["sha256"]);

const isInclude = (value: unknown): boolean =>
  isFields(value) &&
  isText(value["path"]) &&
  isText(value["sha256"]) &&
  Number.isSafeInteger(value["size"]) &&
  isText(value["mtimeNs"]);

const isBuild = (value: unknown): boolean =>
  isFields(value) &&
  isListOf(value["command"], isText) &&
  typeof value["seconds"] === "number" &&
  isText(value["compiler"]) &&
  isText(value["host"]) &&
  isText(value["date"]) &&
  isText(value["version"]);

const isListOf = (value: unknown, is: (item: unknown) => boolean): boolean =>
  Array.isArray(value) && value.every(is);

/** Whether a value has all that a manifest has, of the right kinds. */
export const isManifest = (value: unknown): value is Manifest =>
  isFields(value) &&
  value["format"] === 1 &&
  isText(value["signature"]) &&
  isText(value["name"]) &&
  isFile(value["library"]) &&
  isFileOrNull(value["source"]) &&
  isFileOrNull(value["header"]) &&
  isFileOrNull(value["log"]) &&
  isDigest(value["sourceSha256"]) &&
  (value["headerSha256"] === null || isDigest(value["headerSha256"])) &&
  isListOf(value["dependencies"], isDependency) &&
  isListOf(value["includes"], isInclude) &&
  isBuild(value["build"]);

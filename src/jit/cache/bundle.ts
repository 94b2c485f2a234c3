import { hash } from "node:crypto";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, isAbsolute, join } from "node:path";
import { JitError } from "../error.js";
import type { CacheParams } from "../params.js";
import type { Steps } from "../steps.js";
import { copyLocked } from "./copy.js";
import { type Entry, isMiss } from "./entry.js";
import { lookupEntry } from "./lookup.js";
import { type FileRecord, isManifest, type Manifest, writeManifest } from "./manifest.js";
import { createManifestFilename } from "./names.js";

/*
 * Entries as bytes, for a process that does not share the disk: the entry and all that it depends on, with their
 * headers and sources. "TMPIJIT1", the length of a text in JSON (uint32, little-endian), the text, the files.
 */

const MAGIC = "TMPIJIT1";
const LENGTH_AT = MAGIC.length;
const TEXT_AT = LENGTH_AT + 4;

/** A directory that only we write to, whatever the umask. */
const OURS = { recursive: true, mode: 0o755 } as const;

/** What could not be built, instead of entries. */
export interface BundledError {
  readonly code: string;
  readonly message: string;
  readonly failDir: string | undefined;
  readonly output: string | undefined;
}

interface Contents {
  readonly signature: string;
  readonly manifests: readonly Manifest[];
  readonly error?: BundledError | undefined;
}

/** The files of an entry, the library among them. */
const filesOf = ({ library, header, source, log }: Manifest): FileRecord[] =>
  [library, header, source, log].filter((file) => file !== null);

/** Packs a verified entry. */
export function packEntry(entry: Entry, cache: CacheParams): Uint8Array {
  const entries = new Map<string, Entry>();
  const add = (each: Entry): void => {
    if (entries.has(each.signature)) return;
    for (const { signature } of each.manifest.dependencies) {
      const dependency = lookupEntry(signature, { ...cache, cacheDir: each.cacheDir });
      if (isMiss(dependency)) throw new JitError("ERR_JIT_DEPENDENCY", `${signature}: ${dependency.reason}`);
      add(dependency);
    }
    entries.set(each.signature, each);
  };
  add(entry);
  const all = [...entries.values()];
  const files = all.flatMap(({ cacheDir, manifest }) =>
    filesOf(manifest).map(({ path }) => readFileSync(join(cacheDir, path))),
  );
  return pack({ signature: entry.signature, manifests: all.map(({ manifest }) => manifest) }, files);
}

/** Packs the news that there is no entry. */
export function packError(signature: string, error: BundledError): Uint8Array {
  const { code, message, failDir, output } = error;
  return pack({ signature, manifests: [], error: { code, message, failDir, output } }, []);
}

function pack(contents: Contents, files: readonly Uint8Array[]): Uint8Array {
  const text = Buffer.from(JSON.stringify(contents));
  const length = Buffer.alloc(4);
  length.writeUInt32LE(text.length);
  return Buffer.concat([Buffer.from(MAGIC), length, text, ...files]);
}

/**
 * Stores what was packed, unless it is there already.
 * @param signature What is expected.
 * @returns the entry in `cache.cacheDir`, or why there is none
 * @throws JitError `ERR_JIT_RECEIVED` for bytes that are no bundle, are damaged or are another one
 */
export function* unpackEntry(
  data: unknown,
  signature: string,
  cache: CacheParams,
): Steps<Entry | BundledError> {
  const bytes = ArrayBuffer.isView(data)
    ? Buffer.from(data.buffer, data.byteOffset, data.byteLength)
    : Buffer.alloc(0);
  const contents = contentsOf(bytes, signature);
  if (contents.error !== undefined) return contents.error;
  const { sha256 } = contents.manifests.find((each) => each.signature === signature)?.library ?? {};
  if (sha256 === undefined) throw damaged(signature);
  const known = lookupEntry(signature, cache);
  if (!isMiss(known) && known.manifest.library.sha256 === sha256) return known;
  const layer = mkdtempSync(join(tmpdir(), "typed-mpi-received-"));
  try {
    const there = { ...cache, cacheDir: layer, overlayDir: "", layers: [] };
    let at = TEXT_AT + bytes.readUInt32LE(LENGTH_AT);
    for (const manifest of contents.manifests) {
      for (const { path, size, sha256 } of filesOf(manifest)) {
        const part = bytes.subarray(at, at + size);
        at += size;
        const isRight = part.length === size && hash("sha256", part) === sha256;
        if (!isRight || path.split("/").includes("..")) throw damaged(signature);
        mkdirSync(dirname(join(layer, path)), OURS);
        writeFileSync(join(layer, path), part, { mode: 0o644 });
      }
      mkdirSync(dirname(createManifestFilename(manifest.signature, there)), OURS);
      // Headers need not be where nothing is compiled; those that are must be the same.
      const includes = manifest.includes.filter(({ path }) => !isAbsolute(path) || existsSync(path));
      writeManifest(createManifestFilename(manifest.signature, there), { ...manifest, includes }, false);
    }
    const received = lookupEntry(signature, there);
    if (isMiss(received)) throw damaged(signature, received.reason);
    return yield* copyLocked(received, cache);
  } finally {
    rmSync(layer, { recursive: true, force: true });
  }
}

/** The error in what `packError` made. @throws JitError `ERR_JIT_RECEIVED` for anything else */
export function errorIn(data: Uint8Array): BundledError {
  const { error } = contentsOf(Buffer.from(data.buffer, data.byteOffset, data.byteLength), "");
  if (error === undefined) throw damaged("an error");
  return error;
}

function contentsOf(bytes: Buffer, signature: string): Contents {
  if (bytes.subarray(0, MAGIC.length).toString("latin1") !== MAGIC) throw damaged(signature);
  let contents: Contents;
  try {
    const length = bytes.readUInt32LE(LENGTH_AT);
    contents = JSON.parse(bytes.toString("utf8", TEXT_AT, TEXT_AT + length)) as Contents;
  } catch (cause) {
    throw damaged(signature, "", cause);
  }
  if (!isContents(contents)) throw damaged(signature);
  // A builder that failed early may not know the signature.
  if (contents.error === undefined && contents.signature !== signature) {
    throw new JitError(
      "ERR_JIT_MISMATCH",
      `Expected ${signature}, but the builder sent ${contents.signature}`,
      {
        signature,
      },
    );
  }
  return contents;
}

function isContents(contents: unknown): contents is Contents {
  const { signature, manifests, error } = (contents ?? {}) as Partial<Contents>;
  if (typeof signature !== "string" || !Array.isArray(manifests)) return false;
  if (error !== undefined) return typeof error.code === "string" && typeof error.message === "string";
  return manifests.every(isManifest);
}

const damaged = (signature: string, why = "", cause?: unknown): JitError =>
  new JitError(
    "ERR_JIT_RECEIVED",
    `What was received for ${signature} is damaged or not from send()${why === "" ? "" : `: ${why}`}`,
    { signature, cause },
  );

import { hash } from "node:crypto";
import {
  closeSync,
  fstatSync,
  openSync,
  renameSync,
  rmSync,
  type Stats,
  statSync,
  utimesSync,
} from "node:fs";
import { basename, join } from "node:path";
import { log } from "../log.js";
import type { CacheParams } from "../params.js";
import { fileSystemCode } from "./cannot-write.js";
import { foreignness } from "./elf.js";
import { type Entry, isMiss, type Miss } from "./entry.js";
import { checkIncludes } from "./includes.js";
import { isHeld, tryExclusive } from "./lock.js";
import { type FileRecord, type Manifest, parseManifest, writeManifest } from "./manifest.js";
import {
  assertSignature,
  cacheRoot,
  createLockFilename,
  createManifestFilename,
  makePrivateDirectory,
} from "./names.js";
import { assertSafeDirectory, dangerOf } from "./owner.js";
import { readWhole } from "./whole.js";

/* Finding an entry, and making sure that it may be loaded. Nothing here lists a directory. */

/** Milliseconds after which the use of an entry is noted again, in the time of its manifest. */
const TOUCH_INTERVAL = 60_000;

/** How often an entry may be replaced while it is read until that is called a miss. */
const ATTEMPTS = 4;

/**
 * Finds a library that may be loaded: in `cache.cacheDir`, else in its overlay, else in one of its layers. The library
 * has the size and hash that it was published with, it is for this machine, the headers it was made from have not
 * changed, and the same holds for all that it depends on, in the same cache. A damaged library is moved to
 * `quarantine/`, if that is possible.
 * @throws TypeError if the signature is none; JitError `ERR_JIT_UNSAFE_CACHE` if somebody else could have put
 *   something into one of the caches.
 * @param below The cache with its overlay and layers, for who would rather not look for these unless it is needed.
 */
export function lookupEntry(
  signature: string,
  cache: CacheParams,
  below: () => CacheParams = () => cache,
): Entry | Miss {
  assertSignature(signature);
  let miss: Miss | undefined;
  for (const cacheDir of directories(cache, below)) {
    const found = new Lookup({ ...cache, cacheDir: cacheRoot(cacheDir) }).find(signature);
    if (!isMiss(found)) return found;
    // The reason that is told is that of an entry which is there but cannot be used, if there is one.
    if (miss === undefined || (miss.stale === undefined && found.stale !== undefined)) miss = found;
  }
  return miss ?? NO_ENTRY;
}

function* directories(cache: CacheParams, below: () => CacheParams): Generator<string, void, void> {
  yield cache.cacheDir;
  const { overlayDir, layers } = below();
  if (overlayDir !== "") yield overlayDir;
  yield* layers;
}

const NO_ENTRY: Miss = { reason: "there is no entry" };

/** A problem of a file of the entry, which may only be that the entry was being replaced. */
interface Fault {
  readonly fault: string;
  /** Whether the file is not what was published. */
  readonly isDamaged: boolean;
}

/** A lookup in one cache, which looks at each dependency once. */
class Lookup {
  readonly #cache: CacheParams;
  readonly #seen = new Map<string, Entry | Miss>();

  constructor(cache: CacheParams) {
    this.#cache = cache;
  }

  find(signature: string): Entry | Miss {
    const cache = this.#cache;
    assertSafeDirectory(cache.cacheDir, [cache.libDir, cache.incDir, "manifest"]);
    const filename = createManifestFilename(signature, cache);
    let before: string | undefined;
    for (let attempt = 1; ; attempt++) {
      const read = readText(filename);
      if (typeof read !== "object") return read === "ENOENT" ? NO_ENTRY : { reason: `its manifest: ${read}` };
      const manifest = parseManifest(read.text);
      if (manifest?.signature !== signature)
        return { reason: "its manifest is damaged or of another version" };
      const result = this.#verify(manifest);
      if (!("fault" in result)) {
        if (!isMiss(result)) touch(filename, read.stat);
        return result;
      }
      // Whoever replaces or removes an entry removes its manifest first: only if that stands is it the file's fault.
      if (read.text === before || attempt === ATTEMPTS) {
        if (result.isDamaged) quarantine(manifest, read.text, cache);
        return { reason: result.fault, stale: manifest };
      }
      before = read.text;
    }
  }

  #verify(manifest: Manifest): Entry | Miss | Fault {
    const { cacheDir } = this.#cache;
    const { signature } = manifest;
    const libFilename = join(cacheDir, manifest.library.path);
    const fault = verifyLibrary(libFilename, manifest.library);
    if (fault !== undefined) return fault;
    const { changed, touched } = checkIncludes(manifest.includes, cacheDir);
    if (changed !== undefined) return { reason: `${changed} has changed`, stale: manifest };
    // Against a manifest that names itself.
    this.#seen.set(signature, { reason: "it depends on itself" });
    for (const { signature: dependency, sha256 } of manifest.dependencies) {
      const found = this.#seen.get(dependency) ?? this.find(dependency);
      if (isMiss(found))
        return { reason: `${dependency}, which it depends on: ${found.reason}`, stale: manifest };
      if (found.manifest.library.sha256 !== sha256) {
        return { reason: `${dependency}, which it depends on, was built anew`, stale: manifest };
      }
    }
    if (touched !== undefined) refresh({ ...manifest, includes: touched }, manifest, this.#cache);
    const entry: Entry = { signature, cacheDir, libFilename, manifest };
    this.#seen.set(signature, entry);
    return entry;
  }
}

function verifyLibrary(filename: string, { size, sha256 }: FileRecord): Fault | undefined {
  const read = readBytes(filename, size);
  if (typeof read !== "object") {
    const fault = read === "ENOENT" ? "its library is missing" : `its library cannot be read (${read})`;
    return { fault, isDamaged: false };
  }
  const danger = dangerOf(read.stat);
  if (danger !== undefined) return { fault: `its library ${danger.what}`, isDamaged: false };
  if (read.stat.size !== size) {
    return { fault: `its library has ${read.stat.size} instead of ${size} bytes`, isDamaged: true };
  }
  if (hash("sha256", read.bytes) !== sha256) return { fault: "its library is damaged", isDamaged: true };
  const foreign = foreignness(read.bytes);
  return foreign === undefined
    ? undefined
    : { fault: `its library cannot be loaded: ${foreign}`, isDamaged: false };
}

/** Takes a damaged library out of the way, unless that is what a builder is doing at the moment. */
function quarantine(manifest: Manifest, text: string, cache: CacheParams): void {
  const lockFilename = createLockFilename(manifest.signature, cache);
  const libFilename = join(cache.cacheDir, manifest.library.path);
  try {
    const release = isHeld(lockFilename) ? () => {} : tryExclusive(lockFilename);
    if (release === undefined) return;
    try {
      const filename = createManifestFilename(manifest.signature, cache);
      const now = readText(filename);
      if (typeof now !== "object" || now.text !== text) return;
      if (verifyLibrary(libFilename, manifest.library)?.isDamaged !== true) return;
      const directory = makePrivateDirectory(join(cache.cacheDir, "quarantine"));
      rmSync(filename, { force: true });
      renameSync(libFilename, join(directory, `${basename(libFilename)}.${Date.now()}.${process.pid}`));
      log.warning(`${libFilename} was damaged: it was moved to ${directory}`);
    } finally {
      release();
    }
  } catch (error) {
    log.warning(`${libFilename} is damaged, and cannot be moved away: ${(error as Error).message}`);
  }
}

/** Notes new times of headers, unless somebody holds the manifest, who would then hold another file. */
function refresh(manifest: Manifest, before: Manifest, cache: CacheParams): void {
  const filename = createManifestFilename(manifest.signature, cache);
  try {
    const lockFilename = createLockFilename(manifest.signature, cache);
    const release = isHeld(lockFilename) ? () => {} : tryExclusive(lockFilename);
    const releaseManifest = tryExclusive(filename);
    try {
      if (release === undefined || releaseManifest === undefined) return;
      const now = readText(filename);
      if (typeof now !== "object") return;
      if (parseManifest(now.text)?.library.sha256 !== before.library.sha256) return;
      writeManifest(filename, manifest, cache.fsync);
    } finally {
      releaseManifest?.();
      release?.();
    }
  } catch {
    // A cache that cannot be written: the headers are read each time.
  }
}

/** Notes the use, for the eviction of what is used least. Clocks of hosts may differ. */
function touch(filename: string, { mtimeMs }: Stats): void {
  const now = Date.now();
  if (Math.abs(now - mtimeMs) < TOUCH_INTERVAL) return;
  try {
    utimesSync(filename, now / 1000, now / 1000);
  } catch {
    // A cache that cannot be written is not evicted from.
  }
}

function readText(filename: string): { readonly text: string; readonly stat: Stats } | string {
  try {
    // Most that is looked for is not there, and an exception would take ten times as long.
    const stat = statSync(filename, { throwIfNoEntry: false });
    if (stat === undefined) return "ENOENT";
  } catch (error) {
    return fileSystemCode(error) ?? String(error);
  }
  const read = readBytes(filename);
  return typeof read === "string" ? read : { text: read.bytes.toString("utf8"), stat: read.stat };
}

/**
 * A file and what it is, from one descriptor.
 * @param size If it has another size, its bytes are not read.
 * @returns The error's code if that fails.
 */
function readBytes(
  filename: string,
  size?: number,
): { readonly bytes: Buffer; readonly stat: Stats } | string {
  let file: number | undefined;
  try {
    file = openSync(filename, "r");
    const stat = fstatSync(file);
    if (!stat.isFile()) return "it is no file";
    return { bytes: readWhole(file, size === undefined || stat.size === size ? stat.size : 0), stat };
  } catch (error) {
    return fileSystemCode(error) ?? String(error);
  } finally {
    if (file !== undefined) closeSync(file);
  }
}

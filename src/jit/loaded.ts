import { existsSync } from "node:fs";
import { engine, FfiError } from "../ffi/index.js";
import { type Entry, isMiss } from "./cache/entry.js";
import { analyseLoadError } from "./cache/integrity.js";
import { holdShared } from "./cache/lock.js";
import { lookupEntry } from "./cache/lookup.js";
import { type FileRecord, parseManifest } from "./cache/manifest.js";
import { createLibFilename, createManifestFilename } from "./cache/names.js";
import { JitError } from "./error.js";
import { JitLibrary } from "./library.js";
import { log } from "./log.js";
import type { CacheParams } from "./params.js";

/* The libraries that this process has loaded: the first of the cache's two levels. */

/** By signature: what was loaded, and the hash of the binary. */
const loaded = new Map<string, { readonly sha256: string; readonly libraries: Map<string, JitLibrary> }>();

/**
 * Loads the library of a verified entry, or returns the one that is loaded already. The entry is held until the
 * process ends, so that no eviction removes it or what it depends on.
 * @returns undefined if the entry was removed since it was looked up
 * @throws JitError `ERR_JIT_LOAD`; `ERR_JIT_STALE` if this process has loaded another build of it or of what it
 *   depends on, which the system's loader would take instead
 */
export function loadEntry(entry: Entry, cache: CacheParams): JitLibrary | undefined {
  const { signature, libFilename } = entry;
  const present = loaded.get(signature);
  const known = present?.libraries.get(libFilename);
  if (known !== undefined && present?.sha256 === entry.manifest.library.sha256) return known;
  const entries = held(entry, cache);
  if (entries === undefined) return undefined;
  const library = open(entry, cache);
  if (library === undefined) return undefined;
  for (const { signature: each, manifest } of entries) {
    if (!loaded.has(each)) loaded.set(each, { sha256: manifest.library.sha256, libraries: new Map() });
  }
  loaded.get(signature)?.libraries.set(libFilename, library);
  return library;
}

/** For whoever finds a library again and again that `loadEntry` does not. */
export const gone = (signature: string): JitError =>
  new JitError("ERR_JIT_NOT_BUILT", `${signature} was removed from the cache as soon as it was there`, {
    signature,
  });

function open({ signature, libFilename }: Entry, cache: CacheParams): JitLibrary | undefined {
  try {
    return new JitLibrary(signature, libFilename, engine().load(libFilename, { now: true }));
  } catch (cause) {
    if (!(cause instanceof FfiError)) throw cause;
    if (!existsSync(libFilename)) return undefined;
    throw new JitError("ERR_JIT_LOAD", analyseLoadError(cause, libFilename, cache), { signature, cause });
  }
}

/**
 * The library of this signature on disk, loaded.
 * @returns undefined if there is none that can be used
 * @throws JitError as `jit` when it loads
 */
export function loadLibrary(signature: string, cache: CacheParams): JitLibrary | undefined {
  const found = lookupEntry(signature, cache);
  if (!isMiss(found)) return loadEntry(found, cache);
  log.debug(`${signature}: ${found.reason}`);
  return undefined;
}

/** As `loadLibrary`, but looks among what this process has loaded first. */
export function lookupLib(signature: string, cache: CacheParams): JitLibrary | undefined {
  const libFilename = createLibFilename(signature, cache);
  return loaded.get(signature)?.libraries.get(libFilename) ?? loadLibrary(signature, cache);
}

/** Whether a manifest is of this library. As it was found it need not be understood once more. */
const isOfLibrary = (text: string, library: FileRecord): boolean =>
  text.includes(JSON.stringify(library)) || parseManifest(text)?.library.sha256 === library.sha256;

/**
 * Marks the entry and those it depends on as in use.
 * @returns them; undefined if one of them is there no more
 */
function held(entry: Entry, cache: CacheParams): Entry[] | undefined {
  const { signature, cacheDir, manifest } = entry;
  const present = loaded.get(signature);
  if (present !== undefined && present.sha256 !== manifest.library.sha256) {
    throw new JitError(
      "ERR_JIT_STALE",
      `${signature} was built anew after this process had loaded it: start the process again to use the new one`,
      { signature },
    );
  }
  // Whoever removes or replaces it removes this first, and not while it is held.
  const text = holdShared(createManifestFilename(signature, { ...cache, cacheDir }));
  if (text === undefined || !isOfLibrary(text, manifest.library)) return undefined;
  const entries = [entry];
  for (const dependency of manifest.dependencies) {
    const found = lookupEntry(dependency.signature, { ...cache, cacheDir, overlayDir: "", layers: [] });
    const below = isMiss(found) ? undefined : held(found, cache);
    if (below === undefined) return undefined;
    entries.push(...below);
  }
  return entries;
}

import { engine, FfiError } from "../ffi/index.js";
import { analyseLoadError } from "./cache/integrity.js";
import { holdShared } from "./cache/lock.js";
import { createLibFilename, createManifestFilename } from "./cache/names.js";
import { type Entry, isMiss, lookupEntry } from "./cache/store.js";
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
 * @throws JitError `ERR_JIT_LOAD`; `ERR_JIT_STALE` if this process has loaded another build of it or of what it
 *   depends on, which the system's loader would take instead
 */
export function loadEntry(entry: Entry, cache: CacheParams): JitLibrary {
  const { signature, libFilename } = entry;
  const known = loaded.get(signature)?.libraries.get(libFilename);
  if (known !== undefined && loaded.get(signature)?.sha256 === entry.manifest.library.sha256) return known;
  claim(entry, cache);
  try {
    const library = new JitLibrary(signature, libFilename, engine().load(libFilename, { now: true }));
    loaded.get(signature)?.libraries.set(libFilename, library);
    return library;
  } catch (cause) {
    if (!(cause instanceof FfiError)) throw cause;
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

/** Notes that the entry and those it depends on are in use, and which builds they are. */
function claim({ signature, cacheDir, manifest }: Entry, cache: CacheParams): void {
  const { sha256 } = manifest.library;
  const present = loaded.get(signature);
  if (present !== undefined && present.sha256 !== sha256) {
    throw new JitError(
      "ERR_JIT_STALE",
      `${signature} was built anew after this process had loaded it: start the process again to use the new one`,
      { signature },
    );
  }
  if (present === undefined) loaded.set(signature, { sha256, libraries: new Map() });
  holdShared(createManifestFilename(signature, { ...cache, cacheDir }));
  for (const dependency of manifest.dependencies) {
    const found = lookupEntry(dependency.signature, { ...cache, cacheDir, overlayDir: "", layers: [] });
    if (isMiss(found)) {
      throw new JitError("ERR_JIT_DEPENDENCY", `${dependency.signature}: ${found.reason}`, { signature });
    }
    claim(found, cache);
  }
}

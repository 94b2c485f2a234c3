import { JitError } from "../error.js";
import type { CacheParams } from "../params.js";
import type { Steps } from "../steps.js";
import { type Entry, isMiss } from "./entry.js";
import { withLock } from "./lock.js";
import { lookupEntry } from "./lookup.js";
import { cacheRoot } from "./names.js";
import { copyEntry } from "./publish.js";

/**
 * Copies an entry of another cache, and what it depends on, into `cache.cacheDir`, each while nobody else publishes it.
 * @returns The entry there.
 * @throws JitError as `copyEntry` and `withLock`
 */
export function* copyLocked(entry: Entry, cache: CacheParams): Steps<Entry> {
  if (entry.cacheDir === cacheRoot(cache.cacheDir)) return entry;
  const there = { ...cache, cacheDir: entry.cacheDir, overlayDir: "", layers: [] };
  // Before the lock of the entry itself: what depends on what has an order, so that nobody waits in a circle.
  for (const { signature } of entry.manifest.dependencies) {
    const found = lookupEntry(signature, there);
    if (isMiss(found)) {
      throw new JitError("ERR_JIT_DEPENDENCY", `${signature} in ${entry.cacheDir}: ${found.reason}`, {
        signature: entry.signature,
      });
    }
    yield* copyLocked(found, cache);
  }
  // biome-ignore lint/correctness/useYield: what is done under the lock takes no time
  return yield* withLock(entry.signature, cache, function* () {
    return copyEntry(entry, cache);
  });
}

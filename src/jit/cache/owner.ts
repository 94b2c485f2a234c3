import { type Stats, statSync } from "node:fs";
import { join } from "node:path";
import { JitError } from "../error.js";

/* Whoever can write to the cache can run code as the user who loads from it. */

/** Write permission of the group and of others. */
const WRITABLE_BY_OTHERS = 0o022;

/** Directories that were found to be safe. */
const safe = new Set<string>();

/**
 * Refuses a cache that somebody else could have put something into. Each directory is looked at once per process;
 * one that does not exist is no danger. Does nothing on Windows.
 * @param cacheDir The absolute path of the cache.
 * @param subdirectories Those in it that matter, relative to it.
 * @throws JitError `ERR_JIT_UNSAFE_CACHE` with the reason and what to do.
 */
export function assertSafeDirectory(cacheDir: string, subdirectories: readonly string[]): void {
  if (process.getuid === undefined) return;
  assertSafe(cacheDir);
  for (const subdirectory of subdirectories) assertSafe(join(cacheDir, subdirectory));
}

function assertSafe(directory: string): void {
  if (safe.has(directory)) return;
  let stat: Stats | undefined;
  try {
    stat = statSync(directory, { throwIfNoEntry: false });
  } catch {
    return; // What cannot be looked at cannot be read either.
  }
  if (stat === undefined) return;
  const danger = dangerOf(stat);
  if (danger !== undefined) {
    const quoted = `'${directory.replaceAll("'", "'\\''")}'`;
    const cure =
      danger.cure === "chown" ? `chown -R ${process.getuid?.()} ${quoted}` : `chmod -R go-w ${quoted}`;
    throw new JitError(
      "ERR_JIT_UNSAFE_CACHE",
      `Nothing is loaded from ${directory}, which ${danger.what}. If you trust what is in it: ${cure}; ` +
        "else remove it or set TYPED_MPI_CACHE_DIR to a directory of your own",
    );
  }
  safe.add(directory);
}

interface Danger {
  readonly what: string;
  readonly cure: "chown" | "chmod";
}

/** Why a file or directory is not ours alone, or undefined if it is. */
export function dangerOf({ uid, mode }: Pick<Stats, "uid" | "mode">): Danger | undefined {
  const us = process.getuid?.();
  if (us === undefined) return undefined;
  if (uid !== us && uid !== 0) {
    return {
      what: `belongs to user ${uid} and neither to user ${us}, who runs this, nor to root`,
      cure: "chown",
    };
  }
  if ((mode & WRITABLE_BY_OTHERS) === 0) return undefined;
  return { what: `others can write to (mode ${(mode & 0o7777).toString(8)})`, cure: "chmod" };
}

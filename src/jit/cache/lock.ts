import {
  closeSync,
  constants,
  fstatSync,
  ftruncateSync,
  openSync,
  readFileSync,
  type Stats,
  statSync,
  unlinkSync,
  writeSync,
} from "node:fs";
import { hostname } from "node:os";
import { dirname } from "node:path";
import { JitError } from "../error.js";
import type { CacheParams } from "../params.js";
import { type Effect, pause, perform, type Steps } from "../steps.js";
import { cannotWrite, fileSystemCode } from "./cannot-write.js";
import { tryLock } from "./flock.js";
import { createLockFilename, makePrivateDirectory } from "./names.js";
import { readWhole } from "./whole.js";

/*
 * Who may build what. A lock is a flock(2) of a file, not its existence: the kernel gives it back when the holder
 * dies, and what pid or host a file tells that was left behind does not matter.
 */

/** Milliseconds between two attempts: a fraction of what was waited already, within these. */
const SHORTEST_PAUSE = 5;
const LONGEST_PAUSE = 100;

/** Why a lock file cannot be made: then there is nothing that could be protected, or nobody who could help it. */
const GO_ON_WITHOUT: readonly string[] = [
  "EROFS",
  "EACCES",
  "EPERM",
  "ENOSPC",
  "EDQUOT",
  "ENOTDIR",
  "EEXIST",
];

/** The files that this process has locked, as `device:inode`, since a directory may have several paths. */
const held = new Set<string>();

const identify = ({ dev, ino }: Stats): string => `${dev}:${ino}`;

/**
 * Does something while no other process, and nothing else in this one, does the same for this signature. Where
 * nothing can be locked (a cache that is read-only, a file system without locks) it is done all the same.
 * @param signature What is locked, within the cache.
 * @param body What is done.
 * @returns What `body` returns.
 * @throws JitError `ERR_JIT_LOCK_TIMEOUT` after `cache.lockTimeout` seconds, or at once if this process is the holder
 *   and would wait for itself; what `body` throws.
 */
export function* withLock<T>(signature: string, cache: CacheParams, body: () => Steps<T>): Steps<T> {
  const filename = createLockFilename(signature, cache);
  const release = yield* acquire(filename, signature, cache.lockTimeout);
  try {
    return yield* body();
  } finally {
    release();
  }
}

function* acquire(filename: string, signature: string, timeout: number): Steps<() => void> {
  const start = performance.now();
  for (;;) {
    const attempt = tryLockFile(filename);
    if (attempt !== "busy") return attempt;
    const waited = performance.now() - start;
    const left = timeout * 1000 - waited;
    if (left <= 0) throw timedOut(filename, signature, `waited ${timeout} s (cache.lockTimeout)`);
    const longest = Math.min(LONGEST_PAUSE, Math.max(SHORTEST_PAUSE, waited / 4), left);
    // Random, so that those who wait do not all come at once.
    yield* perform(pauseUnlessOurs(filename, signature, longest * (0.5 + Math.random() / 2)));
  }
}

/** Blocking while another task of this thread holds the lock would keep that from ever giving it back. */
function pauseUnlessOurs(filename: string, signature: string, duration: number): Effect<void> {
  const { sync, async } = pause(duration);
  return {
    sync: () => {
      if (isHeld(filename)) {
        throw timedOut(
          filename,
          signature,
          "cannot wait for a call of this process that is not over: await it first",
        );
      }
      sync();
    },
    async,
  };
}

function timedOut(filename: string, signature: string, what: string): JitError {
  const holder = readHolder(filename);
  return new JitError(
    "ERR_JIT_LOCK_TIMEOUT",
    `${signature} is locked by ${holder ?? "a process that did not tell its name"}: ${what}`,
    { signature },
  );
}

/** What the holder wrote: host, pid, and since when. */
function readHolder(filename: string): string | undefined {
  try {
    return readFileSync(filename, "utf8").trim() || undefined;
  } catch {
    return undefined;
  }
}

/** Locks a file that exists for this purpose only. @returns What releases it and removes the file. */
function tryLockFile(filename: string): (() => void) | "busy" {
  for (;;) {
    const file = openLockFile(filename);
    if (file === undefined) return () => {};
    const outcome = lockOrClose(file);
    if (outcome === "busy") return "busy";
    if (outcome === "unsupported") {
      closeSync(file);
      return () => {};
    }
    const stat = fstatSync(file);
    const present = statSync(filename, { throwIfNoEntry: false });
    if (present === undefined || identify(present) !== identify(stat)) {
      closeSync(file); // It was removed by whom we waited for: it protects nothing any more.
      continue;
    }
    tellHolder(file);
    held.add(identify(stat));
    return () => {
      held.delete(identify(stat));
      // While it is locked, and only if the path is still that of the file that we hold.
      const now = statSync(filename, { throwIfNoEntry: false });
      if (now !== undefined && identify(now) === identify(stat)) removeQuietly(filename);
      closeSync(file);
    };
  }
}

function lockOrClose(file: number): ReturnType<typeof tryLock> {
  let outcome: ReturnType<typeof tryLock> = "busy";
  try {
    outcome = tryLock(file, "exclusive");
    return outcome;
  } finally {
    if (outcome === "busy") closeSync(file);
  }
}

/** Opens it for writing, as network file systems want it. @returns Undefined if there can be no lock. */
function openLockFile(filename: string): number | undefined {
  const { O_RDWR, O_CREAT, O_NOFOLLOW = 0 } = constants;
  for (let attempt = 0; ; attempt++) {
    try {
      return openSync(filename, O_RDWR | O_CREAT | O_NOFOLLOW, 0o644);
    } catch (error) {
      const code = fileSystemCode(error) ?? "";
      if (GO_ON_WITHOUT.includes(code)) return undefined;
      if (code !== "ENOENT" || attempt === 10) throw cannotWrite(dirname(dirname(filename)), error);
    }
    try {
      makePrivateDirectory(dirname(filename));
    } catch (error) {
      // Node tells ENOENT where a parent cannot be made, for instance in a read-only file system.
      if ([...GO_ON_WITHOUT, "ENOENT"].includes(fileSystemCode(error) ?? "")) return undefined;
      throw cannotWrite(dirname(dirname(filename)), error);
    }
  }
}

function tellHolder(file: number): void {
  try {
    ftruncateSync(file);
    writeSync(file, `${hostname()}, pid ${process.pid}, since ${new Date().toISOString()}\n`, 0);
  } catch {
    // A full disk: it is locked all the same.
  }
}

function removeQuietly(filename: string): void {
  try {
    unlinkSync(filename);
  } catch {
    // It stays, and does not matter.
  }
}

/** Whether this process (this thread of it) has the file locked. */
export function isHeld(filename: string): boolean {
  const stat = statSync(filename, { throwIfNoEntry: false });
  return stat !== undefined && held.has(identify(stat));
}

const shared = new Set<string>();

/**
 * Marks a file as in use until this process ends, once per file; one that cannot be locked is only read.
 * @param filename Of a manifest.
 * @returns The text that it has, which nobody replaces from now on if it could be locked; undefined if it is gone or cannot
 *   be read.
 */
export function holdShared(filename: string): string | undefined {
  let file: number;
  try {
    file = openSync(filename, "r");
  } catch {
    return undefined;
  }
  let isKept = false;
  try {
    const isLocked = tryShared(file);
    const stat = fstatSync(file);
    const identity = identify(stat);
    // It was removed or replaced after it was opened.
    const present = statSync(filename, { throwIfNoEntry: false });
    if (present === undefined || identify(present) !== identity) return undefined;
    // Kept open: the descriptor is what holds it.
    isKept = isLocked && !shared.has(identity);
    if (isKept) shared.add(identity);
    return readWhole(file, stat.size).toString("utf8");
  } catch {
    return undefined;
  } finally {
    if (!isKept) closeSync(file);
  }
}

function tryShared(file: number): boolean {
  try {
    return tryLock(file, "shared") === "locked";
  } catch {
    // There is no FFI engine: whoever loads the library is told.
    return false;
  }
}

/**
 * Locks a file if nobody has it locked, shared or not.
 * @param filename One that ends in `.lock` is created for this, and removed when it is released; any other is left as
 *   it is, and need not exist.
 * @returns What releases it, which may be called once; undefined if it is in use.
 * @throws JitError `ERR_JIT_CACHE` if the file cannot be opened for a reason that is no permission.
 */
export function tryExclusive(filename: string): (() => void) | undefined {
  if (filename.endsWith(".lock")) {
    const attempt = tryLockFile(filename);
    return attempt === "busy" ? undefined : attempt;
  }
  let file: number;
  try {
    file = openSync(filename, "r");
  } catch (error) {
    return fileSystemCode(error) === "ENOENT" ? () => {} : undefined;
  }
  return lockOrClose(file) === "busy" ? undefined : () => closeSync(file);
}

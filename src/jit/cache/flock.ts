import { engine, type NativeFunction } from "../../ffi/index.js";

/* flock(2), which Node's fs lacks: the kernel gives the lock back when the process dies, however it dies. */

const LOCK_SH = 1;
const LOCK_EX = 2;
const LOCK_NB = 4;

/** Not on every system the same: Linux's, then the BSDs' and macOS's. */
const EWOULDBLOCK: readonly number[] = process.platform === "linux" ? [11] : [35];
const EINTR = 4;

/** What came of an attempt: `"unsupported"` if this system or this file system has no such locks. */
export type Outcome = "locked" | "busy" | "unsupported";

interface System {
  readonly flock: NativeFunction<"int32">;
  readonly errno: () => number;
}

let system: System | null | undefined;

/** Finds the functions that {@link tryLock} calls, unless they have been found. @throws FfiError */
export function prepareLocks(): void {
  system ??= loadSystem();
}

function loadSystem(): System | null {
  if (process.platform === "win32") return null;
  const ffi = engine();
  const libc = ffi.load(null);
  if (!libc.has("flock")) return null;
  const where = ["__errno_location", "__error"].find((name) => libc.has(name));
  if (where === undefined) return null;
  const location = libc.func(where, "pointer", []);
  return {
    flock: libc.func("flock", "int32", ["int32", "int32"]),
    errno: () => new DataView(Uint8Array.from(ffi.bytesAt(location(), 4)).buffer).getInt32(0, isLittleEndian),
  };
}

const isLittleEndian = new Uint8Array(new Uint16Array([1]).buffer)[0] === 1;

/**
 * Tries to lock an open file, without waiting.
 * @param file A descriptor; closing it gives the lock back.
 */
export function tryLock(file: number, kind: "shared" | "exclusive"): Outcome {
  system ??= loadSystem();
  if (system === null) return "unsupported";
  for (;;) {
    if (system.flock(file, (kind === "shared" ? LOCK_SH : LOCK_EX) | LOCK_NB) === 0) return "locked";
    const errno = system.errno();
    if (errno === EINTR) continue;
    return EWOULDBLOCK.includes(errno) ? "busy" : "unsupported";
  }
}

import { close, readSync } from "node:fs";
import { basename, dirname } from "node:path";
import { engine, type NativeFunction } from "../../ffi/index.js";
import { createManifestFilename, makePrivateDirectory } from "../cache/names.js";
import { waitReadable } from "../compiler/process.js";
import type { CacheParams } from "../params.js";

/*
 * Sleep until an entry is published: the kernel tells of each name that appears in a directory (inotify(7)), so that
 * who waits for a compiler takes none of its time. No more than a hint: a network file system tells nothing of what
 * another host does, and a builder that fails publishes nothing.
 */

const IN_CLOEXEC = 0o2000000;
const IN_NONBLOCK = 0o4000;
const IN_MOVED_TO = 0x80;

interface Calls {
  readonly init: NativeFunction<"int32">;
  readonly add: NativeFunction<"int32">;
}

let bound: Calls | undefined;

function calls(): Calls {
  if (bound !== undefined) return bound;
  const program = engine().load(null);
  bound = {
    init: program.func("inotify_init1", "int32", ["int32"]),
    add: program.func("inotify_add_watch", "int32", ["int32", "pointer", "uint32"]),
  };
  return bound;
}

/** Notices when the entry of a signature appears in a cache. */
export class Notice {
  readonly #descriptor: number;
  readonly #name: Buffer;

  private constructor(descriptor: number, name: string) {
    this.#descriptor = descriptor;
    this.#name = Buffer.from(`${name}\0`);
  }

  /** @returns undefined where the system cannot tell */
  static of(signature: string, cache: CacheParams): Notice | undefined {
    if (process.platform !== "linux") return undefined;
    const filename = createManifestFilename(signature, cache);
    const directory = dirname(filename);
    try {
      makePrivateDirectory(directory);
    } catch {
      return undefined;
    }
    const { init, add } = calls();
    const descriptor = init(IN_CLOEXEC | IN_NONBLOCK);
    if (descriptor < 0) return undefined; // A user has 128 of them.
    if (add(descriptor, Buffer.from(`${directory}\0`), IN_MOVED_TO) >= 0) {
      return new Notice(descriptor, basename(filename));
    }
    close(descriptor);
    return undefined;
  }

  /** Sleeps until something appears. @param duration Milliseconds at most. @returns whether it is the entry */
  wait(duration: number): boolean {
    if (!waitReadable(this.#descriptor, duration)) return false;
    const events = Buffer.allocUnsafe(4096);
    try {
      // The names of what appeared are in there, each with a NUL after it; it may be looked for in vain once.
      return events.subarray(0, readSync(this.#descriptor, events)).includes(this.#name);
    } catch {
      return false;
    }
  }

  /** On another thread: the kernel takes ten milliseconds for it. */
  close(): void {
    close(this.#descriptor);
  }
}

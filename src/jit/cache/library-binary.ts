import { readFileSync, renameSync, rmSync } from "node:fs";
import { join } from "node:path";
import { invalidType } from "../../argument-error.js";
import type { CacheParams } from "../params.js";
import { cannotWrite } from "./cannot-write.js";
import { cacheRoot, createLibFilename, makeLibDir } from "./names.js";
import { stagingDirectory } from "./staging.js";
import { writeWhole } from "./whole.js";

/**
 * The bytes of a library.
 * @param libFilename Of {@link createLibFilename}.
 * @throws The error of the file system.
 */
export function readLibraryBinary(libFilename: string): Uint8Array {
  const buffer = readFileSync(libFilename);
  return new Uint8Array(buffer.buffer, buffer.byteOffset, buffer.byteLength);
}

/**
 * Writes the library of a signature at once: whoever reads it sees all of it or what was there before. It gets no
 * manifest, so that it is no entry: jit does not find it.
 * @returns Its file name.
 * @throws TypeError; JitError `ERR_JIT_CACHE` if it cannot be written, and then nothing is left of it.
 */
export function writeLibraryBinary(data: Uint8Array, signature: string, cache: CacheParams): string {
  if (!(data instanceof Uint8Array)) throw invalidType("data", "a Uint8Array", data);
  const filename = createLibFilename(signature, cache);
  try {
    makeLibDir(cache);
    const directory = stagingDirectory(signature, { ...cache, tempDirRoot: "" });
    try {
      const written = join(directory, "library");
      writeWhole(written, data, cache.fsync, 0o755);
      renameSync(written, filename);
    } finally {
      rmSync(directory, { recursive: true, force: true });
    }
    return filename;
  } catch (cause) {
    throw cannotWrite(cacheRoot(cache.cacheDir), cause, signature);
  }
}

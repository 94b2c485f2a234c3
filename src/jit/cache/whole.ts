import { closeSync, fsyncSync, openSync, readSync, writeSync } from "node:fs";

/* Files of the cache, from their beginnings to their ends. */

/**
 * The first `size` bytes of an open file, or fewer if it has fewer. What reads all files at once, and tells less of
 * them, would have to be compiled first in each process.
 * @throws The error of the file system.
 */
export function readWhole(file: number, size: number): Buffer {
  const bytes = Buffer.allocUnsafeSlow(size);
  let length = 0;
  while (length < size) {
    const read = readSync(file, bytes, length, size - length, length);
    if (read === 0) break;
    length += read;
  }
  return length === size ? bytes : bytes.subarray(0, length);
}

/**
 * Writes a new file, which others cannot write to whatever the umask is.
 * @param mode Permissions, before the umask.
 * @throws The error of the file system, `EEXIST` if the file exists.
 */
export function writeWhole(filename: string, data: string | Uint8Array, fsync: boolean, mode: number): void {
  const bytes = typeof data === "string" ? Buffer.from(data) : data;
  const file = openSync(filename, "wx", mode & ~0o022);
  try {
    for (let written = 0; written < bytes.length; ) written += writeSync(file, bytes, written);
    if (fsync) fsyncSync(file);
  } finally {
    closeSync(file);
  }
}

import { readSync } from "node:fs";

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

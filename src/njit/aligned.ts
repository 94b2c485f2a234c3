import { invalidType, outOfRange } from "../argument-error.js";
import { engine, type NativeFunction } from "../ffi/index.js";
import type { ViewData } from "./view.js";

/** A line of the cache, and the widest vector of any processor that is around. */
const ALIGNMENT = 64;

/** Bytes from which on an array has large pages, as numpy's have. */
const LARGE = 4 * 1024 * 1024;

/** What Linux calls it, and the least that it is told of. */
const MADV_HUGEPAGE = 14;
const PAGE = 4096n;

let advise: NativeFunction<"int32"> | undefined;

/** Asks for large pages, before the memory is there. Where there are none nothing happens. */
function askForLargePages(address: bigint, bytes: number): void {
  if (process.platform !== "linux") return;
  advise ??= engine().load(null).func("madvise", "int32", ["uint64", "uint64", "int32"]);
  const begin = ((address + PAGE - 1n) / PAGE) * PAGE;
  const end = ((address + BigInt(bytes)) / PAGE) * PAGE;
  if (end > begin) advise(begin, end - begin, MADV_HUGEPAGE);
}

/** The class of a TypedArray. */
export interface ArrayClass<Data extends ViewData> {
  readonly BYTES_PER_ELEMENT: number;
  new (buffer: ArrayBuffer, byteOffset: number, length: number): Data;
}

/**
 * A TypedArray of zeros that begins at a line of the cache, where `new` begins one at any multiple of 16 bytes: compiled
 * loops over such arrays may be half as fast again, since no vector of theirs lies across two lines. Under Linux one of 4 MiB
 * or more asks for large pages, with which the memory of another process is read twice as fast: long messages are.
 *
 * @param kind The class, as `Float64Array`.
 * @param length In elements.
 * @throws TypeError for what is no class of a TypedArray; RangeError for a length that is no integer from 0, or too long
 */
export function alignedArray<Data extends ViewData>(kind: ArrayClass<Data>, length: number): Data {
  const bytes = (kind as Partial<ArrayClass<Data>> | null | undefined)?.BYTES_PER_ELEMENT;
  if (typeof kind !== "function" || typeof bytes !== "number") {
    throw invalidType("kind", "the class of a TypedArray", kind);
  }
  if (!(Number.isSafeInteger(length) && length >= 0)) {
    throw outOfRange("length", "an integer that is not negative", length);
  }
  const buffer = new ArrayBuffer(length * bytes + ALIGNMENT);
  const address = engine().addressOf(new Uint8Array(buffer));
  if (buffer.byteLength > LARGE) askForLargePages(address, buffer.byteLength);
  const beyond = Number(address % BigInt(ALIGNMENT));
  return new kind(buffer, (ALIGNMENT - beyond) % ALIGNMENT, length);
}

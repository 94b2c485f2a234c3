import type { Handle } from "../abi/abi.js";
import { native } from "../bindings/bind.js";
import { check } from "../bindings/check.js";
import { addresses, ints, longs } from "../bindings/scratch.js";
import { elementsOf, type MessageData } from "../buffer/element.js";
import { hasLargeCounts, INT_MAX } from "../buffer/large.js";
import {
  assertApart,
  datatypeOf,
  type MessageBuffer,
  ResolvedBuffer,
  resolve,
  type ViewConstructor,
} from "../buffer.js";
import { COMM_WORLD, Communicator } from "../communicator.js";
import { ensureRunning } from "../environment.js";
import { invalidType, outOfRange } from "../error.js";
import type { Datatype } from "./datatype.js";

/*
 * Messages of different things, which the program packs one after the other into bytes. They are sent and
 * received as `{ data: bytes, count: position, type: PACKED }`. MPI 4.0 section 5.2
 *
 * "external32" is a representation of data that all systems read alike, for files and for other programs. It is
 * big-endian, and no communicator is needed for it. MPI 4.0 section 5.3
 */

// Reused by every call: nothing below runs twice at the same time.
const source = new ResolvedBuffer("read");
const target = new ResolvedBuffer("write");
const region = new ResolvedBuffer("read");

/**
 * How many bytes `pack` needs at most for some elements.
 * @param count How many. @param type A datatype, a TypedArray or the class of one.
 * @param comm Where the message is sent. Default COMM_WORLD.
 * @throws TypeError, RangeError for bad arguments; MpiError
 * @see MPI_Pack_size, MPI 4.0 section 5.2
 */
export function packSize(
  count: number,
  type: Datatype | ArrayBufferView | ViewConstructor,
  comm: Communicator = COMM_WORLD,
): number {
  const { total, handle } = elements(count, type);
  const { int: out } = addresses();
  const context = contextOf(comm);
  if (hasLargeCounts()) {
    check(native.MPI_Pack_size_c(total, handle, context, out), "MPI_Pack_size_c");
    return Number(longs[0]);
  }
  check(native.MPI_Pack_size(total, handle, context, out), "MPI_Pack_size");
  return ints[0] as number;
}

/**
 * Appends the elements of `buf` to what was packed.
 * @param packed The bytes to pack into. @param position The byte to begin at. Default 0.
 * @param comm Where the message is sent. Default COMM_WORLD.
 * @returns The position behind them, for the next call.
 * @throws TypeError, RangeError for bad arguments; MpiError
 * @see MPI_Pack, MPI 4.0 section 5.2
 */
export function pack(
  buf: MessageBuffer,
  packed: MessageData,
  position = 0,
  comm: Communicator = COMM_WORLD,
): number {
  const context = contextOf(comm);
  const { data, count, handle, byteLength } = resolve(buf, "buf", source);
  const { bytes, length, large } = packedBytes(packed, position, byteLength, source);
  const out = place(position, large);
  const operation = large ? "MPI_Pack_c" : "MPI_Pack";
  check(native[operation](data, count, handle, bytes, length, out, context), operation);
  return placeAfter(large);
}

/**
 * Takes elements out of what was packed, in the order in which they were put into it.
 * @param packed The bytes. @param buf Where to put the elements, as many as it has.
 * @param position The byte to begin at. Default 0. @param comm Where the message came from. Default COMM_WORLD.
 * @returns The position behind them, for the next call.
 * @throws TypeError, RangeError for bad arguments; MpiError
 * @see MPI_Unpack, MPI 4.0 section 5.2
 */
export function unpack(
  packed: MessageData,
  buf: MessageBuffer,
  position = 0,
  comm: Communicator = COMM_WORLD,
): number {
  const context = contextOf(comm);
  const { data, count, handle, byteLength } = resolve(buf, "buf", target);
  const { bytes, length, large } = packedBytes(packed, position, byteLength, target);
  const out = place(position, large);
  const operation = large ? "MPI_Unpack_c" : "MPI_Unpack";
  check(native[operation](bytes, length, out, data, count, handle, context), operation);
  return placeAfter(large);
}

/** The name of the representation, as C reads it. */
const EXTERNAL32 = new TextEncoder().encode("external32\0");

/** As `packSize`, for `packExternal`, and exact. @see MPI_Pack_external_size, MPI 4.0 section 5.3 */
export function packExternalSize(count: number, type: Datatype | ArrayBufferView | ViewConstructor): number {
  ensureRunning();
  const { total, handle } = elements(count, type);
  const operation = hasLargeCounts() ? "MPI_Pack_external_size_c" : "MPI_Pack_external_size";
  check(native[operation](EXTERNAL32, total, handle, addresses().int), operation);
  return Number(longs[0]);
}

/** As `pack`, in the representation "external32". @see MPI_Pack_external, MPI 4.0 section 5.3 */
export function packExternal(buf: MessageBuffer, packed: MessageData, position = 0): number {
  ensureRunning();
  const { data, count, handle, elements: total, elementType } = resolve(buf, "buf", source);
  const { bytes, large } = packedBytes(packed, position, packExternalSize(total, elementType), source);
  const operation = large ? "MPI_Pack_external_c" : "MPI_Pack_external";
  const out = place(position, true);
  check(native[operation](EXTERNAL32, data, count, handle, bytes, bytes.byteLength, out), operation);
  return placeAfter(true);
}

/** As `unpack`, from the representation "external32". @see MPI_Unpack_external, MPI 4.0 section 5.3 */
export function unpackExternal(packed: MessageData, buf: MessageBuffer, position = 0): number {
  ensureRunning();
  const { data, count, handle, elements: total, elementType } = resolve(buf, "buf", target);
  const { bytes, large } = packedBytes(packed, position, packExternalSize(total, elementType), target);
  const operation = large ? "MPI_Unpack_external_c" : "MPI_Unpack_external";
  const out = place(position, true);
  check(native[operation](EXTERNAL32, bytes, bytes.byteLength, out, data, count, handle), operation);
  return placeAfter(true);
}

function contextOf(comm: unknown): Handle {
  if (!(comm instanceof Communicator)) throw invalidType("comm", "a Communicator", comm);
  return comm.handle;
}

/** How many elements of which datatype. */
function elements(
  count: unknown,
  type: Datatype | ArrayBufferView | ViewConstructor,
): { total: number; handle: Handle } {
  const { handle } = datatypeOf(type, "type");
  const most = hasLargeCounts() ? Number.MAX_SAFE_INTEGER : INT_MAX;
  if (typeof count !== "number") throw invalidType("count", "an integer", count);
  if (!(Number.isInteger(count) && count >= 0 && count <= most)) {
    throw outOfRange("count", `an integer from 0 to ${most}`, count);
  }
  return { total: count, handle };
}

/** The bytes to pack into or unpack from, checked, and how they are passed: as MPI_Count where the library can. */
function packedBytes(
  packed: unknown,
  position: unknown,
  needed: number,
  other: ResolvedBuffer,
): { bytes: Uint8Array; length: number; large: boolean } {
  const { view: bytes } = elementsOf(packed, "packed");
  const large = hasLargeCounts();
  const length = large ? bytes.byteLength : Math.min(bytes.byteLength, INT_MAX);
  if (typeof position !== "number") throw invalidType("position", "an integer", position);
  if (!(Number.isInteger(position) && position >= 0 && position <= length)) {
    throw outOfRange("position", `an integer from 0 to ${length}`, position);
  }
  if (position + needed <= length) {
    if (needed > 0) {
      const part = new Uint8Array(bytes.buffer, bytes.byteOffset + position, needed);
      assertApart(resolve(part, "packed", region), other);
    }
    return { bytes, length, large };
  }
  throw outOfRange("packed", `${needed} bytes from position ${position} on`, length - position);
}

/** Puts the position where C reads and changes it: after all that uses the same memory for its results. */
function place(position: number, wide: boolean): bigint {
  if (wide) longs[0] = BigInt(position);
  else ints[0] = position;
  return addresses().int;
}

const placeAfter = (wide: boolean): number => (wide ? Number(longs[0]) : (ints[0] as number));

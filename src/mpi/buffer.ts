import { bufferSourceToUint8Array } from "typed-array-utils";
import type { Handle } from "./abi/abi.js";
import {
  BYTE,
  Datatype,
  DOUBLE,
  FLOAT,
  INT8_T,
  INT16_T,
  INT32_T,
  INT64_T,
  UINT8_T,
  UINT16_T,
  UINT32_T,
  UINT64_T,
} from "./datatype.js";
import { invalidType, invalidValue, outOfRange } from "./error.js";

/** Where a message is read or written: the whole of it, each element as the matching MPI datatype. */
export type MessageData = ArrayBufferView | ArrayBufferLike;

/** A part of some data, or data under another datatype. */
export interface BufferDescription {
  readonly data: MessageData;
  /** How many elements of `type`. Default: as many as there are from `offset` on. */
  readonly count?: number;
  /** Where it begins, in elements of a TypedArray, else in bytes. Default 0. */
  readonly offset?: number;
  /** Default: the datatype of `data`. */
  readonly type?: Datatype;
}

/**
 * What can be sent or received.
 *
 * A TypedArray is a message of its own elements (`Uint8Array`, Buffer and `Uint8ClampedArray` are
 * `MPI_UINT8_T`); a DataView, ArrayBuffer or SharedArrayBuffer one of `MPI_BYTE`, as is a Float16Array, for
 * which the standard has no type. Complex numbers are `{ data, type: C_DOUBLE_COMPLEX }`.
 *
 * An array without elements is an error, since it is what a detached one looks like; an empty message is
 * sent and received on purpose as `{ data, count: 0 }`.
 */
export type MessageBuffer = MessageData | BufferDescription;

/** Instead of a buffer, where C has it: the data is in the other buffer already. MPI 4.0 section 6.2.1 */
export const IN_PLACE: unique symbol = Symbol("MPI_IN_PLACE");
export type InPlace = typeof IN_PLACE;

/** The largest count of a C int. */
const INT_MAX = 2 ** 31 - 1;

/** The datatype of the elements of an array. */
export interface ElementKind {
  readonly type: Datatype;
  /** Elements of `type` in one of the array's. */
  readonly perElement: number;
}

const kind = (type: Datatype, perElement = 1): ElementKind => ({ type, perElement });

/** The bytes of 16-bit floats: moved as they are, but not for reductions, unlike BYTE. */
export const HALF_BYTES: Datatype = new Datatype("MPI_BYTE");

const KINDS: ReadonlyMap<string | undefined, ElementKind> = new Map([
  ["Int8Array", kind(INT8_T)],
  ["Uint8Array", kind(UINT8_T)],
  ["Uint8ClampedArray", kind(UINT8_T)],
  ["Int16Array", kind(INT16_T)],
  ["Uint16Array", kind(UINT16_T)],
  ["Int32Array", kind(INT32_T)],
  ["Uint32Array", kind(UINT32_T)],
  ["BigInt64Array", kind(INT64_T)],
  ["BigUint64Array", kind(UINT64_T)],
  ["Float16Array", kind(HALF_BYTES, 2)],
  ["Float32Array", kind(FLOAT)],
  ["Float64Array", kind(DOUBLE)],
]);

/** The constructor of a TypedArray or of DataView. */
export type ViewConstructor = { readonly name: string; readonly prototype: ArrayBufferView };

/**
 * What one element is to MPI.
 * @param of A datatype, a view, or the class of one.
 * @throws TypeError for anything else
 */
export function elementKind(of: Datatype | ArrayBufferView | ViewConstructor, argument: string): ElementKind {
  if (of instanceof Datatype) return kind(of);
  const name = typeof of === "function" ? (of as ViewConstructor).name : (tagOf(of) ?? "");
  const found =
    of instanceof DataView || name === "DataView"
      ? kind(BYTE)
      : KINDS.get(name === "Buffer" ? "Uint8Array" : name);
  if (found === undefined) throw invalidType(argument, "a Datatype, a TypedArray or the class of one", of);
  return found;
}

/** A property of %TypedArray%.prototype as a function: objects cannot pretend to be arrays, or longer ones. */
function intrinsic(property: PropertyKey): (value: unknown) => unknown {
  const prototype = Object.getPrototypeOf(Uint8Array.prototype);
  const getter = Object.getOwnPropertyDescriptor(prototype, property)?.get as () => unknown;
  return (value) => getter.call(value);
}

/** The name of the TypedArray's class, undefined for anything else. */
const tagOf = intrinsic(Symbol.toStringTag) as (value: unknown) => string | undefined;
const lengthOf = intrinsic("length") as (value: unknown) => number;

/** What C gets of a buffer: address, count, datatype. Reused by hot paths. */
export class ResolvedBuffer {
  data: ArrayBufferView | bigint | null = null;
  count = 0;
  type: Datatype = BYTE;
  handle: Handle = 0;
  /** Name of the argument it came from. */
  argument = "";

  /** Bytes of the message. */
  get byteLength(): number {
    return this.count * this.type.size;
  }
}

// The kind that was met last: programs send many messages of one kind.
let lastTag: string | undefined;
let lastKind: ElementKind = kind(BYTE);
let lastHandle: Handle = 0;

/**
 * Turns what the user gave into what C wants. Allocates nothing for a TypedArray.
 * @param value A {@link MessageBuffer}, checked here.
 * @param argument Its name in errors.
 * @param into Overwritten and returned.
 */
export function resolve(value: unknown, argument: string, into: ResolvedBuffer): ResolvedBuffer {
  const tag = tagOf(value);
  if (tag === undefined) return resolveOther(value, argument, into);
  if (tag !== lastTag) remember(tag);
  const count = lengthOf(value) * lastKind.perElement;
  if (count === 0 || count > INT_MAX) throw unusableLength(value as ArrayBufferView, count, argument);
  into.data = value as ArrayBufferView;
  into.count = count;
  into.type = lastKind.type;
  into.handle = lastHandle;
  into.argument = argument;
  return into;
}

function remember(tag: string): void {
  const found = KINDS.get(tag);
  if (found === undefined) throw invalidType("buffer", "a known kind of TypedArray", tag);
  lastHandle = found.type.handle;
  lastKind = found;
  lastTag = tag;
}

function unusableLength(view: ArrayBufferView, count: number, argument: string): Error {
  if (count > 0) return outOfRange(argument, `at most ${INT_MAX} elements`, count);
  if (isDetached(view.buffer)) return invalidValue(argument, "the ArrayBuffer is detached", view);
  const expected = "at least one element (an empty message is sent as { data, count: 0 })";
  return outOfRange(argument, expected, view);
}

/** Node 20 has no `ArrayBuffer.prototype.detached`, but a detached buffer refuses to be viewed. */
function isDetached(buffer: ArrayBufferLike): boolean {
  try {
    new Uint8Array(buffer);
    return false;
  } catch {
    return true;
  }
}

/** Everything but a plain TypedArray. */
function resolveOther(value: unknown, argument: string, into: ResolvedBuffer): ResolvedBuffer {
  const bytes = bytesOf(value, argument);
  if (bytes === undefined) return resolveDescription(value, argument, into);
  if (bytes.length === 0 || bytes.length > INT_MAX) throw unusableLength(bytes, bytes.length, argument);
  return fill(into, bytes, bytes.length, BYTE, argument);
}

function fill(
  into: ResolvedBuffer,
  data: ArrayBufferView | null,
  count: number,
  type: Datatype,
  argument: string,
): ResolvedBuffer {
  into.data = data;
  into.count = count;
  into.type = type;
  into.handle = type.handle;
  into.argument = argument;
  return into;
}

/** A view of the bytes of a DataView or of a whole (Shared)ArrayBuffer; undefined for anything else. */
function bytesOf(value: unknown, argument: string): Uint8Array | undefined {
  const isWhole = value instanceof ArrayBuffer || isShared(value);
  if (!isWhole && !(value instanceof DataView)) return undefined;
  if (isDetached(isWhole ? value : value.buffer))
    throw invalidValue(argument, "the ArrayBuffer is detached", value);
  // typed-array-utils takes a SharedArrayBuffer for an empty array.
  return isShared(value)
    ? new Uint8Array(value)
    : bufferSourceToUint8Array(value as ArrayBuffer | DataView<ArrayBuffer>);
}

const isShared = (value: unknown): value is SharedArrayBuffer =>
  typeof SharedArrayBuffer !== "undefined" && value instanceof SharedArrayBuffer;

const EXPECTED = "a TypedArray, DataView, ArrayBuffer, SharedArrayBuffer or { data, count, offset, type }";

function resolveDescription(value: unknown, argument: string, into: ResolvedBuffer): ResolvedBuffer {
  if (typeof value !== "object" || value === null || !("data" in value)) {
    throw invalidType(argument, EXPECTED, value);
  }
  const { data, offset = 0, count, type } = value as Partial<Record<keyof BufferDescription, unknown>>;
  if (type !== undefined && !(type instanceof Datatype))
    throw invalidType(`${argument}.type`, "a Datatype", type);
  const found = KINDS.get(tagOf(data));
  const view = found === undefined ? bytesOf(data, `${argument}.data`) : (data as Uint8Array);
  if (view === undefined)
    throw invalidType(`${argument}.data`, "a TypedArray, DataView or ArrayBuffer", data);
  if (view.length === 0 && isDetached(view.buffer)) {
    throw invalidValue(`${argument}.data`, "the ArrayBuffer is detached", data);
  }
  const first = integerWithin(offset, `${argument}.offset`, view.length);
  const part = first === 0 ? view : view.subarray(first);
  const element = type ?? found?.type ?? BYTE;
  const perElement = type === undefined ? (found?.perElement ?? 1) : 1;
  const available = countOf(part, element, perElement, argument, count === undefined);
  const elements = count === undefined ? available : integerWithin(count, `${argument}.count`, available);
  if (elements === 0 && count === undefined) throw unusableLength(part, 0, argument);
  const total = elements * perElement;
  if (total > INT_MAX) throw outOfRange(`${argument}.count`, `at most ${INT_MAX} elements`, total);
  return fill(into, total === 0 ? null : part, total, element, argument);
}

/** How many elements fit; when the count is not said, they must fill the data. */
function countOf(
  part: Uint8Array,
  type: Datatype,
  perElement: number,
  argument: string,
  whole: boolean,
): number {
  const size = type.size * perElement;
  if (whole && part.byteLength % size !== 0) {
    throw outOfRange(argument, `a multiple of the ${size} bytes of ${type}`, part.byteLength);
  }
  return Math.floor(part.byteLength / size);
}

function integerWithin(value: unknown, argument: string, maximum: number): number {
  if (typeof value !== "number") throw invalidType(argument, "an integer", value);
  if (Number.isInteger(value) && value >= 0 && value <= maximum) return value;
  throw outOfRange(argument, `an integer from 0 to ${maximum}`, value);
}

import { types } from "node:util";
import { Datatype } from "../datatype/datatype.js";
import {
  BYTE,
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
} from "../datatype/predefined.js";
import { invalidType, invalidValue } from "../error.js";

/** Where a message is read or written: the whole of it, each element as the matching MPI datatype. */
export type MessageData = ArrayBufferView | ArrayBufferLike;

/**
 * 16-bit floats, for which the standard has no type: they are moved as words of 16 bits, but are not the integers
 * UINT16_T, so that no predefined operation combines them.
 */
const HALF: Datatype = new Datatype("MPI_UINT16_T");

const TYPES: ReadonlyMap<string | undefined, Datatype> = new Map<string | undefined, Datatype>([
  ["Int8Array", INT8_T],
  ["Uint8Array", UINT8_T],
  ["Uint8ClampedArray", UINT8_T],
  ["Int16Array", INT16_T],
  ["Uint16Array", UINT16_T],
  ["Int32Array", INT32_T],
  ["Uint32Array", UINT32_T],
  ["BigInt64Array", INT64_T],
  ["BigUint64Array", UINT64_T],
  ["Float16Array", HALF],
  ["Float32Array", FLOAT],
  ["Float64Array", DOUBLE],
]);

/** The constructor of a TypedArray or of DataView. */
export type ViewConstructor = { readonly name: string; readonly prototype: ArrayBufferView };

/**
 * The datatype of one element.
 * @param of A datatype, a view, or the class of one.
 * @throws TypeError for anything else
 */
export function datatypeOf(of: Datatype | ArrayBufferView | ViewConstructor, argument: string): Datatype {
  if (of instanceof Datatype) return of;
  const name = typeof of === "function" ? (of as ViewConstructor).name : (tagOf(of) ?? "");
  const found =
    types.isDataView(of) || name === "DataView" ? BYTE : TYPES.get(name === "Buffer" ? "Uint8Array" : name);
  if (found === undefined) throw invalidType(argument, "a Datatype, a TypedArray or the class of one", of);
  return found;
}

/** The datatype of the TypedArrays that have this tag; undefined for other tags, and for undefined. */
export const datatypeOfTag = (tag: string | undefined): Datatype | undefined => TYPES.get(tag);

/** A getter of a prototype as a function: objects cannot pretend to be arrays, or longer ones. */
function intrinsic<Result>(prototype: object, property: PropertyKey): (value: unknown) => Result {
  const getter = Object.getOwnPropertyDescriptor(prototype, property)?.get as () => Result;
  return (value) => getter.call(value);
}

const TYPED_ARRAY = Object.getPrototypeOf(Uint8Array.prototype) as object;

/** The name of the TypedArray's class, undefined for anything else. */
export const tagOf: (value: unknown) => string | undefined = intrinsic(TYPED_ARRAY, Symbol.toStringTag);
/** The others are for TypedArrays only, and throw for anything else. */
export const lengthOf: (value: unknown) => number = intrinsic(TYPED_ARRAY, "length");
export const bufferOf: (value: unknown) => ArrayBuffer = intrinsic(TYPED_ARRAY, "buffer");
export const offsetOf: (value: unknown) => number = intrinsic(TYPED_ARRAY, "byteOffset");
export const byteLengthOf: (value: unknown) => number = intrinsic(TYPED_ARRAY, "byteLength");

const dataViewBuffer: (value: unknown) => ArrayBuffer = intrinsic(DataView.prototype, "buffer");
const dataViewOffset: (value: unknown) => number = intrinsic(DataView.prototype, "byteOffset");
const dataViewLength: (value: unknown) => number = intrinsic(DataView.prototype, "byteLength");

/** Some data as an array, whose elements an offset counts, and what they are to MPI. */
export interface DataElements {
  /** A TypedArray of any kind; of anything else its bytes. */
  readonly view: Uint8Array;
  readonly type: Datatype;
}

/**
 * The elements of some data.
 * @throws TypeError for what holds no bytes, or is detached
 */
export function elementsOf(data: unknown, argument: string): DataElements {
  const tag = tagOf(data);
  const type = TYPES.get(tag);
  if (tag !== undefined && type !== undefined) {
    const [buffer, length] = [bufferOf(data), lengthOf(data)];
    if (length === 0 && isDetached(buffer)) throw invalidValue(argument, "the ArrayBuffer is detached", data);
    // A new view: this one may have properties of its own that tell other places and lengths.
    const View = (globalThis as unknown as Record<string, Uint8ArrayConstructor>)[
      tag
    ] as Uint8ArrayConstructor;
    return { view: new View(buffer, offsetOf(data), length), type };
  }
  const view = bytesOf(data, argument);
  if (view === undefined) throw invalidType(argument, "a TypedArray, DataView or ArrayBuffer", data);
  return { view, type: BYTE };
}

/** A view of the bytes of a DataView or of a whole (Shared)ArrayBuffer; undefined for anything else. */
export function bytesOf(value: unknown, argument: string): Uint8Array | undefined {
  // Not `instanceof`: a proxy is no buffer, and one of another realm is.
  const isWhole = types.isAnyArrayBuffer(value);
  if (!isWhole && !types.isDataView(value)) return undefined;
  try {
    if (isWhole) return new Uint8Array(value);
    return new Uint8Array(dataViewBuffer(value), dataViewOffset(value), dataViewLength(value));
  } catch {
    throw invalidValue(argument, "the ArrayBuffer is detached or has become too short", value);
  }
}

/** Node 20 has no `ArrayBuffer.prototype.detached`, but a detached buffer refuses to be viewed. */
export function isDetached(buffer: ArrayBufferLike): boolean {
  try {
    new Uint8Array(buffer);
    return false;
  } catch {
    return true;
  }
}

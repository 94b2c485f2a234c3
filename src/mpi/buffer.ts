import type { Handle } from "./abi/abi.js";
import { binding } from "./bindings/bind.js";
import {
  bufferOf,
  byteLengthOf,
  bytesOf,
  datatypeOfTag,
  elementsOf,
  isDetached,
  lengthOf,
  type MessageData,
  offsetOf,
  tagOf,
} from "./buffer/element.js";
import { hasLargeCounts, INT_MAX, spanning } from "./buffer/large.js";
import { resolveView, type StridedView, viewTypeOf } from "./buffer/strided.js";
import { Datatype } from "./datatype/datatype.js";
import { BYTE } from "./datatype/predefined.js";
import { invalidType, invalidValue, outOfRange } from "./error.js";

export { datatypeOf, type MessageData, type ViewConstructor } from "./buffer/element.js";

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
 * A view of some data in any number of dimensions, as ndarray and stdlib make them. It is sent and received in
 * place, in row-major order.
 */
export interface StridedDescription {
  readonly data: MessageData;
  /** The length of each dimension; `[]` is a view of one element. */
  readonly shape: ArrayLike<number>;
  /**
   * How far apart the neighbours of each dimension are, in elements of a TypedArray, else in bytes; they may be
   * negative, or, in what is sent, zero. Default: row-major without gaps.
   */
  readonly strides?: ArrayLike<number>;
  /** The name that ndarray has for `strides`. */
  readonly stride?: ArrayLike<number>;
  /** Where the element of index 0 is, in elements of a TypedArray, else in bytes. Default 0. */
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
export type MessageBuffer = MessageData | BufferDescription | StridedDescription;

/** Instead of a buffer, where C has it: the data is in the other buffer already. MPI 4.0 section 6.2.1 */
export const IN_PLACE: unique symbol = Symbol("MPI_IN_PLACE");
export type InPlace = typeof IN_PLACE;

/** What is done with the memory: only what is read may have an element twice. */
export type BufferAccess = "read" | "write";

/** What C gets of a buffer: address, count, datatype. Reused by hot paths. */
export class ResolvedBuffer {
  readonly access: BufferAccess;
  data: ArrayBufferView | bigint | null = null;
  /** How many of `type`. */
  count = 0;
  /** What C is told: of a strided view, and of a count beyond an int, a datatype made for it. */
  type: Datatype = BYTE;
  handle: Handle = 0;
  /** Whether `count` is more than an int, so that the `_c` function must be called. */
  large = false;
  /** How many of `elementType`: the length of the message, whatever C is told. */
  elements = 0;
  elementType: Datatype = BYTE;
  /** Where the elements are, unless one follows the other. */
  view: StridedView | undefined = undefined;
  /** Name of the argument it came from. */
  argument = "";
  /** `data`, or its address once that is worth knowing: what blocking calls pass. */
  pointer: ArrayBufferView | bigint | null = null;
  /** The small TypedArray that it was resolved from, if nothing was changed since. */
  last: unknown;

  /** @param access What is done with the memory. Default `"write"`, which is the stricter. */
  constructor(access: BufferAccess = "write") {
    this.access = access;
  }

  /** Bytes of the message. */
  get byteLength(): number {
    return this.elements * this.elementType.size;
  }
}

/** Elements of the largest array that is remembered. */
const REMEMBERED = 8192;

// The kind that was met last: programs send many messages of one kind.
let lastTag: string | undefined;
let lastType: Datatype = BYTE;
let lastHandle: Handle = 0;

/**
 * Turns what the user gave into what C wants. Allocates nothing for a TypedArray.
 * @param value A {@link MessageBuffer}, checked here.
 * @param argument Its name in errors.
 * @param into Overwritten and returned.
 */
export function resolve(value: unknown, argument: string, into: ResolvedBuffer): ResolvedBuffer {
  if (isReading) throw invalidValue(argument, "a getter of another buffer's description calls MPI", value);
  // Loops send and receive the same array again and again. A detached one has no elements any more.
  if (value === into.last && value !== undefined && lengthOf(value) === into.count) {
    if (typeof into.pointer !== "bigint") into.pointer = binding().engine.addressOf(value as ArrayBufferView);
    into.argument = argument;
    return into;
  }
  const tag = tagOf(value);
  if (tag === undefined) return resolveOther(value, argument, into);
  if (tag !== lastTag) remember(tag);
  const count = lengthOf(value);
  if (count === 0 || count > INT_MAX) return resolveUnusual(value as Uint8Array, count, argument, into);
  into.data = value as ArrayBufferView;
  into.pointer = value as ArrayBufferView;
  // Not large ones: this must not keep them alive, and they cost more than knowing their address saves.
  into.last = count <= REMEMBERED ? value : undefined;
  into.count = count;
  into.type = lastType;
  into.handle = lastHandle;
  into.large = false;
  into.elements = count;
  into.elementType = lastType;
  into.view = undefined;
  into.argument = argument;
  return into;
}

function remember(tag: string): void {
  const found = datatypeOfTag(tag);
  if (found === undefined) throw invalidType("buffer", "a known kind of TypedArray", tag);
  lastHandle = found.handle;
  lastType = found;
  lastTag = tag;
}

/** A TypedArray that is empty, or longer than an int can say. */
function resolveUnusual(
  view: Uint8Array,
  count: number,
  argument: string,
  into: ResolvedBuffer,
): ResolvedBuffer {
  if (count === 0) throw emptyBuffer(view, argument);
  return fill(into, view, count, lastType, argument);
}

/** Two small arrays of different memory that were met last: to ask for it costs as much as a call into C. */
const apart: { later?: ArrayBufferView; earlier?: ArrayBufferView } = {};

/**
 * Two buffers of one call must not share memory, for which MPICH ends the process. Elements with gaps between
 * them may lie between each other's: those are not compared.
 * @param parts How many times `earlier` is as long as it counts.
 * @throws TypeError for `later`, or if reading it detached the other
 */
export function assertApart(later: ResolvedBuffer, earlier: ResolvedBuffer, parts = 1): void {
  const [a, b] = [later.data, earlier.data];
  if (typeof a === "bigint" || typeof b === "bigint" || a === null || b === null) return;
  if (byteLengthOf(b) === 0) throw invalidValue(earlier.argument, "the ArrayBuffer is detached", b);
  if (a === apart.later && b === apart.earlier) return;
  const isOfOne = bufferOf(a) === bufferOf(b);
  if (!isOfOne && later.last === a && earlier.last === b) {
    apart.later = a;
    apart.earlier = b;
  }
  if (!isOfOne || !later.type.isDense || !earlier.type.isDense) return;
  const [start, other] = [offsetOf(a), offsetOf(b)];
  if (start < other + earlier.byteLength * parts && other < start + later.byteLength) {
    throw invalidValue(later.argument, "must not overlap the other buffer: say IN_PLACE instead", a);
  }
}

function emptyBuffer(view: Uint8Array, argument: string): Error {
  if (isDetached(bufferOf(view))) return invalidValue(argument, "the ArrayBuffer is detached", view);
  const expected = "at least one element (an empty message is sent as { data, count: 0 })";
  return outOfRange(argument, expected, view);
}

/** Everything but a plain TypedArray. */
function resolveOther(value: unknown, argument: string, into: ResolvedBuffer): ResolvedBuffer {
  const bytes = bytesOf(value, argument);
  if (bytes === undefined) return resolveDescription(value, argument, into);
  if (bytes.length === 0) throw emptyBuffer(bytes, argument);
  return fill(into, bytes, bytes.length, BYTE, argument);
}

/** Elements that follow each other. */
function fill(
  into: ResolvedBuffer,
  data: ArrayBufferView | null,
  elements: number,
  type: Datatype,
  argument: string,
): ResolvedBuffer {
  into.data = data;
  into.elementType = type;
  into.view = undefined;
  into.argument = argument;
  return recount(into, elements);
}

/**
 * Changes how many elements C is told of, for an operation that is told of a part of the buffer, and takes as
 * many such parts as there are ranks, one after another.
 * @param elements How many of `into.elementType`.
 * @throws RangeError if the view is not made of parts of this length
 */
export function recount(into: ResolvedBuffer, elements: number): ResolvedBuffer {
  const { elementType, view } = into;
  const isLarge = elements > INT_MAX;
  into.large = isLarge && view === undefined && hasLargeCounts();
  into.elements = elements;
  if (view !== undefined) {
    into.type = viewTypeOf(view, elements, into.argument);
    into.count = 1;
  } else if (isLarge && !into.large) {
    into.type = spanning(elementType, elements);
    into.count = 1;
  } else {
    into.type = elementType;
    into.count = elements;
  }
  into.handle = into.type.handle;
  into.pointer = into.data;
  into.last = undefined;
  return into;
}

const EXPECTED =
  "a TypedArray, DataView, ArrayBuffer, SharedArrayBuffer, { data, count, offset, type } or { data, shape, strides }";

function resolveDescription(value: unknown, argument: string, into: ResolvedBuffer): ResolvedBuffer {
  if (typeof value !== "object" || value === null || !("data" in value)) {
    throw invalidType(argument, EXPECTED, value);
  }
  const given = snapshot(value);
  const { data, type } = given;
  if (type !== undefined && !(type instanceof Datatype))
    throw invalidType(`${argument}.type`, "a Datatype", type);
  const { view, type: own } = elementsOf(data, `${argument}.data`);
  const element = type ?? own;
  if ("shape" in given) return resolveStrided(given, view, element, argument, into);
  const { count, offset = 0 } = given;
  const first = integerWithin(offset, `${argument}.offset`, view.length);
  const part = first === 0 ? view : view.subarray(first);
  const elements =
    count === undefined
      ? countIn(view, part, element, argument)
      : integerWithin(count, `${argument}.count`, mostIn(view, part, element));
  return fill(into, elements === 0 ? null : part, elements, element, argument);
}

const FIELDS = ["data", "type", "count", "offset", "shape", "strides", "stride"] as const;

/** Whether a description is being read, whose getters might call MPI, and so overwrite what was resolved. */
let isReading = false;

/** What a description says, read once. */
function snapshot(description: object): Partial<Record<(typeof FIELDS)[number], unknown>> {
  const source = description as Record<string, unknown>;
  isReading = true;
  try {
    return Object.fromEntries(FIELDS.flatMap((name) => (name in source ? [[name, source[name]]] : [])));
  } finally {
    isReading = false;
  }
}

function resolveStrided(
  value: object,
  view: Uint8Array,
  element: Datatype,
  argument: string,
  into: ResolvedBuffer,
): ResolvedBuffer {
  const found = resolveView(value, view, element, argument, into.access === "write");
  if (found.strided === undefined) return fill(into, found.data, found.elements, element, argument);
  into.data = found.data;
  into.elementType = element;
  into.view = found.strided;
  into.argument = argument;
  return recount(into, found.elements);
}

/** How many elements fit into the part of `view` that begins at their address. */
function mostIn(view: Uint8Array, part: Uint8Array, type: Datatype): number {
  const bytes = part.byteLength;
  if (type.isDense) return Math.floor(bytes / type.size);
  // Elements of a derived type may lie before their address.
  return Math.min(type.countWithin(view.byteLength - bytes, bytes), Number.MAX_SAFE_INTEGER);
}

/** The same where the user did not say how many: those of a type without gaps must fill the data. */
function countIn(view: Uint8Array, part: Uint8Array, type: Datatype, argument: string): number {
  if (part.length === 0) throw emptyBuffer(part, argument);
  const { size } = type;
  if (type.isDense && part.byteLength % size !== 0) {
    throw outOfRange(argument, `a multiple of the ${size} bytes of ${type}`, part.byteLength);
  }
  if (!type.isDense && type.extent <= 0) {
    throw outOfRange(
      `${argument}.count`,
      `a count, since the extent of ${type} is ${type.extent}`,
      undefined,
    );
  }
  const elements = mostIn(view, part, type);
  if (elements > 0) return elements;
  throw outOfRange(argument, `room for an element of ${type}`, `${part.byteLength} bytes`);
}

function integerWithin(value: unknown, argument: string, maximum: number): number {
  if (typeof value !== "number") throw invalidType(argument, "an integer", value);
  if (Number.isInteger(value) && value >= 0 && value <= maximum) return value;
  throw outOfRange(argument, `an integer from 0 to ${maximum}`, value);
}

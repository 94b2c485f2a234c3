import type { Handle } from "../abi/abi.js";
import { HandleArray } from "../bindings/scratch.js";
import { Datatype } from "../datatype/datatype.js";
import { BYTE } from "../datatype/predefined.js";
import { invalidType, invalidValue, MpiError, outOfRange } from "../error.js";
import { elementsOf, type MessageData } from "./element.js";
import { hasLargeCounts, INT_MAX } from "./large.js";

/** One block of data for each rank, of different lengths: the buffers of the v variants. MPI 4.0 section 6.5 */
export interface BlocksDescription {
  readonly data: MessageData;
  /** Elements of `type` in the block of each rank. */
  readonly counts: ArrayLike<number>;
  /** Where each block begins, in elements of `type` (its extents). Default: one block after another. */
  readonly displs?: ArrayLike<number>;
  /** Default: the datatype of `data`. */
  readonly type?: Datatype;
}

/** One block of data for each rank, each of its own type: the buffers of alltoallw. MPI 4.0 section 6.8 */
export interface TypedBlocksDescription {
  readonly data: MessageData;
  /** Elements of its type in the block of each rank. */
  readonly counts: ArrayLike<number>;
  /** Where each block begins, in bytes. Default: one block after another. */
  readonly displs?: ArrayLike<number>;
  /** The type of each block. */
  readonly types: readonly Datatype[];
}

/** What may be asked of blocks. */
export interface BlocksOptions {
  /** Whether blocks that overlap are refused, as those that are received into must be. Default false. */
  readonly disjoint?: boolean;
}

/** Counts or displacements as C reads them: 64 bits wide for the `_c` functions. */
export type CountArray = Int32Array | BigInt64Array;

/**
 * What C gets of blocks: address, counts, displacements, datatype. The arrays are made anew by each
 * {@link resolveBlocks}; a nonblocking operation must hold them until it is complete.
 */
export class ResolvedBlocks {
  data: ArrayBufferView | bigint | null = null;
  counts: CountArray = new Int32Array(0);
  displs: CountArray = new Int32Array(0);
  type: Datatype = BYTE;
  /** The type that was given, if one was. */
  given: unknown;
  handle: Handle = 0;
  /** Whether the arrays are 64 bits wide, so that the `_c` function must be called. */
  large = false;
  /** Where the blocks lie in `data`. */
  places: readonly Place[] = [];
  /** Elements of `type` in all blocks. */
  elements = 0;
  /** Name of the argument it came from. */
  argument = "";

  /** The same with arrays that are 64 bits wide, for a `_c` function that another buffer of the same call needs. */
  widened(): ResolvedBlocks {
    const { counts, displs } = this;
    return Object.assign(new ResolvedBlocks(), this, {
      counts: wide(counts),
      displs: wide(displs),
      large: true,
    });
  }
}

/** What C gets of blocks that have types of their own. As {@link ResolvedBlocks}, with displacements in bytes. */
export class ResolvedTypedBlocks {
  data: ArrayBufferView | bigint | null = null;
  counts: CountArray = new Int32Array(0);
  displs: CountArray = new Int32Array(0);
  types: readonly Datatype[] = [];
  /** The handles of the types, as C reads them: `handles.view`. */
  handles: HandleArray | undefined;
  large = false;
  /** Where the blocks lie in `data`. */
  places: readonly Place[] = [];
  argument = "";

  /** As {@link ResolvedBlocks.widened}. */
  widened(): ResolvedTypedBlocks {
    const { counts, displs } = this;
    return Object.assign(new ResolvedTypedBlocks(), this, {
      counts: wide(counts),
      displs: wide(displs),
      large: true,
    });
  }
}

const wide = (values: CountArray): BigInt64Array =>
  values instanceof BigInt64Array ? values : BigInt64Array.from(values, BigInt);

/** What is expected of either kind. */
export const BLOCKS = "{ data, counts, displs, type }";
export const TYPED_BLOCKS = "{ data, counts, displs, types }";

/**
 * Turns the blocks that the user gave into what C wants.
 * @param value A {@link BlocksDescription}, checked here: every block lies inside of the data.
 * @param argument Its name in errors.
 * @param blocks How many blocks there must be: the number of ranks.
 * @param into Overwritten and returned.
 * @throws TypeError, RangeError; MpiError `ERR_MPI_UNSUPPORTED` for counts or displacements beyond an int if the
 *   library does not have them
 */
export function resolveBlocks(
  value: unknown,
  argument: string,
  blocks: number,
  into: ResolvedBlocks,
  { disjoint = false }: BlocksOptions = {},
): ResolvedBlocks {
  const { data, counts, displs, type } = described(value, argument, BLOCKS);
  if (type !== undefined && !(type instanceof Datatype))
    throw invalidType(`${argument}.type`, "a Datatype", type);
  const { view, type: own } = elementsOf(data, `${argument}.data`);
  const element = type ?? own;
  const lengths = integers(counts, `${argument}.counts`, blocks, 0);
  const starts = displs === undefined ? sums(lengths) : integers(displs, `${argument}.displs`, blocks);
  const { extent } = element;
  const places = lengths.map((count, i) => placeOf(element, count, (starts[i] as number) * extent));
  assertInside(places, view.byteLength, argument);
  if (disjoint) assertDisjoint(places, argument);
  const large = [...lengths, ...starts].some((each) => each > INT_MAX || each < -INT_MAX);
  if (large) assertLargeCounts(argument);
  into.elements = lengths.reduce((sum, count) => sum + count, 0);
  into.data = into.elements === 0 ? null : view;
  into.counts = arrayOf(lengths, large);
  into.displs = arrayOf(starts, large);
  into.type = element;
  into.given = type;
  into.handle = element.handle;
  into.large = large;
  into.places = places;
  into.argument = argument;
  return into;
}

/**
 * As {@link resolveBlocks}, for blocks that have types of their own.
 * @param value A {@link TypedBlocksDescription}.
 */
export function resolveTypedBlocks(
  value: unknown,
  argument: string,
  blocks: number,
  into: ResolvedTypedBlocks,
  { disjoint = false }: BlocksOptions = {},
): ResolvedTypedBlocks {
  const { data, counts, displs, types } = described(value, argument, TYPED_BLOCKS);
  const { view } = elementsOf(data, `${argument}.data`);
  const lengths = integers(counts, `${argument}.counts`, blocks, 0);
  const list = datatypes(types, `${argument}.types`, blocks);
  const extents = lengths.map((count, i) => count * (list[i] as Datatype).extent);
  const starts = displs === undefined ? sums(extents) : integers(displs, `${argument}.displs`, blocks);
  const places = lengths.map((count, i) => placeOf(list[i] as Datatype, count, starts[i] as number));
  assertInside(places, view.byteLength, argument);
  if (disjoint) assertDisjoint(places, argument);
  const large = [...lengths, ...starts].some((each) => each > INT_MAX || each < -INT_MAX);
  if (large) assertLargeCounts(argument);
  into.data = lengths.every((count) => count === 0) ? null : view;
  into.counts = arrayOf(lengths, large);
  into.displs = arrayOf(starts, large);
  into.types = list;
  into.handles = new HandleArray(blocks);
  for (const [i, type] of list.entries()) into.handles.set(i, type.handle);
  into.large = large;
  into.places = places;
  into.argument = argument;
  return into;
}

/** @throws TypeError if it is not what is expected at all */
export function described(value: unknown, argument: string, expected: string): Record<string, unknown> {
  if (typeof value === "object" && value !== null && "data" in value && "counts" in value) {
    return value as Record<string, unknown>;
  }
  throw invalidType(argument, expected, value);
}

/** A list of one integer for each block. */
function integers(
  value: unknown,
  argument: string,
  length: number,
  minimum = -Number.MAX_SAFE_INTEGER,
): number[] {
  const list = listOf(value, argument, length, "integers");
  for (const [i, each] of list.entries()) {
    if (typeof each !== "number") throw invalidType(`${argument}[${i}]`, "an integer", each);
    if (Number.isSafeInteger(each) && each >= minimum) continue;
    throw outOfRange(`${argument}[${i}]`, minimum === 0 ? "an integer of at least 0" : "an integer", each);
  }
  return list as number[];
}

function datatypes(value: unknown, argument: string, length: number): Datatype[] {
  const list = listOf(value, argument, length, "datatypes");
  for (const [i, each] of list.entries()) {
    if (!(each instanceof Datatype)) throw invalidType(`${argument}[${i}]`, "a Datatype", each);
  }
  return list as Datatype[];
}

function listOf(value: unknown, argument: string, length: number, what: string): unknown[] {
  if (typeof value !== "object" || value === null || !("length" in value)) {
    throw invalidType(argument, `an array of ${what}`, value);
  }
  const list = Array.from(value as ArrayLike<unknown>);
  if (list.length !== length) throw outOfRange(argument, `${length} entries, one for each rank`, list.length);
  return list;
}

/** What is before each. */
function sums(values: readonly number[]): number[] {
  let sum = 0;
  return values.map((value) => {
    const before = sum;
    sum += value;
    return before;
  });
}

/** The bytes of a block. */
export interface Place {
  readonly begin: number;
  readonly end: number;
  /** Whether all bytes between them are the block's. */
  readonly dense: boolean;
}

function placeOf(type: Datatype, count: number, start: number): Place {
  if (count === 0) return { begin: start, end: start, dense: true };
  const { first, last } = type.reach(count);
  return { begin: start + first, end: start + last, dense: type.isDense };
}

function assertInside(places: readonly Place[], byteLength: number, argument: string): void {
  for (const [i, { begin, end }] of places.entries()) {
    if (begin === end || (begin >= 0 && end <= byteLength)) continue;
    const expected = `block ${i} inside of the data of ${byteLength} bytes`;
    throw outOfRange(argument, expected, `from byte ${begin} to ${end}`);
  }
}

/**
 * What is sent and what is received must not lie upon each other, for which MPICH ends the process.
 * @throws TypeError
 */
export function assertBlocksApart(
  from: ResolvedBlocks | ResolvedTypedBlocks,
  into: ResolvedBlocks | ResolvedTypedBlocks,
): void {
  const [a, b] = [from.data, into.data];
  if (!ArrayBuffer.isView(a) || !ArrayBuffer.isView(b) || a.buffer !== b.buffer) return;
  const distance = a.byteOffset - b.byteOffset;
  const sent = from.places.filter(({ begin, end, dense }) => dense && begin < end);
  for (const { begin, end, dense } of into.places) {
    const isHit = sent.some((place) => place.begin + distance < end && begin < place.end + distance);
    if (dense && begin < end && isHit) {
      throw invalidValue(from.argument, "must not overlap the other buffer: say IN_PLACE instead", a);
    }
  }
}

/** Blocks with gaps may lie in each other's gaps: of these, only equal beginnings are sure to overlap. */
function assertDisjoint(places: readonly Place[], argument: string): void {
  const order = [...places.keys()].filter((i) => (places[i] as Place).begin < (places[i] as Place).end);
  order.sort((a, b) => (places[a] as Place).begin - (places[b] as Place).begin);
  for (const [k, i] of order.entries()) {
    const next = order[k + 1];
    if (next === undefined) return;
    const [one, other] = [places[i], places[next]] as [Place, Place];
    const meets = one.begin === other.begin || (one.dense && other.dense && one.end > other.begin);
    if (!meets) continue;
    throw outOfRange(
      argument,
      "blocks that do not overlap",
      `blocks ${i} and ${next} at bytes ${one.begin} and ${other.begin}`,
    );
  }
}

function assertLargeCounts(argument: string): void {
  if (hasLargeCounts()) return;
  throw new MpiError(
    `${argument}: a count or displacement is more than ${INT_MAX}, which this MPI library cannot take; ` +
      "it came with MPI 4.0",
    { code: "ERR_MPI_UNSUPPORTED" },
  );
}

const arrayOf = (values: readonly number[], large: boolean): CountArray =>
  large ? BigInt64Array.from(values, BigInt) : Int32Array.from(values);

import { Datatype } from "../datatype/datatype.js";
import { invalidType, invalidValue, outOfRange } from "../error.js";
import { TypeCache } from "./type-cache.js";

/** One dimension of a view. */
export interface Dimension {
  readonly length: number;
  /** From one to the next, in bytes. */
  readonly stride: number;
}

/** Elements that do not follow each other. */
export interface StridedView {
  readonly element: Datatype;
  /** As few as can be. */
  readonly dimensions: readonly Dimension[];
  /** How many of `element.type`. */
  readonly elements: number;
}

/** A view that was found to lie inside of its data. */
interface FoundView {
  /** From its element of index 0 on; null if it is empty. */
  readonly data: ArrayBufferView | null;
  /** How many of the element's type. */
  readonly elements: number;
  /** Undefined if the elements follow each other. */
  readonly strided: StridedView | undefined;
}

/**
 * Checks a view that a user gave as `{ shape, strides, offset }`.
 * @param data Its data: `strides` and `offset` count the elements of this array.
 * @param distinct Whether it must not have any element twice.
 * @throws TypeError, RangeError
 */
export function resolveView(
  value: object,
  data: Uint8Array,
  element: Datatype,
  argument: string,
  distinct: boolean,
): FoundView {
  const { shape, offset = 0, strides, stride = strides, count } = value as Record<string, unknown>;
  if (count !== undefined) throw invalidValue(`${argument}.count`, "the shape says it already", count);
  const lengths = integers(shape, `${argument}.shape`, 0);
  const steps =
    stride === undefined ? rowMajor(lengths, element, data) : integers(stride, `${argument}.strides`);
  if (steps.length !== lengths.length) {
    throw outOfRange(`${argument}.strides`, `${lengths.length} strides, as the shape has dimensions`, stride);
  }
  const [first = 0] = integers([offset], `${argument}.offset`, 0);
  const total = lengths.reduce((product, length) => product * length, 1);
  if (total === 0) return { data: null, elements: 0, strided: undefined };
  const scale = data.BYTES_PER_ELEMENT;
  const dimensions = simplify(lengths.map((length, i) => ({ length, stride: (steps[i] as number) * scale })));
  assertInside(dimensions, first * scale, data.byteLength, element, argument, value);
  const elements = total;
  const part = first === 0 ? data : data.subarray(first);
  if (isContiguous(dimensions, element)) return { data: part, elements, strided: undefined };
  const strided = { element, dimensions, elements };
  if (distinct && wholeViewType(strided).overlaps) {
    throw invalidValue(
      argument,
      "a view that has an element twice can be sent, but not received into",
      value,
    );
  }
  return { data: part, elements, strided };
}

function integers(value: unknown, argument: string, minimum = -Number.MAX_SAFE_INTEGER): number[] {
  if (typeof value !== "object" || value === null || !("length" in value)) {
    throw invalidType(argument, "an array of integers", value);
  }
  const list = Array.from(value as ArrayLike<unknown>);
  for (const item of list) {
    if (Number.isSafeInteger(item) && (item as number) >= minimum) continue;
    const expected = minimum === 0 ? "integers of at least 0" : "integers";
    throw typeof item === "number"
      ? outOfRange(argument, expected, value)
      : invalidType(argument, expected, value);
  }
  return list as number[];
}

/** The strides, in elements of the data, of a view without gaps. */
function rowMajor(lengths: readonly number[], element: Datatype, data: Uint8Array): number[] {
  let step = element.extent / data.BYTES_PER_ELEMENT;
  return lengths
    .map((_, i) => {
      const own = step;
      step *= lengths.at(-1 - i) as number;
      return own;
    })
    .reverse();
}

/** Whether the elements follow each other. */
const isContiguous = (dimensions: readonly Dimension[], type: Datatype): boolean =>
  dimensions.length === 0 || (dimensions.length === 1 && dimensions[0]?.stride === type.extent);

/**
 * The same elements in the same order in as few dimensions as can be: those of length 1 are dropped, and two
 * that continue each other are one.
 */
export function simplify(dimensions: readonly Dimension[]): Dimension[] {
  const simple: Dimension[] = [];
  for (const { length, stride } of dimensions) {
    if (length === 1) continue;
    const outer = simple.at(-1);
    if (outer?.stride === length * stride) simple.splice(-1, 1, { length: outer.length * length, stride });
    else simple.push({ length, stride });
  }
  return simple;
}

/** How far the elements lie from the one of index 0, in bytes. */
export function reach(dimensions: readonly Dimension[]): { lowest: number; highest: number } {
  let lowest = 0;
  let highest = 0;
  for (const { length, stride } of dimensions) {
    if (stride < 0) lowest += (length - 1) * stride;
    else highest += (length - 1) * stride;
  }
  return { lowest, highest };
}

function assertInside(
  dimensions: readonly Dimension[],
  offset: number,
  byteLength: number,
  type: Datatype,
  argument: string,
  value: object,
): void {
  const { lowest, highest } = reach(dimensions);
  const begin = offset + lowest + type.trueLb;
  const end = offset + highest + type.trueLb + type.trueExtent;
  if (begin >= 0 && end <= byteLength) return;
  const expected = `a view inside of its data of ${byteLength} bytes (this one is from byte ${begin} to ${end})`;
  throw outOfRange(argument, expected, value);
}

/**
 * Whether two indices lead to the same memory.
 * @param size Bytes of an element.
 */
export function hasOverlap(dimensions: readonly Dimension[], size: number): boolean {
  // Where each stride is longer than all that is inside of it, nothing meets: the usual case.
  let inside = size;
  for (const { length, stride } of dimensions.toSorted((a, b) => Math.abs(a.stride) - Math.abs(b.stride))) {
    if (Math.abs(stride) < inside) return meets(dimensions, size);
    inside += (length - 1) * Math.abs(stride);
  }
  return false;
}

/** The same by marking all the bytes. */
function meets(dimensions: readonly Dimension[], size: number): boolean {
  const { lowest, highest } = reach(dimensions);
  const taken = new Uint8Array(highest - lowest + size);
  const visit = (depth: number, at: number): boolean => {
    const dimension = dimensions[depth];
    if (dimension === undefined) {
      const bytes = taken.subarray(at, at + size);
      if (bytes.includes(1)) return true;
      bytes.fill(1);
      return false;
    }
    for (let i = 0; i < dimension.length; i++) {
      if (visit(depth + 1, at + i * dimension.stride)) return true;
    }
    return false;
  };
  return visit(0, -lowest);
}

/** The datatype of a view, which is all of the message. */
interface ViewType {
  readonly type: Datatype;
  readonly overlaps: boolean;
}

const viewTypes = new TypeCache<ViewType>(64);

/**
 * The datatype of a view or, if it is to be divided, of its first part, with an extent that puts the next part
 * behind it.
 * @param elements How many of the element's type the datatype has.
 * @throws RangeError if the first dimension cannot be divided into such parts
 */
export function viewTypeOf(view: StridedView, elements: number, argument: string): Datatype {
  return elements === view.elements ? wholeViewType(view).type : partType(view, elements, argument);
}

function wholeViewType(view: StridedView): ViewType {
  const type = view.element;
  return viewTypes.get(keyOf(view, view.elements), () => ({
    type: makeViewType(view.dimensions, view.element),
    // Of a type with gaps, others may lie in the gaps: only what begins at the same byte surely meets.
    overlaps: hasOverlap(view.dimensions, type.isDense ? type.size : 1),
  }));
}

function partType(view: StridedView, elements: number, argument: string): Datatype {
  const [outer, ...rest] = view.dimensions as [Dimension, ...Dimension[]];
  const length = (outer.length * elements) / view.elements;
  if (!Number.isInteger(length)) {
    const parts = Math.round(view.elements / elements);
    throw outOfRange(argument, `a view whose first dimension can be divided by ${parts}`, outer.length);
  }
  const make = (): ViewType => {
    using part = makeViewType([{ length, stride: outer.stride }, ...rest], view.element);
    return { type: Datatype.resized(part, 0, length * outer.stride), overlaps: false };
  };
  return viewTypes.get(keyOf(view, elements), make).type;
}

function keyOf({ element, dimensions }: StridedView, elements: number): string {
  const steps = dimensions.map(({ length, stride }) => `${length}x${stride}`);
  return `${element.serial} ${steps} ${elements}`;
}

/** One hvector around another, from the last dimension to the first. */
function makeViewType(dimensions: readonly Dimension[], type: Datatype): Datatype {
  let inner = type;
  let blocklength = 1;
  for (const { length, stride } of dimensions.toReversed()) {
    if (inner === type && stride === blocklength * type.extent) blocklength *= length;
    else {
      const outer = Datatype.hvector(length, blocklength, stride, inner);
      if (inner !== type) inner.free();
      inner = outer;
      blocklength = 1;
    }
  }
  // Parts of one dimension may be contiguous.
  return blocklength === 1 && inner !== type ? inner : Datatype.contiguous(blocklength, inner);
}

import { invalidType, outOfRange } from "../argument-error.js";
import { elementOfArray } from "./types.js";

/** The most dimensions that a view has. */
export const MOST_DIMENSIONS = 4;

type ElementOf<Data> = Data extends BigInt64Array ? bigint : number;

/** The TypedArrays that can be viewed. */
export type ViewData =
  | Int8Array
  | Uint8Array
  | Uint8ClampedArray
  | Int16Array
  | Uint16Array
  | Int32Array
  | Uint32Array
  | Float32Array
  | Float64Array
  | BigInt64Array;

/** What `subarray` takes of one dimension: all of it, those from a first index up to another, or one. */
export type NdRange = null | number | readonly [from: number, to: number];

/**
 * Rows and columns, or up to four dimensions, over a TypedArray. Made by {@link nd}: row-major and without gaps; its
 * parts may have gaps. It is a buffer for MPI, too.
 */
export class NdView<Data extends ViewData = ViewData> {
  readonly data: Data;
  /** The length of each dimension. */
  readonly shape: readonly number[];
  /** How far apart the neighbours of each dimension are, in elements. */
  readonly strides: readonly number[];
  /** Where in `data` its first element is. */
  readonly offset: number;
  /** Whether its elements follow each other, those of the last dimension first. */
  readonly isRowMajor: boolean;
  /** Where in `data` its last element ends. */
  readonly end: number;

  /** `instanceof` tells the objects of this class from those that pretend to be. */
  static [Symbol.hasInstance](value: unknown): boolean {
    return typeof value === "object" && value !== null && #offset in value;
  }

  /** @internal */
  constructor(data: Data, shape: readonly number[], strides: readonly number[], offset: number) {
    this.data = data;
    this.shape = shape;
    this.strides = strides;
    this.offset = offset;
    this.isRowMajor = rowMajor(shape).every((stride, axis) => stride === strides[axis]);
    const last = shape.reduce((sum, length, axis) => sum + (length - 1) * (strides[axis] as number), 0);
    this.end = shape.includes(0) ? 0 : offset + last + 1;
  }

  /** The element at these indexes, one for each dimension. @throws RangeError */
  get(...indexes: number[]): ElementOf<Data> {
    return this.data[this.#offset(indexes)] as ElementOf<Data>;
  }

  /** Stores the last argument at the indexes before it. @throws RangeError */
  set(...indexesAndValue: [...number[], ElementOf<Data>]): void {
    const indexes = indexesAndValue.slice(0, -1) as number[];
    this.data[this.#offset(indexes)] = indexesAndValue.at(-1) as never;
  }

  /**
   * A part, which shares the elements: `u.subarray(null, j)` is column j, `u.subarray(i, null)` row i,
   * `u.subarray([1, nx - 1], [1, ny - 1])` what is within the borders.
   *
   * @param ranges For each dimension null, all of it; `[from, to]`, from an index up to another one, which is not in it;
   *   or an index, and the part has one dimension less.
   * @throws RangeError
   */
  subarray(...ranges: NdRange[]): NdView<Data> {
    const { data, shape, strides } = this;
    if (ranges.length !== shape.length) throw outOfRange("ranges", `${shape.length} of them`, ranges.length);
    let { offset } = this;
    const kept: [length: number, stride: number][] = [];
    for (const [axis, range] of ranges.entries()) {
      const [length, stride] = [shape[axis] as number, strides[axis] as number];
      if (range === null) {
        kept.push([length, stride]);
        continue;
      }
      const [from, to] = typeof range === "number" ? [range, undefined] : range;
      const isIndex = (value: number, most: number): boolean =>
        Number.isInteger(value) && value >= 0 && value <= most;
      if (to !== undefined && !isIndex(to, length)) {
        throw outOfRange(`end of range ${axis}`, `an integer from 0 to ${length}`, to);
      }
      const most = to ?? length - 1;
      if (!isIndex(from, most)) throw outOfRange(`index ${axis}`, `an integer from 0 to ${most}`, from);
      offset += from * stride;
      if (to !== undefined) kept.push([to - from, stride]);
    }
    if (kept.length === 0) throw outOfRange("ranges", "a dimension that is left: use get", ranges);
    return new NdView(
      data,
      Object.freeze(kept.map(([length]) => length)),
      Object.freeze(kept.map(([, stride]) => stride)),
      offset,
    );
  }

  #offset(indexes: readonly number[]): number {
    const { shape, strides } = this;
    if (indexes.length !== shape.length) {
      throw outOfRange("indexes", `${shape.length} indexes`, indexes.length);
    }
    let { offset } = this;
    for (let axis = 0; axis < shape.length; axis++) {
      const [index, length] = [indexes[axis] as number, shape[axis] as number];
      if (!(Number.isInteger(index) && index >= 0 && index < length)) {
        throw outOfRange(`index ${axis}`, `an integer from 0 to ${length - 1}`, index);
      }
      offset += index * (strides[axis] as number);
    }
    return offset;
  }

  /** `"nd(Float64Array, [2, 3])"` */
  toString(): string {
    return `nd(${this.data.constructor.name}, [${this.shape.join(", ")}])`;
  }
}

/** The strides of a view without gaps. */
function rowMajor(shape: readonly number[]): number[] {
  let stride = 1;
  return shape
    .map((_, i) => {
      const own = stride;
      stride *= shape.at(-1 - i) as number;
      return own;
    })
    .reverse();
}

/**
 * A view of an array in up to four dimensions, row-major: `nd(u, [nx, ny]).get(i, j)` is `u[i * ny + j]`, in compiled
 * functions as well, where it is a direct load.
 *
 * @param data The elements. They are shared, and may be more than the view has.
 * @param shape The length of each dimension.
 * @throws TypeError, RangeError if `data` has fewer elements
 */
export function nd<Data extends ViewData>(data: Data, shape: readonly number[]): NdView<Data> {
  const isKnown = ArrayBuffer.isView(data) && elementOfArray(data[Symbol.toStringTag]) !== undefined;
  if (!isKnown) throw invalidType("data", "a TypedArray of numbers or a BigInt64Array", data);
  if (!Array.isArray(shape)) throw invalidType("shape", "an array of lengths", shape);
  if (shape.length < 1 || shape.length > MOST_DIMENSIONS) {
    throw outOfRange("shape", `from 1 to ${MOST_DIMENSIONS} lengths`, shape.length);
  }
  for (const length of shape) {
    if (!Number.isSafeInteger(length) || length < 0)
      throw outOfRange("shape", "lengths of 0 or more", length);
  }
  const size = shape.reduce((product, length) => product * length, 1);
  if (size > data.length) throw outOfRange("data", `at least ${size} elements`, data.length);
  return new NdView(data, Object.freeze([...shape]), Object.freeze(rowMajor(shape)), 0);
}

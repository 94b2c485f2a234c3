import { invalidType, outOfRange } from "../argument-error.js";
import { elementOfArray } from "./types.js";

/** The most dimensions that a view has. */
const MOST_DIMENSIONS = 4;

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

/** Rows and columns, or up to four dimensions, over a TypedArray: row-major and without gaps. Made by {@link nd}. */
export class NdView<Data extends ViewData = ViewData> {
  readonly data: Data;
  /** The length of each dimension. */
  readonly shape: readonly number[];

  /** `instanceof` tells the objects of this class from those that pretend to be. */
  static [Symbol.hasInstance](value: unknown): boolean {
    return typeof value === "object" && value !== null && #offset in value;
  }

  /** @internal */
  constructor(data: Data, shape: readonly number[]) {
    this.data = data;
    this.shape = shape;
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

  #offset(indexes: readonly number[]): number {
    const { shape } = this;
    if (indexes.length !== shape.length) {
      throw outOfRange("indexes", `${shape.length} indexes`, indexes.length);
    }
    let offset = 0;
    for (let axis = 0; axis < shape.length; axis++) {
      const [index, length] = [indexes[axis] as number, shape[axis] as number];
      if (!(Number.isInteger(index) && index >= 0 && index < length)) {
        throw outOfRange(`index ${axis}`, `an integer from 0 to ${length - 1}`, index);
      }
      offset = offset * length + index;
    }
    return offset;
  }

  /** `"nd(Float64Array, [2, 3])"` */
  toString(): string {
    return `nd(${this.data.constructor.name}, [${this.shape.join(", ")}])`;
  }
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
  return new NdView(data, Object.freeze([...shape]));
}

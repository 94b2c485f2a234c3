import { random } from "./kinds.js";

/* Views of arrays, and the plain model of them. */

export const ARRAYS = [
  Int8Array,
  Uint8Array,
  Uint8ClampedArray,
  Int16Array,
  Uint16Array,
  Int32Array,
  Uint32Array,
  Float32Array,
  Float64Array,
  BigInt64Array,
  BigUint64Array,
] as const;

export type ArrayKind = Float64ArrayConstructor;
type Numbers = InstanceType<ArrayKind>;

/** first, first + 1, ..., within what each kind of array can hold. */
export function numbered(kind: ArrayKind, length: number, first = 0): Numbers {
  const isBig = (kind.name as string).startsWith("Big");
  const value = (i: number): number => (first + i) % 100;
  return kind.from({ length }, (_, i) => (isBig ? BigInt(value(i)) : value(i)) as number);
}

/** The elements at some places. */
export const picked = (data: Numbers, at: readonly number[]): Numbers =>
  (data.constructor as ArrayKind).from(at, (place) => data[place] as number);

export interface View {
  readonly shape: readonly number[];
  readonly strides: readonly number[];
  readonly offset: number;
}

/** The places of the elements in row-major order: the plain model of a view. */
export function places({ shape, strides, offset }: View): number[] {
  return shape.reduce(
    (all, length, d) =>
      all.flatMap((at) => Array.from({ length }, (_, i) => at + i * (strides[d] as number))),
    [offset],
  );
}

/** Random numbers that are the same in each run. */
export function generator(seed: number): (below: number) => number {
  const next = random(seed);
  return (below) => next() % below;
}

/** A view of the whole of an array by steps, with its dimensions in any order and direction. */
export function randomView(random: (below: number) => number): { view: View; length: number } {
  const dimensions = 1 + random(4);
  const shape: number[] = [];
  const strides: number[] = [];
  let reach = 1;
  let offset = random(3);
  for (let d = 0; d < dimensions; d++) {
    const length = 1 + random(4);
    const stride = reach + random(3);
    const backwards = random(2) === 1;
    reach = stride * length;
    if (backwards) offset += stride * (length - 1);
    const at = random(d + 1);
    shape.splice(at, 0, length);
    strides.splice(at, 0, backwards ? -stride : stride);
  }
  return { view: { shape, strides, offset }, length: reach + offset + random(3) };
}

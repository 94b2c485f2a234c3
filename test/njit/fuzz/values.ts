import type { Random } from "./random.js";

/* Where JavaScript, C and integers differ. */

const EDGES: readonly number[] = [
  ...[Number.NaN, -0, 0, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY],
  ...[2 ** 31, -(2 ** 31), 2 ** 31 - 1, -(2 ** 31) - 1, 2 ** 32, 2 ** 32 - 1, 2 ** 32 + 5, -(2 ** 32) - 5],
  ...[
    2 ** 53,
    2 ** 53 - 1,
    -(2 ** 53),
    2 ** 53 + 2,
    2 ** 52,
    2 ** 63,
    -(2 ** 63),
    2 ** 64,
    2 ** 26 + 1,
    94906267,
  ],
  ...[1e300, -1e300, 5e-324, 2 ** 31 + 0.5, 4294967295.5, 3.4028235677973366e38, 1.401298464324817e-45],
  ...[0.5, -0.5, 1.5, 2.5, 254.5, 255.5, 0.1, -0.1, 0.49999999999999994, 4503599627370495.5, 1 / 3, 16777217],
  ...[127, 128, -128, -129, 255, 256, 32767, 32768, 65535, 65536],
];

export const BIGINTS: readonly bigint[] = [
  ...[0n, 1n, -1n, 2n, 3n, -7n, 63n, 64n, 255n, 2n ** 31n, 2n ** 32n + 5n, 2n ** 53n + 1n],
  ...[2n ** 63n - 1n, -(2n ** 63n), -(2n ** 62n)],
];

/** A small integer, half of the time; else something at an edge. */
export function wildNumber(random: Random): number {
  return random.weighted([
    [4, () => random.below(20) - 6],
    [5, () => random.pick(EDGES)],
    [1, () => (random.next() - 0.5) * 2 ** random.below(70)],
  ])();
}

/** What loops can count to without end to worry about. */
export function tameNumber(random: Random): number {
  return random.weighted([
    [14, () => random.below(12)],
    [1, () => -0],
    [1, () => Number.NaN],
    [1, () => random.below(12) + 0.5],
    [1, () => -random.below(4)],
  ])();
}

/** A number as JavaScript writes it. */
export function literal(value: number): string {
  if (Number.isNaN(value)) return "NaN";
  if (Object.is(value, -0)) return "(-0)";
  return value < 0 ? `(${value})` : String(value);
}

export const ARRAYS = {
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
} as const;

export type ArrayName = keyof typeof ARRAYS;
export type AnyArray = InstanceType<(typeof ARRAYS)[ArrayName]>;

export const NUMBER_ARRAYS: readonly ArrayName[] = (Object.keys(ARRAYS) as ArrayName[]).filter(
  (name) => name !== "BigInt64Array",
);

/** An array with contents of all sorts. */
export function fill(array: AnyArray, random: Random): AnyArray {
  for (let i = 0; i < array.length; i++) {
    if (array instanceof BigInt64Array) array[i] = random.pick(BIGINTS);
    else array[i] = wildNumber(random);
  }
  return array;
}

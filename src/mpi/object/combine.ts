import { invalidType } from "../error.js";
import { BAND, BOR, BXOR, LAND, LOR, LXOR, MAX, MAXLOC, MIN, MINLOC, Op, PROD, SUM } from "../op.js";

/** How two values become one in `reduceObject`: `left` comes from lower ranks than `right`. */
export type Combine<Value> = (left: Value, right: Value) => Value;

type Test = (a: number, b: number) => boolean;

const greater: Test = (a, b) => a > b;
const less: Test = (a, b) => a < b;

/** Of two values the one that `wins`; not by Math.max, since they may be bigints or strings. */
const best =
  (wins: Test): Combine<number> =>
  (left, right) =>
    wins(right, left) ? right : left;

type Pair = readonly [value: number, index: number];

/** Of two pairs the one whose value `wins`; of equal values the lower index. */
const located =
  (wins: Test): Combine<Pair> =>
  (left, right) => {
    if (wins(left[0], right[0])) return left;
    if (wins(right[0], left[0])) return right;
    return left[1] <= right[1] ? left : right;
  };

/** What predefined operations do to single values: numbers, bigints, and with SUM, MAX and MIN strings. */
const COMBINATIONS: ReadonlyMap<unknown, unknown> = new Map<unknown, unknown>([
  [SUM, (a: number, b: number) => a + b],
  [PROD, (a: number, b: number) => a * b],
  [MAX, best(greater)],
  [MIN, best(less)],
  [LAND, (a: unknown, b: unknown) => Boolean(a) && Boolean(b)],
  [LOR, (a: unknown, b: unknown) => Boolean(a) || Boolean(b)],
  [LXOR, (a: unknown, b: unknown) => Boolean(a) !== Boolean(b)],
  [BAND, (a: number, b: number) => a & b],
  [BOR, (a: number, b: number) => a | b],
  [BXOR, (a: number, b: number) => a ^ b],
  [MAXLOC, located(greater)],
  [MINLOC, located(less)],
]);

/** Combines values in their order. @throws what `op` throws */
export function combineAll<Value>(values: readonly Value[], op: Combine<Value>): Value {
  return values.reduce((left, right) => op(left, right));
}

/** What an operation does to two values. @throws TypeError for what has no meaning for single values */
export function combineOf<Value>(op: Combine<Value> | Op): Combine<Value> {
  const combine = op instanceof Op ? COMBINATIONS.get(op) : op;
  if (typeof combine === "function") return combine as Combine<Value>;
  throw invalidType("op", "a function of two values, or a predefined operation (SUM, MAX, ...)", op);
}

import { types } from "node:util";
import { invalidType, MpiError } from "../error.js";
import { assertSync } from "../op/user-function.js";
import { BAND, BOR, BXOR, LAND, LOR, LXOR, MAX, MAXLOC, MIN, MINLOC, Op, PROD, SUM } from "../op.js";

/** How two values become one in `reduceObject`: `left` comes from lower ranks than `right`. */
export type Combine<Value> = (left: Value, right: Value) => Value;

type Test = (a: number, b: number) => boolean;

/** Whatever the order of the ranks, NaN is both the largest and the smallest, as for Math.max and Math.min. */
const orNaN =
  (test: Test): Test =>
  (a, b) =>
    Number.isNaN(a) ? !Number.isNaN(b) : test(a, b);

const greater: Test = orNaN((a, b) => a > b);
const less: Test = orNaN((a, b) => a < b);

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

const isInt32 = (value: unknown): boolean => typeof value === "number" && (value | 0) === value;

/** Values that an operation combines: all are of one kind. */
interface Operands {
  /** What they are, for errors. */
  readonly expected: string;
  /** The kind of one of them; undefined for what is none. */
  readonly kindOf: (value: unknown) => string | undefined;
}

const ofTypes =
  (...kinds: readonly string[]): Operands["kindOf"] =>
  (value) =>
    kinds.includes(typeof value) ? typeof value : undefined;

const ORDERED: Operands = {
  expected: "a number, a bigint or a string",
  kindOf: ofTypes("number", "bigint", "string"),
};
const NUMERIC: Operands = { expected: "a number or a bigint", kindOf: ofTypes("number", "bigint") };
const ANYTHING: Operands = { expected: "anything", kindOf: () => "anything" };
const INTEGERS: Operands = {
  expected: "an integer from -(2 ** 53 - 1) to 2 ** 53 - 1, or a bigint",
  // The bits of two safe integers combine to -(2 ** 53) at the least, which is exact as well.
  kindOf: (value) => (Number.isSafeInteger(value) ? "integer" : ofTypes("bigint")(value)),
};
const PAIRS: Operands = {
  expected: "a pair [value, index] of a number, a bigint or a string, and a number",
  kindOf: (value) => {
    if (!Array.isArray(value) || value.length !== 2 || typeof value[1] !== "number") return undefined;
    const kind = ORDERED.kindOf(value[0]);
    return kind && `pair of ${kind}`;
  },
};

/** A predefined operation on single values. */
interface Predefined {
  readonly operands: Operands;
  readonly combine: (left: never, right: never) => unknown;
  /** Before the first value, so that one alone is combined as well. */
  readonly start: readonly unknown[];
}

const predefined = (
  operands: Operands,
  combine: Predefined["combine"],
  ...start: readonly unknown[]
): Predefined => ({ operands, combine, start });

/** @param act An operator, which takes numbers for 32 bits. */
const onBits = (act: Predefined["combine"]): Predefined =>
  predefined(INTEGERS, (left: unknown, right: unknown) => {
    const isExact = typeof left === "bigint" || (isInt32(left) && isInt32(right));
    if (isExact) return act(left as never, right as never);
    return Number(act(BigInt(left as number) as never, BigInt(right as number) as never));
  });

const PREDEFINED: ReadonlyMap<unknown, Predefined> = new Map([
  [SUM, predefined(ORDERED, (a: number, b: number) => a + b)],
  [PROD, predefined(NUMERIC, (a: number, b: number) => a * b)],
  [MAX, predefined(ORDERED, best(greater))],
  [MIN, predefined(ORDERED, best(less))],
  [LAND, predefined(ANYTHING, (a: unknown, b: unknown) => Boolean(a) && Boolean(b), true)],
  [LOR, predefined(ANYTHING, (a: unknown, b: unknown) => Boolean(a) || Boolean(b), false)],
  [LXOR, predefined(ANYTHING, (a: unknown, b: unknown) => Boolean(a) !== Boolean(b), false)],
  [BAND, onBits((a: number, b: number) => a & b)],
  [BOR, onBits((a: number, b: number) => a | b)],
  [BXOR, onBits((a: number, b: number) => a ^ b)],
  [MAXLOC, predefined(PAIRS, located(greater))],
  [MINLOC, predefined(PAIRS, located(less))],
]);

/**
 * What this process gives to a reduction: `value`.
 * @throws TypeError for an operation without a meaning for single values, for an async function, for a value that
 *   the operation does not combine
 */
export function operand<Value>(value: Value, op: Combine<Value> | Op): Value {
  const known = predefinedOf(op);
  if (known === undefined) return value;
  const { expected, kindOf } = known.operands;
  if (kindOf(value) === undefined) throw invalidType("value", `${expected}, for ${op}`, value);
  return value;
}

/**
 * Combines values in the order of ranks.
 * @param values Those of all ranks.
 * @param count How many of them, from the first: one at least.
 * @throws what `op` throws; MpiError `ERR_MPI_TYPE` for a predefined operation on values of different kinds,
 *   `ERR_MPI_OP` for a function that returns a promise
 */
export function combineAll<Value>(
  values: readonly Value[],
  op: Combine<Value> | Op,
  count: number = values.length,
): Value {
  const known = predefinedOf(op);
  const first = values.slice(0, count);
  if (known !== undefined) {
    assertOneKind(values, known.operands, op);
    return [...(known.start as Value[]), ...first].reduce(known.combine as Combine<Value>);
  }
  return first.reduce((left, right) => {
    const result = (op as Combine<Value>)(left, right);
    assertSync(result);
    return result;
  });
}

/** A predefined operation; undefined for a function. */
function predefinedOf(op: unknown): Predefined | undefined {
  const known = op instanceof Op ? PREDEFINED.get(op) : undefined;
  if (known !== undefined) return known;
  if (typeof op !== "function") {
    throw invalidType("op", "a function of two values, or a predefined operation (SUM, MAX, ...)", op);
  }
  if (types.isAsyncFunction(op)) throw invalidType("op", "a function that is not async", op);
  return undefined;
}

function assertOneKind(values: readonly unknown[], { kindOf }: Operands, op: unknown): void {
  const kinds = values.map(kindOf);
  const other = kinds.findIndex((kind) => kind === undefined || kind !== kinds[0]);
  if (other < 0) return;
  const tell = (rank: number): string => `rank ${rank} gave ${kinds[rank] ?? typeof values[rank]}`;
  throw new MpiError(`${op} combines values of one kind: ${tell(0)}, ${tell(other)}`, {
    code: "ERR_MPI_TYPE",
  });
}

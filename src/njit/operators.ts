import { F64, I64, INT32_TYPE, type IntType, int, type Type } from "./types.js";

/* What the operators of JavaScript give for which types, and how C says it: one line for each. */

/** An operand, in C, as one type or another. */
export interface Operand {
  readonly type: Type;
  /** As int64_t; of an integer, or a boolean. */
  readonly int: string;
  readonly f64: string;
  readonly f32: string;
  /** As int32_t, by ToInt32 of ECMAScript 7.1.6. */
  readonly int32: string;
  readonly i64: string;
}

/** How one operator works on integers, doubles and bigints. */
export interface BinaryOperator {
  readonly kind: "arithmetic" | "bit" | "compare";
  /** The type of the result for two integers. */
  readonly int?: (a: IntType, b: IntType) => Type;
  /** C for two integers, unless they give a double. */
  readonly cInt?: (a: Operand, b: Operand) => string;
  readonly cF64?: (a: Operand, b: Operand) => string;
  /** C for two bigints. Undefined: there is none. */
  readonly cI64?: (a: Operand, b: Operand) => string;
  /** Whether dividing by zero, which throws for bigints, is possible. */
  readonly divides?: boolean;
}

const hasZero = ({ low, high }: IntType): boolean => low <= 0 && high >= 0;
export const isInt32 = ({ low, high }: IntType): boolean => low >= -(2 ** 31) && high < 2 ** 31;
/** Within the int32 that are not negative, where bits are what the number says. */
const isNatural = ({ low, high }: IntType): boolean => low >= 0 && high < 2 ** 31;
/** The largest number with as many bits. */
const ones = (value: number): number => 2 ** Math.ceil(Math.log2(value + 1)) - 1;

function product(a: IntType, b: IntType): Type {
  const corners = [a.low * b.low, a.low * b.high, a.high * b.low, a.high * b.high];
  const isSigned =
    (hasZero(a) && b.low < 0) || (hasZero(b) && a.low < 0) || a.mayBeNegativeZero || b.mayBeNegativeZero;
  return int(Math.min(...corners), Math.max(...corners), isSigned);
}

function remainder(a: IntType, b: IntType): Type {
  if (hasZero(b)) return F64;
  const most = Math.max(Math.abs(b.low), Math.abs(b.high)) - 1;
  if (a.low >= 0) return int(0, Math.min(a.high, most), a.mayBeNegativeZero);
  return int(Math.max(-most, a.low), Math.max(0, Math.min(most, a.high)), true);
}

function and(a: IntType, b: IntType): Type {
  const bounds = [a, b].filter(isNatural).map(({ high }) => high);
  return bounds.length === 0 ? INT32_TYPE : int(0, Math.min(...bounds));
}

const or = (a: IntType, b: IntType): Type =>
  isNatural(a) && isNatural(b) ? int(0, ones(Math.max(a.high, b.high))) : INT32_TYPE;

const constantShift = (b: IntType): number | undefined => (b.low === b.high ? b.low & 31 : undefined);

function shiftRight(a: IntType, b: IntType): Type {
  const by = constantShift(b);
  if (!isInt32(a)) return by === undefined ? INT32_TYPE : int(-(2 ** 31) / 2 ** by, 2 ** (31 - by) - 1);
  return by === undefined ? int(Math.min(a.low, 0), Math.max(a.high, 0)) : int(a.low >> by, a.high >> by);
}

function shiftRightUnsigned(a: IntType, b: IntType): Type {
  const by = constantShift(b);
  if (by !== undefined) return isNatural(a) ? int(a.low >>> by, a.high >>> by) : int(0, 2 ** (32 - by) - 1);
  return int(0, isNatural(a) ? a.high : 2 ** 32 - 1);
}

const plain = (operator: string): Pick<BinaryOperator, "cInt" | "cF64"> => ({
  cInt: (a, b) => `(${a.int} ${operator} ${b.int})`,
  cF64: (a, b) => `(${a.f64} ${operator} ${b.f64})`,
});

/** On the bits of two bigints, where overflow wraps. */
const wrapped = (operator: string) => (a: Operand, b: Operand) =>
  `(int64_t)((uint64_t)${a.i64} ${operator} (uint64_t)${b.i64})`;

const bits = (operator: string): Pick<BinaryOperator, "kind" | "cInt" | "cI64"> => ({
  kind: "bit",
  cInt: (a, b) => `(int64_t)(${a.int32} ${operator} ${b.int32})`,
  cI64: (a, b) => `(${a.i64} ${operator} ${b.i64})`,
});

const compare = (operator: string): BinaryOperator => ({
  kind: "compare",
  ...plain(operator),
  cI64: (a, b) => `(${a.i64} ${operator} ${b.i64})`,
});

export type BinaryName =
  | "+"
  | "-"
  | "*"
  | "/"
  | "%"
  | "**"
  | "&"
  | "|"
  | "^"
  | "<<"
  | ">>"
  | ">>>"
  | "<"
  | "<="
  | ">"
  | ">="
  | "=="
  | "!=";

export const BINARY: Readonly<Record<BinaryName, BinaryOperator>> = {
  "+": {
    kind: "arithmetic",
    int: (a, b) => int(a.low + b.low, a.high + b.high, a.mayBeNegativeZero && b.mayBeNegativeZero),
    ...plain("+"),
    cI64: wrapped("+"),
  },
  "-": {
    kind: "arithmetic",
    int: (a, b) => int(a.low - b.high, a.high - b.low, a.mayBeNegativeZero && hasZero(b)),
    ...plain("-"),
    cI64: wrapped("-"),
  },
  "*": { kind: "arithmetic", int: product, ...plain("*"), cI64: wrapped("*") },
  "/": {
    kind: "arithmetic",
    int: () => F64,
    cF64: (a, b) => `(${a.f64} / ${b.f64})`,
    cI64: (a, b) => `njit_div(${a.i64}, ${b.i64})`,
    divides: true,
  },
  "%": {
    kind: "arithmetic",
    int: remainder,
    cInt: (a, b) => `(${a.int} % ${b.int})`,
    cF64: (a, b) => `fmod(${a.f64}, ${b.f64})`,
    cI64: (a, b) => `njit_rem(${a.i64}, ${b.i64})`,
    divides: true,
  },
  "**": { kind: "arithmetic", int: () => F64, cF64: (a, b) => `njit_pow(${a.f64}, ${b.f64})` },
  "&": { ...bits("&"), int: and },
  "|": { ...bits("|"), int: or },
  "^": { ...bits("^"), int: or },
  "<<": {
    kind: "bit",
    int: () => INT32_TYPE,
    cInt: (a, b) => `(int64_t)(int32_t)((uint32_t)${a.int32} << (${b.int32} & 31))`,
    cI64: (a, b) => `njit_shl(${a.i64}, ${b.i64})`,
  },
  ">>": {
    kind: "bit",
    int: shiftRight,
    cInt: (a, b) => `(int64_t)(${a.int32} >> (${b.int32} & 31))`,
    cI64: (a, b) => `njit_shr(${a.i64}, ${b.i64})`,
  },
  ">>>": {
    kind: "bit",
    int: shiftRightUnsigned,
    cInt: (a, b) => `(int64_t)((uint32_t)${a.int32} >> (${b.int32} & 31))`,
  },
  "<": compare("<"),
  "<=": compare("<="),
  ">": compare(">"),
  ">=": compare(">="),
  "==": compare("=="),
  "!=": compare("!="),
};

/** What the bit operators see of a double. */
export const AS_INT32: IntType = INT32_TYPE as IntType;

export type UnaryName = "-" | "+" | "!" | "~";

/** The negative of an integer: of 0 it is -0. */
export const negated = ({ low, high }: IntType): Type => int(-high, -low, hasZero({ low, high } as IntType));

/** ~x is -x - 1. */
export const complement = (a: IntType): Type => (isInt32(a) ? int(-a.high - 1, -a.low - 1) : INT32_TYPE);

/** The result of an operator on two bigints. */
export const bigintResult = (operator: BinaryOperator): Type =>
  operator.kind === "compare" ? { kind: "bool" } : I64;

import type { Operand } from "./operators.js";
import { isInt32 } from "./operators.js";
import { F32, F64, INT32_TYPE, type IntType, int, type Type } from "./types.js";

/* The functions of Math: what they give for which types, and how C says it. */

export interface MathFunction {
  /** How many arguments, at least and at most. */
  readonly arity: readonly [number, number];
  readonly type: (args: readonly Type[]) => Type;
  readonly c: (args: readonly Operand[], result: Type) => string;
  /** Whether an argument's -0 gives what its 0 gives. */
  readonly ignoresSign?: boolean;
  /** Whether it gives something else at each call. */
  readonly isImpure?: boolean;
}

const areInt = (types: readonly Type[]): types is readonly IntType[] =>
  types.every(({ kind }) => kind === "int");

/** A function of doubles, by its name in C. */
const real = (name: string, arity = 1): MathFunction => ({
  arity: [arity, arity],
  type: () => F64,
  c: (args) => `${name}(${args.map(({ f64 }) => f64).join(", ")})`,
});

/** What leaves an integer as it is. */
const rounding = (name: string): MathFunction => ({
  arity: [1, 1],
  type: ([x]) => (x?.kind === "int" ? x : F64),
  c: ([x], result) => (result.kind === "int" ? (x as Operand).int : `${name}(${(x as Operand).f64})`),
});

function extreme(choose: (...values: number[]) => number, operator: string, name: string): MathFunction {
  return {
    arity: [1, Number.POSITIVE_INFINITY],
    type(types) {
      if (types.length === 1) return types[0] as Type;
      if (!areInt(types)) return F64;
      const isSigned = types.some(({ mayBeNegativeZero }) => mayBeNegativeZero);
      return int(choose(...types.map(({ low }) => low)), choose(...types.map(({ high }) => high)), isSigned);
    },
    c(args, result) {
      const isInt = result.kind === "int";
      if (args.length === 1) return isInt ? (args[0] as Operand).int : (args[0] as Operand).f64;
      const values = args.map((arg) => (isInt ? arg.int : arg.f64));
      return values.reduce((a, b) => (isInt ? `njit_${operator}_int(${a}, ${b})` : `${name}(${a}, ${b})`));
    },
  };
}

const TABLE: Record<string, MathFunction> = {
  abs: {
    arity: [1, 1],
    type([x]) {
      if (x?.kind !== "int") return F64;
      const most = Math.max(Math.abs(x.low), Math.abs(x.high));
      return int(x.low > 0 ? x.low : x.high < 0 ? -x.high : 0, most);
    },
    c: ([x], result) =>
      result.kind === "int" ? `njit_abs_int(${(x as Operand).int})` : `fabs(${(x as Operand).f64})`,
    ignoresSign: true,
  },
  floor: rounding("floor"),
  ceil: rounding("ceil"),
  trunc: rounding("trunc"),
  round: rounding("njit_round"),
  sign: {
    arity: [1, 1],
    type: ([x]) => (x?.kind === "int" ? int(-1, 1, x.mayBeNegativeZero) : F64),
    c: ([x], result) =>
      result.kind === "int" ? `njit_sign_int(${(x as Operand).int})` : `njit_sign(${(x as Operand).f64})`,
  },
  min: extreme(Math.min, "min", "njit_min"),
  max: extreme(Math.max, "max", "njit_max"),
  sqrt: real("sqrt"),
  cbrt: real("cbrt"),
  exp: real("exp"),
  expm1: real("expm1"),
  log: real("log"),
  log1p: real("log1p"),
  log2: real("log2"),
  log10: real("log10"),
  sin: real("sin"),
  cos: real("cos"),
  tan: real("tan"),
  asin: real("asin"),
  acos: real("acos"),
  atan: real("atan"),
  atan2: real("atan2", 2),
  sinh: real("sinh"),
  cosh: real("cosh"),
  tanh: real("tanh"),
  asinh: real("asinh"),
  acosh: real("acosh"),
  atanh: real("atanh"),
  pow: real("njit_pow", 2),
  hypot: {
    arity: [1, Number.POSITIVE_INFINITY],
    type: () => F64,
    c: (args) =>
      args.length === 1
        ? `fabs(${(args[0] as Operand).f64})`
        : args.map(({ f64 }) => f64).reduce((a, b) => `hypot(${a}, ${b})`),
  },
  fround: {
    arity: [1, 1],
    type: () => F32,
    c: ([x]) => (x as Operand).f32,
  },
  imul: {
    arity: [2, 2],
    type: () => INT32_TYPE,
    c: ([a, b]) =>
      `(int64_t)(int32_t)((uint32_t)${(a as Operand).int32} * (uint32_t)${(b as Operand).int32})`,
    ignoresSign: true,
  },
  clz32: {
    arity: [1, 1],
    type: () => int(0, 32),
    c: ([x]) => `njit_clz32((uint32_t)${(x as Operand).int32})`,
    ignoresSign: true,
  },
  random: { arity: [0, 0], type: () => F64, c: () => "njit_random(c)", isImpure: true },
};

/** Of `Math`; undefined if it has no such function, or it cannot be compiled. */
export const mathFunction = (name: string): MathFunction | undefined =>
  Object.hasOwn(TABLE, name) ? TABLE[name] : undefined;

export const mathFunctionNames: readonly string[] = Object.keys(TABLE);

/** `(a / b) | 0`: of two int32 a division of integers. */
export const TRUNCATED_QUOTIENT: MathFunction = {
  arity: [2, 2],
  type: () => INT32_TYPE,
  c: ([a, b]) =>
    areInt32([a as Operand, b as Operand])
      ? `njit_quotient(${(a as Operand).int}, ${(b as Operand).int})`
      : `(int64_t)njit_int32(${(a as Operand).f64} / ${(b as Operand).f64})`,
};

/** `Math.floor(a / b)` and its like: of an int32 by one that is positive, a division of integers. */
function quotient(name: "floor" | "ceil" | "trunc"): MathFunction {
  return {
    arity: [2, 2],
    type([a, b]) {
      if (a?.kind !== "int" || b?.kind !== "int" || !isInt32(a) || !isInt32(b) || b.low < 1) return F64;
      const corners = [a.low, a.high].flatMap((x) => [b.low, b.high].map((y) => Math[name](x / y) + 0));
      // What is negative and rounded up to zero is -0.
      const isSigned = a.mayBeNegativeZero || (name !== "floor" && a.low < 0);
      return int(Math.min(...corners), Math.max(...corners), isSigned);
    },
    c([a, b], result) {
      const [dividend, divisor] = [a as Operand, b as Operand];
      if (result.kind !== "int") return `${name}(${dividend.f64} / ${divisor.f64})`;
      const isRoundedToZero = name === "trunc" || (name === "floor" && (dividend.type as IntType).low >= 0);
      if (isRoundedToZero) return `(${dividend.int} / ${divisor.int})`;
      return `njit_${name}_quotient(${dividend.int}, ${divisor.int})`;
    },
  };
}

const QUOTIENTS: Readonly<Record<string, MathFunction>> = {
  floor: quotient("floor"),
  ceil: quotient("ceil"),
  trunc: quotient("trunc"),
};

/** What `Math[name](a / b)` is as a function of `a` and `b`; undefined if it is nothing special. */
export const quotientFunction = (name: string): MathFunction | undefined =>
  Object.hasOwn(QUOTIENTS, name) ? QUOTIENTS[name] : undefined;

const areInt32 = (operands: readonly Operand[]): boolean =>
  operands.every(({ type }) => type.kind === "int" && isInt32(type));

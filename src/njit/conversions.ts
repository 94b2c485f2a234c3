import type { Operand } from "./operators.js";
import { BOOL, F64, I64, int, type Type } from "./types.js";

/* The functions of Number and BigInt: what they take, what they give, and how C says it. */

export type ConversionName =
  | "Number"
  | "isNaN"
  | "isFinite"
  | "Number.isFinite"
  | "Number.isInteger"
  | "BigInt"
  | "BigInt.asIntN";

export interface Conversion {
  /** What may be given. Of "maybe" and "null" the number is taken, which is 0 then. */
  readonly takes: readonly Type["kind"][];
  readonly type: (given: Type) => Type;
  /** C for a value that has a name, and is a double if it is no integer, boolean or bigint. */
  readonly c: (x: Operand) => string;
}

const NUMBERS = ["int", "f64", "f32"] as const;
const isReal = ({ kind }: Type): boolean => kind === "f64" || kind === "f32";

/** A test of a number; every integer and boolean passes or fails it. */
const test = (takes: Conversion["takes"], ofOthers: 0 | 1, c: (x: string) => string): Conversion => ({
  takes,
  type: () => BOOL,
  c: ({ type, f64 }) => (isReal(type) ? c(f64) : String(ofOthers)),
});

const finite = (x: string): string => `(${x} - ${x} == 0)`;
const CONVERTED = [...NUMBERS, "bool", "maybe", "null"] as const;

export const CONVERSIONS: Readonly<Record<ConversionName, Conversion>> = {
  Number: {
    takes: [...CONVERTED, "i64"],
    type: (given) => (given.kind === "bool" ? int(0, 1) : given.kind === "i64" ? F64 : given),
    c: ({ type, f64, int: whole, f32 }) =>
      type.kind === "f32" ? f32 : type.kind === "int" || type.kind === "bool" ? whole : f64,
  },
  isNaN: test(CONVERTED, 0, (x) => `(${x} != ${x})`),
  isFinite: test(CONVERTED, 1, finite),
  // What is no number is false to these.
  "Number.isFinite": test(NUMBERS, 1, finite),
  "Number.isInteger": test(NUMBERS, 1, (x) => `(${finite(x)} && floor(${x}) == ${x})`),
  BigInt: {
    takes: [...NUMBERS, "bool", "i64"],
    type: () => I64,
    c: ({ type, f64, int: whole, i64 }) =>
      isReal(type) ? `(int64_t)${f64}` : type.kind === "i64" ? i64 : whole,
  },
  // Of 64 bits, which all have here.
  "BigInt.asIntN": { takes: ["i64"], type: () => I64, c: ({ i64 }) => i64 },
};

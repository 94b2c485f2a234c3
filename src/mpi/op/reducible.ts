import {
  AINT,
  BYTE,
  C_BOOL,
  C_DOUBLE_COMPLEX,
  C_FLOAT_COMPLEX,
  CHAR,
  COUNT,
  type Datatype,
  DOUBLE,
  DOUBLE_INT,
  FLOAT,
  FLOAT_INT,
  INT,
  INT_INT,
  INT8_T,
  INT16_T,
  INT32_T,
  INT64_T,
  LONG,
  LONG_DOUBLE,
  LONG_DOUBLE_INT,
  LONG_INT,
  LONG_LONG,
  OFFSET,
  PACKED,
  SHORT,
  SHORT_INT,
  SIGNED_CHAR,
  UINT8_T,
  UINT16_T,
  UINT32_T,
  UINT64_T,
  UNSIGNED,
  UNSIGNED_CHAR,
  UNSIGNED_LONG,
  UNSIGNED_LONG_LONG,
  UNSIGNED_SHORT,
  WCHAR,
} from "../datatype.js";

/*
 * Which predefined operation combines which datatypes: MPI 4.0 section 6.9.2, and for pairs 6.9.4.
 *
 * It is checked here, because the libraries differ: Open MPI adds bytes, MPICH takes logical operations on
 * floating point for valid and then ends the process (4.0: "Assertion failed in file opland.c").
 */

/** What the standard calls a group of basic datatypes; integers are told apart for the sake of the views. */
type Category =
  | "signed"
  | "unsigned"
  | "floating"
  | "complex"
  | "logical"
  | "byte"
  | "pair"
  | "character"
  | "packed";

const MEMBERS: Readonly<Record<Category, readonly Datatype[]>> = {
  // The multi-language types AINT, COUNT and OFFSET are integers.
  signed: [
    ...[INT8_T, INT16_T, INT32_T, INT64_T],
    ...[SIGNED_CHAR, SHORT, INT, LONG, LONG_LONG, AINT, COUNT, OFFSET],
  ],
  unsigned: [
    ...[UINT8_T, UINT16_T, UINT32_T, UINT64_T],
    ...[UNSIGNED_CHAR, UNSIGNED_SHORT, UNSIGNED, UNSIGNED_LONG, UNSIGNED_LONG_LONG],
  ],
  floating: [FLOAT, DOUBLE, LONG_DOUBLE],
  complex: [C_FLOAT_COMPLEX, C_DOUBLE_COMPLEX],
  logical: [C_BOOL],
  byte: [BYTE],
  pair: [FLOAT_INT, DOUBLE_INT, LONG_INT, INT_INT, SHORT_INT, LONG_DOUBLE_INT],
  // Text: the standard moves it, and combines it with no predefined operation.
  character: [CHAR, WCHAR],
  packed: [PACKED],
};

const CATEGORIES: ReadonlyMap<Datatype, Category> = new Map(
  Object.entries(MEMBERS).flatMap(([category, types]) => types.map((type) => [type, category as Category])),
);

const INTEGERS: readonly Category[] = ["signed", "unsigned"];
const ORDERED: readonly Category[] = [...INTEGERS, "floating"];
const ARITHMETIC: readonly Category[] = [...ORDERED, "complex"];
const LOGICAL: readonly Category[] = [...INTEGERS, "logical"];
const BITWISE: readonly Category[] = [...INTEGERS, "byte"];

/** REPLACE and NO_OP are for one-sided communication only. */
const COMBINED: Readonly<Record<string, readonly Category[]>> = {
  MPI_SUM: ARITHMETIC,
  MPI_PROD: ARITHMETIC,
  MPI_MAX: ORDERED,
  MPI_MIN: ORDERED,
  MPI_LAND: LOGICAL,
  MPI_LOR: LOGICAL,
  MPI_LXOR: LOGICAL,
  MPI_BAND: BITWISE,
  MPI_BOR: BITWISE,
  MPI_BXOR: BITWISE,
  MPI_MAXLOC: ["pair"],
  MPI_MINLOC: ["pair"],
};

/** Whether the predefined operation of this name combines elements of this type. */
export function combines(operation: string, type: Datatype): boolean {
  const category = CATEGORIES.get(type);
  return category !== undefined && (COMBINED[operation]?.includes(category) ?? false);
}

/** Whether it is a predefined value with an index. */
export const isPair = (type: Datatype): boolean => CATEGORIES.get(type) === "pair";

/** The class of a TypedArray, or DataView. */
export type ViewClass = new (buffer: ArrayBuffer, byteOffset: number, length: number) => ArrayBufferView;

type BySize = Readonly<Record<number, ViewClass>>;

const UNSIGNED_ARRAYS: BySize = { 1: Uint8Array, 2: Uint16Array, 4: Uint32Array, 8: BigUint64Array };

const VIEWS: Readonly<Record<Category, BySize>> = {
  signed: { 1: Int8Array, 2: Int16Array, 4: Int32Array, 8: BigInt64Array },
  unsigned: UNSIGNED_ARRAYS,
  floating: { 4: Float32Array, 8: Float64Array },
  // Two elements of the array to one of the datatype: real and imaginary part.
  complex: { 8: Float32Array, 16: Float64Array },
  logical: UNSIGNED_ARRAYS,
  byte: UNSIGNED_ARRAYS,
  pair: {},
  character: UNSIGNED_ARRAYS,
  packed: UNSIGNED_ARRAYS,
};

/** The TypedArray whose elements, or pairs of elements, are of this type; undefined if there is none. */
export function arrayOf(type: Datatype): ViewClass | undefined {
  const category = CATEGORIES.get(type);
  return category === undefined ? undefined : VIEWS[category][type.size];
}

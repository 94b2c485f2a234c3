/*
 * The types of values in compiled functions. A JavaScript number is an integer in a known interval wherever that can be
 * proven, a float where it is one exactly, and a double otherwise: the value is that of JavaScript in each case.
 */

/** An integer below 2^53, in C an int64_t. */
export interface IntType {
  readonly kind: "int";
  readonly low: number;
  readonly high: number;
  /** Whether it may be -0 in JavaScript, where C has 0. */
  readonly mayBeNegativeZero: boolean;
}

/** An array of JavaScript. */
export interface ArrayType {
  readonly kind: "array";
  readonly element: ElementName;
}

/** Rows and columns over an array, as `nd` makes them. */
export interface ViewType {
  readonly kind: "view";
  readonly element: ElementName;
  readonly rank: number;
  /** Whether it is a part of another, whose elements have gaps between them. */
  readonly strided: boolean;
}

/** How many numbers tell where the elements of a view are: lengths, and of a part strides. */
export const layoutWords = ({ rank, strided }: ViewType): number => (strided ? 2 * rank : rank);

/** Several results at once. */
export interface TupleType {
  readonly kind: "tuple";
  readonly items: readonly Type[];
  /** Names of an object's properties; undefined for an array. */
  readonly names: readonly string[] | undefined;
}

/** A number or bigint, or null: what a scalar `reduce` gives. As a number null is 0. */
export interface MaybeType {
  readonly kind: "maybe";
  readonly of: "f64" | "i64";
}

export type Type =
  | IntType
  | { readonly kind: "f64" | "f32" | "bool" | "i64" | "void" | "null" | "comm" | "request" | "requests" }
  /** What a message or several requests told, or null: `{ source, tag }`, `{ index, status }`, and that of testAll. */
  | { readonly kind: "status" | "completion" | "statuses" }
  | MaybeType
  | ArrayType
  | ViewType
  | TupleType;

export const F64: Type = { kind: "f64" };
export const F32: Type = { kind: "f32" };
export const BOOL: Type = { kind: "bool" };
export const I64: Type = { kind: "i64" };
export const VOID: Type = { kind: "void" };
export const COMM: Type = { kind: "comm" };
export const REQUEST: Type = { kind: "request" };
export const REQUESTS: Type = { kind: "requests" };
export const STATUS: Type = { kind: "status" };
export const COMPLETION: Type = { kind: "completion" };
export const STATUSES: Type = { kind: "statuses" };
export const NULL: Type = { kind: "null" };

/**
 * Up to here each integer is a double, and so is the next one: a sum or product of bounds that is beyond has not been
 * rounded back to it.
 */
export const EXACT: number = 2 ** 53 - 1;

/** Further than this nothing is counted one by one. */
export const COUNTED: number = 2 ** 52;

const INT32: readonly [number, number] = [-(2 ** 31), 2 ** 31 - 1];

/** An integer of this interval, or a double if that is too wide for each integer to be one. */
export function int(low: number, high: number, mayBeNegativeZero = false): Type {
  if (low < -EXACT || high > EXACT) return F64;
  return { kind: "int", low, high, mayBeNegativeZero: mayBeNegativeZero && low <= 0 && high >= 0 };
}

/** What bit operators give. */
export const INT32_TYPE: Type = int(...INT32);

export const isNumber = (type: Type): boolean =>
  type.kind === "int" || type.kind === "f64" || type.kind === "f32";

/** Of what may be null the number, as which null is 0. */
export const plainType = (type: Type): Type =>
  type.kind === "null" ? F64 : type.kind === "maybe" ? (type.of === "i64" ? I64 : F64) : type;

/** Whether null is one of its values. */
export const isNullable = ({ kind }: Type): boolean =>
  kind === "null" ||
  kind === "maybe" ||
  kind === "request" ||
  kind === "status" ||
  kind === "completion" ||
  kind === "statuses";

/** How the elements of an array are kept. */
export interface Element {
  /** Name of the TypedArray. */
  readonly array: string;
  readonly c: string;
  readonly bytes: number;
  /** What reading one gives. */
  readonly type: Type;
}

/** The names of elements in signatures. */
export type ElementName = "i8" | "u8" | "u8c" | "i16" | "u16" | "i32" | "u32" | "f32" | "f64" | "i64";

export const ELEMENTS: Readonly<Record<ElementName, Element>> = {
  i8: { array: "Int8Array", c: "int8_t", bytes: 1, type: int(-128, 127) },
  u8: { array: "Uint8Array", c: "uint8_t", bytes: 1, type: int(0, 255) },
  u8c: { array: "Uint8ClampedArray", c: "uint8_t", bytes: 1, type: int(0, 255) },
  i16: { array: "Int16Array", c: "int16_t", bytes: 2, type: int(-32768, 32767) },
  u16: { array: "Uint16Array", c: "uint16_t", bytes: 2, type: int(0, 65535) },
  i32: { array: "Int32Array", c: "int32_t", bytes: 4, type: INT32_TYPE },
  u32: { array: "Uint32Array", c: "uint32_t", bytes: 4, type: int(0, 2 ** 32 - 1) },
  f32: { array: "Float32Array", c: "float", bytes: 4, type: F32 },
  f64: { array: "Float64Array", c: "double", bytes: 8, type: F64 },
  i64: { array: "BigInt64Array", c: "int64_t", bytes: 8, type: I64 },
};

const BY_ARRAY: ReadonlyMap<string, ElementName> = new Map(
  Object.entries(ELEMENTS).map(([name, { array }]) => [array, name as ElementName]),
);

/** The elements of a class of TypedArray. */
export const elementOfArray = (array: string): ElementName | undefined => BY_ARRAY.get(array);

/** Whether both are the same, so that a fixpoint is reached. */
export function isSame(a: Type | undefined, b: Type | undefined): boolean {
  if (a === undefined || b === undefined) return a === b;
  if (a.kind === "int" && b.kind === "int") {
    return a.low === b.low && a.high === b.high && a.mayBeNegativeZero === b.mayBeNegativeZero;
  }
  return typeName(a) === typeName(b);
}

/**
 * What holds the values of both.
 * @returns undefined if nothing does
 */
export function join(a: Type | undefined, b: Type): Type | undefined {
  if (a === undefined || isSame(a, b)) return b;
  if (a.kind === "int" && b.kind === "int") {
    const mayBeNegativeZero = a.mayBeNegativeZero || b.mayBeNegativeZero;
    return int(Math.min(a.low, b.low), Math.max(a.high, b.high), mayBeNegativeZero);
  }
  if (isNumber(a) && isNumber(b)) return F64;
  if (a.kind === "null" || b.kind === "null" || a.kind === "maybe" || b.kind === "maybe") return orNull(a, b);
  if (a.kind === "tuple" && b.kind === "tuple") return joinTuples(a, b);
  return undefined;
}

/** What holds null and the values of the other. */
function orNull(a: Type, b: Type): Type | undefined {
  const [first, second] = a.kind === "null" ? [b, b] : b.kind === "null" ? [a, a] : [a, b];
  if (first === second && first.kind !== "i64" && !isNumber(first))
    return isNullable(first) ? first : undefined;
  const areOf = (of: "f64" | "i64"): boolean =>
    [first, second].every(
      (each) =>
        (each.kind === "maybe" && each.of === of) || (of === "i64" ? each.kind === "i64" : isNumber(each)),
    );
  return areOf("f64")
    ? { kind: "maybe", of: "f64" }
    : areOf("i64")
      ? { kind: "maybe", of: "i64" }
      : undefined;
}

function joinTuples(a: TupleType, b: TupleType): Type | undefined {
  if (a.items.length !== b.items.length || a.names?.join() !== b.names?.join()) return undefined;
  const items = a.items.map((item, i) => join(item, b.items[i] as Type));
  if (items.includes(undefined)) return undefined;
  return { kind: "tuple", items: items as Type[], names: a.names };
}

/** As users write and read it: `"f64[]"`. */
export function typeName(type: Type): string {
  switch (type.kind) {
    case "int":
      return "int";
    case "array":
      return `${type.element}[]`;
    case "view":
      return `${type.strided ? "strided " : ""}nd${type.rank}(${type.element})`;
    case "maybe":
      return `${type.of} or null`;
    case "tuple": {
      const { items, names } = type;
      if (names === undefined) return `[${items.map(typeName).join(", ")}]`;
      return `{ ${items.map((item, i) => `${names[i]}: ${typeName(item)}`).join(", ")} }`;
    }
    default:
      return type.kind;
  }
}

/** With the interval of an integer: what `inspectTypes` shows. */
export function describeType(type: Type): string {
  if (type.kind !== "int") return typeName(type);
  return `int [${bound(type.low)}, ${bound(type.high)}]${type.mayBeNegativeZero ? " or -0" : ""}`;
}

function bound(value: number): string {
  for (const power of [31, 32, 52, 53]) {
    if (Math.abs(value) === 2 ** power) return `${value < 0 ? "-" : ""}2^${power}`;
    if (value === 2 ** power - 1) return `2^${power}-1`;
  }
  return String(value);
}

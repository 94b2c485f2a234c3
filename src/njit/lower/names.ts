import type { ConversionName } from "../conversions.js";
import type { ErrorClass, Handle } from "../ir.js";
import { mathFunctionNames } from "../math.js";
import type { MpiCallName } from "../mpi-calls.js";
import { scopesOf } from "../source/inspect.js";
import type { AnyFunction, FunctionSource } from "../source/source.js";
import { elementOfArray } from "../types.js";
import { NdView, nd } from "../view.js";
import { Communicator, IN_PLACE, isOtherMpiFunction, mpiFunctions, Op } from "./mpi-names.js";
import { nativeSourceOf } from "./registry.js";

/* What the names mean that a function uses and does not declare. */

/** What a value from outside is to the compiler. */
export type Meaning =
  | { readonly is: "constant"; readonly value: number | bigint | boolean | null | undefined }
  | { readonly is: "math"; readonly name: string }
  | { readonly is: "math namespace" }
  | { readonly is: "array class"; readonly array: string }
  | { readonly is: "array"; readonly value: ArrayBufferView; readonly array: string }
  | { readonly is: "function"; readonly fn: AnyFunction; readonly source: FunctionSource | undefined }
  | { readonly is: "mpi"; readonly name: MpiCallName }
  | { readonly is: "other function of MPI" }
  | { readonly is: "communicator"; readonly value: unknown }
  | { readonly is: "handle"; readonly of: Handle["of"]; readonly value: unknown }
  | { readonly is: "prange" }
  | { readonly is: "nd" }
  | { readonly is: "view"; readonly value: NdView }
  | { readonly is: "conversion"; readonly name: ConversionName }
  | { readonly is: "error class"; readonly error: ErrorClass }
  | { readonly is: "object"; readonly value: object };

/** Called in a loop header: `for (const i of prange(n))`. */
export function prange(length: number): Iterable<number>;
export function prange(from: number, to?: number): Iterable<number>;
export function* prange(from: number, to?: number): Iterable<number> {
  const [begin, end] = to === undefined ? [0, from] : [from, to];
  for (let i = begin; i < end; i++) yield i;
}

const MATH = new Map<unknown, string>(mathFunctionNames.map((name) => [Math[name as keyof Math], name]));

const CONVERSION_NAMES = new Map<unknown, ConversionName>([
  [Number, "Number"],
  [Number.isInteger, "Number.isInteger"],
  [Number.isFinite, "Number.isFinite"],
  [Reflect.get(globalThis, "isFinite"), "isFinite"],
  // Both say the same of what can be given here.
  [Number.isNaN, "isNaN"],
  [Reflect.get(globalThis, "isNaN"), "isNaN"],
  [BigInt, "BigInt"],
  [BigInt.asIntN, "BigInt.asIntN"],
]);

/** What the value of a name, or of a property of one, is; undefined if it is nothing that can be compiled. */
export function meaningOf(value: unknown): Meaning | undefined {
  switch (typeof value) {
    case "number":
    case "bigint":
    case "boolean":
    case "undefined":
      return { is: "constant", value };
    case "function":
      return meaningOfFunction(value as AnyFunction);
    case "symbol":
      return value === IN_PLACE ? { is: "handle", of: "in-place", value } : undefined;
    case "object":
      return value === null ? { is: "constant", value } : meaningOfObject(value);
    default:
      return undefined;
  }
}

function meaningOfFunction(fn: AnyFunction): Meaning {
  const math = MATH.get(fn);
  if (math !== undefined) return { is: "math", name: math };
  const mpi = mpiFunctions().get(fn);
  if (mpi !== undefined) return { is: "mpi", name: mpi };
  if (isOtherMpiFunction(fn)) return { is: "other function of MPI" };
  if ((fn as unknown) === prange) return { is: "prange" };
  if ((fn as unknown) === nd) return { is: "nd" };
  const conversion = CONVERSION_NAMES.get(fn);
  if (conversion !== undefined) return { is: "conversion", name: conversion };
  if ((fn as unknown) === Error || fn.prototype instanceof Error) {
    return { is: "error class", error: fn as unknown as ErrorClass };
  }
  if (elementOfArray(fn.name) !== undefined && fn === (globalThis as Record<string, unknown>)[fn.name]) {
    return { is: "array class", array: fn.name };
  }
  return { is: "function", fn, source: nativeSourceOf(fn) };
}

function meaningOfObject(value: object): Meaning {
  if (value === Math) return { is: "math namespace" };
  if (value instanceof NdView) return { is: "view", value };
  if (value instanceof Communicator) return { is: "communicator", value };
  if (value instanceof Op) return { is: "handle", of: "op", value };
  if (ArrayBuffer.isView(value)) {
    const array = (value as Uint8Array)[Symbol.toStringTag] ?? "DataView";
    return { is: "array", value, array };
  }
  return { is: "object", value };
}

/** The names around functions, looked up once for each. */
const scopes = new WeakMap<AnyFunction, readonly Readonly<Record<string, unknown>>[]>();

/**
 * The value of a name that a function does not declare.
 * @returns undefined if there is none
 */
export function capturedValue(source: FunctionSource, name: string): { readonly value: unknown } | undefined {
  const given = source.captured(name);
  if (given !== undefined) return given;
  // A function expression knows itself by its own name.
  if (source.syntax.id?.name === name) return { value: source.fn };
  // These are always what they are called, unless something nearer has their name; asking the inspector takes longer.
  let around = scopes.get(source.fn);
  if (around === undefined) {
    around = scopesOf(source.fn);
    scopes.set(source.fn, around);
  }
  const scope = around.find((each) => Object.hasOwn(each, name));
  if (scope !== undefined) return { value: scope[name] };
  if (name in globalThis) return { value: (globalThis as Record<string, unknown>)[name] };
  return undefined;
}

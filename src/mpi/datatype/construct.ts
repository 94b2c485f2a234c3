import type { NativeArgument } from "../../ffi/index.js";
import type { Handle } from "../abi/abi.js";
import { binding, native } from "../bindings/bind.js";
import { check } from "../bindings/check.js";
import type { PrototypeName } from "../bindings/prototypes.js";
import { addresses, HandleArray, readHandle } from "../bindings/scratch.js";
import { invalidType, invalidValue, outOfRange } from "../error.js";
import { freeHandle, measure, replaced } from "./lifetime.js";
import {
  ADDRESSED,
  ARRAYS,
  type ArrayOrder,
  CONSTRUCTORS,
  COUNTED,
  type Combiner,
  type DerivedRecipe,
  type Distribution,
  type ParameterKind,
  type RecipeValues,
} from "./recipe.js";

/**
 * Makes a datatype from a recipe that {@link checkRecipe} has seen. It is not committed.
 * @throws MpiError, `ERR_MPI_UNSUPPORTED` for counts beyond an int if the library does not have them
 */
export function construct(recipe: DerivedRecipe<Handle>): Handle {
  return isByteBackwards(recipe) ? byteBackwards(recipe) : constructAs(recipe);
}

function constructAs(recipe: DerivedRecipe<Handle>): Handle {
  const { function: name, parameters } = CONSTRUCTORS[recipe.combiner];
  const values = recipe as unknown as RecipeValues;
  const isLarge = parameters.some(([key, kind]) => COUNTED.has(kind) && exceedsInt(values[key]));
  const operation = (isLarge ? `${name}_c` : name) as PrototypeName;
  const length = lengthOfArrays(recipe.combiner, values);
  const args = parameters.map(([key, kind]) => encode(kind, key === "" ? length : values[key], isLarge));
  const call: (...args: NativeArgument[]) => number = native[operation as "MPI_Type_dup"];
  check(call(...args, addresses().handle), operation);
  return readHandle();
}

type Vector = Extract<DerivedRecipe<Handle>, { readonly combiner: "vector" | "hvector" }>;

/** Whether each block begins a byte before the one that it follows. */
function isByteBackwards(recipe: DerivedRecipe<Handle>): recipe is Vector {
  if (recipe.combiner !== "vector" && recipe.combiner !== "hvector") return false;
  const { combiner, count, blocklength, stride, type } = recipe;
  if (Math.abs(stride) !== 1 || count < 2 || blocklength === 0) return false;
  return stride * (combiner === "hvector" ? 1 : measure(type).extent) === -1;
}

/**
 * The same elements and bounds by other constructors: Open MPI takes a stride of -1 byte for none, and puts each
 * block behind the one before (opal_datatype_add: "if( extent == -1 )"). The extent of a type may be -1.
 * Decoding gives back what was asked for.
 */
function byteBackwards(recipe: Vector): Handle {
  const { count, blocklength, type } = recipe;
  const block = constructAs({ combiner: "contiguous", count: blocklength, type });
  const { lb, extent } = measure(block);
  const step = constructAs({ combiner: "resized", lb, extent: -1, type: block });
  const blocks = constructAs({ combiner: "contiguous", count, type: step });
  const last = count - 1;
  const whole = constructAs({ combiner: "resized", lb: lb - last, extent: extent + last, type: blocks });
  for (const each of [block, step, blocks]) freeHandle(each);
  replaced.set(whole, recipe);
  return whole;
}

const exceedsInt = (value: unknown): boolean =>
  Array.isArray(value) ? value.some(exceedsInt) : typeof value === "number" && (value | 0) !== value;

/** How many entries each array of the recipe has. */
function lengthOfArrays(combiner: Combiner, values: RecipeValues): number {
  const key = CONSTRUCTORS[combiner].parameters.find(([, kind]) => ARRAYS.has(kind))?.[0];
  return key === undefined ? 0 : (values[key] as unknown[]).length;
}

/** A value as C gets it. An empty array is a null pointer. */
function encode(kind: ParameterKind, value: unknown, large: boolean): NativeArgument {
  if (kind === "order") return orderConstant(value as ArrayOrder);
  if (!Array.isArray(value)) return kind === "address" ? BigInt(value as number) : (value as number | bigint);
  if (value.length === 0) return null;
  if (kind === "types") return handlesOf(value).view;
  if (kind === "distributions") return Int32Array.from(value, distributionConstant);
  if (kind === "distributionArguments") {
    const fallback = binding().abi.integer("MPI_DISTRIBUTE_DFLT_DARG");
    return Int32Array.from(value as (number | undefined)[], (argument) => argument ?? fallback);
  }
  const isWide = ADDRESSED.has(kind) || (large && COUNTED.has(kind));
  return isWide ? BigInt64Array.from(value, BigInt) : Int32Array.from(value);
}

function handlesOf(types: readonly Handle[]): HandleArray {
  const handles = new HandleArray(types.length);
  for (const [i, handle] of types.entries()) handles.set(i, handle);
  return handles;
}

export const orderConstant = (order: ArrayOrder): number =>
  binding().abi.integer(order === "C" ? "MPI_ORDER_C" : "MPI_ORDER_FORTRAN");

export const distributionConstant = (distribution: Distribution): number =>
  binding().abi.integer(`MPI_DISTRIBUTE_${distribution.toUpperCase()}`);

/**
 * Checks all but the datatypes of what the user gave, and makes plain arrays of all arrays.
 * @throws TypeError, RangeError
 */
export function checkRecipe<R extends DerivedRecipe<unknown>>(recipe: R): R {
  const checked: Record<string, unknown> = { combiner: recipe.combiner };
  let first: string | undefined;
  for (const [key, kind] of CONSTRUCTORS[recipe.combiner].parameters) {
    if (key === "") continue;
    const value = (recipe as unknown as RecipeValues)[key];
    const checkOne = CHECKS[kind] ?? ((): void => undefined);
    if (!ARRAYS.has(kind)) checkOne(value, key);
    else {
      const list = arrayOf(value, key);
      for (const [i, each] of list.entries()) checkOne(each, `${key}[${i}]`);
      first ??= key;
      assertSameLength(checked[first] as unknown[] | undefined, first, list, key);
      checked[key] = list;
    }
    checked[key] ??= value;
  }
  EXTRA_CHECKS[recipe.combiner]?.(checked);
  return checked as unknown as R;
}

function arrayOf(value: unknown, argument: string): unknown[] {
  if (Array.isArray(value) || ArrayBuffer.isView(value)) return Array.from(value as unknown as unknown[]);
  throw invalidType(argument, "an array", value);
}

function assertSameLength(
  first: unknown[] | undefined,
  firstName: string,
  list: unknown[],
  name: string,
): void {
  if (first === undefined || first.length === list.length) return;
  throw outOfRange(name, `${first.length} entries, as ${firstName} has`, list);
}

function assertInteger(value: unknown, argument: string, minimum = -Number.MAX_SAFE_INTEGER): void {
  if (typeof value !== "number") throw invalidType(argument, "an integer", value);
  if (Number.isSafeInteger(value) && value >= minimum) return;
  throw outOfRange(argument, minimum === 0 ? "an integer of at least 0" : "an integer", value);
}

/** For C's own ints, which have no wider form. */
function assertInt(value: unknown, argument: string): void {
  assertInteger(value, argument, 0);
  if (exceedsInt(value)) throw outOfRange(argument, "an integer of 32 bits", value);
}

const assertCount = (value: unknown, argument: string): void => assertInteger(value, argument, 0);
const assertStep = (value: unknown, argument: string): void => assertInteger(value, argument);

const oneOf =
  (...names: readonly string[]) =>
  (value: unknown, argument: string): void => {
    if (names.includes(value as string)) return;
    throw invalidValue(argument, `expected one of ${names.map((name) => `"${name}"`).join(", ")}`, value);
  };

const CHECKS: Readonly<Partial<Record<ParameterKind, (value: unknown, argument: string) => void>>> = {
  count: assertCount,
  counts: assertCount,
  step: assertStep,
  steps: assertStep,
  address: assertStep,
  addresses: assertStep,
  int: assertInt,
  ints: assertInt,
  order: oneOf("C", "fortran"),
  distributions: oneOf("block", "cyclic", "none"),
  distributionArguments: (value, argument) => value === undefined || assertInt(value, argument),
};

/** What the parameters of a constructor must be to each other. */
const EXTRA_CHECKS: Readonly<Partial<Record<Combiner, (values: RecipeValues) => void>>> = {
  subarray: ({ sizes, subsizes, starts }) => {
    assertDimensions(sizes as number[], "sizes");
    for (const [i, size] of (sizes as number[]).entries()) {
      const subsize = (subsizes as number[])[i] as number;
      const start = (starts as number[])[i] as number;
      if (subsize < 1 || subsize > size)
        throw outOfRange(`subsizes[${i}]`, `an integer from 1 to ${size}`, subsize);
      const last = size - subsize;
      if (start > last) throw outOfRange(`starts[${i}]`, `an integer from 0 to ${last}`, start);
    }
  },
  darray: ({ size, rank, gsizes, distribs, dargs, psizes }) => {
    assertDimensions(gsizes as number[], "gsizes");
    const grid = (psizes as number[]).reduce((product, processes) => product * processes, 1);
    if (grid !== size) throw outOfRange("psizes", `a grid of ${size} processes`, psizes);
    if ((rank as number) >= grid) throw outOfRange("rank", `a rank from 0 to ${grid - 1}`, rank);
    for (const [i, distribution] of (distribs as Distribution[]).entries()) {
      const [length, argument, processes] = [gsizes, dargs, psizes].map((list) => (list as number[])[i]);
      assertDealt(distribution, length as number, argument, processes as number, i);
    }
  },
};

function assertDimensions(sizes: readonly number[], argument: string): void {
  if (sizes.length === 0) throw outOfRange(argument, "at least one dimension", sizes);
  const i = sizes.indexOf(0);
  if (i >= 0) throw outOfRange(`${argument}[${i}]`, "an integer of at least 1", 0);
}

/** One dimension of a distributed array. */
function assertDealt(
  distribution: Distribution,
  length: number,
  block: number | undefined,
  processes: number,
  i: number,
): void {
  if (distribution === "none" && processes !== 1) {
    throw outOfRange(`psizes[${i}]`, "1 process, where the dimension is not distributed", processes);
  }
  if (block === undefined || distribution === "none") return;
  const smallest = distribution === "block" ? Math.ceil(length / processes) : 1;
  if (block < smallest) throw outOfRange(`dargs[${i}]`, `a block of at least ${smallest}`, block);
}

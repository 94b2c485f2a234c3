import { mpi } from "../../../src/index.js";

/** Arrays of numbers, random but the same in every run and on every rank, and what MPI should make of them. */
export type NumberArray =
  | Int8Array
  | Uint8Array
  | Uint8ClampedArray
  | Int16Array
  | Uint16Array
  | Int32Array
  | Uint32Array
  | BigInt64Array
  | BigUint64Array
  | Float32Array
  | Float64Array;

/** A class of TypedArray. */
export interface Kind {
  readonly name: string;
  readonly bits: number;
  readonly form: "signed" | "unsigned" | "float";
  readonly create: (length: number) => NumberArray;
}

/** Those that MPI can do arithmetic with. */
export const ARITHMETIC: readonly Kind[] = [
  { name: "Int8Array", bits: 8, form: "signed", create: (n) => new Int8Array(n) },
  { name: "Uint8Array", bits: 8, form: "unsigned", create: (n) => new Uint8Array(n) },
  { name: "Uint8ClampedArray", bits: 8, form: "unsigned", create: (n) => new Uint8ClampedArray(n) },
  { name: "Int16Array", bits: 16, form: "signed", create: (n) => new Int16Array(n) },
  { name: "Uint16Array", bits: 16, form: "unsigned", create: (n) => new Uint16Array(n) },
  { name: "Int32Array", bits: 32, form: "signed", create: (n) => new Int32Array(n) },
  { name: "Uint32Array", bits: 32, form: "unsigned", create: (n) => new Uint32Array(n) },
  { name: "BigInt64Array", bits: 64, form: "signed", create: (n) => new BigInt64Array(n) },
  { name: "BigUint64Array", bits: 64, form: "unsigned", create: (n) => new BigUint64Array(n) },
  { name: "Float32Array", bits: 32, form: "float", create: (n) => new Float32Array(n) },
  { name: "Float64Array", bits: 64, form: "float", create: (n) => new Float64Array(n) },
];

/** The class, where this Node has it (from 24 on). */
export const Half: (new (length: number) => Float32Array) | undefined = Object(globalThis).Float16Array;

/** Those that can be sent. */
export const KINDS: readonly Kind[] =
  Half === undefined
    ? ARITHMETIC
    : [...ARITHMETIC, { name: "Float16Array", bits: 16, form: "float", create: (n) => new Half(n) }];

/** mulberry32: 32 random bits a call. */
export function random(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return (t ^ (t >>> 14)) >>> 0;
  };
}

/** Sums and products of a few of these are exact even in 16 bits. */
const FLOATS = [-2, -1, -0.5, 0.5, 1, 2, 3];

/**
 * `length` elements: integers, some of them zero, or floats without rounding errors.
 * @param bits How much of the range of integers to use. Default: all of it.
 */
export function sample(kind: Kind, seed: number, length: number, bits: number = kind.bits): NumberArray {
  const next = random(seed);
  const array = kind.create(length);
  for (let i = 0; i < length; i++) {
    const draw = (BigInt(next()) << 32n) | BigInt(next());
    const integer = next() % 8 === 0 ? 0n : wrap({ ...kind, bits }, draw);
    store(array, i, kind.form === "float" ? (FLOATS[Number(draw % 7n)] as number) : integer);
  }
  return array;
}

/** An integer as the kind holds it after an overflow. */
const wrap = ({ form, bits }: Kind, value: bigint): bigint =>
  form === "signed" ? BigInt.asIntN(bits, value) : BigInt.asUintN(bits, value);

function store(array: NumberArray, i: number, value: number | bigint): void {
  if (array instanceof BigInt64Array || array instanceof BigUint64Array) array[i] = BigInt(value);
  else array[i] = Number(value);
}

/** An operation, and what it does to two elements. */
export interface Model {
  readonly op: mpi.Op;
  readonly integer: (a: bigint, b: bigint) => bigint;
  readonly float?: (a: number, b: number) => number;
}

const truth = (value: boolean): bigint => (value ? 1n : 0n);

/** Those without `float` are for integers only. */
export const MODELS: readonly Model[] = [
  { op: mpi.SUM, integer: (a, b) => a + b, float: (a, b) => a + b },
  { op: mpi.PROD, integer: (a, b) => a * b, float: (a, b) => a * b },
  // biome-ignore lint/complexity/useMathMinMax: there is no Math.max of bigints
  { op: mpi.MAX, integer: (a, b) => (a > b ? a : b), float: Math.max },
  // biome-ignore lint/complexity/useMathMinMax: there is no Math.min of bigints
  { op: mpi.MIN, integer: (a, b) => (a < b ? a : b), float: Math.min },
  { op: mpi.LAND, integer: (a, b) => truth(a !== 0n && b !== 0n) },
  { op: mpi.LOR, integer: (a, b) => truth(a !== 0n || b !== 0n) },
  { op: mpi.LXOR, integer: (a, b) => truth((a !== 0n) !== (b !== 0n)) },
  { op: mpi.BAND, integer: (a, b) => a & b },
  { op: mpi.BOR, integer: (a, b) => a | b },
  { op: mpi.BXOR, integer: (a, b) => a ^ b },
];

/** Every kind with every operation that it has. */
export const COMBINATIONS: readonly { readonly kind: Kind; readonly model: Model }[] = ARITHMETIC.flatMap(
  (kind) =>
    MODELS.filter(({ float }) => kind.form !== "float" || float !== undefined).map((model) => ({
      kind,
      model,
    })),
);

/** The elements of `rows` at the same place combined in the order of the rows. */
export function combine(kind: Kind, { integer, float }: Model, rows: readonly NumberArray[]): NumberArray {
  const [first, ...others] = rows as [NumberArray, ...NumberArray[]];
  const result = first.slice();
  for (const row of others) {
    for (let i = 0; i < row.length; i++) {
      const [a, b] = [result[i] as number | bigint, row[i] as number | bigint];
      const combined =
        kind.form === "float"
          ? (float as (a: number, b: number) => number)(a as number, b as number)
          : wrap(kind, integer(BigInt(a), BigInt(b)));
      store(result, i, combined);
    }
  }
  return result;
}

/** One array after the other. */
export function concatenate(kind: Kind, rows: readonly NumberArray[]): NumberArray {
  const elements = rows.flatMap((row) => Array.from<number | bigint>(row));
  const result = kind.create(elements.length);
  for (const [i, element] of elements.entries()) store(result, i, element);
  return result;
}

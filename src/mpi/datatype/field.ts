import { invalidType, outOfRange } from "../error.js";
import type { Datatype } from "./datatype.js";

/** Reads and writes a field of a struct. */
export interface FieldAccess {
  read(memory: DataView, at: number): unknown;
  /** @throws TypeError, RangeError for a value that is not the field's */
  write(memory: DataView, at: number, value: unknown): void;
}

/** What the bits of a predefined datatype mean, and how many such numbers it has. */
type Meaning = readonly [family: "int" | "uint" | "float" | "bool", lanes?: 2];

const MEANINGS: Readonly<Record<string, Meaning>> = {
  MPI_BYTE: ["uint"],
  MPI_INT8_T: ["int"],
  MPI_UINT8_T: ["uint"],
  MPI_INT16_T: ["int"],
  MPI_UINT16_T: ["uint"],
  MPI_INT32_T: ["int"],
  MPI_UINT32_T: ["uint"],
  MPI_INT64_T: ["int"],
  MPI_UINT64_T: ["uint"],
  MPI_FLOAT: ["float"],
  MPI_DOUBLE: ["float"],
  MPI_C_FLOAT_COMPLEX: ["float", 2],
  MPI_C_DOUBLE_COMPLEX: ["float", 2],
  MPI_C_BOOL: ["bool"],
  MPI_CHAR: ["int"],
  MPI_SIGNED_CHAR: ["int"],
  MPI_UNSIGNED_CHAR: ["uint"],
  MPI_WCHAR: ["int"],
  MPI_SHORT: ["int"],
  MPI_UNSIGNED_SHORT: ["uint"],
  MPI_INT: ["int"],
  MPI_UNSIGNED: ["uint"],
  MPI_LONG: ["int"],
  MPI_UNSIGNED_LONG: ["uint"],
  MPI_LONG_LONG: ["int"],
  MPI_UNSIGNED_LONG_LONG: ["uint"],
  MPI_AINT: ["int"],
  MPI_COUNT: ["int"],
  MPI_OFFSET: ["int"],
};

type NumberArray =
  | Int8Array
  | Uint8Array
  | Int16Array
  | Uint16Array
  | Int32Array
  | Uint32Array
  | Float32Array;
type AnyArray = NumberArray | Float64Array | BigInt64Array | BigUint64Array;
type ArrayClass = {
  readonly name: string;
  readonly BYTES_PER_ELEMENT: number;
  new (buffer: ArrayBufferLike, byteOffset: number, length: number): AnyArray;
};

/** The arrays whose elements have the meaning, by their bytes. */
const ARRAYS: Readonly<Record<Meaning[0], readonly ArrayClass[]>> = {
  int: [Int8Array, Int16Array, Int32Array, BigInt64Array],
  uint: [Uint8Array, Uint16Array, Uint32Array, BigUint64Array],
  float: [Float32Array, Float64Array],
  bool: [Uint8Array],
};

const LITTLE_ENDIAN = new Uint8Array(new Uint16Array([1]).buffer)[0] === 1;

/**
 * How the values of a field are read and written.
 * @param length Of an array; undefined for a single value.
 * @param recordAt Of a type that is a struct itself.
 */
export function accessTo(
  type: Datatype,
  extent: number,
  length: number | undefined,
  recordAt: ((memory: DataView, at: number) => object) | undefined,
  argument: string,
): FieldAccess {
  if (recordAt !== undefined) {
    const one = recordAccess(recordAt, argument);
    return length === undefined ? one : listAccess(one, extent, length, argument);
  }
  const [family, lanes = 1] = MEANINGS[type.toString()] ?? [];
  const found = ARRAYS[family ?? "uint"].find(({ BYTES_PER_ELEMENT: bytes }) => bytes * lanes === extent);
  // What has no meaning in JavaScript is bytes.
  if (family === undefined || found === undefined) {
    return arrayAccess(Uint8Array, extent * (length ?? 1), argument);
  }
  if (family === "bool") {
    return length === undefined
      ? boolAccess(argument)
      : listAccess(boolAccess(argument), 1, length, argument);
  }
  if (length === undefined && lanes === 1) return scalarAccess(found, argument);
  return arrayAccess(found, lanes * (length ?? 1), argument);
}

type Getter = (at: number, littleEndian: boolean) => unknown;
type Setter = (at: number, value: unknown, littleEndian: boolean) => void;

function scalarAccess(array: ArrayClass, argument: string): FieldAccess {
  // Float64Array is read by getFloat64, and so on.
  const element = array.name.replace(/Array$/, "");
  const prototype = DataView.prototype as unknown as Record<string, Getter & Setter>;
  const get = prototype[`get${element}`] as Getter;
  const set = prototype[`set${element}`] as Setter;
  const wanted = element.startsWith("Big") ? "bigint" : "number";
  return {
    read: (memory, at) => get.call(memory, at, LITTLE_ENDIAN),
    write(memory, at, value) {
      if (typeof value !== wanted) throw invalidType(argument, `a ${wanted}`, value);
      set.call(memory, at, value, LITTLE_ENDIAN);
    },
  };
}

const boolAccess = (argument: string): FieldAccess => ({
  read: (memory, at) => memory.getUint8(at) !== 0,
  write(memory, at, value) {
    if (typeof value !== "boolean") throw invalidType(argument, "a boolean", value);
    memory.setUint8(at, Number(value));
  },
});

/** Numbers as an array of them, in the record's memory if its address allows that. */
function arrayAccess(array: ArrayClass, length: number, argument: string): FieldAccess {
  const one = scalarAccess(array, argument);
  const { BYTES_PER_ELEMENT: bytes } = array;
  const copy = listAccess(one, bytes, length, argument);
  return {
    read(memory, at) {
      const isAligned = (memory.byteOffset + at) % bytes === 0;
      return isAligned ? new array(memory.buffer, memory.byteOffset + at, length) : copy.read(memory, at);
    },
    write: copy.write,
  };
}

/** Each value by itself; read as a frozen array, so that what would not reach the memory cannot be written. */
function listAccess(one: FieldAccess, extent: number, length: number, argument: string): FieldAccess {
  return {
    read: (memory, at) => Object.freeze(Array.from({ length }, (_, i) => one.read(memory, at + i * extent))),
    write(memory, at, value) {
      if (!Array.isArray(value) && !ArrayBuffer.isView(value)) throw invalidType(argument, "an array", value);
      const list = Array.from(value as unknown as ArrayLike<unknown>);
      if (list.length !== length) throw outOfRange(argument, `an array of ${length}`, list.length);
      for (const [i, each] of list.entries()) one.write(memory, at + i * extent, each);
    },
  };
}

function recordAccess(recordAt: (memory: DataView, at: number) => object, argument: string): FieldAccess {
  return {
    read: recordAt,
    write(memory, at, value) {
      if (typeof value !== "object" || value === null) throw invalidType(argument, "an object", value);
      const record = recordAt(memory, at) as Record<string, unknown>;
      for (const name of Object.keys(Object.getPrototypeOf(record) as object)) {
        record[name] = (value as Record<string, unknown>)[name];
      }
    },
  };
}

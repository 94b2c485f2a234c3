import { inspect } from "node:util";
import { invalidType, invalidValue, outOfRange } from "../error.js";
import type { Datatype } from "./datatype.js";
import { accessTo, type FieldAccess } from "./field.js";
import type { StructDatatype } from "./struct-datatype.js";

/** A field of a struct: one value of a datatype, or an array of a fixed length. */
export type FieldType = Datatype | readonly [type: Datatype, length: number];

/** The fields of a struct by their names, in the order of memory. */
export type Fields = Readonly<Record<string, FieldType>>;

/** Numbers or bigints that share the memory of a record; where that is not aligned for them, a frozen copy. */
export interface Elements<E> extends Iterable<E> {
  [index: number]: E;
  readonly length: number;
}

/** What a field holds. */
export type FieldValue<F> = F extends readonly [Datatype<infer V>, number]
  ? [V] extends [number | bigint]
    ? Elements<V>
    : [V] extends [Elements<infer E>]
      ? Elements<E>
      : readonly V[]
  : F extends Datatype<infer V>
    ? V
    : never;

/** One struct in memory: reading and assigning its properties reads and writes the memory. */
export type StructRecord<F extends Fields> = { -readonly [Name in keyof F]: FieldValue<F[Name]> };

export interface StructOptions {
  /** Whether fields follow each other without the gaps that C leaves for alignment. Default false. */
  readonly packed?: boolean;
}

/** What the layout of a struct depends on. Bytes. */
export interface FieldShape {
  readonly byteLength: number;
  readonly alignment: number;
}

/** Bytes. */
export interface StructShape {
  readonly offsets: readonly number[];
  /** With the gap behind the last field. */
  readonly extent: number;
  readonly alignment: number;
}

/** Lays fields out as C compilers do. */
export function layOut(fields: readonly FieldShape[], packed: boolean): StructShape {
  let end = 0;
  let alignment = 1;
  const offsets = fields.map((field) => {
    const offset = packed ? end : roundUp(end, field.alignment);
    end = offset + field.byteLength;
    alignment = packed ? 1 : Math.max(alignment, field.alignment);
    return offset;
  });
  return { offsets, extent: roundUp(end, alignment), alignment };
}

const roundUp = (value: number, multiple: number): number => Math.ceil(value / multiple) * multiple;

/** A field in its place. */
export interface PlacedField {
  readonly name: string;
  readonly type: Datatype;
  readonly length: number;
  readonly offset: number;
  readonly access: FieldAccess;
}

/** What the users of a struct type see of its layout. */
export interface StructLayout extends StructShape {
  readonly fields: readonly PlacedField[];
  /** The record at a byte of the memory. */
  readonly recordAt: (memory: DataView, at: number) => object;
}

/** @throws TypeError, RangeError for what are no fields */
export function structLayout(fields: unknown, { packed = false }: StructOptions = {}): StructLayout {
  if (typeof fields !== "object" || fields === null) {
    throw invalidType("fields", "an object of datatypes, { x: DOUBLE, v: [FLOAT, 3] }", fields);
  }
  const entries = Object.entries(fields).map(([name, field]) => fieldOf(name, field));
  if (entries.length === 0) throw outOfRange("fields", "at least one field", fields);
  const shape = layOut(entries, packed);
  const placed = entries.map(({ name, type, length, access }, i) => {
    return { name, type, length, access, offset: shape.offsets[i] as number };
  });
  return { ...shape, fields: placed, recordAt: recordFactory(placed) };
}

type UnplacedField = Omit<PlacedField, "offset"> & FieldShape;

function fieldOf(name: string, field: unknown): UnplacedField {
  const argument = `fields.${name}`;
  // JavaScript would move them before all others, and the order of the fields is that of memory.
  if (/^\d+$/.test(name)) throw invalidValue("fields", "the name of a field must not be an integer", name);
  const [type, length] = (Array.isArray(field) ? field : [field, undefined]) as [
    Datatype,
    number | undefined,
  ];
  if (typeof type !== "object" || !("alignment" in type)) {
    throw invalidType(argument, "a Datatype or [Datatype, length]", field);
  }
  if (length !== undefined && !(Number.isInteger(length) && length >= 1)) {
    throw outOfRange(argument, "a length of at least 1", length);
  }
  const layout = "layout" in type ? (type as StructDatatype).layout : undefined;
  const { extent, alignment } = type;
  const access = accessTo(type, extent, length, layout?.recordAt, argument);
  return { name, type, length: length ?? 1, access, byteLength: extent * (length ?? 1), alignment };
}

/** Makes a class whose objects have the fields as properties. */
function recordFactory(fields: readonly PlacedField[]): (memory: DataView, at: number) => object {
  class StructRecordInMemory {
    readonly #memory: DataView;
    readonly #at: number;

    constructor(memory: DataView, at: number) {
      this.#memory = memory;
      this.#at = at;
    }

    static {
      const values = (record: StructRecordInMemory): object =>
        Object.fromEntries(
          fields.map(({ name, access, offset }) => [name, access.read(record.#memory, record.#at + offset)]),
        );
      for (const key of ["toJSON", inspect.custom]) {
        Object.defineProperty(StructRecordInMemory.prototype, key, {
          configurable: true,
          value(this: StructRecordInMemory) {
            return values(this);
          },
        });
      }
      for (const { name, access, offset } of fields) {
        Object.defineProperty(StructRecordInMemory.prototype, name, {
          configurable: true,
          enumerable: true,
          get(this: StructRecordInMemory) {
            return access.read(this.#memory, this.#at + offset);
          },
          set(this: StructRecordInMemory, value: unknown) {
            access.write(this.#memory, this.#at + offset, value);
          },
        });
      }
    }
  }
  return (memory, at) => new StructRecordInMemory(memory, at);
}

/**
 * Memory that holds structs.
 * @throws TypeError for what is no memory, RangeError if it is no whole number of structs
 */
export function structMemory(buffer: unknown, extent: number): DataView {
  const memory = memoryOf(buffer);
  if (memory.byteLength % extent === 0) return memory;
  throw outOfRange("buffer", `a multiple of the struct's ${extent} bytes`, memory.byteLength);
}

function memoryOf(buffer: unknown): DataView {
  try {
    return ArrayBuffer.isView(buffer)
      ? new DataView(buffer.buffer, buffer.byteOffset, buffer.byteLength)
      : new DataView(buffer as ArrayBuffer);
  } catch {
    throw invalidType("buffer", "an ArrayBuffer, SharedArrayBuffer or a view that is not detached", buffer);
  }
}

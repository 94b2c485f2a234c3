import { Created } from "../bindings/created.js";
import { outOfRange } from "../error.js";
import { construct } from "./construct.js";
import { Datatype } from "./datatype.js";
import { commit } from "./lifetime.js";
import { type Fields, type StructLayout, type StructRecord, structMemory } from "./struct.js";

/**
 * A C struct with named fields, made by `Datatype.struct`. Memory that holds such structs, in messages
 * `{ data: memory, type }`, is read and written by records.
 */
export class StructDatatype<F extends Fields = Fields> extends Datatype<StructRecord<F>> {
  /** Where the fields are. */
  readonly layout: StructLayout;

  static {
    Datatype.ofLayout = StructDatatype.of;
  }

  constructor(source: Created, layout: StructLayout) {
    super(source, `struct { ${layout.fields.map(({ name }) => name).join(", ")} }`);
    this.layout = layout;
  }

  static override [Symbol.hasInstance](value: unknown): boolean {
    return value instanceof Datatype && "layout" in value;
  }

  /** Makes the datatype of a layout. */
  static of<F extends Fields>(layout: StructLayout): StructDatatype<F> {
    const { fields, offsets, extent } = layout;
    const lengths = fields.map(({ length }) => length);
    using unpadded = Datatype.struct(
      lengths,
      offsets,
      fields.map(({ type }) => type),
    );
    const handle = construct({ combiner: "resized", type: unpadded.handle, lb: 0, extent });
    return new StructDatatype<F>(new Created(commit(handle)), layout);
  }

  /** Where each field begins, in bytes. */
  get offsets(): { readonly [Name in keyof F]: number } {
    const { fields } = this.layout;
    return Object.fromEntries(fields.map(({ name, offset }) => [name, offset])) as Record<keyof F, number>;
  }

  override get alignment(): number {
    return this.layout.alignment;
  }

  override dup(): StructDatatype<F> {
    const handle = construct({ combiner: "dup", type: this.handle });
    return new StructDatatype<F>(new Created(commit(handle)), this.layout);
  }

  /**
   * All structs in some memory. Reading and assigning the properties of a record reads and writes the memory.
   * @param buffer Of a multiple of `extent` bytes.
   * @throws TypeError, RangeError
   */
  records(buffer: ArrayBufferView | ArrayBufferLike): StructRecord<F>[] {
    const { extent, recordAt } = this.layout;
    const memory = structMemory(buffer, extent);
    const length = memory.byteLength / extent;
    return Array.from({ length }, (_, i) => recordAt(memory, i * extent) as StructRecord<F>);
  }

  /**
   * One struct in some memory, as in `records`.
   * @param index Default 0.
   */
  record(buffer: ArrayBufferView | ArrayBufferLike, index = 0): StructRecord<F> {
    const { extent, recordAt } = this.layout;
    const memory = structMemory(buffer, extent);
    const length = memory.byteLength / extent;
    if (!(Number.isInteger(index) && index >= 0 && index < length)) {
      throw outOfRange("index", `an integer from 0 to ${length - 1}`, index);
    }
    return recordAt(memory, index * extent) as StructRecord<F>;
  }
}

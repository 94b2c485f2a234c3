import type { Handle } from "../abi/abi.js";
import { binding, native } from "../bindings/bind.js";
import { check } from "../bindings/check.js";
import { Created, sourceOf } from "../bindings/created.js";
import { addresses, ints } from "../bindings/scratch.js";
import { ensureRunning, finalized } from "../environment.js";
import { invalidType, MpiError, outOfRange } from "../error.js";
import { checkRecipe, construct } from "./construct.js";
import { recipeOf } from "./decode.js";
import { commit, type Measures, measure, own, release } from "./lifetime.js";
import { predefinedAlignment, predefinedName } from "./names.js";
import type { ArrayOrder, DerivedRecipe, Distribution, Integers, Recipe } from "./recipe.js";
import {
  type Fields,
  type StructLayout,
  type StructOptions,
  type StructRecord,
  structLayout,
  structMemory,
} from "./struct.js";

const encoder = new TextEncoder();
const decoder = new TextDecoder();

/** The predefined ones by their names. */
const predefined = new Map<string, Datatype>();

let made = 0;

/**
 * The type of the elements of a message: what they are and where they lie. MPI 4.0 chapter 5
 *
 * The predefined ones are constants under their MPI names; nothing is loaded before one is used. The others are
 * made from them by the static methods, ready for use (MPI_Type_commit is called). They are freed by `free()`,
 * by `using`, or some time after they cannot be reached any more; operations that use them are not disturbed.
 */
export class Datatype<Value = unknown> {
  /** What a field of this type holds: known to TypeScript only, there is no such property. */
  declare protected readonly value?: Value;
  /** Tells it from all other datatypes of this process, also from those that were freed. */
  readonly serial: number = made++;
  /** The MPI name of a predefined one. */
  readonly #predefined: string | undefined;
  #handle: Handle | undefined;
  #measures: Measures | undefined;
  /** What messages call it. */
  #label: string;

  /**
   * For predefined datatypes, and for new ones of which this object becomes the owner.
   * @param source The MPI name, or the handle of a committed datatype.
   * @param label What messages call a new one.
   */
  constructor(source: string | Created, label = "a derived datatype") {
    const { name, handle } = sourceOf(source);
    this.#predefined = name;
    this.#handle = handle;
    this.#label = name ?? label;
    if (handle !== undefined) own(this, handle);
    else if (name !== undefined && !predefined.has(name)) predefined.set(name, this);
  }

  /** `instanceof` tells the objects of this class from those that pretend to be, which C would crash on. */
  static [Symbol.hasInstance](value: unknown): boolean {
    return typeof value === "object" && value !== null && #measures in value;
  }

  /**
   * `count` elements, one after the other.
   * @throws TypeError, RangeError for bad arguments; MpiError
   * @see MPI_Type_contiguous, MPI 4.0 section 5.1.2
   */
  static contiguous(count: number, type: Datatype): Datatype {
    return Datatype.from({ combiner: "contiguous", count, type });
  }

  /**
   * `count` blocks of `blocklength` elements, from the beginning of one block to the next `stride` elements.
   * @throws as `contiguous`
   * @see MPI_Type_vector, MPI 4.0 section 5.1.2
   */
  static vector(count: number, blocklength: number, stride: number, type: Datatype): Datatype {
    return Datatype.from({ combiner: "vector", count, blocklength, stride, type });
  }

  /** As `vector`, with the stride in bytes. @see MPI_Type_create_hvector */
  static hvector(count: number, blocklength: number, stride: number, type: Datatype): Datatype {
    return Datatype.from({ combiner: "hvector", count, blocklength, stride, type });
  }

  /**
   * Blocks of different lengths, each at a displacement of so many elements.
   * @throws as `contiguous`
   * @see MPI_Type_indexed, MPI 4.0 section 5.1.2
   */
  static indexed(blocklengths: Integers, displacements: Integers, type: Datatype): Datatype {
    return Datatype.from({ combiner: "indexed", blocklengths, displacements, type });
  }

  /** As `indexed`, with the displacements in bytes. @see MPI_Type_create_hindexed */
  static hindexed(blocklengths: Integers, displacements: Integers, type: Datatype): Datatype {
    return Datatype.from({ combiner: "hindexed", blocklengths, displacements, type });
  }

  /** As `indexed`, with blocks of the same length. @see MPI_Type_create_indexed_block */
  static indexedBlock(blocklength: number, displacements: Integers, type: Datatype): Datatype {
    return Datatype.from({ combiner: "indexedBlock", blocklength, displacements, type });
  }

  /** As `indexedBlock`, with the displacements in bytes. @see MPI_Type_create_hindexed_block */
  static hindexedBlock(blocklength: number, displacements: Integers, type: Datatype): Datatype {
    return Datatype.from({ combiner: "hindexedBlock", blocklength, displacements, type });
  }

  /**
   * A C struct with named fields, `{ x: DOUBLE, n: INT32_T, v: [FLOAT, 3] }`, aligned as C compilers do.
   * @param options `packed` leaves no gaps. Default `{ packed: false }`.
   * @throws TypeError, RangeError for bad fields; MpiError
   * @see MPI_Type_create_struct, MPI_Type_create_resized, MPI 4.0 section 5.1.2
   */
  static struct<const F extends Fields>(fields: F, options?: StructOptions): StructDatatype<F>;
  /**
   * Blocks of different lengths and types, each at a displacement of so many bytes.
   * @throws as `contiguous`
   * @see MPI_Type_create_struct, MPI 4.0 section 5.1.2
   */
  static struct(blocklengths: Integers, displacements: Integers, types: readonly Datatype[]): Datatype;
  static struct(
    first: Fields | Integers,
    second?: StructOptions | Integers,
    types?: readonly Datatype[],
  ): Datatype {
    if (!Array.isArray(first) && !ArrayBuffer.isView(first)) {
      return StructDatatype.of(structLayout(first, second as StructOptions | undefined));
    }
    const displacements = second as Integers;
    return Datatype.from({ combiner: "struct", blocklengths: first, displacements, types: types ?? [] });
  }

  /**
   * A part of an array of several dimensions; its extent is that of the whole array.
   * @param sizes Of the array. @param subsizes Of the part. @param starts Where the part begins.
   * @param order Of the dimensions in memory. Default `"C"`, the last one together.
   * @throws as `contiguous`
   * @see MPI_Type_create_subarray, MPI 4.0 section 5.1.3
   */
  static subarray(
    sizes: Integers,
    subsizes: Integers,
    starts: Integers,
    type: Datatype,
    order: ArrayOrder = "C",
  ): Datatype {
    return Datatype.from({ combiner: "subarray", sizes, subsizes, starts, order, type });
  }

  /**
   * The part of an array that one process of a grid has.
   * @param size Processes of the grid. @param rank The process. @param gsizes Sizes of the array.
   * @param distribs How each dimension is dealt out. @param dargs Lengths of the blocks, undefined for the default.
   * @param psizes Sizes of the grid. @param order As in `subarray`.
   * @throws as `contiguous`
   * @see MPI_Type_create_darray, MPI 4.0 section 5.1.4
   */
  static darray(
    size: number,
    rank: number,
    gsizes: Integers,
    distribs: readonly Distribution[],
    dargs: readonly (number | undefined)[],
    psizes: Integers,
    type: Datatype,
    order: ArrayOrder = "C",
  ): Datatype {
    return Datatype.from({ combiner: "darray", size, rank, gsizes, distribs, dargs, psizes, order, type });
  }

  /**
   * The same elements under another extent, which is what the next element of the type is away. Bytes.
   * @throws as `contiguous`
   * @see MPI_Type_create_resized, MPI 4.0 section 5.1.7
   */
  static resized(type: Datatype, lb: number, extent: number): Datatype {
    return Datatype.from({ combiner: "resized", type, lb, extent });
  }

  /** Makes the datatype that `decode` described. @throws as `contiguous` */
  static from(recipe: DerivedRecipe<Datatype>): Datatype {
    const checked = checkRecipe(recipe);
    const handles = mapTypes(checked, (type, argument) => {
      if (!(type instanceof Datatype)) throw invalidType(argument, "a Datatype", type);
      return type.handle;
    });
    ensureRunning();
    const of = "type" in checked ? ` of ${checked.type}` : "";
    return new Datatype(new Created(commit(construct(handles))), `${checked.combiner}${of}`);
  }

  /** Another datatype like this one. @see MPI_Type_dup, MPI 4.0 section 5.1.10 */
  dup(): Datatype<Value> {
    return Datatype.from({ combiner: "dup", type: this }) as Datatype<Value>;
  }

  /**
   * How it was made: the name of the constructor and its arguments, as the library knows them.
   * @throws MpiError `ERR_MPI_UNSUPPORTED` for one that this package cannot make
   * @see MPI_Type_get_envelope, MPI_Type_get_contents, MPI 4.0 section 5.1.13
   */
  decode(): Recipe<Datatype> {
    if (this.#predefined !== undefined) return { combiner: "named", name: this.#predefined };
    const recipe = recipeOf(this.handle);
    if (recipe === undefined) return { combiner: "named", name: this.name };
    return mapTypes(recipe, owned);
  }

  /**
   * What C gets.
   * @throws MpiError `ERR_MPI_UNSUPPORTED` if the library's ABI has no such type, `ERR_MPI_FREED`
   */
  get handle(): Handle {
    if (this.#predefined === undefined) ensureRunning();
    return this.#handle ?? this.#find();
  }

  #find(): Handle {
    if (this.#predefined === undefined) {
      throw new MpiError(`This datatype (${this}) was freed`, { code: "ERR_MPI_FREED" });
    }
    this.#handle = binding().abi.handle(this.#predefined);
    return this.#handle;
  }

  /** Bytes of data in one element, without gaps. @see MPI_Type_size_x, MPI 4.0 section 5.1.5 */
  get size(): number {
    return this.#measure().size;
  }

  /** From where one element begins to where the next one would, in bytes. @see MPI_Type_get_extent_x, section 5.1.7 */
  get extent(): number {
    return this.#measure().extent;
  }

  /** Where an element begins, from its address on, in bytes. @see MPI_Type_get_extent_x */
  get lb(): number {
    return this.#measure().lb;
  }

  /** Where an element ends: `lb + extent`. */
  get ub(): number {
    return this.#measure().lb + this.#measure().extent;
  }

  /** Where the first byte of data is, from the address on. @see MPI_Type_get_true_extent_x, section 5.1.8 */
  get trueLb(): number {
    return this.#measure().trueLb;
  }

  /** Bytes from the first byte of data to the last. @see MPI_Type_get_true_extent_x, section 5.1.8 */
  get trueExtent(): number {
    return this.#measure().trueExtent;
  }

  /** Whether its elements can follow each other without gaps, and have none inside. */
  get isDense(): boolean {
    const { size, lb, extent, trueLb, trueExtent } = this.#measure();
    return size === extent && size === trueExtent && lb === 0 && trueLb === 0 && size > 0;
  }

  /**
   * The bytes that some elements have, counted from the address on: from `first` up to, without, `last`.
   * @param count At least 1.
   */
  reach(count: number): { readonly first: number; readonly last: number } {
    const { extent, trueLb, trueExtent } = this.#measure();
    const end = (count - 1) * extent;
    return { first: trueLb + Math.min(0, end), last: trueLb + trueExtent + Math.max(0, end) };
  }

  /**
   * How many elements fit into memory that goes from `before` bytes before the address to `after` behind it;
   * Infinity if they all lie in the same place.
   */
  countWithin(before: number, after: number): number {
    const { extent } = this.#measure();
    const { first, last } = this.reach(1);
    const [below, above] = [before + first, after - last];
    if (below < 0 || above < 0) return 0;
    if (extent === 0) return Infinity;
    return Math.floor((extent < 0 ? below : above) / Math.abs(extent)) + 1;
  }

  /** What the address of an element must be a multiple of in C. */
  get alignment(): number {
    if (this.#predefined !== undefined) return predefinedAlignment(this.#predefined, this.extent);
    const recipe = this.decode();
    if (recipe.combiner === "named") return 1;
    const types = "types" in recipe ? recipe.types : [recipe.type];
    return Math.max(1, ...types.map((type) => type.alignment));
  }

  /**
   * `"MPI_DOUBLE"`; of others, what they were named, for debuggers and messages.
   * @throws MpiError `ERR_MPI_TYPE` when a predefined one is renamed
   * @see MPI_Type_get_name, MPI_Type_set_name, MPI 4.0 section 7.8
   */
  get name(): string {
    if (this.#predefined !== undefined) return this.#predefined;
    const bytes = new Uint8Array(binding().abi.integer("MPI_MAX_OBJECT_NAME") + 1);
    check(native.MPI_Type_get_name(this.handle, bytes, addresses().int), "MPI_Type_get_name");
    return decoder.decode(bytes.subarray(0, ints[0]));
  }

  set name(name: string) {
    if (typeof name !== "string") throw invalidType("name", "a string", name);
    const handle = this.#own("MPI_Type_set_name", "renamed");
    const longest = binding().abi.integer("MPI_MAX_OBJECT_NAME") - 1;
    const bytes = encoder.encode(`${name}\0`);
    if (bytes.length > longest + 1) throw outOfRange("name", `at most ${longest} bytes of UTF-8`, name);
    check(native.MPI_Type_set_name(handle, bytes), "MPI_Type_set_name");
    this.#label = name;
  }

  /** Whether it was freed. */
  get freed(): boolean {
    return this.#handle === undefined && this.#predefined === undefined;
  }

  /**
   * Gives it back; it cannot be used any more. Operations that began with it go on.
   * @throws MpiError `ERR_MPI_TYPE` for a predefined datatype, `ERR_MPI_FREED` for one that was freed
   * @see MPI_Type_free, MPI 4.0 section 5.1.9
   */
  free(): void {
    release(this, this.#own("MPI_Type_free", "freed"));
    this.#handle = undefined;
  }

  /** For `using`: frees it, unless it was or MPI has ended. */
  [Symbol.dispose](): void {
    if (!this.freed && !finalized()) this.free();
  }

  toString(): string {
    return this.#label;
  }

  /** The handle, if it is not that of a predefined datatype. */
  #own(operation: string, done: string): Handle {
    if (this.#predefined === undefined) return this.handle;
    throw new MpiError(`${this.#predefined} cannot be ${done}`, {
      code: "ERR_MPI_TYPE",
      errorClass: "MPI_ERR_TYPE",
      operation,
    });
  }

  #measure(): Measures {
    if (this.#measures === undefined || this.freed) this.#measures = measure(this.handle);
    return this.#measures;
  }
}

/** The same recipe with other representations of its datatypes. */
function mapTypes<T, U>(recipe: DerivedRecipe<T>, map: (type: T, argument: string) => U): DerivedRecipe<U> {
  return "types" in recipe
    ? { ...recipe, types: recipe.types.map((type, i) => map(type, `types[${i}]`)) }
    : ({ ...recipe, type: map(recipe.type, "type") } as DerivedRecipe<U>);
}

/** A datatype that the library handed out: a constant, or a new object that somebody must free. */
function owned(handle: Handle): Datatype {
  const name = predefinedName(handle, predefined.keys());
  if (name === undefined) return new Datatype(new Created(commit(handle)));
  return predefined.get(name) ?? new Datatype(name);
}

/**
 * A C struct with named fields, made by `Datatype.struct`. Memory that holds such structs, in messages
 * `{ data: memory, type }`, is read and written by records.
 */
export class StructDatatype<F extends Fields = Fields> extends Datatype<StructRecord<F>> {
  /** Where the fields are. */
  readonly layout: StructLayout;

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

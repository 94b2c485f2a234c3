import type { Handle } from "../abi/abi.js";
import { binding, native } from "../bindings/bind.js";
import { check } from "../bindings/check.js";
import { Created, sourceOf } from "../bindings/created.js";
import { addresses, ints } from "../bindings/scratch.js";
import { ensureRunning, finalized } from "../environment.js";
import { invalidType, MpiError, outOfRange } from "../error.js";
import { checkRecipe, construct } from "./construct.js";
import { recipeOf } from "./decode.js";
import { assertNear } from "./furthest.js";
import { commit, own, release } from "./lifetime.js";
import { MeasuredType } from "./measured.js";
import { predefinedAlignment, predefinedName } from "./names.js";
import type { ArrayOrder, DerivedRecipe, Distribution, Integers, Recipe } from "./recipe.js";
import { type Fields, type StructLayout, type StructOptions, structLayout } from "./struct.js";
import type { StructDatatype } from "./struct-datatype.js";

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
export class Datatype<Value = unknown> extends MeasuredType {
  /** What a field of this type holds: known to TypeScript only, there is no such property. */
  declare protected readonly value?: Value;
  /** Tells it from all other datatypes of this process, also from those that were freed. */
  readonly serial: number = made++;
  /** The MPI name of a predefined one. */
  readonly #predefined: string | undefined;
  #handle: Handle | undefined;
  /** What messages call it. */
  #label: string;

  /**
   * For predefined datatypes, and for new ones of which this object becomes the owner.
   * @param source The MPI name, or the handle of a committed datatype.
   * @param label What messages call a new one.
   */
  constructor(source: string | Created, label = "a derived datatype") {
    super();
    const { name, handle } = sourceOf(source);
    this.#predefined = name;
    this.#handle = handle;
    this.#label = name ?? label;
    if (handle !== undefined) own(this, handle);
    else if (name !== undefined && !predefined.has(name)) predefined.set(name, this);
  }

  /** `instanceof` tells the objects of this class from those that pretend to be, which C would crash on. */
  static override [Symbol.hasInstance](value: unknown): boolean {
    return typeof value === "object" && value !== null && #handle in value;
  }

  /** @internal Makes a StructDatatype: its class sets this, since it extends this one. */
  static ofLayout: (layout: StructLayout) => StructDatatype;

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
      return Datatype.ofLayout(structLayout(first, second as StructOptions | undefined));
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
    assertNear(checked);
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
  override get handle(): Handle {
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
  override get freed(): boolean {
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

  override toString(): string {
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

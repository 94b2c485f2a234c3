import { bufferSourceToDataView } from "typed-array-utils";
import type { CType, Engine, Library } from "../../ffi/index.js";
import { MpiError } from "../error.js";

/** The four binary interfaces that MPI libraries have. */
export type AbiFamily = "mpich" | "openmpi" | "msmpi" | "standard";

/** An MPI handle as C gets it: an int in the MPICH family, a pointer or pointer-sized integer elsewhere. */
export type Handle = number | bigint;

/**
 * A constant whose value is known only in the running library: `"&name"` is the address of the exported
 * symbol `name`, `"*name"` the pointer that the exported variable `name` holds.
 */
export type SymbolReference = `&${string}` | `*${string}`;

/** Where `MPI_Status` keeps what, in bytes. */
export interface StatusLayout {
  readonly size: number;
  readonly source: number;
  readonly tag: number;
  readonly error: number;
}

/**
 * All that a program compiled against one family's `mpi.h` would have in it. A name that is missing in a
 * table does not exist in that family.
 */
export interface AbiTable {
  readonly family: AbiFamily;
  /** How handles are passed; `MPI_File` is a pointer in every family. */
  readonly handleType: "int32" | "pointer";
  readonly status: StatusLayout;
  /** `sizeof` of the standard's other types, in bytes. */
  readonly sizes: Readonly<Record<string, number>>;
  /** `MPI_ANY_SOURCE`, `MPI_ERR_RANK`, `MPI_THREAD_MULTIPLE`, ... */
  readonly integers: Readonly<Record<string, number>>;
  /** Predefined handles: `MPI_COMM_WORLD`, `MPI_DOUBLE`, `MPI_SUM`, ... as in the header, unsigned. */
  readonly handles: Readonly<Record<string, number | SymbolReference>>;
  /** Predefined pointers: `MPI_IN_PLACE`, `MPI_STATUS_IGNORE`, ... */
  readonly pointers: Readonly<Record<string, bigint | SymbolReference>>;
}

/** One family's table, resolved in the library that is open. */
export class Abi {
  readonly table: AbiTable;
  readonly #library: Library;
  readonly #engine: Engine;
  /** Those that were asked for before: to look a symbol up costs more than a call. */
  readonly #handles = new Map<string, Handle>();

  constructor(table: AbiTable, library: Library, engine: Engine) {
    this.table = table;
    this.#library = library;
    this.#engine = engine;
  }

  /** Whether the library has this integer, handle or pointer: the tables are of its family's newest version. */
  has(name: string): boolean {
    const { integers, handles, pointers } = this.table;
    const value = integers[name] ?? handles[name] ?? pointers[name];
    return typeof value === "string" ? this.#library.has(value.slice(1)) : value !== undefined;
  }

  /** An integer constant. @throws MpiError `ERR_MPI_UNSUPPORTED` */
  integer(name: string): number {
    return this.table.integers[name] ?? this.#missing(name);
  }

  /** A predefined handle. @throws MpiError `ERR_MPI_UNSUPPORTED` */
  handle(name: string): Handle {
    let handle = this.#handles.get(name);
    if (handle === undefined) {
      handle = this.#handleOf(name);
      this.#handles.set(name, handle);
    }
    return handle;
  }

  #handleOf(name: string): Handle {
    const value = this.table.handles[name] ?? this.#missing(name);
    if (typeof value === "string") return this.#resolve(name, value);
    // Headers write int handles unsigned (0x8c000000), C passes them as signed ints.
    return this.table.handleType === "int32" ? value | 0 : BigInt(value);
  }

  /** A predefined pointer. @throws MpiError `ERR_MPI_UNSUPPORTED` */
  pointer(name: string): bigint {
    const value = this.table.pointers[name] ?? this.#missing(name);
    return typeof value === "string" ? this.#resolve(name, value) : value;
  }

  /** The C type in which arguments of the MPI type `name` (`"MPI_Comm"`, `"MPI_File"`) are passed. */
  handleType(name: string): CType {
    return name === "MPI_File" ? "pointer" : this.table.handleType;
  }

  #resolve(name: string, reference: SymbolReference): bigint {
    const symbol = reference.slice(1);
    if (!this.#library.has(symbol)) this.#missing(name);
    const address = this.#library.symbol(symbol);
    if (reference.startsWith("&")) return address;
    const bytes = this.#engine.bytesAt(address, 8);
    return bufferSourceToDataView(bytes).getBigUint64(0, true);
  }

  #missing(name: string): never {
    throw new MpiError(
      `${name} is not supported by this MPI library (its ABI family is ${this.table.family})`,
      {
        code: "ERR_MPI_UNSUPPORTED",
      },
    );
  }
}

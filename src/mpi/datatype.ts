import type { Handle } from "./abi/abi.js";
import { binding, native } from "./bindings/bind.js";
import { check } from "./bindings/check.js";
import { addresses, ints } from "./bindings/scratch.js";
import { ensureRunning } from "./environment.js";

/**
 * The type of the elements of a message. MPI 4.0 chapter 5 (derived types will be made here).
 *
 * The predefined ones are constants under their MPI names; nothing is loaded before one is used.
 */
export class Datatype {
  /** `"MPI_DOUBLE"` */
  readonly name: string;
  #handle: Handle | undefined;
  #size = -1;

  /** For predefined datatypes only. */
  constructor(name: string) {
    this.name = name;
  }

  /** What C gets. @throws MpiError `ERR_MPI_UNSUPPORTED` if the library's ABI has no such type */
  get handle(): Handle {
    this.#handle ??= binding().abi.handle(this.name);
    return this.#handle;
  }

  /** Bytes of data in one element, without gaps. @see MPI_Type_size */
  get size(): number {
    if (this.#size < 0) {
      ensureRunning();
      check(native.MPI_Type_size(this.handle, addresses().int), "MPI_Type_size");
      this.#size = ints[0] as number;
    }
    return this.#size;
  }

  toString(): string {
    return this.name;
  }
}

/** Raw bytes: moved as they are, no arithmetic. */
export const BYTE: Datatype = new Datatype("MPI_BYTE");
export const INT8_T: Datatype = new Datatype("MPI_INT8_T");
export const UINT8_T: Datatype = new Datatype("MPI_UINT8_T");
export const INT16_T: Datatype = new Datatype("MPI_INT16_T");
export const UINT16_T: Datatype = new Datatype("MPI_UINT16_T");
export const INT32_T: Datatype = new Datatype("MPI_INT32_T");
export const UINT32_T: Datatype = new Datatype("MPI_UINT32_T");
export const INT64_T: Datatype = new Datatype("MPI_INT64_T");
export const UINT64_T: Datatype = new Datatype("MPI_UINT64_T");
export const FLOAT: Datatype = new Datatype("MPI_FLOAT");
export const DOUBLE: Datatype = new Datatype("MPI_DOUBLE");
export const LONG_DOUBLE: Datatype = new Datatype("MPI_LONG_DOUBLE");
/** Pairs of floats (real, imaginary). */
export const C_FLOAT_COMPLEX: Datatype = new Datatype("MPI_C_FLOAT_COMPLEX");
/** Pairs of doubles (real, imaginary). */
export const C_DOUBLE_COMPLEX: Datatype = new Datatype("MPI_C_DOUBLE_COMPLEX");
export const C_BOOL: Datatype = new Datatype("MPI_C_BOOL");
export const CHAR: Datatype = new Datatype("MPI_CHAR");
export const SIGNED_CHAR: Datatype = new Datatype("MPI_SIGNED_CHAR");
export const UNSIGNED_CHAR: Datatype = new Datatype("MPI_UNSIGNED_CHAR");
export const WCHAR: Datatype = new Datatype("MPI_WCHAR");
export const SHORT: Datatype = new Datatype("MPI_SHORT");
export const UNSIGNED_SHORT: Datatype = new Datatype("MPI_UNSIGNED_SHORT");
export const INT: Datatype = new Datatype("MPI_INT");
export const UNSIGNED: Datatype = new Datatype("MPI_UNSIGNED");
export const LONG: Datatype = new Datatype("MPI_LONG");
export const UNSIGNED_LONG: Datatype = new Datatype("MPI_UNSIGNED_LONG");
export const LONG_LONG: Datatype = new Datatype("MPI_LONG_LONG");
export const UNSIGNED_LONG_LONG: Datatype = new Datatype("MPI_UNSIGNED_LONG_LONG");
export const AINT: Datatype = new Datatype("MPI_AINT");
export const COUNT: Datatype = new Datatype("MPI_COUNT");
export const OFFSET: Datatype = new Datatype("MPI_OFFSET");
export const PACKED: Datatype = new Datatype("MPI_PACKED");
/** Pairs for MAXLOC and MINLOC. */
export const FLOAT_INT: Datatype = new Datatype("MPI_FLOAT_INT");
export const DOUBLE_INT: Datatype = new Datatype("MPI_DOUBLE_INT");
export const LONG_INT: Datatype = new Datatype("MPI_LONG_INT");
/** MPI_2INT: a TypeScript name cannot begin with a digit. */
export const INT_INT: Datatype = new Datatype("MPI_2INT");
export const SHORT_INT: Datatype = new Datatype("MPI_SHORT_INT");
export const LONG_DOUBLE_INT: Datatype = new Datatype("MPI_LONG_DOUBLE_INT");

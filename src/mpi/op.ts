import type { Handle } from "./abi/abi.js";
import { binding } from "./bindings/bind.js";

/**
 * A reduction operation. MPI 4.0 section 6.9.2 (user-defined ones will be made here).
 *
 * The predefined ones are constants under their MPI names; nothing is loaded before one is used.
 */
export class Op {
  /** `"MPI_SUM"` */
  readonly name: string;
  #handle: Handle | undefined;

  /** For predefined operations only. */
  constructor(name: string) {
    this.name = name;
  }

  /** What C gets. */
  get handle(): Handle {
    this.#handle ??= binding().abi.handle(this.name);
    return this.#handle;
  }

  toString(): string {
    return this.name;
  }
}

export const SUM: Op = new Op("MPI_SUM");
export const PROD: Op = new Op("MPI_PROD");
export const MAX: Op = new Op("MPI_MAX");
export const MIN: Op = new Op("MPI_MIN");
/** Logical and: not zero is true. Integers only. */
export const LAND: Op = new Op("MPI_LAND");
/** Logical or. Integers only. */
export const LOR: Op = new Op("MPI_LOR");
/** Logical exclusive or. Integers only. */
export const LXOR: Op = new Op("MPI_LXOR");
/** Bitwise and. Integers only. */
export const BAND: Op = new Op("MPI_BAND");
/** Bitwise or. Integers only. */
export const BOR: Op = new Op("MPI_BOR");
/** Bitwise exclusive or. Integers only. */
export const BXOR: Op = new Op("MPI_BXOR");
/** The largest value and the lowest index that has it; pair types only. */
export const MAXLOC: Op = new Op("MPI_MAXLOC");
/** The smallest value and the lowest index that has it; pair types only. */
export const MINLOC: Op = new Op("MPI_MINLOC");
/** One-sided accumulation: the new value. */
export const REPLACE: Op = new Op("MPI_REPLACE");
/** One-sided accumulation: the old value. */
export const NO_OP: Op = new Op("MPI_NO_OP");

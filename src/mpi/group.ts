import type { Handle } from "./abi/abi.js";
import { binding, native } from "./bindings/bind.js";
import { check } from "./bindings/check.js";
import { addresses, ints, readHandle, writeHandle } from "./bindings/scratch.js";
import { UNDEFINED } from "./constants.js";
import { ensureRunning } from "./environment.js";
import { invalidType, MpiError, outOfRange } from "./error.js";

/**
 * An ordered set of processes. MPI 4.0 section 7.3 (missing: set operations and ranges).
 *
 * Groups are local to a process: making and freeing one involves no other.
 */
export class Group {
  #handle: Handle | undefined;

  /** @param handle An MPI_Group, which this object will free. */
  constructor(handle: Handle) {
    this.#handle = handle;
  }

  /** What C gets. @throws MpiError `ERR_MPI_FREED`, `ERR_MPI_FINALIZED` */
  get handle(): Handle {
    ensureRunning();
    if (this.#handle === undefined) throw new MpiError("This group was freed", { code: "ERR_MPI_FREED" });
    return this.#handle;
  }

  /** How many processes it has. @see MPI_Group_size */
  get size(): number {
    check(native.MPI_Group_size(this.handle, addresses().int), "MPI_Group_size");
    return ints[0] as number;
  }

  /** The rank of this process in it, UNDEFINED if it is not in it. @see MPI_Group_rank */
  get rank(): number {
    check(native.MPI_Group_rank(this.handle, addresses().int), "MPI_Group_rank");
    return binding().constants.rank(ints[0] as number);
  }

  /**
   * The processes of these ranks, in this order.
   * @throws RangeError for a rank that is not in the group or is named twice
   * @see MPI_Group_incl
   */
  incl(ranks: readonly number[]): Group {
    const list = this.#ranks(ranks);
    check(native.MPI_Group_incl(this.handle, list.length, list, addresses().handle), "MPI_Group_incl");
    return new Group(readHandle());
  }

  /** All but the processes of these ranks. @throws RangeError as `incl` @see MPI_Group_excl */
  excl(ranks: readonly number[]): Group {
    const list = this.#ranks(ranks);
    check(native.MPI_Group_excl(this.handle, list.length, list, addresses().handle), "MPI_Group_excl");
    return new Group(readHandle());
  }

  /** The ranks that these processes have in another group, UNDEFINED where they are not in it. @see MPI_Group_translate_ranks */
  translateRanks(ranks: readonly number[], other: Group): number[] {
    assertGroup(other, "other");
    const list = this.#ranks(ranks);
    const out = new Int32Array(list.length);
    const code = native.MPI_Group_translate_ranks(this.handle, list.length, list, other.handle, out);
    check(code, "MPI_Group_translate_ranks");
    return Array.from(out, (rank) => (rank < 0 ? UNDEFINED : rank));
  }

  /** IDENT, SIMILAR (same processes, other order) or UNEQUAL. @see MPI_Group_compare */
  compare(other: Group): number {
    assertGroup(other, "other");
    check(native.MPI_Group_compare(this.handle, other.handle, addresses().int), "MPI_Group_compare");
    return binding().constants.comparison(ints[0] as number);
  }

  /** Gives the group back; it cannot be used any more. Communicators made from it can. @see MPI_Group_free */
  free(): void {
    writeHandle(this.handle);
    check(native.MPI_Group_free(addresses().handle), "MPI_Group_free");
    this.#handle = undefined;
  }

  /** For `using`: frees it, unless it was. */
  [Symbol.dispose](): void {
    if (this.#handle !== undefined) this.free();
  }

  #ranks(ranks: readonly number[]): Int32Array {
    if (!Array.isArray(ranks)) throw invalidType("ranks", "an array of ranks", ranks);
    const { size } = this;
    for (const [i, rank] of ranks.entries()) {
      const isRank = Number.isInteger(rank) && rank >= 0 && rank < size;
      if (!isRank) throw outOfRange(`ranks[${i}]`, `a rank from 0 to ${size - 1}`, rank);
    }
    if (new Set(ranks).size < ranks.length) throw outOfRange("ranks", "each rank once", ranks);
    return Int32Array.from(ranks);
  }
}

/** @throws TypeError for what is no group */
export function assertGroup(value: unknown, argument: string): asserts value is Group {
  if (!(value instanceof Group)) throw invalidType(argument, "a Group", value);
}

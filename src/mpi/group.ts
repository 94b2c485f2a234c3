import type { Handle } from "./abi/abi.js";
import { binding, native } from "./bindings/bind.js";
import { check } from "./bindings/check.js";
import { type Created, created, sourceOf } from "./bindings/created.js";
import { addresses, ints, writeHandle } from "./bindings/scratch.js";
import { PROC_NULL } from "./constants.js";
import { ensureRunning, finalized } from "./environment.js";
import { invalidType, MpiError, outOfRange } from "./error.js";

/** The ranks `first`, `first + stride`, ... up to `last`; or down to it, if the stride is negative. */
export type RankRange = readonly [first: number, last: number, stride: number];

/**
 * An ordered set of processes. MPI 4.0 section 7.3.
 *
 * Groups are local to a process: making and freeing one involves no other.
 */
export class Group {
  /** The MPI name of a predefined one. */
  readonly #predefined: string | undefined;
  #handle: Handle | undefined;

  /** @param source The MPI name of a predefined group, or an MPI_Group, which this object will free. */
  constructor(source: string | Created) {
    const { name, handle } = sourceOf(source);
    this.#predefined = name;
    this.#handle = handle;
  }

  /** `instanceof` tells the objects of this class from those that pretend to be, which C would crash on. */
  static [Symbol.hasInstance](value: unknown): boolean {
    return typeof value === "object" && value !== null && #handle in value;
  }

  /** What C gets. @throws MpiError `ERR_MPI_FREED`, `ERR_MPI_FINALIZED` */
  get handle(): Handle {
    ensureRunning();
    if (this.#predefined !== undefined) this.#handle ??= binding().abi.handle(this.#predefined);
    if (this.#handle === undefined) throw new MpiError("This group was freed", { code: "ERR_MPI_FREED" });
    return this.#handle;
  }

  /** Whether it was freed. */
  get freed(): boolean {
    return this.#handle === undefined && this.#predefined === undefined;
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

  /** The processes of this group, then those of `other` that are not in it. @see MPI_Group_union */
  union(other: Group): Group {
    return this.#with(other, "MPI_Group_union");
  }

  /** The processes that are in both, in the order of this group. @see MPI_Group_intersection */
  intersection(other: Group): Group {
    return this.#with(other, "MPI_Group_intersection");
  }

  /** The processes of this group that are not in `other`. @see MPI_Group_difference */
  difference(other: Group): Group {
    return this.#with(other, "MPI_Group_difference");
  }

  /**
   * The processes of these ranks, in this order.
   * @throws RangeError for a rank that is not in the group or is named twice
   * @see MPI_Group_incl
   */
  incl(ranks: readonly number[]): Group {
    return this.#select(this.#distinct(ranks), "MPI_Group_incl");
  }

  /** All but the processes of these ranks, in the order of this group. @throws as `incl` @see MPI_Group_excl */
  excl(ranks: readonly number[]): Group {
    return this.#select(this.#distinct(ranks), "MPI_Group_excl");
  }

  /**
   * The processes of the ranks in these ranges, in this order.
   * @throws RangeError as `incl`, and for a range that has no ranks
   * @see MPI_Group_range_incl
   */
  rangeIncl(ranges: readonly RankRange[]): Group {
    return this.#select(this.#triplets(ranges), "MPI_Group_range_incl", ranges.length);
  }

  /** All but the processes of the ranks in these ranges. @throws as `rangeIncl` @see MPI_Group_range_excl */
  rangeExcl(ranges: readonly RankRange[]): Group {
    return this.#select(this.#triplets(ranges), "MPI_Group_range_excl", ranges.length);
  }

  /**
   * The ranks that these processes have in another group, UNDEFINED where they are not in it.
   * @param ranks In this group; PROC_NULL stays PROC_NULL.
   * @see MPI_Group_translate_ranks
   */
  translateRanks(ranks: readonly number[], other: Group): number[] {
    assertGroup(other, "other");
    if (!Array.isArray(ranks)) throw invalidType("ranks", "an array of ranks", ranks);
    const { constants } = binding();
    const { size } = this;
    const list = Int32Array.from(ranks, (rank: unknown, i) =>
      rank === PROC_NULL ? constants.toNative(PROC_NULL, "ranks") : rankIn(size, rank, `ranks[${i}]`),
    );
    const out = new Int32Array(list.length);
    const code = native.MPI_Group_translate_ranks(this.handle, list.length, list, other.handle, out);
    check(code, "MPI_Group_translate_ranks");
    return Array.from(out, (rank) => constants.rank(rank));
  }

  /** IDENT, SIMILAR (same processes, other order) or UNEQUAL. @see MPI_Group_compare */
  compare(other: Group): number {
    assertGroup(other, "other");
    check(native.MPI_Group_compare(this.handle, other.handle, addresses().int), "MPI_Group_compare");
    return binding().constants.comparison(ints[0] as number);
  }

  /**
   * Gives the group back; it cannot be used any more. Communicators made from it can.
   * @throws MpiError `ERR_MPI_GROUP` for GROUP_EMPTY, `ERR_MPI_FREED` for one that was freed
   * @see MPI_Group_free
   */
  free(): void {
    const { handle } = this;
    if (this.#predefined !== undefined) {
      throw new MpiError(`${this.#predefined} cannot be freed`, {
        code: "ERR_MPI_GROUP",
        errorClass: "MPI_ERR_GROUP",
        operation: "MPI_Group_free",
      });
    }
    this.#handle = undefined;
    // An operation whose result is empty gives the predefined group.
    if (handle === GROUP_EMPTY.handle) return;
    writeHandle(handle);
    check(native.MPI_Group_free(addresses().handle), "MPI_Group_free");
  }

  /** For `using`: frees it, unless it was or MPI has ended. */
  [Symbol.dispose](): void {
    if (!this.freed && !finalized()) this.free();
  }

  #with(other: Group, operation: SetOperation): Group {
    assertGroup(other, "other");
    check(native[operation](this.handle, other.handle, addresses().handle), operation);
    return new Group(created());
  }

  #select(list: Int32Array, operation: Selection, count = list.length): Group {
    check(native[operation](this.handle, count, list, addresses().handle), operation);
    return new Group(created());
  }

  #distinct(ranks: readonly number[]): Int32Array {
    if (!Array.isArray(ranks)) throw invalidType("ranks", "an array of ranks", ranks);
    const { size } = this;
    const list = Int32Array.from(ranks, (rank: unknown, i) => rankIn(size, rank, `ranks[${i}]`));
    if (new Set(list).size < list.length) throw outOfRange("ranks", "each rank once", ranks);
    return list;
  }

  /** Ranges as C gets them, once all of their ranks have been checked. */
  #triplets(ranges: readonly RankRange[]): Int32Array {
    if (!Array.isArray(ranges)) throw invalidType("ranges", "an array of [first, last, stride]", ranges);
    const { size } = this;
    const ranks = ranges.flatMap((range: unknown, i) => ranksIn(range, size, `ranges[${i}]`));
    if (new Set(ranks).size < ranks.length) throw outOfRange("ranges", "each rank once", ranges);
    return Int32Array.from(ranges.flat());
  }
}

type SetOperation = "MPI_Group_union" | "MPI_Group_intersection" | "MPI_Group_difference";
type Selection = "MPI_Group_incl" | "MPI_Group_excl" | "MPI_Group_range_incl" | "MPI_Group_range_excl";

/** The group without processes. */
export const GROUP_EMPTY: Group = new Group("MPI_GROUP_EMPTY");

function rankIn(size: number, rank: unknown, argument: string): number {
  if (typeof rank !== "number") throw invalidType(argument, "a rank (an integer)", rank);
  if (Number.isInteger(rank) && rank >= 0 && rank < size) return rank;
  throw outOfRange(
    argument,
    size === 0 ? "nothing, as the group is empty" : `a rank from 0 to ${size - 1}`,
    rank,
  );
}

function ranksIn(range: unknown, size: number, argument: string): number[] {
  if (!Array.isArray(range) || range.length !== 3) {
    throw invalidType(argument, "[first, last, stride]", range);
  }
  const [first, last, stride] = range as unknown[];
  const from = rankIn(size, first, `${argument}[0]`);
  const to = rankIn(size, last, `${argument}[1]`);
  if (typeof stride !== "number") throw invalidType(`${argument}[2]`, "an integer", stride);
  const steps = (to - from) / stride;
  if (!Number.isInteger(stride) || stride === 0 || Math.abs(stride) >= 2 ** 31 || steps < 0) {
    throw outOfRange(`${argument}[2]`, `an integer that leads from ${from} to ${to}`, stride);
  }
  return Array.from({ length: Math.floor(steps) + 1 }, (_, i) => from + i * stride);
}

/** @throws TypeError for what is no group */
export function assertGroup(value: unknown, argument: string): asserts value is Group {
  if (!(value instanceof Group)) throw invalidType(argument, "a Group", value);
}

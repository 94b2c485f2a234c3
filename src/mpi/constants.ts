import type { Abi } from "./abi/abi.js";
import { invalidType } from "./error.js";

/*
 * The standard's integer constants as users see them: fixed numbers, those of the MPI-5 standard ABI, the same
 * under every library. They are translated on their way into and out of the library; ranks and tags that are
 * not negative need no translation.
 */

/** Source of a receive or probe: any rank. */
export const ANY_SOURCE = -1;
/** Tag of a receive or probe: any tag. */
export const ANY_TAG = -2;
/** A rank that does not exist: communication with it completes at once and transfers nothing. */
export const PROC_NULL = -3;
/** Root argument of the root process itself in a collective over an intercommunicator. */
export const ROOT = -4;
/** "None": a color of `split`, an index of `waitAny`, a rank in a group one is not in. */
export const UNDEFINED = -32766;

/** Result of a comparison: the same object. */
export const IDENT = 201;
/** Result of a comparison: the same members in the same order, another context. */
export const CONGRUENT = 202;
/** Result of a comparison: the same members in another order. */
export const SIMILAR = 203;
/** Result of a comparison: other members. */
export const UNEQUAL = 204;

/** Split type: the ranks that can share memory. */
export const COMM_TYPE_SHARED = 221;
/** Split type: the next level of the hardware. MPI 4.0. */
export const COMM_TYPE_HW_UNGUIDED = 222;
/** Split type: the level of the hardware that the hint `mpi_hw_resource_type` names. MPI 4.0. */
export const COMM_TYPE_HW_GUIDED = 223;
/** Split type: the resource that the hint `mpi_hw_resource_type` or `mpi_pset_name` names. MPI 4.1. */
export const COMM_TYPE_RESOURCE_GUIDED = 224;

/** Attribute: the largest tag. */
export const TAG_UB = 501;
/** Attribute: a rank that can do the language's own input and output; ANY_SOURCE if all can. */
export const IO = 502;
/** Attribute: the rank on the host, PROC_NULL if there is no such thing. Deprecated in MPI 4.1. */
export const HOST = 503;
/** Attribute: 1 if `wtime` is the same clock for all processes, else 0. */
export const WTIME_IS_GLOBAL = 504;
/** Attribute: which of the programs of a job this is, from 0. */
export const APPNUM = 505;
/** Attribute: the largest error class or code in use. */
export const LASTUSEDCODE = 506;
/** Attribute: how many processes there could be. */
export const UNIVERSE_SIZE = 507;

const SPLIT_TYPES: ReadonlyMap<number, string> = new Map([
  [COMM_TYPE_SHARED, "MPI_COMM_TYPE_SHARED"],
  [COMM_TYPE_HW_UNGUIDED, "MPI_COMM_TYPE_HW_UNGUIDED"],
  [COMM_TYPE_HW_GUIDED, "MPI_COMM_TYPE_HW_GUIDED"],
  [COMM_TYPE_RESOURCE_GUIDED, "MPI_COMM_TYPE_RESOURCE_GUIDED"],
  [UNDEFINED, "MPI_UNDEFINED"],
]);

const ATTRIBUTES: ReadonlyMap<number, string> = new Map([
  [TAG_UB, "MPI_TAG_UB"],
  [IO, "MPI_IO"],
  [HOST, "MPI_HOST"],
  [WTIME_IS_GLOBAL, "MPI_WTIME_IS_GLOBAL"],
  [APPNUM, "MPI_APPNUM"],
  [LASTUSEDCODE, "MPI_LASTUSEDCODE"],
  [UNIVERSE_SIZE, "MPI_UNIVERSE_SIZE"],
]);

/** How the open library writes the numbers above. */
export class Translation {
  readonly #toNative: ReadonlyMap<number, number>;
  readonly #ranks: ReadonlyMap<number, number>;
  readonly #comparisons: ReadonlyMap<number, number>;
  readonly #abi: Abi;

  constructor(abi: Abi) {
    this.#abi = abi;
    const pairs = (names: Record<string, number>): [number, number][] =>
      Object.entries(names).flatMap(([name, value]) => (abi.has(name) ? [[value, abi.integer(name)]] : []));
    const swapped = (entries: [number, number][]): Map<number, number> =>
      new Map(entries.map(([ours, theirs]) => [theirs, ours]));
    const ranks = pairs({
      MPI_ANY_SOURCE: ANY_SOURCE,
      MPI_PROC_NULL: PROC_NULL,
      MPI_ROOT: ROOT,
      MPI_UNDEFINED: UNDEFINED,
    });
    const comparisons = pairs({
      MPI_IDENT: IDENT,
      MPI_CONGRUENT: CONGRUENT,
      MPI_SIMILAR: SIMILAR,
      MPI_UNEQUAL: UNEQUAL,
    });
    this.#toNative = new Map([...ranks, [ANY_TAG, abi.integer("MPI_ANY_TAG")]]);
    this.#ranks = swapped(ranks);
    this.#comparisons = swapped(comparisons);
  }

  /** A constant of this file, as the library wants it. @throws TypeError if it has no such constant. */
  toNative(value: number, argument: string): number {
    const native = this.#toNative.get(value);
    if (native === undefined) throw invalidType(argument, "a constant that this MPI library has", value);
    return native;
  }

  /** A split type, as the library wants it. @throws TypeError; MpiError `ERR_MPI_UNSUPPORTED` if it has no such type */
  splitType(value: number): number {
    const name = SPLIT_TYPES.get(value);
    if (name === undefined)
      throw invalidType("type", "a split type (COMM_TYPE_SHARED, ...) or UNDEFINED", value);
    return this.#abi.integer(name);
  }

  /** The key of a predefined attribute, as the library wants it. @throws TypeError if there is no such attribute */
  attribute(value: number): number {
    const name = ATTRIBUTES.get(value);
    if (name === undefined) throw invalidType("key", "an attribute (TAG_UB, ...) or a Keyval", value);
    return this.#abi.integer(name);
  }

  /** A rank from the library, where negative numbers are constants. */
  rank(native: number): number {
    return native < 0 ? (this.#ranks.get(native) ?? native) : native;
  }

  /** The result of a comparison. */
  comparison(native: number): number {
    return this.#comparisons.get(native) ?? UNEQUAL;
  }
}

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

/** How the open library writes the numbers above. */
export class Translation {
  readonly #toNative: ReadonlyMap<number, number>;
  readonly #ranks: ReadonlyMap<number, number>;
  readonly #splitTypes: ReadonlyMap<number, number>;
  readonly #comparisons: ReadonlyMap<number, number>;

  constructor(abi: Abi) {
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
    const splitTypes = pairs({
      MPI_COMM_TYPE_SHARED: COMM_TYPE_SHARED,
      MPI_COMM_TYPE_HW_UNGUIDED: COMM_TYPE_HW_UNGUIDED,
    });
    this.#toNative = new Map([...ranks, [ANY_TAG, abi.integer("MPI_ANY_TAG")]]);
    this.#splitTypes = new Map([...splitTypes, [UNDEFINED, abi.integer("MPI_UNDEFINED")]]);
    this.#ranks = swapped(ranks);
    this.#comparisons = swapped(comparisons);
  }

  /** A constant of this file, as the library wants it. @throws TypeError if it has no such constant. */
  toNative(value: number, argument: string): number {
    return this.#toNative.get(value) ?? noConstant(argument, "a constant", value);
  }

  /** A split type, as the library wants it. @throws TypeError if it has no such type. */
  splitType(value: number): number {
    return this.#splitTypes.get(value) ?? noConstant("type", "a split type (COMM_TYPE_SHARED, ...)", value);
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

function noConstant(argument: string, expected: string, value: unknown): never {
  throw invalidType(argument, `${expected} that this MPI library has`, value);
}

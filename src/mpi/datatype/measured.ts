import type { Handle } from "../abi/abi.js";
import { type Measures, measure } from "./lifetime.js";

/** Where the elements of a datatype lie. Bytes. The library is asked once. MPI 4.0 section 5.1.5 to 5.1.8 */
export abstract class MeasuredType {
  #measures: Measures | undefined;

  /** What C gets. */
  abstract get handle(): Handle;

  /** Whether it was freed. */
  abstract get freed(): boolean;

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

  #measure(): Measures {
    if (this.#measures === undefined || this.freed) this.#measures = measure(this.handle);
    return this.#measures;
  }
}

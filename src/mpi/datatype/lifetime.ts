import type { Handle } from "../abi/abi.js";
import { native } from "../bindings/bind.js";
import { check } from "../bindings/check.js";
import { addresses, longs, readHandle, writeHandle } from "../bindings/scratch.js";
import { beforeFinalize, ensureRunning, finalized } from "../environment.js";
import type { DerivedRecipe } from "./recipe.js";

/** The datatypes that are to be freed, each as many times as it says: decoding gives the same handle again. */
const live = new Map<Handle, number>();

/** Frees the datatypes that nobody can reach any more: MPI_Type_free concerns this process only. */
const unreachable = new FinalizationRegistry<Handle>((handle) => {
  if (!finalized()) freeHandle(handle);
});

/** Takes a new datatype over for its object: it is freed some time after that cannot be reached any more. */
export function own(owner: object, handle: Handle): void {
  live.set(handle, (live.get(handle) ?? 0) + 1);
  unreachable.register(owner, handle, owner);
}

/** Frees the datatype of an object. */
export function release(owner: object, handle: Handle): void {
  unreachable.unregister(owner);
  freeHandle(handle);
}

/** What was asked for where a datatype was made by other constructors; the type in it may be freed. */
export const replaced: Map<Handle, DerivedRecipe<Handle>> = new Map();

/** @see MPI_Type_free, MPI 4.0 section 5.1.9 */
export function freeHandle(handle: Handle): void {
  const times = live.get(handle) ?? 1;
  if (times === 1) {
    live.delete(handle);
    replaced.delete(handle);
  } else live.set(handle, times - 1);
  writeHandle(handle);
  check(native.MPI_Type_free(addresses().handle), "MPI_Type_free");
}

// MPICH warns of the datatypes that are left when it is finalized.
beforeFinalize(() => {
  for (const [handle, times] of live) {
    for (let i = 0; i < times; i++) freeHandle(handle);
  }
});

/** Makes a new datatype fit for communication. @see MPI_Type_commit, MPI 4.0 section 5.1.9 */
export function commit(handle: Handle): Handle {
  writeHandle(handle);
  check(native.MPI_Type_commit(addresses().handle), "MPI_Type_commit");
  return readHandle();
}

/** Where the elements of a datatype lie. Bytes. */
export interface Measures {
  readonly size: number;
  readonly lb: number;
  readonly extent: number;
  readonly trueLb: number;
  readonly trueExtent: number;
}

/** Asks the library. */
export function measure(handle: Handle): Measures {
  ensureRunning();
  const { int: first } = addresses();
  const second = first + BigInt(longs.BYTES_PER_ELEMENT);
  check(native.MPI_Type_size_x(handle, first), "MPI_Type_size_x");
  const size = Number(longs[0]);
  check(native.MPI_Type_get_extent_x(handle, first, second), "MPI_Type_get_extent_x");
  const [lb, extent] = [Number(longs[0]), Number(longs[1])];
  check(native.MPI_Type_get_true_extent_x(handle, first, second), "MPI_Type_get_true_extent_x");
  return { size, lb, extent, trueLb: Number(longs[0]), trueExtent: Number(longs[1]) };
}

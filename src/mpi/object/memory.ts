import type { Handle } from "../abi/abi.js";
import { binding } from "../bindings/bind.js";
import { BYTE, Datatype } from "../datatype.js";

/** Bytes in one block of a datatype: its lengths are ints. */
const BLOCK = 2 ** 30;

/**
 * A datatype whose one element, at MPI_BOTTOM, is all the bytes of `views` where they are: several arrays of
 * any size travel as one message, without being copied together. MPI 4.0 section 5.1.12
 *
 * The caller keeps the views alive until the operation is complete. Freeing the datatype may come earlier.
 */
export function datatypeAt(views: readonly Uint8Array[]): Datatype {
  const lengths: number[] = [];
  const addresses: number[] = [];
  for (const view of views) {
    const address = Number(binding().engine.addressOf(view));
    for (let start = 0; start < view.length; start += BLOCK) {
      lengths.push(Math.min(BLOCK, view.length - start));
      addresses.push(address + start);
    }
  }
  return Datatype.hindexed(lengths, addresses, BYTE);
}

/** MPI_BOTTOM: addresses in the datatype are absolute. */
export const BOTTOM: Handle = 0n;

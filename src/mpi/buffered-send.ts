import { binding, native } from "./bindings/bind.js";
import { check } from "./bindings/check.js";
import { addresses } from "./bindings/scratch.js";
import { ensureRunning } from "./environment.js";
import { MpiError, outOfRange } from "./error.js";

/* The space for buffered sends, one for the whole process. MPI 4.0 section 3.6 */

let attached: Uint8Array | undefined;

/** Bytes that each buffered message needs besides its data. @see MPI_BSEND_OVERHEAD */
export const bsendOverhead = (): number => binding().abi.integer("MPI_BSEND_OVERHEAD");

/**
 * Gives the library space for the messages of `bsend`.
 * @param byteLength The data of all messages that may be on their way at once, and `bsendOverhead()` for each.
 * @throws MpiError `ERR_MPI_BUFFER` if there is a buffer already; RangeError for a bad length
 * @see MPI_Buffer_attach, MPI 4.0 section 3.6
 */
export function attachBuffer(byteLength: number): void {
  ensureRunning();
  const fits = Number.isInteger(byteLength) && byteLength > 0 && byteLength < 2 ** 31;
  if (!fits) throw outOfRange("byteLength", "an integer from 1 to 2147483647", byteLength);
  if (attached !== undefined) {
    throw new MpiError("There is a buffer already: detach it first", {
      code: "ERR_MPI_BUFFER",
      errorClass: "MPI_ERR_BUFFER",
      operation: "MPI_Buffer_attach",
    });
  }
  const space = new Uint8Array(byteLength);
  check(native.MPI_Buffer_attach(space, byteLength), "MPI_Buffer_attach");
  attached = space;
}

/**
 * Refuses a message that the space cannot hold even when it is empty. Open MPI 4.1 does so as well, but nothing
 * that is sent to the same process afterwards arrives: it has counted the message.
 * @throws MpiError `ERR_MPI_BUFFER`
 */
export function assertSpace(byteLength: number, operation: string): void {
  const needed = byteLength + bsendOverhead();
  if (attached !== undefined && needed <= attached.byteLength) return;
  const space = attached === undefined ? "no buffer is attached" : `the buffer has ${attached.byteLength}`;
  throw new MpiError(`${operation}: the message needs ${needed} bytes of buffer, but ${space}`, {
    code: "ERR_MPI_BUFFER",
    errorClass: "MPI_ERR_BUFFER",
    operation,
  });
}

/**
 * Takes the space back, when all messages in it are sent.
 * @returns Its length in bytes, 0 if there was none.
 * @see MPI_Buffer_detach, MPI 4.0 section 3.6
 */
export function detachBuffer(): number {
  ensureRunning();
  if (attached === undefined) return 0;
  const { byteLength } = attached;
  check(native.MPI_Buffer_detach(addresses().handle, addresses().int), "MPI_Buffer_detach");
  attached = undefined;
  return byteLength;
}

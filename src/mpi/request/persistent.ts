import { native } from "../bindings/bind.js";
import { check } from "../bindings/check.js";
import { addresses, readHandle, writeHandle } from "../bindings/scratch.js";
import { ensureRunning } from "../environment.js";
import { invalidType, invalidValue } from "../error.js";
import { freed, wrongRequest } from "./error.js";
import { Request, transfersOf } from "./request.js";

/**
 * An operation whose arguments are fixed, to be started many times. MPI 4.0 sections 3.9 and 6.13.
 *
 * It must be freed: `free()`, or `using request = ...`.
 */
export class PersistentRequest extends Request {
  static override [Symbol.hasInstance](value: unknown): boolean {
    return value instanceof Request && Request.transfer(value).persistent;
  }

  /**
   * Begins the operation once more; then wait, test or await it.
   * @throws MpiError `ERR_MPI_REQUEST` if it is active, `ERR_MPI_FREED` after `free`, `ERR_MPI_BUFFER` of a buffered
   *   send if there is no space
   * @see MPI_Start, MPI 4.0 section 3.9
   */
  start(): this {
    PersistentRequest.startAll([this]);
    return this;
  }

  /** Begins several; none if one of them cannot begin. @throws as `start` @see MPI_Startall, MPI 4.0 section 3.9 */
  static startAll(requests: readonly PersistentRequest[]): void {
    const transfers = transfersOf(requests);
    for (const [i, transfer] of transfers.entries()) {
      if (transfers.indexOf(transfer) < i)
        throw invalidValue(`requests[${i}]`, "the same request twice", requests[i]);
      if (!transfer.persistent) throw invalidType(`requests[${i}]`, "a PersistentRequest", requests[i]);
      if (transfer.freed) throw freed(transfer);
      if (transfer.active) {
        throw wrongRequest(`${transfer.operation}: the request is active already`, "MPI_Start");
      }
    }
    ensureRunning();
    for (const transfer of transfers) transfer.prepare();
    for (const transfer of transfers) {
      writeHandle(transfer.handle);
      check(native.MPI_Start(addresses().handle), "MPI_Start");
      transfer.handle = readHandle();
      transfer.restart();
    }
  }

  /** For `using`: ends it as that of a Request, and frees it unless it goes on. */
  override [Symbol.dispose](): void {
    try {
      super[Symbol.dispose]();
    } finally {
      if (!Request.transfer(this).active) this.free();
    }
  }
}

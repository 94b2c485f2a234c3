import type { Handle } from "../abi/abi.js";
import { binding, native } from "../bindings/bind.js";
import { check, failure } from "../bindings/check.js";
import { addresses, HandleArray, ints, readHandle, writeHandle } from "../bindings/scratch.js";
import { UNDEFINED } from "../constants.js";
import { ensureRunning } from "../environment.js";
import type { MpiError } from "../error.js";
import { type Status, StatusArray, scratchStatus } from "../status.js";
import { handleOf, type Outcome, type Transfer } from "./transfer.js";

/* MPI_Wait and its kin, over transfers. MPI 4.0 sections 3.7.3 and 3.7.5. */

/** One of several that is complete. */
export interface Ended {
  readonly index: number;
  readonly outcome: Outcome;
}

/** Blocks until it is complete. */
export function waitTransfer(transfer: Transfer): Outcome {
  if (transfer.outcome !== undefined) return transfer.outcome;
  ensureRunning();
  writeHandle(transfer.handle);
  const code = native.MPI_Wait(addresses().handle, addresses().status);
  return code === 0 ? succeed(transfer) : end(transfer, readHandle(), failure(code, "MPI_Wait"));
}

/** Its outcome if it is complete, else undefined. */
export function testTransfer(transfer: Transfer): Outcome | undefined {
  if (transfer.outcome !== undefined) return transfer.outcome;
  ensureRunning();
  writeHandle(transfer.handle);
  const { handle, int, status } = addresses();
  const code = native.MPI_Test(handle, int, status);
  if (code !== 0) return end(transfer, readHandle(), failure(code, "MPI_Test"));
  return ints[0] === 0 ? undefined : succeed(transfer);
}

/** An await asks so many times before it leaves it to the poller: some microseconds, less than a turn of the loop. */
const TESTS_AT_ONCE = 200;

/** Its outcome if it is complete now or in a moment, else undefined. */
export function testAtOnce(transfer: Transfer): Outcome | undefined {
  if (transfer.outcome !== undefined) return transfer.outcome;
  ensureRunning();
  // A test that finds it incomplete leaves the handle as it was.
  writeHandle(transfer.handle);
  const { handle, int, status } = addresses();
  for (let i = 0; i < TESTS_AT_ONCE; i++) {
    const code = native.MPI_Test(handle, int, status);
    if (code !== 0) return end(transfer, readHandle(), failure(code, "MPI_Test"));
    if (ints[0] !== 0) return succeed(transfer);
  }
  return undefined;
}

/** Blocks until it is complete, at most so many milliseconds: undefined if it is not. */
export function waitAtMost(transfer: Transfer, milliseconds: number): Outcome | undefined {
  const end = performance.now() + milliseconds;
  let outcome = testAtOnce(transfer);
  while (outcome === undefined && performance.now() < end) outcome = testAtOnce(transfer);
  return outcome;
}

/** After a call that completed it; the request of one that cannot be started again is gone then. */
function succeed(transfer: Transfer): Outcome {
  if (transfer.persistent) transfer.handle = readHandle();
  return transfer.finish(transfer.kind === "collective" ? emptyStatus() : scratchStatus());
}

/** The status of all that are collective: no message ends with them, and Open MPI leaves in theirs what was there. */
function emptyStatus(): Status {
  empty ??= waitForNone();
  return empty;
}

let empty: Status | undefined;

/** What a library writes for a request that is none has to be empty. MPI 4.0 section 3.7.3 */
function waitForNone(): Status {
  writeHandle(binding().abi.handle("MPI_REQUEST_NULL"));
  check(native.MPI_Wait(addresses().handle, addresses().status), "MPI_Wait");
  return scratchStatus();
}

/**
 * Records what a call that completed `transfer` made of it.
 * @param handle The MPI_Request as the call left it.
 */
function end(transfer: Transfer, handle: Handle, outcome: Outcome): Outcome {
  transfer.handle = handle;
  const isGone = handle === binding().abi.handle("MPI_REQUEST_NULL");
  if (outcome instanceof Error) {
    return isGone || transfer.persistent ? transfer.finish(outcome) : release(transfer, outcome);
  }
  return transfer.finish(transfer.kind === "collective" ? emptyStatus() : outcome);
}

/** Open MPI leaves a request that failed to its owner; what is not complete may still use its buffers. */
function release(transfer: Transfer, error: Error): Outcome {
  const { handle, int, status } = addresses();
  const isComplete = native.MPI_Request_get_status(transfer.handle, int, status) === 0 && ints[0] !== 0;
  writeHandle(transfer.handle);
  native.MPI_Request_free(handle);
  return isComplete ? transfer.finish(error) : transfer.abandon(error);
}

/**
 * Blocks until all are complete. One by one: MPI_Waitall of Open MPI 4.1 hangs under MPI_THREAD_MULTIPLE if one
 * of them has failed before, and that of MPICH leaves those after the first failure pending.
 */
export function waitTransfers(transfers: readonly Transfer[]): void {
  ensureRunning();
  for (const transfer of transfers) waitTransfer(transfer);
}

/** Whether all are complete; if not, none is completed. */
export function testTransfers(transfers: readonly Transfer[]): boolean {
  const batch = new Batch(transfers);
  const code = native.MPI_Testall(
    transfers.length,
    batch.handles.view,
    addresses().int,
    batch.statuses.words,
  );
  const all = code !== 0 || ints[0] !== 0;
  if (all) batch.endAll(code, "MPI_Testall");
  return all;
}

/** Blocks until one of those that are active is complete; UNDEFINED and an empty status if none is active. */
export function waitAnyTransfer(transfers: readonly Transfer[]): Ended {
  const batch = new Batch(transfers);
  const { int, status } = addresses();
  return batch.endOne(native.MPI_Waitany(transfers.length, batch.handles.view, int, status), "MPI_Waitany");
}

/** As `waitAny`, but null if none is complete. */
export function testAnyTransfer(transfers: readonly Transfer[]): Ended | null {
  const batch = new Batch(transfers);
  const { int, int2, status } = addresses();
  const code = native.MPI_Testany(transfers.length, batch.handles.view, int, int2, status);
  return code === 0 && ints[1] === 0 ? null : batch.endOne(code, "MPI_Testany");
}

/** Blocks until at least one of those that are active is complete; none if none is active. */
export const waitSomeTransfers = (transfers: readonly Transfer[]): Ended[] =>
  new Batch(transfers).some("MPI_Waitsome");

/** Those that are active and complete. */
export const testSomeTransfers = (transfers: readonly Transfer[]): Ended[] =>
  new Batch(transfers).some("MPI_Testsome");

/** Several transfers in one call. */
class Batch {
  readonly handles: HandleArray;
  readonly statuses: StatusArray;
  readonly #transfers: readonly Transfer[];

  constructor(transfers: readonly Transfer[]) {
    ensureRunning();
    ints[0] = -1; // no index, should the call fail without telling one
    this.#transfers = transfers;
    this.handles = new HandleArray(transfers.length);
    this.statuses = new StatusArray(transfers.length);
    for (const [i, transfer] of transfers.entries()) this.handles.set(i, handleOf(transfer));
  }

  /** After a call that completed all, each with a status of its own. */
  endAll(code: number, operation: string): void {
    const errorOf = this.#errors(code, operation);
    for (const [i, transfer] of this.#transfers.entries()) {
      if (transfer.active) end(transfer, this.handles.get(i), errorOf(i) ?? this.statuses.get(i));
    }
  }

  /** After a call that completed at most one, the scratch status being its. */
  endOne(code: number, operation: string): Ended {
    const index = ints[0] as number;
    const transfer = this.#transfers[index];
    const outcome = code === 0 ? scratchStatus() : failure(code, operation);
    if (transfer !== undefined) return { index, outcome: end(transfer, this.handles.get(index), outcome) };
    if (outcome instanceof Error) throw outcome;
    return { index: UNDEFINED, outcome };
  }

  some(operation: "MPI_Waitsome" | "MPI_Testsome"): Ended[] {
    const count = this.#transfers.length;
    const indices = new Int32Array(count);
    const code = native[operation](count, this.handles.view, addresses().int, indices, this.statuses.words);
    const ended = ints[0] as number; // negative (MPI_UNDEFINED) if none was active
    const errorOf = this.#errors(code, operation);
    return Array.from(indices.subarray(0, Math.max(ended, 0)), (index, i) => {
      const error = errorOf(i);
      const transfer = this.#transfers[index] as Transfer;
      return { index, outcome: end(transfer, this.handles.get(index), error ?? this.statuses.get(i)) };
    });
  }

  /** What the i-th status says went wrong: only after MPI_ERR_IN_STATUS has each one an error of its own. */
  #errors(code: number, operation: string): (i: number) => MpiError | undefined {
    if (code === 0) return () => undefined;
    const whole = failure(code, operation);
    if (whole.errorClass !== "MPI_ERR_IN_STATUS") throw whole;
    const pending = binding().abi.integer("MPI_ERR_PENDING");
    return (i) => {
      const error = this.statuses.errorOf(i);
      return error === 0 || error === pending ? undefined : failure(error, operation);
    };
  }
}

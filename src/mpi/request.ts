import type { Handle } from "./abi/abi.js";
import { binding, native } from "./bindings/bind.js";
import { check, failure } from "./bindings/check.js";
import { addresses, HandleArray, ints, readHandle, writeHandle } from "./bindings/scratch.js";
import { UNDEFINED } from "./constants.js";
import { ensureRunning } from "./environment.js";
import { invalidType, MpiError } from "./error.js";
import { type Status, StatusArray, scratchStatus } from "./status.js";

/** One of several requests that is complete. */
export interface Completion {
  /** Its place in the array that was given; `UNDEFINED` if no request in it was active. */
  readonly index: number;
  readonly status: Status;
}

/**
 * Requests that the library works on. They hold their buffers, and this set holds them: a buffer that was
 * collected before its message arrived would be overwritten with something else in it.
 */
const active = new Set<Request>();

/** A nonblocking operation. MPI 4.0 section 3.7. */
export class Request {
  #handle: Handle;
  /** What C reads or writes until it is complete. */
  #buffers: readonly unknown[];
  #outcome: Status | MpiError | undefined;

  /** @param handle The MPI_Request. @param buffers What must live until it is complete. */
  constructor(handle: Handle, buffers: readonly unknown[]) {
    this.#handle = handle;
    this.#buffers = buffers;
    active.add(this);
  }

  /** Whether it is complete (as far as a wait or test has seen), or freed. */
  get done(): boolean {
    return this.#outcome !== undefined || !active.has(this);
  }

  /**
   * Blocks until the operation is complete. Of a complete request: its status again.
   * @throws MpiError what the operation failed with, `ERR_MPI_TRUNCATE` for a message longer than the buffer
   * @see MPI_Wait, MPI 4.0 section 3.7.3
   */
  wait(): Status {
    if (this.done) return this.#result();
    ensureRunning();
    writeHandle(this.#handle);
    const code = native.MPI_Wait(addresses().handle, addresses().status);
    return this.#settle(readHandle(), code, "MPI_Wait");
  }

  /**
   * The status if the operation is complete, else null.
   * @throws MpiError as `wait`
   * @see MPI_Test, MPI 4.0 section 3.7.3
   */
  test(): Status | null {
    if (this.done) return this.#result();
    ensureRunning();
    writeHandle(this.#handle);
    const { handle, int, status } = addresses();
    const code = native.MPI_Test(handle, int, status);
    if (code === 0 && ints[0] === 0) return null;
    return this.#settle(readHandle(), code, "MPI_Test");
  }

  /**
   * Asks for the operation to be given up; it must still be waited for, and `status.cancelled` tells
   * whether it was. A complete request is left alone.
   * @see MPI_Cancel, MPI 4.0 section 3.8.4
   */
  cancel(): void {
    if (this.done) return;
    ensureRunning();
    writeHandle(this.#handle);
    check(native.MPI_Cancel(addresses().handle), "MPI_Cancel");
  }

  /**
   * Lets the operation go on without anybody waiting for it. Nothing tells when its buffer may be used
   * again, so that the buffer is kept until the process ends.
   * @see MPI_Request_free, MPI 4.0 section 3.7.3
   */
  free(): void {
    if (this.done) return;
    ensureRunning();
    writeHandle(this.#handle);
    check(native.MPI_Request_free(addresses().handle), "MPI_Request_free");
    abandoned.push(this.#buffers);
    this.#finish(emptyFailure("this request was freed"));
  }

  /** Blocks until all are complete. @throws MpiError the first failure, after all are complete @see MPI_Waitall */
  static waitAll(requests: readonly Request[]): Status[] {
    const batch = new Batch(requests);
    const code = native.MPI_Waitall(requests.length, batch.handles.view, batch.statuses.words);
    return batch.settleAll(code, "MPI_Waitall");
  }

  /** The statuses if all are complete, else null. @throws MpiError as `waitAll` @see MPI_Testall */
  static testAll(requests: readonly Request[]): Status[] | null {
    const batch = new Batch(requests);
    const { int } = addresses();
    const code = native.MPI_Testall(requests.length, batch.handles.view, int, batch.statuses.words);
    if (code === 0 && ints[0] === 0) return null;
    return batch.settleAll(code, "MPI_Testall");
  }

  /**
   * Blocks until one of the active requests is complete.
   * @returns `{ index: UNDEFINED }` if none is active.
   * @see MPI_Waitany
   */
  static waitAny(requests: readonly Request[]): Completion {
    const batch = new Batch(requests);
    const { int, status } = addresses();
    const code = native.MPI_Waitany(requests.length, batch.handles.view, int, status);
    return batch.settleOne(code, "MPI_Waitany");
  }

  /** As `waitAny`, but null at once if none is complete. @see MPI_Testany */
  static testAny(requests: readonly Request[]): Completion | null {
    const batch = new Batch(requests);
    const { int, int2, status } = addresses();
    const code = native.MPI_Testany(requests.length, batch.handles.view, int, int2, status);
    if (code === 0 && ints[1] === 0) return null;
    return batch.settleOne(code, "MPI_Testany");
  }

  /** Blocks until at least one of the active requests is complete; empty if none is active. @see MPI_Waitsome */
  static waitSome(requests: readonly Request[]): Completion[] {
    return new Batch(requests).settleSome("MPI_Waitsome");
  }

  /** Those of the active requests that are complete. @see MPI_Testsome */
  static testSome(requests: readonly Request[]): Completion[] {
    return new Batch(requests).settleSome("MPI_Testsome");
  }

  /** @internal The handle for a call that completes several; a request that is complete takes no part. */
  static handleIn(request: Request): Handle {
    return request.done ? binding().abi.handle("MPI_REQUEST_NULL") : request.#handle;
  }

  /** @internal Records what such a call did to one request. */
  static record(request: Request, handle: Handle, outcome: Status | MpiError): void {
    if (request.done) return;
    request.#handle = handle;
    if (handle === binding().abi.handle("MPI_REQUEST_NULL")) request.#finish(outcome);
  }

  #settle(handle: Handle, code: number, operation: string): Status {
    const outcome = code === 0 ? scratchStatus() : failure(code, operation);
    Request.record(this, handle, outcome);
    if (outcome instanceof MpiError) throw outcome;
    return outcome;
  }

  #finish(outcome: Status | MpiError): void {
    this.#outcome = outcome;
    this.#buffers = [];
    active.delete(this);
  }

  #result(): Status {
    if (this.#outcome instanceof MpiError) throw this.#outcome;
    return this.#outcome as Status;
  }
}

const abandoned: (readonly unknown[])[] = [];

const emptyFailure = (message: string): MpiError => new MpiError(message, { code: "ERR_MPI_FREED" });

/** Several requests in one call. */
class Batch {
  readonly handles: HandleArray;
  readonly statuses: StatusArray;
  readonly #requests: readonly Request[];

  constructor(requests: readonly Request[]) {
    if (!Array.isArray(requests)) throw invalidType("requests", "an array of Request", requests);
    for (const [i, request] of requests.entries()) {
      if (!(request instanceof Request)) throw invalidType(`requests[${i}]`, "a Request", request);
    }
    ensureRunning();
    ints[0] = -1; // no index, should the call fail without telling one
    this.#requests = requests;
    this.handles = new HandleArray(requests.length);
    this.statuses = new StatusArray(requests.length);
    for (const [i, request] of requests.entries()) this.handles.set(i, Request.handleIn(request));
  }

  /** After a call that completed all, each with a status of its own. */
  settleAll(code: number, operation: string): Status[] {
    const failures = this.#failures(code, operation);
    for (const [i, request] of this.#requests.entries()) {
      Request.record(request, this.handles.get(i), failures(i) ?? this.statuses.get(i));
    }
    const first = this.#requests.findIndex((_, i) => failures(i) !== undefined);
    if (first >= 0) throw failures(first);
    return this.#requests.map((request) => request.wait());
  }

  /** After a call that completed one, the scratch status being its. */
  settleOne(code: number, operation: string): Completion {
    const index = ints[0] as number;
    const request = this.#requests[index];
    const outcome = code === 0 ? scratchStatus() : failure(code, operation);
    if (request !== undefined) Request.record(request, this.handles.get(index), outcome);
    if (outcome instanceof MpiError) throw outcome;
    return { index: request === undefined ? UNDEFINED : index, status: outcome };
  }

  settleSome(operation: "MPI_Waitsome" | "MPI_Testsome"): Completion[] {
    const count = this.#requests.length;
    const indices = new Int32Array(count);
    const { int } = addresses();
    const code = native[operation](count, this.handles.view, int, indices, this.statuses.words);
    const failures = this.#failures(code, operation);
    const completions: Completion[] = [];
    let first: MpiError | undefined;
    // MPI_UNDEFINED, when none was active, is negative.
    for (let i = 0; i < (ints[0] as number); i++) {
      const index = indices[i] as number;
      const error = failures(i);
      const status = this.statuses.get(i, error);
      Request.record(this.#requests[index] as Request, this.handles.get(index), error ?? status);
      completions.push({ index, status });
      first ??= error;
    }
    if (first !== undefined) throw first;
    return completions;
  }

  /** What the i-th status says went wrong. Only after MPI_ERR_IN_STATUS has each status an error of its own. */
  #failures(code: number, operation: string): (i: number) => MpiError | undefined {
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

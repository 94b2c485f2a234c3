import { binding, native } from "../bindings/bind.js";
import { check } from "../bindings/check.js";
import { addresses, writeHandle } from "../bindings/scratch.js";
import { ensureRunning } from "../environment.js";
import { invalidType, invalidValue } from "../error.js";
import type { Status } from "../status.js";
import { asCompleted } from "./as-completed.js";
import {
  testAnyTransfer,
  testAtOnce,
  testSomeTransfers,
  testTransfer,
  testTransfers,
  waitAnyTransfer,
  waitAtMost,
  waitSomeTransfers,
  waitTransfer,
  waitTransfers,
} from "./completion.js";
import { freed, wrongRequest } from "./error.js";
import { type Completion, completionOf, completionsOf, promiseOf, settled, statusOf } from "./outcome.js";
import { follow } from "./poller.js";
import { signalOf } from "./signal.js";
import { type Outcome, Transfer } from "./transfer.js";
import { isTurnDue, nextTurn } from "./turn.js";

/**
 * A nonblocking operation. MPI 4.0 section 3.7.
 *
 * `await request` gives its status once it is complete, or throws what it failed with, while the event loop
 * goes on; `wait()` blocks instead. The request keeps its buffers alive. Collective operations must be begun
 * in the same order by all processes, but may be completed in any.
 */
export class Request implements PromiseLike<Status> {
  readonly #transfer: Transfer;

  /** @internal */
  constructor(transfer: Transfer) {
    if (!(transfer instanceof Transfer)) {
      throw invalidType("transfer", "nothing: requests are made by operations", transfer);
    }
    this.#transfer = transfer;
    if (transfer.madeAt !== undefined) dropped.register(this, transfer);
  }

  /** `instanceof` tells the objects of this class from those that pretend to be, which C would crash on. */
  static [Symbol.hasInstance](value: unknown): boolean {
    return typeof value === "object" && value !== null && #transfer in value;
  }

  /** The C function that began it, `"MPI_Irecv"`. */
  get operation(): string {
    return this.#transfer.operation;
  }

  /** Whether it is complete, as far as a wait, a test or an await has seen. */
  get done(): boolean {
    return this.#transfer.outcome !== undefined;
  }

  /**
   * Blocks until the operation is complete. Of a complete request: its status again.
   * @throws MpiError what the operation failed with, `ERR_MPI_TRUNCATE` for a message longer than the buffer
   * @see MPI_Wait, MPI 4.0 section 3.7.3
   */
  wait(): Status {
    return statusOf(waitTransfer(begun(this.#transfer)));
  }

  /**
   * The status if the operation is complete, else null.
   * @throws MpiError as `wait`
   * @see MPI_Test, MPI 4.0 section 3.7.3
   */
  test(): Status | null {
    const outcome = testTransfer(begun(this.#transfer));
    return outcome === undefined ? null : statusOf(outcome);
  }

  /**
   * Resolves as `wait` returns and rejects as it throws, without blocking; `await request` is the same.
   * @param options.signal Gives the operation up when it is aborted: a receive that has not begun is cancelled,
   *   and the promise rejects with the signal's reason. What MPI cannot cancel (a collective, a send) goes on
   *   unseen, and uses its buffer until it is complete.
   * @throws TypeError for options that are none
   */
  promise(options: { readonly signal?: AbortSignal } = {}): Promise<Status> {
    const signal = signalOf(options);
    return this.#promised(this.#soon(), signal);
  }

  /** How it ended, if it did or does in a moment. */
  #soon(): Outcome | undefined {
    try {
      return testAtOnce(begun(this.#transfer));
    } catch (error) {
      return error as Error;
    }
  }

  #promised(outcome: Outcome | undefined, signal: AbortSignal | undefined): Promise<Status> {
    if (outcome === undefined) return this.#followed(signal);
    const transfer = this.#transfer;
    if (isTurnDue()) return nextTurn().then(() => settled(transfer, outcome, signal));
    return settled(transfer, outcome, signal);
  }

  /** As `promise`, when the poller asks. */
  #followed(signal: AbortSignal | undefined): Promise<Status> {
    const transfer = this.#transfer;
    return new Promise((resolve, reject) => {
      const giveUp = (): void => {
        try {
          if (transfer.kind === "receive") this.cancel();
          else reject(signal?.reason);
        } catch (error) {
          reject(error); // Nobody hears what a listener throws.
        }
      };
      transfer.onceEnded((outcome) => {
        signal?.removeEventListener("abort", giveUp);
        resolve(settled(transfer, outcome, signal));
      });
      follow(transfer);
      if (signal?.aborted) giveUp();
      else signal?.addEventListener("abort", giveUp, { once: true });
    });
  }

  /** For `await`. */
  // biome-ignore lint/suspicious/noThenProperty: a request is awaited as a promise is
  then<Value = Status, Caught = never>(
    onfulfilled?: ((status: Status) => Value | PromiseLike<Value>) | null,
    onrejected?: ((reason: unknown) => Caught | PromiseLike<Caught>) | null,
  ): Promise<Value | Caught> {
    const outcome = this.#soon();
    if (outcome === undefined || outcome instanceof Error || typeof onfulfilled !== "function") {
      return this.#promised(outcome, undefined).then(onfulfilled, onrejected);
    }
    if (isTurnDue()) return nextTurn().then(() => onfulfilled(outcome));
    return promiseOf(outcome).then(onfulfilled);
  }

  /**
   * Asks for the operation to be given up; it must still be waited for, and `status.cancelled` tells whether
   * it was. A complete request is left alone.
   * @throws MpiError `ERR_MPI_REQUEST` for a collective operation, which cannot be cancelled
   * @see MPI_Cancel, MPI 4.0 section 3.8.4
   */
  cancel(): void {
    const transfer = this.#transfer;
    if (!transfer.active || transfer.cancelling) return;
    if (transfer.kind === "collective" || transfer.kind === "partitioned") {
      throw wrongRequest(`${transfer.operation} is ${transfer.kind}: it cannot be cancelled`, "MPI_Cancel");
    }
    ensureRunning();
    // MPICH 4.0 refuses a persistent one from PROC_NULL, which ends at once in any case.
    if (transfer.toNobody) return;
    writeHandle(transfer.handle);
    check(native.MPI_Cancel(addresses().handle), "MPI_Cancel");
    transfer.cancelling = true;
  }

  /**
   * Lets the operation go on without anybody waiting for it. Nothing tells when its buffer may be used again,
   * so that the buffer is kept until the process ends.
   * @throws MpiError `ERR_MPI_REQUEST` for a collective or partitioned operation that goes on: it must be completed first
   * @see MPI_Request_free, MPI 4.0 section 3.7.3
   */
  free(): void {
    const transfer = this.#transfer;
    if (transfer.freed) return;
    // MPICH 4.0 crashes on a partitioned one.
    if (transfer.active && (transfer.kind === "collective" || transfer.kind === "partitioned")) {
      throw wrongRequest(
        `${transfer.operation} is ${transfer.kind}: it must be completed first`,
        "MPI_Request_free",
      );
    }
    ensureRunning();
    // Open MPI 4.1 frees a persistent receive that was truncated.
    const isGone = transfer.handle === binding().abi.handle("MPI_REQUEST_NULL");
    // MPICH 4.0 would use one to PROC_NULL again, for the next request of any kind, which never ends.
    const isLeft = transfer.persistent && transfer.toNobody;
    if ((transfer.active || transfer.persistent) && !isGone && !isLeft) {
      writeHandle(transfer.handle);
      check(native.MPI_Request_free(addresses().handle), "MPI_Request_free");
    }
    transfer.free(freed(transfer));
  }

  /**
   * For `using`: gives up a receive that has not begun, and waits until a message that is on its way, a send or a
   * collective is complete. What the others do not complete in 30 seconds goes on, active as it was: an error that
   * ended the block, which is not seen before, has to come out.
   * @throws MpiError what it failed with; `ERR_MPI_REQUEST` if it goes on, and uses its buffer
   */
  [Symbol.dispose](): void {
    const transfer = this.#transfer;
    if (!transfer.active) return;
    const isReceive = transfer.kind === "receive";
    if (isReceive && testAtOnce(transfer) === undefined) this.cancel();
    const outcome = waitAtMost(transfer, LONGEST_AT_END);
    if (outcome === undefined) {
      const text = `not complete ${LONGEST_AT_END / 1000} seconds after the end of its block: it goes on`;
      throw wrongRequest(`${transfer.operation}: ${text}. wait() waits longer`, transfer.operation);
    }
    statusOf(outcome);
  }

  /** Blocks until all are complete. @throws MpiError the first failure, when all are complete @see MPI_Waitall */
  static waitAll(requests: readonly Request[]): Status[] {
    const transfers = transfersOf(requests).map(begun);
    waitTransfers(transfers);
    return transfers.map((transfer) => statusOf(transfer.outcome as Outcome));
  }

  /** The statuses if all are complete, else null. @throws MpiError as `waitAll` @see MPI_Testall */
  static testAll(requests: readonly Request[]): Status[] | null {
    const transfers = transfersOf(requests).map(begun);
    if (!testTransfers(transfers)) return null;
    return transfers.map((transfer) => statusOf(transfer.outcome as Outcome));
  }

  /**
   * Blocks until one of the active requests is complete.
   * @returns `{ index: UNDEFINED }` if none is active.
   * @throws MpiError what it failed with
   * @see MPI_Waitany
   */
  static waitAny(requests: readonly Request[]): Completion {
    return completionOf(waitAnyTransfer(transfersOf(requests)));
  }

  /** As `waitAny`, but null if none is complete. @see MPI_Testany */
  static testAny(requests: readonly Request[]): Completion | null {
    const ended = testAnyTransfer(transfersOf(requests));
    return ended === null ? null : completionOf(ended);
  }

  /**
   * Blocks until at least one of the active requests is complete; empty if none is active.
   * @throws MpiError what one of them failed with; its `index` tells which, and its `completions` are those of the
   *   others that completed with it
   * @see MPI_Waitsome
   */
  static waitSome(requests: readonly Request[]): Completion[] {
    return completionsOf(waitSomeTransfers(transfersOf(requests)));
  }

  /** Those of the active requests that are complete. @throws as `waitSome` @see MPI_Testsome */
  static testSome(requests: readonly Request[]): Completion[] {
    return completionsOf(testSomeTransfers(transfersOf(requests)));
  }

  /**
   * The active requests as they complete, without blocking: `for await (const { index, status } of ...)`. A loop
   * that is left early cancels nothing; another over the same requests goes on where it was left.
   * @throws MpiError what a request failed with, when its turn comes; its `index` tells which, and its `completions`
   *   are those of the others that are complete and were not told of
   */
  static async *completions(requests: readonly Request[]): AsyncGenerator<Completion, void> {
    yield* asCompleted(transfersOf(requests));
  }

  /** @internal What is behind a request. */
  static transfer(request: Request): Transfer {
    return request.#transfer;
  }
}

/** How long the end of a block waits, in milliseconds. */
const LONGEST_AT_END = 30_000;

/** @throws MpiError for one that nobody can wait for, because it was never started. */
function begun(transfer: Transfer): Transfer {
  if (!transfer.active && transfer.outcome === undefined) {
    throw wrongRequest(`${transfer.operation}: this persistent request was not started`, transfer.operation);
  }
  return transfer;
}

/** @internal @throws TypeError for what is no request, or is active and there twice: libraries crash on that */
export function transfersOf(requests: readonly Request[]): Transfer[] {
  const seen = new Set<Transfer>();
  return listOf(requests).map((request, i) => {
    if (!(request instanceof Request)) throw invalidType(`requests[${i}]`, "a Request", request);
    const transfer = Request.transfer(request);
    if (transfer.active && seen.has(transfer))
      throw invalidValue(`requests[${i}]`, "the same request twice", request);
    seen.add(transfer);
    return transfer;
  });
}

/** A copy, since a proxy may tell another length each time, or throw. */
function listOf(requests: unknown): unknown[] {
  try {
    if (Array.isArray(requests)) return Array.from(requests);
  } catch {
    // It was revoked.
  }
  throw invalidType("requests", "an array of Request", requests);
}

/** Reports requests that the user dropped while the library worked on them. For TYPED_MPI_DEBUG=requests. */
const dropped = new FinalizationRegistry((transfer: Transfer) => {
  if (!transfer.active) return;
  transfer.reported = true;
  process.stderr.write(`typed-mpi: a request was dropped while active: ${transfer}\n`);
});

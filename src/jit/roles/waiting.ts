import type { Communicator, MessageBuffer, Request } from "../../mpi/index.js";
import { JitError } from "../error.js";
import { type Effect, perform, type Steps } from "../steps.js";
import type { Notice } from "./notice.js";

/*
 * Collective communication that does not wait for ever. Only types come from the mpi floor: who has a communicator has
 * loaded it.
 */

/** How long to wait for the other processes. */
export interface Patience {
  /** When to give up, as `performance.now()` tells time. */
  readonly until: number;
  readonly signal?: AbortSignal | undefined;
  /** What is done, for the error: `"jit of power_3"`. */
  readonly what: string;
  /** Whether somebody may be compiling, who has use for the processor. Default false: all are expected at once. */
  readonly whileCompiling?: boolean;
}

export const endless: Patience = { until: Infinity, what: "a collective operation" };

/** Then: of the time that was waited, the part to wait before the next look. */
const SHARE = 1 / 20;

/** Milliseconds: the shortest and the longest pause, and the one that a notice may end. */
const [SHORTEST, LONGEST, LONGEST_WITH_NOTICE] = [0.05, 5, 10];

/** Communicators with an operation that was given up: MPI cannot take it back, and would take the next for it. */
const spent = new WeakSet<Communicator>();

/** @throws JitError `ERR_JIT_DEADLINE` if an earlier wait for the others was given up */
export function assertNotSpent(comm: Communicator, what: string): void {
  if (!spent.has(comm)) return;
  throw new JitError(
    "ERR_JIT_DEADLINE",
    `${what}: an earlier call on this communicator did not wait to the end. It cannot be used any more`,
  );
}

const never = new Int32Array(new SharedArrayBuffer(4));

/** Something that was begun, and that all processes of a communicator have to take part in. */
export interface Operation {
  readonly comm: Communicator;
  /** Looks whether it has ended, and lets MPI go on. */
  isOver(): boolean;
  /** Settled when it has ended; rejected with the signal's reason if that comes first. */
  promise(signal: AbortSignal): PromiseLike<unknown>;
  /** How often to look before the first sleep, if all are expected at once; and while somebody compiles. */
  readonly eagerLooks: number;
  readonly fewLooks: number;
  /**
   * Leaves the processor to others.
   * @param waited Milliseconds since the first sleep.
   * @param whileCompiling Whether somebody has more use for it than MPI has for looks.
   */
  sleep(waited: number, whileCompiling: boolean): void;
}

/** Numbers of all processes that are being added up. */
export interface PendingSum {
  /** Passes on what the others have sent already. */
  advance(): void;
  /** Waits for the end, or until the notice comes. @returns whether it has ended */
  endedOr(notice: Notice | undefined, patience: Patience): Steps<boolean>;
  /** The sums of the elements. */
  ended(patience: Patience): Steps<BigInt64Array>;
}

/** A collective operation of MPI. */
class Collective implements Operation {
  readonly comm: Communicator;
  readonly eagerLooks: number = 2000;
  readonly fewLooks: number = 20;
  readonly #request: Request;

  constructor(comm: Communicator, request: Request) {
    this.comm = comm;
    this.#request = request;
  }

  isOver(): boolean {
    return this.#request.test() !== null;
  }

  promise(signal: AbortSignal): PromiseLike<unknown> {
    return this.#request.promise({ signal });
  }

  sleep(waited: number): void {
    Atomics.wait(never, 0, 0, Math.min(LONGEST, Math.max(SHORTEST, waited * SHARE)));
  }
}

/**
 * Waits for an operation, blocking, no longer than until the notice comes.
 * @returns whether the operation has ended
 */
export function waitBlocking(operation: Operation, patience: Patience, notice?: Notice): boolean {
  try {
    return waitPatiently(operation, patience, notice);
  } catch (error) {
    spent.add(operation.comm);
    throw error;
  }
}

function waitPatiently(operation: Operation, patience: Patience, notice?: Notice): boolean {
  let started = 0;
  const eager = patience.whileCompiling ? operation.fewLooks : operation.eagerLooks;
  for (let looks = 0; !operation.isOver(); looks++) {
    if (looks < eager) continue;
    const now = performance.now();
    started ||= now;
    if (patience.signal?.aborted) throw patience.signal.reason;
    if (now > patience.until) throw late(patience);
    if (notice === undefined) {
      operation.sleep(now - started, patience.whileCompiling === true);
    } else if (notice.wait(LONGEST_WITH_NOTICE)) return false;
  }
  return true;
}

/** The same as an effect; the notice is for those who block. */
function ended(operation: Operation, patience: Patience, notice?: Notice): Effect<boolean> {
  return {
    sync: () => waitBlocking(operation, patience, notice),
    async: async () => {
      const { until, signal } = patience;
      const left = until - performance.now();
      const limits = [
        ...(signal === undefined ? [] : [signal]),
        // A timer cannot be set for longer.
        ...(left < 2 ** 31 ? [AbortSignal.timeout(Math.max(0, Math.ceil(left)))] : []),
      ];
      const limit = AbortSignal.any(limits);
      try {
        await operation.promise(limit);
        return true;
      } catch (error) {
        spent.add(operation.comm);
        if ((error as Error).name === "TimeoutError" && error !== signal?.reason) throw late(patience);
        throw error;
      }
    },
  };
}

const late = ({ what }: Patience): JitError =>
  new JitError(
    "ERR_JIT_DEADLINE",
    `${what}: another process did not do its part in time. Its communicator cannot be used any more`,
  );

/** Waits for an operation, no longer than until the notice comes. @returns whether it has ended */
export const waited = (operation: Operation, patience: Patience, notice?: Notice): Steps<boolean> =>
  perform(ended(operation, patience, notice));

/** A sum over all processes, by MPI. */
export class Sum extends Collective implements PendingSum {
  readonly #result: BigInt64Array;

  /** @param result Where it is put, if nobody else uses that meanwhile. */
  constructor(
    comm: Communicator,
    values: BigInt64Array,
    result: BigInt64Array = new BigInt64Array(values.length),
  ) {
    super(comm, comm.iallreduce(values, result));
    this.#result = result;
  }

  advance(): void {
    for (let looks = 0; looks < this.fewLooks && !this.isOver(); looks++);
  }

  endedOr(notice: Notice | undefined, patience: Patience): Steps<boolean> {
    return waited(this, patience, notice);
  }

  /** The sums of the elements, blocking. */
  wait(patience: Patience): BigInt64Array {
    waitBlocking(this, patience);
    return this.#result;
  }

  *ended(patience: Patience): Steps<BigInt64Array> {
    yield* waited(this, patience);
    return this.#result;
  }
}

/** What each process gives, in the order of their ranks. */
export function* gathered<View extends Uint8Array | Int32Array>(
  comm: Communicator,
  values: View,
  patience: Patience,
): Steps<View> {
  const all = new (values.constructor as new (length: number) => View)(values.length * comm.size);
  yield* waited(new Collective(comm, comm.iallgather(values, all)), patience);
  return all;
}

/** Bytes of one process, on all of them. */
export function* broadcast(
  comm: Communicator,
  data: Uint8Array | undefined,
  root: number,
  patience: Patience,
): Steps<Uint8Array> {
  const length = new Float64Array([data?.byteLength ?? 0]);
  yield* broadcastInto(comm, length, root, patience);
  // The buffer of C must not be empty.
  const bytes = data ?? new Uint8Array(Math.max(1, length[0] as number));
  if (length[0] === 0) return bytes.subarray(0, 0);
  yield* broadcastInto(comm, bytes, root, patience);
  return bytes;
}

function* broadcastInto(
  comm: Communicator,
  buffer: MessageBuffer,
  root: number,
  patience: Patience,
): Steps<void> {
  yield* waited(new Collective(comm, comm.ibcast(buffer, root)), patience);
}

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

/** Looks at a request that are made before the processor is left to others; fewer while a compiler needs it. */
const EAGER_LOOKS = 2000;
const EAGER_LOOKS_WHILE_COMPILING = 20;

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

/** A collective operation that was begun. */
interface Operation {
  readonly comm: Communicator;
  readonly request: Request;
}

/**
 * Waits for a collective operation, no longer than until the notice comes.
 * @returns whether the operation has ended
 */
function waitBlocking({ comm, request }: Operation, patience: Patience, notice?: Notice): boolean {
  let started = 0;
  const eager = patience.whileCompiling ? EAGER_LOOKS_WHILE_COMPILING : EAGER_LOOKS;
  for (let looks = 0; request.test() === null; looks++) {
    if (looks < eager) continue;
    const now = performance.now();
    started ||= now;
    if (patience.signal?.aborted || now > patience.until) {
      spent.add(comm);
      throw patience.signal?.aborted ? patience.signal.reason : late(patience);
    }
    if (notice === undefined) {
      Atomics.wait(never, 0, 0, Math.min(LONGEST, Math.max(SHORTEST, (now - started) * SHARE)));
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
        await operation.request.promise({ signal: limit });
        return true;
      } catch (error) {
        if (limit.aborted) spent.add(operation.comm);
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

/** A sum over all processes that goes on. */
export class Sum implements Operation {
  readonly comm: Communicator;
  readonly request: Request;
  readonly #result: BigInt64Array;

  /** @param result Where it is put, if nobody else uses that meanwhile. */
  constructor(
    comm: Communicator,
    values: BigInt64Array,
    result: BigInt64Array = new BigInt64Array(values.length),
  ) {
    this.#result = result;
    this.comm = comm;
    this.request = comm.iallreduce(values, result);
  }

  /** Passes on what the others have sent already. */
  advance(): void {
    for (let looks = 0; looks < EAGER_LOOKS_WHILE_COMPILING && this.request.test() === null; looks++);
  }

  /** Waits for the end, or until the notice comes. @returns whether it has ended */
  *endedOr(notice: Notice | undefined, patience: Patience): Steps<boolean> {
    return yield* perform(ended(this, patience, notice));
  }

  /** The sums of the elements, blocking. */
  wait(patience: Patience): BigInt64Array {
    waitBlocking(this, patience);
    return this.#result;
  }

  /** The sums of the elements. */
  *ended(patience: Patience): Steps<BigInt64Array> {
    yield* perform(ended(this, patience));
    return this.#result;
  }
}

/** The sum over all processes, of each element. */
export const summed = (comm: Communicator, values: BigInt64Array, patience: Patience): Steps<BigInt64Array> =>
  new Sum(comm, values).ended(patience);

/** What each process gives, in the order of their ranks. */
export function* gathered<View extends Uint8Array | Int32Array>(
  comm: Communicator,
  values: View,
  patience: Patience,
): Steps<View> {
  const all = new (values.constructor as new (length: number) => View)(values.length * comm.size);
  yield* perform(ended({ comm, request: comm.iallgather(values, all) }, patience));
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
  yield* perform(ended({ comm, request: comm.ibcast(buffer, root) }, patience));
}

import { native } from "../bindings/bind.js";
import { check } from "../bindings/check.js";
import { HandleArray } from "../bindings/scratch.js";
import { BYTE, type Datatype } from "../datatype.js";
import { invalidType, MpiError, outOfRange } from "../error.js";
import type { Op } from "../op.js";
import { Arrived, type Clone, write } from "./clone.js";
import { type Combine, combineAll, operand } from "./combine.js";
import { BOTTOM, datatypeAt } from "./memory.js";
import { ObjectMessages } from "./message.js";

export type { Combine } from "./combine.js";

/** Bytes of the first broadcast, which carries a small value whole. */
const FIRST = 1024;
/** In it, bytes before the value: its length as a double. */
const HEADER = 8;

/** Instead of a length: there is no value, because of an error. */
const FAILED = -1;

/**
 * Communication of any plain data: what the structured clone algorithm clones (Map, Set, Date, BigInt, typed
 * arrays, cycles, ...), of any size. The memory of large arrays is sent from where it is.
 *
 * Functions, symbols and instances of classes are refused with the path to them; where all processes take part
 * in an operation, those that wait for such a value throw as well.
 */
export abstract class Objects extends ObjectMessages {
  /**
   * Gives the value of the root to all.
   * @param value On the root; elsewhere it is not looked at.
   * @param root Default 0.
   * @returns The value; on the root the very same.
   * @throws TypeError on the root for what cannot be sent; MpiError `ERR_MPI_OTHER` elsewhere then
   */
  bcastObject<Value>(value: Value | null | undefined, root = 0): Value {
    this.#intraOnly("bcastObject");
    this.rootRank(root);
    if (this.rank !== root) return this.#receiveBcast(root) as Value;
    const sent = attempt(() => write(value));
    const first = new Uint8Array(FIRST);
    const length = sent.failed ? FAILED : sent.result.stream.length;
    new DataView(first.buffer).setFloat64(0, length);
    if (!sent.failed) first.set(sent.result.stream.subarray(0, FIRST - HEADER), HEADER);
    this.bcast(first, root);
    if (sent.failed) throw sent.error;
    const { stream, memory } = sent.result;
    if (length > FIRST - HEADER) this.bcast(stream.subarray(FIRST - HEADER), root);
    this.#bcastMemory(memory, root);
    return value as Value;
  }

  #receiveBcast(root: number): unknown {
    const first = this.bcast(new Uint8Array(FIRST), root);
    const length = new DataView(first.buffer).getFloat64(0);
    if (length === FAILED) throw unsendable(root);
    const stream = new Uint8Array(length);
    stream.set(first.subarray(HEADER, HEADER + Math.min(length, FIRST - HEADER)));
    if (length > FIRST - HEADER) this.bcast(stream.subarray(FIRST - HEADER), root);
    const arrived = new Arrived(stream, `rank ${root}`);
    this.#bcastMemory(arrived.memory, root);
    return arrived.read();
  }

  #bcastMemory(memory: readonly Uint8Array[], root: number): void {
    if (memory.length === 0) return;
    using type = datatypeAt(memory);
    check(native.MPI_Bcast(BOTTOM, 1, type.handle, root, this.handle), "MPI_Bcast");
  }

  /**
   * Collects the values of all processes.
   * @param root Default 0.
   * @returns On the root the values in the order of ranks; elsewhere null.
   * @throws TypeError for what cannot be sent; MpiError `ERR_MPI_OTHER` on the root then. TypeError, RangeError for
   *   a bad root; MpiError `ERR_MPI_OTHER` on all others then
   */
  gatherObject<Value>(value: Value, root = 0): Value[] | null {
    this.#intraOnly("gatherObject");
    return this.#gather(root, () => value);
  }

  /**
   * Deals out the values of the root.
   * @param values On the root one for each process; elsewhere null.
   * @param root Default 0.
   * @returns The value for this process.
   * @throws TypeError, RangeError on the root for bad values; MpiError `ERR_MPI_OTHER` elsewhere then. A bad root as
   *   in `gatherObject`
   */
  scatterObject<Value>(values: readonly Value[] | null, root = 0): Value {
    this.#intraOnly("scatterObject");
    const checked = attempt(() => this.rootRank(root));
    const isRoot = checked.failed || this.rank === root;
    const clones = checked.failed ? checked : attempt(() => (isRoot ? this.#writeEach(values) : []));
    return this.#exchange(clones, (rank) => (isRoot ? rank : undefined))[root] as Value;
  }

  /** Collects the values of all processes on all, in the order of ranks. @throws as `gatherObject` */
  allgatherObject<Value>(value: Value): Value[] {
    this.#intraOnly("allgatherObject");
    return this.#allgather(() => value);
  }

  /**
   * Sends the i-th value to rank i.
   * @param values One for each process.
   * @returns What each process sent to this one, in the order of ranks.
   * @throws as `gatherObject`
   */
  alltoallObject<Value>(values: readonly Value[]): Value[] {
    this.#intraOnly("alltoallObject");
    return this.#exchange(
      attempt(() => this.#writeEach(values)),
      (rank) => rank,
    ) as Value[];
  }

  /**
   * Combines the values of all processes, in the order of ranks. The root does it, and has them all at once.
   * @param op A function of two values, not async; or a predefined Op: SUM, MAX, MIN (of numbers, bigints or strings),
   *   PROD (of numbers or bigints), the logical ones (of anything, to booleans), the bitwise ones (of safe integers or
   *   bigints), MAXLOC and MINLOC (of pairs [value, index]). All values must be of one kind.
   * @param root Default 0.
   * @returns The combined value on the root; elsewhere null.
   * @throws as `gatherObject`; TypeError for a bad `op`, or a value that it does not combine, and MpiError
   *   `ERR_MPI_OTHER` on the root then; on the root MpiError `ERR_MPI_TYPE` for values of different kinds,
   *   `ERR_MPI_OP` for a function that returns a promise, and what `op` throws
   */
  reduceObject<Value>(value: Value, op: Combine<Value> | Op, root = 0): Value | null {
    this.#intraOnly("reduceObject");
    const values = this.#gather(root, () => operand(value, op));
    return values === null ? null : combineAll(values, op);
  }

  /** As `reduceObject`, with the combined value, and the errors, on all. Each process combines for itself. */
  allreduceObject<Value>(value: Value, op: Combine<Value> | Op): Value {
    this.#intraOnly("allreduceObject");
    return combineAll(
      this.#allgather(() => operand(value, op)),
      op,
    );
  }

  /** As `allreduceObject`, of the values of the ranks up to this one. */
  scanObject<Value>(value: Value, op: Combine<Value> | Op): Value {
    this.#intraOnly("scanObject");
    const values = this.#allgather(() => operand(value, op));
    return combineAll(values, op, this.rank + 1);
  }

  /** As `allreduceObject`, of the values of the ranks before this one; null on rank 0. */
  exscanObject<Value>(value: Value, op: Combine<Value> | Op): Value | null {
    this.#intraOnly("exscanObject");
    const values = this.#allgather(() => operand(value, op));
    return this.rank === 0 ? null : combineAll(values, op, this.rank);
  }

  /** What the root gets from all; null elsewhere. An error is told to the root, and if the root is none to all. */
  #gather<Value>(root: number, mine: () => Value): Value[] | null {
    const checked = attempt(() => this.rootRank(root));
    const clones = checked.failed ? checked : attempt(() => [write(mine())]);
    const received = this.#exchange(clones, (rank) => (checked.failed || rank === root ? 0 : undefined));
    return this.rank === root ? (received as Value[]) : null;
  }

  #allgather<Value>(mine: () => Value): Value[] {
    return this.#exchange(
      attempt(() => [write(mine())]),
      () => 0,
    ) as Value[];
  }

  #writeEach(values: readonly unknown[] | null): Clone[] {
    return this.#onePerRank(values).map((value, i) => write(value, `values[${i}]`));
  }

  /**
   * Sends values from each process to those it chooses, in three rounds: lengths, streams, large arrays.
   * @param clones What this process sends.
   * @param chosen Which of them goes to that rank, undefined for none.
   * @returns What was received from each rank, undefined from those that sent nothing.
   */
  #exchange(clones: Attempt<Clone[]>, chosen: (rank: number) => number | undefined): unknown[] {
    const sent = Array.from({ length: this.size }, (_, rank): Clone | undefined => {
      const index = chosen(rank);
      return clones.failed || index === undefined ? undefined : clones.result[index];
    });
    // 0 stands for nothing: no stream is empty.
    const lengths = Float64Array.from(sent, (clone, rank) => {
      if (clones.failed && chosen(rank) !== undefined) return FAILED;
      return clone?.stream.length ?? 0;
    });
    const expected = this.alltoall(lengths, new Float64Array(this.size));
    const streams = Array.from(expected, (length) => (length > 0 ? new Uint8Array(length) : undefined));
    this.#exchangeBytes(
      sent.map((clone) => (clone === undefined ? NOTHING : [clone.stream])),
      streams.map((stream) => (stream === undefined ? NOTHING : [stream])),
    );
    const arrived = streams.map((stream, rank) => stream && new Arrived(stream, `rank ${rank}`));
    this.#exchangeBytes(
      sent.map((clone) => clone?.memory ?? NOTHING),
      arrived.map((each) => each?.memory ?? NOTHING),
    );
    if (clones.failed) throw clones.error;
    const silent = expected.indexOf(FAILED);
    if (silent >= 0) throw unsendable(silent);
    return arrived.map((each) => each?.read());
  }

  /** Sends and receives, to and from each rank, the bytes of several views where they are. */
  #exchangeBytes(
    outgoing: readonly (readonly Uint8Array[])[],
    incoming: readonly (readonly Uint8Array[])[],
  ): void {
    const types = new Map<readonly Uint8Array[], Datatype>();
    const typeOf = (views: readonly Uint8Array[]): Datatype => {
      const known = types.get(views);
      if (known !== undefined) return known;
      const made = datatypeAt(views);
      types.set(views, made);
      return made;
    };
    const side = (views: readonly (readonly Uint8Array[])[]): [Int32Array, HandleArray] => {
      const handles = new HandleArray(views.length);
      for (const [rank, each] of views.entries()) {
        handles.set(rank, (each.length === 0 ? BYTE : typeOf(each)).handle);
      }
      return [Int32Array.from(views, (each) => Math.min(1, each.length)), handles];
    };
    const none = new Int32Array(outgoing.length);
    try {
      const [sendCounts, sendTypes] = side(outgoing);
      const [recvCounts, recvTypes] = side(incoming);
      const send = [BOTTOM, sendCounts, none, sendTypes.view];
      const receive = [BOTTOM, recvCounts, none, recvTypes.view];
      check(native.MPI_Alltoallw(...send, ...receive, this.handle), "MPI_Alltoallw");
    } finally {
      for (const type of types.values()) type.free();
    }
  }

  #onePerRank(values: readonly unknown[] | null): readonly unknown[] {
    if (!Array.isArray(values))
      throw invalidType("values", "an array, with one value for each process", values);
    if (values.length === this.size) return values;
    throw outOfRange("values", `${this.size} values, one for each process`, values.length);
  }

  #intraOnly(operation: string): void {
    if (!this.isInter) return;
    throw new MpiError(`${operation} is not for intercommunicators: merge the two groups first`, {
      code: "ERR_MPI_COMM",
      errorClass: "MPI_ERR_COMM",
      operation,
    });
  }
}

/** The views of a rank that nothing is sent to. */
const NOTHING: readonly Uint8Array[] = [];

type Attempt<Result> =
  | { readonly failed: false; readonly result: Result }
  | { readonly failed: true; readonly error: unknown };

/** What cannot be sent must not leave the others waiting: the error is thrown when they know of it. */
function attempt<Result>(act: () => Result): Attempt<Result> {
  try {
    return { failed: false, result: act() };
  } catch (error) {
    return { failed: true, error };
  }
}

const unsendable = (rank: number): MpiError =>
  new MpiError(`The call of rank ${rank} failed before it sent a value: see its error there`, {
    code: "ERR_MPI_OTHER",
  });

import { native } from "../bindings/bind.js";
import { check } from "../bindings/check.js";
import { HandleArray } from "../bindings/scratch.js";
import { BYTE, type Datatype } from "../datatype.js";
import { invalidType, MpiError, outOfRange } from "../error.js";
import type { Op } from "../op.js";
import { Arrived, type Clone, write } from "./clone.js";
import { type Combine, combineAll, combineOf } from "./combine.js";
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
   * @throws TypeError for what cannot be sent; MpiError `ERR_MPI_OTHER` on the root then
   */
  gatherObject<Value>(value: Value, root = 0): Value[] | null {
    this.rootRank(root);
    const clones = this.#attemptEach("gatherObject", () => [value]);
    const received = this.#exchange(clones, (rank) => (rank === root ? 0 : undefined));
    return this.rank === root ? (received as Value[]) : null;
  }

  /**
   * Deals out the values of the root.
   * @param values On the root one for each process; elsewhere null.
   * @param root Default 0.
   * @returns The value for this process.
   * @throws TypeError, RangeError on the root for bad values; MpiError `ERR_MPI_OTHER` elsewhere then
   */
  scatterObject<Value>(values: readonly Value[] | null, root = 0): Value {
    this.rootRank(root);
    const isRoot = this.rank === root;
    const clones = this.#attemptEach("scatterObject", () => (isRoot ? this.#onePerRank(values) : []));
    return this.#exchange(clones, (rank) => (isRoot ? rank : undefined))[root] as Value;
  }

  /** Collects the values of all processes on all, in the order of ranks. @throws as `gatherObject` */
  allgatherObject<Value>(value: Value): Value[] {
    return this.#exchange(
      this.#attemptEach("allgatherObject", () => [value]),
      () => 0,
    ) as Value[];
  }

  /**
   * Sends the i-th value to rank i.
   * @param values One for each process.
   * @returns What each process sent to this one, in the order of ranks.
   * @throws as `gatherObject`
   */
  alltoallObject<Value>(values: readonly Value[]): Value[] {
    return this.#exchange(
      this.#attemptEach("alltoallObject", () => this.#onePerRank(values)),
      (rank) => rank,
    ) as Value[];
  }

  /**
   * Combines the values of all processes, in the order of ranks. The root does it, and has them all at once.
   * @param op A function of two values, or a predefined Op: SUM (also of strings), PROD, MAX, MIN, the logical
   *   ones (of anything, to booleans), the bitwise ones, MAXLOC and MINLOC (of pairs [value, index]).
   * @param root Default 0.
   * @returns The combined value on the root; elsewhere null.
   * @throws as `gatherObject`, and what `op` throws, on the root
   */
  reduceObject<Value>(value: Value, op: Combine<Value> | Op, root = 0): Value | null {
    const combine = combineOf(op);
    const values = this.gatherObject(value, root);
    return values === null ? null : combineAll(values, combine);
  }

  /** As `reduceObject`, with the combined value on all. Each process combines for itself. */
  allreduceObject<Value>(value: Value, op: Combine<Value> | Op): Value {
    const combine = combineOf(op);
    return combineAll(this.allgatherObject(value), combine);
  }

  /** Writes values, which may fail. */
  #attemptEach(operation: string, values: () => readonly unknown[]): Attempt<Clone[]> {
    this.#intraOnly(operation);
    return attempt(() => values().map((value) => write(value)));
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

  #onePerRank<Value>(values: readonly Value[] | null): readonly Value[] {
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
  new MpiError(`The value of rank ${rank} could not be sent: see its error there`, { code: "ERR_MPI_OTHER" });

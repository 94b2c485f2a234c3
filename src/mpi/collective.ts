import type { NativeArgument } from "../ffi/index.js";
import type { Handle } from "./abi/abi.js";
import { binding, native } from "./bindings/bind.js";
import { check } from "./bindings/check.js";
import { addresses, receiveDouble, receiveInt64, sendDouble, sendInt64 } from "./bindings/scratch.js";
import { HALF_BYTES, IN_PLACE, type InPlace, type MessageBuffer, ResolvedBuffer, resolve } from "./buffer.js";
import { ROOT } from "./constants.js";
import { BYTE, type Datatype, DOUBLE, INT64_T } from "./datatype.js";
import { invalidType, invalidValue, outOfRange } from "./error.js";
import { Op, SUM } from "./op.js";
import { PointToPoint } from "./point-to-point.js";

// Reused by every call: nothing below runs twice at the same time.
const outgoing = new ResolvedBuffer();
const incoming = new ResolvedBuffer();

/**
 * Collective communication: every process of the communicator calls the same operation, in the same order.
 * MPI 4.0 chapter 6 (missing: the v and w variants, all-to-all, reduce-scatter, nonblocking, persistent).
 *
 * Where one process gives another's elements (`gather`, `scatter`, `allgather`), the buffer for all of them
 * holds `size` equal parts, in the order of ranks.
 */
export abstract class Collective extends PointToPoint {
  /** Returns when all processes have called it. @see MPI_Barrier, MPI 4.0 section 6.3 */
  barrier(): void {
    check(native.MPI_Barrier(this.handle), "MPI_Barrier");
  }

  /**
   * Copies `buf` of the root into `buf` of all others.
   * @param buf Of the same length everywhere.
   * @param root Default 0.
   * @returns `buf`
   * @throws TypeError, RangeError for bad arguments; MpiError
   * @see MPI_Bcast, MPI 4.0 section 6.4
   */
  bcast<Buf extends MessageBuffer>(buf: Buf, root = 0): Buf {
    const { data, count, handle } = resolve(buf, "buf", incoming);
    check(native.MPI_Bcast(data, count, handle, this.rootRank(root), this.handle), "MPI_Bcast");
    return buf;
  }

  /**
   * Collects `send` of all processes in `recv` of the root.
   * @param send Of the same length everywhere; on the root `IN_PLACE` if its part is in `recv` already.
   * @param recv On the root `size` times as long as `send`; elsewhere null.
   * @param root Default 0.
   * @returns `recv`
   * @throws TypeError, RangeError for bad arguments; MpiError
   * @see MPI_Gather, MPI 4.0 section 6.5
   */
  gather<Recv extends MessageBuffer | null>(send: MessageBuffer | InPlace, recv: Recv, root = 0): Recv {
    const rank = this.rootRank(root);
    let part = 0;
    if (this.#isRoot(root)) part = partition(recv, "recv", incoming, send, "send", outgoing, this.peers);
    else {
      resolveOutsideRoot(send, "send", outgoing);
      ignore(incoming);
    }
    const { data, count, handle } = outgoing;
    const code = native.MPI_Gather(
      data,
      count,
      handle,
      incoming.data,
      part,
      incoming.handle,
      rank,
      this.handle,
    );
    check(code, "MPI_Gather");
    return recv;
  }

  /**
   * Deals the parts of `send` of the root out to `recv` of all processes.
   * @param send On the root `size` times as long as `recv`; elsewhere null.
   * @param recv Of the same length everywhere; on the root `IN_PLACE` if its part may stay in `send`.
   * @param root Default 0.
   * @returns `recv`
   * @throws TypeError, RangeError for bad arguments; MpiError
   * @see MPI_Scatter, MPI 4.0 section 6.6
   */
  scatter<Recv extends MessageBuffer | InPlace>(send: MessageBuffer | null, recv: Recv, root = 0): Recv {
    const rank = this.rootRank(root);
    let part = 0;
    if (this.#isRoot(root)) part = partition(send, "send", outgoing, recv, "recv", incoming, this.peers);
    else {
      resolveOutsideRoot(recv, "recv", incoming);
      ignore(outgoing);
    }
    const { data, count, handle } = incoming;
    const code = native.MPI_Scatter(
      outgoing.data,
      part,
      outgoing.handle,
      data,
      count,
      handle,
      rank,
      this.handle,
    );
    check(code, "MPI_Scatter");
    return recv;
  }

  /**
   * Collects `send` of all processes in `recv` of all processes.
   * @param send Of the same length everywhere, or `IN_PLACE` everywhere if each part is in its `recv` already.
   * @param recv `size` times as long as `send`.
   * @returns `recv`
   * @throws TypeError, RangeError for bad arguments; MpiError
   * @see MPI_Allgather, MPI 4.0 section 6.7
   */
  allgather<Recv extends MessageBuffer>(send: MessageBuffer | InPlace, recv: Recv): Recv {
    const part = partition(recv, "recv", incoming, send, "send", outgoing, this.peers);
    const { data, count, handle } = outgoing;
    const code = native.MPI_Allgather(data, count, handle, incoming.data, part, incoming.handle, this.handle);
    check(code, "MPI_Allgather");
    return recv;
  }

  /**
   * Combines the elements of all processes, each with those at the same place, into `recv` of the root.
   *
   * A number is combined as a double and a bigint as an int64, which wraps around.
   * @param send This process's elements; on the root `IN_PLACE` if they are in `recv`.
   * @param recv On the root as long as `send`; elsewhere null.
   * @param op Default SUM.
   * @param root Default 0.
   * @returns `recv`; for a scalar the result on the root and null elsewhere.
   * @throws TypeError, RangeError for bad arguments; MpiError `ERR_MPI_OP` if the library does not combine
   *   elements of this type in this way
   * @see MPI_Reduce, MPI 4.0 section 6.9.1
   */
  reduce(send: number, op?: Op, root?: number): number | null;
  reduce(send: bigint, op?: Op, root?: number): bigint | null;
  reduce<Recv extends MessageBuffer | null>(
    send: MessageBuffer | InPlace,
    recv: Recv,
    op?: Op,
    root?: number,
  ): Recv;
  reduce(send: unknown, second?: unknown, third?: unknown, fourth?: unknown): unknown {
    if (isScalar(send)) {
      const root = (third as number | undefined) ?? 0;
      const { send: from, receive: to } = addresses();
      const type = putScalar(send).handle;
      const scalarCode = native.MPI_Reduce(
        from,
        to,
        1,
        type,
        opHandle(second),
        this.rootRank(root),
        this.handle,
      );
      check(scalarCode, "MPI_Reduce");
      return this.#isRoot(root) ? takeScalar(send) : null;
    }
    const root = (fourth as number | undefined) ?? 0;
    const rank = this.rootRank(root);
    if (this.#isRoot(root)) resolveOperands(send, second);
    else {
      resolveOutsideRoot(send, "send", outgoing);
      assertReducible(outgoing.type, send);
      ignore(incoming);
      incoming.count = outgoing.count;
      incoming.handle = outgoing.handle;
    }
    const { data, count, handle } = incoming;
    const code = native.MPI_Reduce(outgoing.data, data, count, handle, opHandle(third), rank, this.handle);
    check(code, "MPI_Reduce");
    return second;
  }

  /**
   * As `reduce`, with the result in `recv` of every process; of a scalar, as the value of the call.
   * @param send This process's elements, or `IN_PLACE` everywhere if they are in `recv`.
   * @param recv As long as `send`.
   * @param op Default SUM.
   * @throws as `reduce`
   * @see MPI_Allreduce, MPI 4.0 section 6.9.6
   */
  allreduce(send: number, op?: Op): number;
  allreduce(send: bigint, op?: Op): bigint;
  allreduce<Recv extends MessageBuffer>(send: MessageBuffer | InPlace, recv: Recv, op?: Op): Recv;
  allreduce(send: unknown, second?: unknown, third?: Op): unknown {
    return this.#reduceForAll(native.MPI_Allreduce, "MPI_Allreduce", send, second, third);
  }

  /**
   * As `allreduce`, but each process gets what the ranks up to and including its own combine to.
   * @see MPI_Scan, MPI 4.0 section 6.11.1
   */
  scan(send: number, op?: Op): number;
  scan(send: bigint, op?: Op): bigint;
  scan<Recv extends MessageBuffer>(send: MessageBuffer | InPlace, recv: Recv, op?: Op): Recv;
  scan(send: unknown, second?: unknown, third?: Op): unknown {
    return this.#reduceForAll(native.MPI_Scan, "MPI_Scan", send, second, third);
  }

  /**
   * As `allreduce`, but each process gets what the ranks below its own combine to. On rank 0 `recv` is left
   * as it is, and the value of a scalar call is null.
   * @see MPI_Exscan, MPI 4.0 section 6.11.2
   */
  exscan(send: number, op?: Op): number | null;
  exscan(send: bigint, op?: Op): bigint | null;
  exscan<Recv extends MessageBuffer>(send: MessageBuffer | InPlace, recv: Recv, op?: Op): Recv;
  exscan(send: unknown, second?: unknown, third?: Op): unknown {
    const result = this.#reduceForAll(native.MPI_Exscan, "MPI_Exscan", send, second, third);
    return isScalar(send) && this.rank === 0 ? null : result;
  }

  /** The operations whose arguments are those of MPI_Allreduce. */
  #reduceForAll(
    fn: NativeReduction,
    operation: string,
    send: unknown,
    second: unknown,
    third: unknown,
  ): unknown {
    if (isScalar(send)) {
      const { send: from, receive: to } = addresses();
      check(fn(from, to, 1, putScalar(send).handle, opHandle(second), this.handle), operation);
      return takeScalar(send);
    }
    resolveOperands(send, second);
    const { data, count, handle } = incoming;
    check(fn(outgoing.data, data, count, handle, opHandle(third), this.handle), operation);
    return second;
  }

  #isRoot(root: number): boolean {
    return this.isInter ? root === ROOT : root === this.rank;
  }
}

type NativeReduction = (...args: NativeArgument[]) => number;

/** An Op, SUM if there is none, as C gets it. */
function opHandle(op: unknown): Handle {
  if (op === undefined) return SUM.handle;
  if (op instanceof Op) return op.handle;
  throw invalidType("op", "an Op (SUM, MAX, ...)", op);
}

/** Whether a reduction's first argument is a value rather than a buffer. */
export const isScalar = (value: unknown): value is number | bigint =>
  typeof value === "number" || typeof value === "bigint";

/** Puts a scalar where C reads it. */
function putScalar(value: number | bigint): Datatype {
  if (typeof value === "number") {
    sendDouble[0] = value;
    return DOUBLE;
  }
  sendInt64[0] = value;
  if (sendInt64[0] !== value) throw outOfRange("send", "a bigint of at most 64 bits, with sign", value);
  return INT64_T;
}

/** The result of a reduction of such a scalar. */
const takeScalar = (sent: number | bigint): number | bigint =>
  (typeof sent === "number" ? receiveDouble[0] : receiveInt64[0]) as number | bigint;

/** Resolves both buffers of a reduction: two places for the same number of elements of the same type. */
function resolveOperands(send: unknown, recv: unknown): void {
  resolve(recv, "recv", incoming);
  assertReducible(incoming.type, recv);
  if (send === IN_PLACE) {
    standIn(outgoing);
    return;
  }
  if (send === recv) throw sameBuffer(send);
  resolve(send, "send", outgoing);
  if (outgoing.type !== incoming.type) {
    throw invalidValue("recv", `expected elements of ${outgoing.type}, as send has`, recv);
  }
  if (outgoing.count !== incoming.count) {
    throw outOfRange("recv", `${outgoing.count} elements, as send has`, incoming.count);
  }
}

function assertReducible(type: Datatype, buffer: unknown): void {
  if (type !== HALF_BYTES) return;
  throw invalidType("send", "elements that MPI can combine: it can only move a Float16Array", buffer);
}

const sameBuffer = (buffer: unknown): Error =>
  invalidValue("send", "must not be the receive buffer: say IN_PLACE instead", buffer);

/**
 * Resolves, on a process that has the parts of all, the buffer of all and its own part.
 * @returns The number of elements in the part of one process.
 */
function partition(
  whole: unknown,
  wholeName: string,
  wholeInto: ResolvedBuffer,
  part: unknown,
  partName: string,
  partInto: ResolvedBuffer,
  size: number,
): number {
  resolve(whole, wholeName, wholeInto);
  if (part === IN_PLACE) standIn(partInto);
  else if (part === whole) throw sameBuffer(part);
  else {
    resolve(part, partName, partInto);
    if (wholeInto.type === partInto.type ? wholeInto.count !== partInto.count * size : differInBytes(size)) {
      const expected = `${partInto.count * size} elements (${partName} has ${partInto.count}, times ${size} processes)`;
      throw outOfRange(wholeName, expected, wholeInto.count);
    }
  }
  if (wholeInto.count % size !== 0)
    throw outOfRange(wholeName, `a multiple of ${size} elements`, wholeInto.count);
  return wholeInto.count / size;
}

/** Buffers of different types match if they have the same bytes. */
const differInBytes = (size: number): boolean => {
  const [smaller, larger] = [outgoing.byteLength, incoming.byteLength].sort((a, b) => a - b) as [
    number,
    number,
  ];
  return smaller * size !== larger;
};

/** The buffer of a process that is not the root, where IN_PLACE has no meaning. */
function resolveOutsideRoot(value: unknown, argument: string, into: ResolvedBuffer): void {
  if (value === IN_PLACE) throw invalidValue(argument, "IN_PLACE is for the root only", value);
  resolve(value, argument, into);
}

/** A buffer that C does not look at. */
function ignore(into: ResolvedBuffer): void {
  into.data = null;
  into.count = 0;
  into.type = BYTE;
  into.handle = BYTE.handle;
}

let inPlace: bigint | undefined;

/** IN_PLACE, as C gets it. */
function standIn(into: ResolvedBuffer): void {
  inPlace ??= binding().abi.pointer("MPI_IN_PLACE");
  ignore(into);
  into.data = inPlace;
}

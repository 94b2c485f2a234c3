import type { NativeArgument } from "../../ffi/index.js";
import { native } from "../bindings/bind.js";
import { addresses, receiveDouble, receiveInt64, sendDouble, sendInt64 } from "../bindings/scratch.js";
import { INT_MAX } from "../buffer/large.js";
import { assertApart, IN_PLACE, type InPlace, type MessageBuffer, recount, resolve } from "../buffer.js";
import { type Datatype, DOUBLE, INT64_T } from "../datatype.js";
import { invalidType, invalidValue, MpiError, outOfRange } from "../error.js";
import { endUse, Op, type OpOperands, type OpUse, SUM } from "../op.js";
import { type Begun, type Form, run } from "../operation.js";
import type { PersistentRequest, Request } from "../request/index.js";
import { collective, ignore, incoming, notInPlace, outgoing, resolveGiven, standIn } from "./parts.js";
import { Varying } from "./varying.js";

/** The operations whose arguments are those of MPI_Allreduce. */
type ForAll = "MPI_Allreduce" | "MPI_Scan" | "MPI_Exscan";

/**
 * Collective communication that combines elements, each with those at the same place on the other processes.
 * MPI 4.0 sections 6.9 to 6.11.
 *
 * Where a number or bigint stands for the buffers, it is combined as a double or as an int64, which wraps
 * around, and the result is what the call returns. Over an intercommunicator the elements of the other side
 * are combined.
 */
export abstract class Reduction extends Varying {
  /**
   * Combines the elements of all processes into `recv` of the root.
   * @param send This process's elements; on the root `IN_PLACE` if they are in `recv`.
   * @param recv On the root as long as `send`; elsewhere null.
   * @param op Default SUM.
   * @param root Default 0.
   * @returns `recv`; for a scalar the result on the root and null elsewhere.
   * @throws TypeError, RangeError for bad arguments; MpiError `ERR_MPI_OP` if the library does not combine
   *   elements of this type in this way; what a user's Op throws
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
    if (!isScalar(send)) {
      this.#reduce("blocking", send, second, third as Op, fourth as number);
      return second;
    }
    const root = third === undefined ? 0 : (third as number); // null is no root
    const type = putScalar(send);
    scalarOperands.type = type;
    const rank = this.rootRank(root);
    const use = useOf(second, scalarOperands, "MPI_Reduce");
    const { send: from, receive: to } = addresses();
    const code = native.MPI_Reduce(from, to, 1, type.handle, use.handle, rank, this.handle);
    endUse(use, code, "MPI_Reduce");
    const role = this.role(root);
    return role === "root" || role === "remote root" ? takeScalar(send) : null;
  }

  /** @see MPI_Ireduce */
  ireduce(send: MessageBuffer | InPlace, recv: MessageBuffer | null, op: Op = SUM, root = 0): Request {
    return this.#reduce("nonblocking", send, recv, op, root);
  }

  /** @see MPI_Reduce_init */
  reduceInit(
    send: MessageBuffer | InPlace,
    recv: MessageBuffer | null,
    op: Op = SUM,
    root = 0,
  ): PersistentRequest {
    return this.#reduce("persistent", send, recv, op, root);
  }

  #reduce<F extends Form>(form: F, send: unknown, recv: unknown, op: Op = SUM, root = 0): Begun<F> {
    const rank = this.rootRank(root);
    const role = this.role(root);
    if (role === "root") resolveOperands(send, recv);
    else {
      if (role === "other") resolveGiven(send, outgoing, role);
      else ignore(outgoing);
      if (role === "remote root") resolve(recv, "recv", incoming);
      else ignore(incoming);
    }
    // The root may have said IN_PLACE, and has no elements of its own between two groups.
    const { type, count, handle, data } = role === "other" ? outgoing : incoming;
    const { send: anywhere, receive: nowhere } = addresses();
    if (role === "none") {
      // Neither read nor written. Of no elements, Open MPI would not count the operation, and hang in the next.
      const use = SUM.use(NOTHING, "MPI_Reduce");
      const args = [anywhere, nowhere, 1, NOTHING.type.handle, use.handle, rank, this.handle];
      return run(form, collective("MPI_Reduce", use.callee), args);
    }
    const use = useOf(op, { type, data }, "MPI_Reduce", form);
    // MPICH wants an address also from a root that sends nothing.
    const from = role === "remote root" ? anywhere : outgoing.data;
    const args = [from, incoming.data, count, handle, use.handle, rank, this.handle];
    return run(form, collective("MPI_Reduce", use.callee), args);
  }

  /**
   * As `reduce`, with the result in `recv` of every process; for a scalar, as the value of the call.
   * @param send This process's elements, or `IN_PLACE` everywhere if they are in `recv`.
   * @param recv As long as `send`.
   * @param op Default SUM.
   * @throws as `reduce`
   * @see MPI_Allreduce, MPI 4.0 section 6.9.6
   */
  allreduce(send: number, op?: Op): number;
  allreduce(send: bigint, op?: Op): bigint;
  allreduce<Recv extends MessageBuffer>(send: MessageBuffer | InPlace, recv: Recv, op?: Op): Recv;
  allreduce(send: unknown, second?: unknown, third?: unknown): unknown {
    return this.#forAll("MPI_Allreduce", native.MPI_Allreduce, send, second, third);
  }

  /** @see MPI_Iallreduce */
  iallreduce(send: MessageBuffer | InPlace, recv: MessageBuffer, op: Op = SUM): Request {
    return this.#beginForAll("nonblocking", "MPI_Allreduce", send, recv, op);
  }

  /** @see MPI_Allreduce_init */
  allreduceInit(send: MessageBuffer | InPlace, recv: MessageBuffer, op: Op = SUM): PersistentRequest {
    return this.#beginForAll("persistent", "MPI_Allreduce", send, recv, op);
  }

  /**
   * As `allreduce`, but each process gets what the ranks up to and including its own combine to.
   * @see MPI_Scan, MPI 4.0 section 6.11.1
   */
  scan(send: number, op?: Op): number;
  scan(send: bigint, op?: Op): bigint;
  scan<Recv extends MessageBuffer>(send: MessageBuffer | InPlace, recv: Recv, op?: Op): Recv;
  scan(send: unknown, second?: unknown, third?: unknown): unknown {
    return this.#forAll("MPI_Scan", native.MPI_Scan, send, second, third);
  }

  /** @see MPI_Iscan */
  iscan(send: MessageBuffer | InPlace, recv: MessageBuffer, op: Op = SUM): Request {
    return this.#beginForAll("nonblocking", "MPI_Scan", send, recv, op);
  }

  /** @see MPI_Scan_init */
  scanInit(send: MessageBuffer | InPlace, recv: MessageBuffer, op: Op = SUM): PersistentRequest {
    return this.#beginForAll("persistent", "MPI_Scan", send, recv, op);
  }

  /**
   * As `allreduce`, but each process gets what the ranks below its own combine to. On rank 0 `recv` is left
   * as it is, and the value of a scalar call is null.
   * @see MPI_Exscan, MPI 4.0 section 6.11.2
   */
  exscan(send: number, op?: Op): number | null;
  exscan(send: bigint, op?: Op): bigint | null;
  exscan<Recv extends MessageBuffer>(send: MessageBuffer | InPlace, recv: Recv, op?: Op): Recv;
  exscan(send: unknown, second?: unknown, third?: unknown): unknown {
    const result = this.#forAll("MPI_Exscan", native.MPI_Exscan, send, second, third);
    return isScalar(send) && this.rank === 0 ? null : result;
  }

  /** @see MPI_Iexscan */
  iexscan(send: MessageBuffer | InPlace, recv: MessageBuffer, op: Op = SUM): Request {
    return this.#beginForAll("nonblocking", "MPI_Exscan", send, recv, op);
  }

  /** @see MPI_Exscan_init */
  exscanInit(send: MessageBuffer | InPlace, recv: MessageBuffer, op: Op = SUM): PersistentRequest {
    return this.#beginForAll("persistent", "MPI_Exscan", send, recv, op);
  }

  /** The blocking form, which allocates nothing for TypedArrays. */
  #forAll(name: ForAll, fn: NativeReduction, send: unknown, second: unknown, third: unknown): unknown {
    if (isScalar(send)) {
      this.#assertMeaning(name, send);
      const type = putScalar(send);
      scalarOperands.type = type;
      const use = useOf(second, scalarOperands, name);
      const { send: from, receive: to } = addresses();
      endUse(use, fn(from, to, 1, type.handle, use.handle, this.handle), name);
      return takeScalar(send);
    }
    this.#assertMeaning(name, send);
    resolveOperands(send, second);
    const { pointer, count, handle, large } = incoming;
    if (large || incoming.elements > INT_MAX) this.#forAllLarge(name, third, send, second);
    else {
      const use = useOf(third, incoming, name);
      endUse(use, fn(outgoing.pointer, pointer, count, handle, use.handle, this.handle), name);
    }
    return second;
  }

  /** Open MPI 4.1 ends the process that calls one of the scans over an intercommunicator. */
  #assertMeaning(name: ForAll, send: unknown): void {
    if (!this.isInter) return;
    if (send === IN_PLACE) throw notInPlace("send", "over an intercommunicator");
    if (name === "MPI_Allreduce") return;
    throw new MpiError(`${name}: this communicator is an intercommunicator`, {
      code: "ERR_MPI_COMM",
      errorClass: "MPI_ERR_COMM",
      operation: name,
    });
  }

  #beginForAll<F extends Form>(form: F, name: ForAll, send: unknown, recv: unknown, op: Op): Begun<F> {
    this.#assertMeaning(name, send);
    resolveOperands(send, recv);
    const use = useOf(op, incoming, name, form);
    const { pointer, count, handle } = incoming;
    return run(form, collective(name, use.callee), [
      outgoing.pointer,
      pointer,
      count,
      handle,
      use.handle,
      this.handle,
    ]);
  }

  /** Elementwise operations may be done piece by piece, where no function takes so large a count. */
  #forAllLarge(name: ForAll, op: unknown, send: unknown, recv: unknown): void {
    if (incoming.large) {
      this.#beginForAll("blocking", name, send, recv, op as Op);
      return;
    }
    for (const [from, to] of pieces(send === IN_PLACE)) {
      this.#forAll(name, native[name], from, to, op);
    }
  }

  /**
   * Combines `send` of all processes, and deals the result out in parts of different lengths.
   * @param send As long as all parts together; or `IN_PLACE` everywhere if it is in `recv`.
   * @param recv The part of this process, `counts[rank]` elements (with `IN_PLACE`: all of them, the part is
   *   put at the beginning).
   * @param counts The lengths of the parts, the same on all processes.
   * @param op Default SUM.
   * @returns `recv`
   * @throws as `reduce`
   * @see MPI_Reduce_scatter, MPI 4.0 section 6.10.2
   */
  reduceScatter<Recv extends MessageBuffer>(
    send: MessageBuffer | InPlace,
    recv: Recv,
    counts: ArrayLike<number>,
    op: Op = SUM,
  ): Recv {
    this.#reduceScatter("blocking", send, recv, counts, op);
    return recv;
  }

  /** @see MPI_Ireduce_scatter */
  ireduceScatter(
    send: MessageBuffer | InPlace,
    recv: MessageBuffer,
    counts: ArrayLike<number>,
    op: Op = SUM,
  ): Request {
    return this.#reduceScatter("nonblocking", send, recv, counts, op);
  }

  /** @see MPI_Reduce_scatter_init */
  reduceScatterInit(
    send: MessageBuffer | InPlace,
    recv: MessageBuffer,
    counts: ArrayLike<number>,
    op: Op = SUM,
  ): PersistentRequest {
    return this.#reduceScatter("persistent", send, recv, counts, op);
  }

  #reduceScatter<F extends Form>(
    form: F,
    send: unknown,
    recv: unknown,
    counts: ArrayLike<number>,
    op: Op,
  ): Begun<F> {
    const parts = checkCounts(counts, this.size);
    const total = parts.reduce((sum, count) => sum + count, 0);
    this.#resolveScattered(send, recv, total, parts[this.rank] as number);
    const isLarge = outgoing.large || incoming.large;
    const native = isLarge ? BigInt64Array.from(parts, BigInt) : Int32Array.from(parts);
    const use = useOf(op, incoming, "MPI_Reduce_scatter", form);
    const args = [outgoing.data, incoming.data, native, incoming.handle, use.handle, this.handle];
    return run(form, collective("MPI_Reduce_scatter", use.callee, native), args);
  }

  /**
   * Combines `send` of all processes, and deals the result out in parts of the same length.
   * @param send `size` times as long as `recv`; or `IN_PLACE` everywhere if it is in `recv`.
   * @param recv The part of this process (with `IN_PLACE`: all parts, its own is put at the beginning).
   * @param op Default SUM.
   * @returns `recv`
   * @throws as `reduce`
   * @see MPI_Reduce_scatter_block, MPI 4.0 section 6.10.1
   */
  reduceScatterBlock<Recv extends MessageBuffer>(
    send: MessageBuffer | InPlace,
    recv: Recv,
    op: Op = SUM,
  ): Recv {
    this.#reduceScatterBlock("blocking", send, recv, op);
    return recv;
  }

  /** @see MPI_Ireduce_scatter_block */
  ireduceScatterBlock(send: MessageBuffer | InPlace, recv: MessageBuffer, op: Op = SUM): Request {
    return this.#reduceScatterBlock("nonblocking", send, recv, op);
  }

  /** @see MPI_Reduce_scatter_block_init */
  reduceScatterBlockInit(
    send: MessageBuffer | InPlace,
    recv: MessageBuffer,
    op: Op = SUM,
  ): PersistentRequest {
    return this.#reduceScatterBlock("persistent", send, recv, op);
  }

  #reduceScatterBlock<F extends Form>(form: F, send: unknown, recv: unknown, op: Op): Begun<F> {
    resolve(recv, "recv", incoming);
    const { size } = this;
    if (send === IN_PLACE && incoming.elements % size !== 0) {
      throw outOfRange("recv", `a multiple of ${size} elements`, incoming.elements);
    }
    const part = send === IN_PLACE ? incoming.elements / size : incoming.elements;
    this.#resolveScattered(send, recv, part * size, part);
    if (form === "persistent" && this.isInter) {
      // MPICH 4.0 does nothing when its MPI_Reduce_scatter_block_init between two groups is started again.
      return this.#reduceScatter(form, send, recv, new Int32Array(size).fill(part), op);
    }
    recount(incoming, part);
    const { data, count, handle } = incoming;
    const use = useOf(op, incoming, "MPI_Reduce_scatter_block", form);
    const args = [outgoing.data, data, count, handle, use.handle, this.handle];
    return run(form, collective("MPI_Reduce_scatter_block", use.callee), args);
  }

  /** @param total Elements that each process gives. @param part Elements that this process gets. */
  #resolveScattered(send: unknown, recv: unknown, total: number, part: number): void {
    resolve(recv, "recv", incoming);
    if (send === IN_PLACE) {
      if (this.isInter) throw notInPlace("send", "over an intercommunicator");
      if (incoming.elements !== total)
        throw outOfRange("recv", `${total} elements, as IN_PLACE asks`, incoming.elements);
      standIn(outgoing);
      return;
    }
    resolve(send, "send", outgoing);
    assertApart(outgoing, incoming);
    assertSameType(recv);
    if (outgoing.elements !== total)
      throw outOfRange("send", `${total} elements, all parts`, outgoing.elements);
    if (incoming.elements !== part) throw outOfRange("recv", `${part} elements, its part`, incoming.elements);
  }
}

type NativeReduction = (...args: NativeArgument[]) => number;

/**
 * What a reduction of these operands needs of its Op, which is SUM if there is none.
 * @throws MpiError `ERR_MPI_UNSUPPORTED` for more elements than the library can count
 */
function useOf(op: unknown, operands: OpOperands, name: string, form: Form = "blocking"): OpUse {
  if (operands !== scalarOperands && incoming.elements > INT_MAX && !incoming.large) {
    throw new MpiError(`${name} of ${incoming.elements} elements is not supported by this MPI; MPI 4.0 can`, {
      code: "ERR_MPI_UNSUPPORTED",
      operation: name,
    });
  }
  if (op === undefined) return SUM.use(operands, name);
  if (op instanceof Op) return op.use(operands, name, form === "persistent");
  throw invalidType("op", "an Op (SUM, MAX, ...)", op);
}

/** The operands of a process that has none. */
const NOTHING: OpOperands = { data: null, type: DOUBLE };

/** The operands of a scalar reduction. */
const scalarOperands: { data: null; type: Datatype } = { data: null, type: DOUBLE };

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
  if (send === IN_PLACE) {
    standIn(outgoing);
    return;
  }
  resolve(send, "send", outgoing);
  assertApart(outgoing, incoming);
  assertSameType(recv);
  if (outgoing.elements !== incoming.elements) {
    throw outOfRange("recv", `${outgoing.elements} elements, as send has`, incoming.elements);
  }
}

function assertSameType(recv: unknown): void {
  if (outgoing.elementType === incoming.elementType) return;
  throw invalidValue("recv", `expected elements of ${outgoing.elementType}, as send has`, recv);
}

function checkCounts(counts: ArrayLike<number>, length: number): number[] {
  const list = typeof counts === "object" && counts !== null ? Array.from(counts) : [];
  if (list.length !== length) throw invalidType("counts", `an array of ${length} counts`, counts);
  for (const [i, count] of list.entries()) {
    const fits = Number.isInteger(count) && count >= 0 && count < 2 ** 31;
    if (!fits) throw outOfRange(`counts[${i}]`, "an integer from 0 to 2147483647", count);
  }
  return list;
}

/** Elements in one piece of a reduction that is too large for an int. */
const PIECE = 2 ** 30;

/** The operands that were resolved last, as pairs of descriptions of their pieces. */
function pieces(inPlace: boolean): [MessageBuffer | InPlace, MessageBuffer][] {
  const { elements, elementType: type } = incoming;
  const size = type.size;
  const part = (data: unknown, first: number): MessageBuffer => {
    const view = data as ArrayBufferView;
    const bytes = Math.min(PIECE, elements - first) * size;
    return { data: new Uint8Array(view.buffer, view.byteOffset + first * size, bytes), type };
  };
  const [from, to] = [outgoing.data, incoming.data];
  const starts = Array.from({ length: Math.ceil(elements / PIECE) }, (_, i) => i * PIECE);
  return starts.map((first) => [inPlace ? IN_PLACE : part(from, first), part(to, first)]);
}

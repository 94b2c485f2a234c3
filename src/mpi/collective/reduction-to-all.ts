import type { NativeArgument } from "../../ffi/index.js";
import { native } from "../bindings/bind.js";
import { addresses } from "../bindings/scratch.js";
import { INT_MAX } from "../buffer/large.js";
import { isLong, partsOf } from "../buffer/pieces.js";
import { IN_PLACE, type InPlace, type MessageBuffer } from "../buffer.js";
import { MpiError } from "../error.js";
import { endUse, type Op, SUM } from "../op.js";
import { type Begun, type Form, run } from "../operation.js";
import type { PersistentRequest, Request } from "../request/index.js";
import { assertCountable, resolveOperands, useOf } from "./operands.js";
import { collective, incoming, notInPlace, outgoing } from "./parts.js";
import { ReductionToRoot } from "./reduction-to-root.js";
import { isScalar, putScalar, scalarOperands, takeScalar } from "./scalar.js";

/** The operations whose arguments are those of MPI_Allreduce. */
type ForAll = "MPI_Allreduce" | "MPI_Scan" | "MPI_Exscan";

type NativeReduction = (...args: NativeArgument[]) => number;

/** Reductions that have a result on every process. MPI 4.0 sections 6.9.6 and 6.11 */
export abstract class ReductionToAll extends ReductionToRoot {
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
    const { pointer, count, handle } = incoming;
    if (incoming.elements > INT_MAX) this.#forAllLong(name, send, second, third);
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
    assertCountable(incoming, op, name);
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

  /** The blocking form for more elements than an int counts. */
  #forAllLong(name: ForAll, send: unknown, recv: unknown, op: unknown): void {
    if (!isLong(incoming)) {
      this.#beginForAll("blocking", name, send, recv, op as Op);
      return;
    }
    const from = send === IN_PLACE ? undefined : partsOf(outgoing);
    for (const [i, into] of partsOf(incoming).entries()) {
      this.#forAll(name, native[name], from?.[i] ?? IN_PLACE, into, op);
    }
  }
}

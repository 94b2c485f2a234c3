import { native } from "../bindings/bind.js";
import { addresses } from "../bindings/scratch.js";
import { isLong, partsOf } from "../buffer/pieces.js";
import { IN_PLACE, type InPlace, type MessageBuffer, resolve } from "../buffer.js";
import { endUse, type Op, SUM } from "../op.js";
import { type Begun, type Form, run } from "../operation.js";
import type { PersistentRequest, Request } from "../request/index.js";
import { assertCountable, NOTHING, resolveOperands, useOf } from "./operands.js";
import { collective, ignore, incoming, outgoing, resolveGiven } from "./parts.js";
import { isScalar, putScalar, scalarOperands, takeScalar } from "./scalar.js";
import { Varying } from "./varying.js";

/**
 * Collective communication that combines elements, each with those at the same place on the other processes.
 * MPI 4.0 section 6.9.
 *
 * Where a number or bigint stands for the buffers, it is combined as a double or as an int64, which wraps
 * around, and the result is what the call returns. Over an intercommunicator the elements of the other side
 * are combined.
 */
export abstract class ReductionToRoot extends Varying {
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
    const own = role === "other" ? outgoing : incoming;
    // Between two groups, the neighbours of the root do not know how many pieces there are.
    if (form === "blocking" && isLong(own) && !this.isInter) {
      return this.#reduceByPieces(send, recv, op, root) as Begun<F>;
    }
    const { count, handle } = own;
    const { send: anywhere, receive: nowhere } = addresses();
    if (role === "none") {
      // Neither read nor written. Of no elements, Open MPI would not count the operation, and hang in the next.
      const use = SUM.use(NOTHING, "MPI_Reduce");
      const args = [anywhere, nowhere, 1, NOTHING.type.handle, use.handle, rank, this.handle];
      return run(form, collective("MPI_Reduce", use.callee), args);
    }
    assertCountable(own, op, "MPI_Reduce");
    const use = useOf(op, own, "MPI_Reduce", form);
    // MPICH wants an address also from a root that sends nothing.
    const from = role === "remote root" ? anywhere : outgoing.data;
    const args = [from, incoming.data, count, handle, use.handle, rank, this.handle];
    return run(form, collective("MPI_Reduce", use.callee), args);
  }

  #reduceByPieces(send: unknown, recv: unknown, op: Op, root: number): undefined {
    const from = send === IN_PLACE ? undefined : partsOf(outgoing);
    const into = this.rank === root ? partsOf(incoming) : undefined;
    for (let i = 0; i < (from ?? into ?? []).length; i++) {
      this.#reduce("blocking", from?.[i] ?? IN_PLACE, into?.[i] ?? recv, op, root);
    }
  }
}

import { hasLargeCounts, INT_MAX } from "../buffer/large.js";
import {
  assertApart,
  IN_PLACE,
  type InPlace,
  type MessageBuffer,
  type ResolvedBuffer,
  recount,
  resolve,
} from "../buffer.js";
import { invalidType, invalidValue, outOfRange } from "../error.js";
import { type Op, SUM } from "../op.js";
import { type Begun, type Form, run } from "../operation.js";
import type { PersistentRequest, Request } from "../request/index.js";
import { assertCountable, assertSameType, useOf } from "./operands.js";
import { collective, incoming, notInPlace, outgoing, standIn } from "./parts.js";
import { ReductionToAll } from "./reduction-to-all.js";

/** Reductions whose result is dealt out. MPI 4.0 section 6.10 */
export abstract class ScatteredReduction extends ReductionToAll {
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
    this.#resolve(op, "MPI_Reduce_scatter", send, recv, total, parts[this.rank] as number);
    const isLarge = outgoing.large || incoming.large;
    const lengths = isLarge ? BigInt64Array.from(parts, BigInt) : Int32Array.from(parts);
    const use = useOf(op, incoming, "MPI_Reduce_scatter", form);
    const args = [outgoing.data, incoming.data, lengths, incoming.handle, use.handle, this.handle];
    return run(form, collective("MPI_Reduce_scatter", use.callee, lengths), args);
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
    this.#resolve(op, "MPI_Reduce_scatter_block", send, recv, part * size, part);
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
  #resolve(op: Op, name: string, send: unknown, recv: unknown, total: number, part: number): void {
    resolve(recv, "recv", incoming);
    assertParts(incoming, recv);
    assertCountable(incoming, op, name);
    if (send === IN_PLACE) {
      if (this.isInter) throw notInPlace("send", "over an intercommunicator");
      if (incoming.elements !== total)
        throw outOfRange("recv", `${total} elements, as IN_PLACE asks`, incoming.elements);
      standIn(outgoing);
      return;
    }
    resolve(send, "send", outgoing);
    assertApart(outgoing, incoming);
    assertParts(outgoing, send);
    assertCountable(outgoing, op, name);
    if (outgoing.type !== incoming.type) assertSameType(send, recv);
    if (outgoing.elements !== total)
      throw outOfRange("send", `${total} elements, all parts`, outgoing.elements);
    if (incoming.elements !== part) throw outOfRange("recv", `${part} elements, its part`, incoming.elements);
  }
}

/** C is told of a part as so many elements; those of a strided view are one to C. */
function assertParts({ view, argument }: ResolvedBuffer, value: unknown): void {
  if (view !== undefined) throw invalidValue(argument, "a strided view cannot be dealt out in parts", value);
}

function checkCounts(counts: ArrayLike<number>, length: number): number[] {
  const list = typeof counts === "object" && counts !== null ? Array.from(counts) : [];
  if (list.length !== length) throw invalidType("counts", `an array of ${length} counts`, counts);
  const most = hasLargeCounts() ? Number.MAX_SAFE_INTEGER : INT_MAX;
  for (const [i, count] of list.entries()) {
    const fits = Number.isInteger(count) && count >= 0 && count <= most;
    if (!fits) throw outOfRange(`counts[${i}]`, `an integer from 0 to ${most}`, count);
  }
  return list;
}

import type { NativeArgument } from "../../ffi/index.js";
import { native } from "../bindings/bind.js";
import { check } from "../bindings/check.js";
import { IN_PLACE, type InPlace, type MessageBuffer, resolve } from "../buffer.js";
import { type Begun, type Form, run } from "../operation.js";
import type { PersistentRequest, Request } from "../request/index.js";
import { runForwards } from "./backwards.js";
import { Collective } from "./collective.js";
import {
  assertPart,
  bothBuffers,
  collective,
  equalBlocks,
  ignore,
  incoming,
  notInPlace,
  outgoing,
  resolveOrInPlace,
  resolveRooted,
  resolveWhole,
} from "./parts.js";

/**
 * Collective communication that moves data: every process of the communicator calls the same operation, in the
 * same order. MPI 4.0 chapter 6.
 *
 * Where one process gives to or gets from all, the buffer for all holds equal parts in the order of ranks. Over
 * an intercommunicator the other side's processes are meant: the root says ROOT, its neighbours PROC_NULL.
 *
 * Methods that begin with `i` return a request at once; those that end in `Init` (MPI 4.0) fix the arguments
 * of an operation that is started many times. All processes must choose the same form.
 */
export abstract class Movement extends Collective {
  /** Returns when all processes have called it. @throws MpiError @see MPI_Barrier, MPI 4.0 section 6.3 */
  barrier(): void {
    check(native.MPI_Barrier(this.handle), "MPI_Barrier");
  }

  /** Is complete when all processes have called it. @see MPI_Ibarrier */
  ibarrier(): Request {
    return this.#beginBarrier("nonblocking");
  }

  /** @see MPI_Barrier_init */
  barrierInit(): PersistentRequest {
    return this.#beginBarrier("persistent");
  }

  #beginBarrier<F extends Form>(form: F): Begun<F> {
    return run(form, { name: "MPI_Barrier", kind: "collective", large: false, buffers: [] }, [this.handle]);
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
    const { pointer, count, handle, large } = resolve(buf, "buf", incoming);
    const fn = large ? native.MPI_Bcast_c : native.MPI_Bcast;
    check(fn(pointer, count, handle, this.rootRank(root), this.handle), "MPI_Bcast");
    return buf;
  }

  /** @see MPI_Ibcast */
  ibcast(buf: MessageBuffer, root = 0): Request {
    return this.#beginBcast("nonblocking", buf, root);
  }

  /** @see MPI_Bcast_init */
  bcastInit(buf: MessageBuffer, root = 0): PersistentRequest {
    return this.#beginBcast("persistent", buf, root);
  }

  #beginBcast<F extends Form>(form: F, buf: MessageBuffer, root: number): Begun<F> {
    const { data, count, handle, large } = resolve(buf, "buf", incoming);
    const rank = this.rootRank(root);
    if (this.isInter) {
      // MPICH 4.0 gives the group of the receivers what its own process of the root's rank had in `buf`.
      const role = this.role(root);
      ignore(outgoing);
      const { args, large } = equalBlocks(role === "remote root" ? incoming : outgoing, this.peers, 0);
      const operation = {
        name: "MPI_Scatterv",
        kind: "collective",
        large,
        buffers: [buf, data, ...args],
      } as const;
      const into = role === "other" ? [data, count, handle] : [outgoing.data, 0, outgoing.handle];
      return run(form, operation, [...args, ...into, rank, this.handle]);
    }
    const operation = { name: "MPI_Bcast", kind: "collective", large, buffers: [buf, data] } as const;
    return run(form, operation, [data, count, handle, rank, this.handle]);
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
    this.#gather("blocking", send, recv, root);
    return recv;
  }

  /** @see MPI_Igather */
  igather(send: MessageBuffer | InPlace, recv: MessageBuffer | null, root = 0): Request {
    return this.#gather("nonblocking", send, recv, root);
  }

  /** @see MPI_Gather_init */
  gatherInit(send: MessageBuffer | InPlace, recv: MessageBuffer | null, root = 0): PersistentRequest {
    return this.#gather("persistent", send, recv, root);
  }

  #gather<F extends Form>(form: F, send: unknown, recv: unknown, root: number): Begun<F> {
    const rank = this.rootRank(root);
    resolveRooted(this.role(root), this.peers, recv, incoming, send, outgoing);
    if (form === "persistent") {
      const { data, count, handle } = outgoing;
      const { args, large } = equalBlocks(incoming, this.peers);
      const operation = { ...collective("MPI_Gatherv", undefined, args), large };
      return run(form, operation, [data, count, handle, ...args, rank, this.handle]);
    }
    return this.#collect(form, "MPI_Gather", [rank, this.handle]);
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
    this.#scatter("blocking", send, recv, root);
    return recv;
  }

  /** @see MPI_Iscatter */
  iscatter(send: MessageBuffer | null, recv: MessageBuffer | InPlace, root = 0): Request {
    return this.#scatter("nonblocking", send, recv, root);
  }

  /** @see MPI_Scatter_init */
  scatterInit(send: MessageBuffer | null, recv: MessageBuffer | InPlace, root = 0): PersistentRequest {
    return this.#scatter("persistent", send, recv, root);
  }

  #scatter<F extends Form>(form: F, send: unknown, recv: unknown, root: number): Begun<F> {
    const rank = this.rootRank(root);
    resolveRooted(this.role(root), this.peers, send, outgoing, recv, incoming);
    if (form === "persistent") {
      const { data, count, handle } = incoming;
      const { args, large } = equalBlocks(outgoing, this.peers);
      const operation = { ...collective("MPI_Scatterv", undefined, args), large };
      return run(form, operation, [...args, data, count, handle, rank, this.handle]);
    }
    return run(form, collective("MPI_Scatter"), [...bothBuffers(), rank, this.handle]);
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
    this.#allgather("blocking", send, recv);
    return recv;
  }

  /** @see MPI_Iallgather */
  iallgather(send: MessageBuffer | InPlace, recv: MessageBuffer): Request {
    return this.#allgather("nonblocking", send, recv);
  }

  /** @see MPI_Allgather_init */
  allgatherInit(send: MessageBuffer | InPlace, recv: MessageBuffer): PersistentRequest {
    return this.#allgather("persistent", send, recv);
  }

  #allgather<F extends Form>(form: F, send: unknown, recv: unknown): Begun<F> {
    if (send === IN_PLACE && this.isInter) throw notInPlace("send", "over an intercommunicator");
    resolveWhole(recv, incoming, this.peers);
    resolveOrInPlace(send, outgoing, incoming, this.peers);
    // The other side of an intercommunicator may send another number of elements.
    if (send !== IN_PLACE && !this.isInter) assertPart(outgoing, incoming, this.peers);
    if (form === "persistent") {
      const { data, count, handle } = outgoing;
      const { args, large } = equalBlocks(incoming, this.peers);
      const operation = { ...collective("MPI_Allgatherv", undefined, args), large };
      return run(form, operation, [data, count, handle, ...args, this.handle]);
    }
    return this.#collect(form, "MPI_Allgather", [this.handle]);
  }

  /**
   * Sends the i-th part of `send` to rank i, which puts it into the part of its `recv` for this process.
   * @param send One part for each process, all of the same length; or `IN_PLACE` everywhere, to exchange the
   *   parts of `recv`.
   * @param recv As long as `send`.
   * @returns `recv`
   * @throws TypeError, RangeError for bad arguments; MpiError
   * @see MPI_Alltoall, MPI 4.0 section 6.8
   */
  alltoall<Recv extends MessageBuffer>(send: MessageBuffer | InPlace, recv: Recv): Recv {
    this.#alltoall("blocking", send, recv);
    return recv;
  }

  /** @see MPI_Ialltoall */
  ialltoall(send: MessageBuffer | InPlace, recv: MessageBuffer): Request {
    return this.#alltoall("nonblocking", send, recv);
  }

  /** @see MPI_Alltoall_init */
  alltoallInit(send: MessageBuffer | InPlace, recv: MessageBuffer): PersistentRequest {
    return this.#alltoall("persistent", send, recv);
  }

  #alltoall<F extends Form>(form: F, send: unknown, recv: unknown): Begun<F> {
    if (send === IN_PLACE && this.isInter) throw notInPlace("send", "over an intercommunicator");
    resolveWhole(recv, incoming, this.peers);
    resolveOrInPlace(send, outgoing, incoming, this.peers);
    if (send !== IN_PLACE) {
      resolveWhole(send, outgoing, this.peers);
      if (!this.isInter) assertPart(outgoing, incoming, 1);
    }
    return run(form, collective("MPI_Alltoall"), [...bothBuffers(), this.handle]);
  }

  /** Begins MPI_Gather or MPI_Allgather. @param rest Its arguments after the buffers. */
  #collect<F extends Form>(form: F, name: string, rest: readonly NativeArgument[]): Begun<F> {
    const isForwards = outgoing.type.extent >= 0 && incoming.type.extent >= 0;
    if (form !== "blocking" || isForwards) return run(form, collective(name), [...bothBuffers(), ...rest]);
    const { handle } = this;
    runForwards(outgoing, 1, handle, () => {
      runForwards(incoming, this.peers, handle, () => {
        run("blocking", collective(name), [...bothBuffers(), ...rest]);
      });
    });
    return undefined as Begun<F>;
  }
}

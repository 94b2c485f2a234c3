import type { NativeArgument } from "../../ffi/index.js";
import {
  assertBlocksApart,
  type BlocksDescription,
  ResolvedBlocks,
  type ResolvedTypedBlocks,
  type TypedBlocksDescription,
} from "../buffer/blocks.js";
import { elementsOf } from "../buffer/element.js";
import { blocksOf, typedBlocksOf } from "../buffer/known-blocks.js";
import {
  assertApart,
  IN_PLACE,
  type InPlace,
  type MessageBuffer,
  ResolvedBuffer,
  resolve,
} from "../buffer.js";
import { BYTE } from "../datatype.js";
import { outOfRange } from "../error.js";
import { type Begun, type Form, type Operation, run } from "../operation.js";
import type { PersistentRequest, Request } from "../request/index.js";
import { Movement } from "./movement.js";
import {
  ignore,
  incoming,
  inPlaceAddress,
  notInPlace,
  outgoing,
  type Role,
  resolveGiven,
  sameBuffer,
  standIn,
} from "./parts.js";

/** The block of this process, to be compared with its part. */
const ownBlock = new ResolvedBuffer();

/** Blocks that are received must not lie upon each other. */
const RECEIVED = { disjoint: true };

/**
 * Collective communication with a block of its own length for each process: `{ data, counts, displs?, type? }`
 * describes all of them, in the order of ranks. MPI 4.0 sections 6.5 to 6.8.
 */
export abstract class Varying extends Movement {
  /**
   * As `gather`, with a block of its own length from each process.
   * @param send As long as this process's block; on the root `IN_PLACE` if it is in `recv` already.
   * @param recv On the root the blocks of all; elsewhere null.
   * @param root Default 0.
   * @returns `recv`
   * @throws TypeError, RangeError for bad arguments; MpiError
   * @see MPI_Gatherv, MPI 4.0 section 6.5
   */
  gatherv<Recv extends BlocksDescription | null>(send: MessageBuffer | InPlace, recv: Recv, root = 0): Recv {
    this.#gatherv("blocking", send, recv, root);
    return recv;
  }

  /** @see MPI_Igatherv */
  igatherv(send: MessageBuffer | InPlace, recv: BlocksDescription | null, root = 0): Request {
    return this.#gatherv("nonblocking", send, recv, root);
  }

  /** @see MPI_Gatherv_init */
  gathervInit(send: MessageBuffer | InPlace, recv: BlocksDescription | null, root = 0): PersistentRequest {
    return this.#gatherv("persistent", send, recv, root);
  }

  #gatherv<F extends Form>(form: F, send: unknown, recv: unknown, root: number): Begun<F> {
    const rank = this.rootRank(root);
    const resolved = this.#resolveRooted(this.role(root), recv, "recv", RECEIVED, send, outgoing);
    const large = outgoing.large || resolved.large;
    const blocks = large ? resolved.widened() : resolved;
    const { data, count, handle } = outgoing;
    const operation = varying("MPI_Gatherv", large, [send, recv, data, blocks]);
    return run(form, operation, [data, count, handle, ...listOf(blocks), rank, this.handle]);
  }

  /**
   * As `scatter`, with a block of its own length for each process.
   * @param send On the root the blocks of all; elsewhere null.
   * @param recv As long as this process's block; on the root `IN_PLACE` if it may stay in `send`.
   * @param root Default 0.
   * @returns `recv`
   * @throws TypeError, RangeError for bad arguments; MpiError
   * @see MPI_Scatterv, MPI 4.0 section 6.6
   */
  scatterv<Recv extends MessageBuffer | InPlace>(send: BlocksDescription | null, recv: Recv, root = 0): Recv {
    this.#scatterv("blocking", send, recv, root);
    return recv;
  }

  /** @see MPI_Iscatterv */
  iscatterv(send: BlocksDescription | null, recv: MessageBuffer | InPlace, root = 0): Request {
    return this.#scatterv("nonblocking", send, recv, root);
  }

  /** @see MPI_Scatterv_init */
  scattervInit(send: BlocksDescription | null, recv: MessageBuffer | InPlace, root = 0): PersistentRequest {
    return this.#scatterv("persistent", send, recv, root);
  }

  #scatterv<F extends Form>(form: F, send: unknown, recv: unknown, root: number): Begun<F> {
    const rank = this.rootRank(root);
    const resolved = this.#resolveRooted(this.role(root), send, "send", {}, recv, incoming);
    const large = incoming.large || resolved.large;
    const blocks = large ? resolved.widened() : resolved;
    const { data, count, handle } = incoming;
    const operation = varying("MPI_Scatterv", large, [send, recv, data, blocks]);
    return run(form, operation, [...listOf(blocks), data, count, handle, rank, this.handle]);
  }

  /**
   * As `allgather`, with a block of its own length from each process.
   * @param send As long as this process's block, or `IN_PLACE` everywhere if each is in its `recv` already.
   * @param recv The blocks of all.
   * @returns `recv`
   * @throws TypeError, RangeError for bad arguments; MpiError
   * @see MPI_Allgatherv, MPI 4.0 section 6.7
   */
  allgatherv<Recv extends BlocksDescription>(send: MessageBuffer | InPlace, recv: Recv): Recv {
    this.#allgatherv("blocking", send, recv);
    return recv;
  }

  /** @see MPI_Iallgatherv */
  iallgatherv(send: MessageBuffer | InPlace, recv: BlocksDescription): Request {
    return this.#allgatherv("nonblocking", send, recv);
  }

  /** @see MPI_Allgatherv_init */
  allgathervInit(send: MessageBuffer | InPlace, recv: BlocksDescription): PersistentRequest {
    return this.#allgatherv("persistent", send, recv);
  }

  #allgatherv<F extends Form>(form: F, send: unknown, recv: unknown): Begun<F> {
    this.#refuseInPlace(send);
    const resolved = blocksOf(recv, "recv", this.peers, RECEIVED);
    this.#resolvePart(send, outgoing, resolved);
    const large = outgoing.large || resolved.large;
    const blocks = large ? resolved.widened() : resolved;
    const { data, count, handle } = outgoing;
    const operation = varying("MPI_Allgatherv", large, [send, recv, data, blocks]);
    return run(form, operation, [data, count, handle, ...listOf(blocks), this.handle]);
  }

  /**
   * As `alltoall`, with blocks of their own lengths for and from each process.
   * @param send A block for each process; or `IN_PLACE` everywhere, to exchange the blocks of `recv`.
   * @param recv A block from each process, as long as the one it sends.
   * @returns `recv`
   * @throws TypeError, RangeError for bad arguments; MpiError
   * @see MPI_Alltoallv, MPI 4.0 section 6.8
   */
  alltoallv<Recv extends BlocksDescription>(send: BlocksDescription | InPlace, recv: Recv): Recv {
    this.#alltoallv("blocking", send, recv);
    return recv;
  }

  /** @see MPI_Ialltoallv */
  ialltoallv(send: BlocksDescription | InPlace, recv: BlocksDescription): Request {
    return this.#alltoallv("nonblocking", send, recv);
  }

  /** @see MPI_Alltoallv_init */
  alltoallvInit(send: BlocksDescription | InPlace, recv: BlocksDescription): PersistentRequest {
    return this.#alltoallv("persistent", send, recv);
  }

  #alltoallv<F extends Form>(form: F, send: unknown, recv: unknown): Begun<F> {
    this.#refuseInPlace(send);
    if (send === recv) throw sameBuffer("send", send);
    let into = blocksOf(recv, "recv", this.peers, RECEIVED);
    const copy = copyInPlace(form, send, recv as BlocksDescription);
    const given = copy?.blocks ?? send;
    let from = given === IN_PLACE ? null : blocksOf(given, "send", this.peers);
    if (from !== null) assertBlocksApart(from, into);
    const large = into.large || (from?.large ?? false);
    if (large) [from, into] = [from?.widened() ?? null, into.widened()];
    const operation = varying("MPI_Alltoallv", large, [send, recv, from, into], copy?.renew);
    const sent = from === null ? [inPlaceAddress(), null, null, BYTE.handle] : listOf(from);
    return run(form, operation, [...sent, ...listOf(into), this.handle]);
  }

  /**
   * As `alltoallv`, with a datatype of its own for each block, and displacements in bytes.
   * @param send `{ data, counts, displs?, types }`, or `IN_PLACE` everywhere.
   * @param recv `{ data, counts, displs?, types }`
   * @returns `recv`
   * @throws TypeError, RangeError for bad arguments; MpiError
   * @see MPI_Alltoallw, MPI 4.0 section 6.8
   */
  alltoallw<Recv extends TypedBlocksDescription>(send: TypedBlocksDescription | InPlace, recv: Recv): Recv {
    this.#alltoallw("blocking", send, recv);
    return recv;
  }

  /** @see MPI_Ialltoallw */
  ialltoallw(send: TypedBlocksDescription | InPlace, recv: TypedBlocksDescription): Request {
    return this.#alltoallw("nonblocking", send, recv);
  }

  /** @see MPI_Alltoallw_init */
  alltoallwInit(send: TypedBlocksDescription | InPlace, recv: TypedBlocksDescription): PersistentRequest {
    return this.#alltoallw("persistent", send, recv);
  }

  #alltoallw<F extends Form>(form: F, send: unknown, recv: unknown): Begun<F> {
    this.#refuseInPlace(send);
    if (send === recv) throw sameBuffer("send", send);
    let into = typedBlocksOf(recv, "recv", this.peers, RECEIVED);
    const copy = copyInPlace(form, send, recv as TypedBlocksDescription);
    const given = copy?.blocks ?? send;
    let from = given === IN_PLACE ? null : typedBlocksOf(given, "send", this.peers);
    if (from !== null) assertBlocksApart(from, into);
    const large = into.large || (from?.large ?? false);
    if (large) [from, into] = [from?.widened() ?? null, into.widened()];
    const operation = varying("MPI_Alltoallw", large, [send, recv, from, into], copy?.renew);
    const sent = from === null ? [inPlaceAddress(), null, null, null] : typedListOf(from);
    return run(form, operation, [...sent, ...typedListOf(into), this.handle]);
  }

  /** Resolves the blocks where this process has those of all, and its own part. */
  #resolveRooted(
    role: Role,
    whole: unknown,
    name: string,
    options: { disjoint?: boolean },
    part: unknown,
    partInto: ResolvedBuffer,
  ): ResolvedBlocks {
    let blocks: ResolvedBlocks;
    if (role === "root" || role === "remote root") blocks = blocksOf(whole, name, this.peers, options);
    else {
      blocks = new ResolvedBlocks();
      blocks.handle = BYTE.handle;
    }
    if (role === "root") {
      this.#resolvePart(part, partInto, blocks);
    } else if (role === "other") resolveGiven(part, partInto, role);
    else ignore(partInto);
    return blocks;
  }

  /** Resolves what this process gives or gets itself: apart from its block, and as long. */
  #resolvePart(value: unknown, into: ResolvedBuffer, blocks: ResolvedBlocks): void {
    if (value === IN_PLACE) {
      standIn(into);
      return;
    }
    resolve(value, into.argument, into);
    if (this.isInter) return;
    const { rank } = this;
    const own = Number(blocks.counts[rank]);
    if (own * blocks.type.size !== into.byteLength) {
      const expected = `${into.elements} elements, as this process's part has`;
      throw outOfRange(`${blocks.argument}.counts[${rank}]`, expected, own);
    }
    const { data } = blocks;
    if (own === 0 || !ArrayBuffer.isView(data) || !blocks.type.isDense) return;
    const start = Number(blocks.displs[rank]) * blocks.type.extent;
    ownBlock.data = new Uint8Array(data.buffer, data.byteOffset + start, into.byteLength);
    ownBlock.type = BYTE;
    ownBlock.elementType = BYTE;
    ownBlock.elements = into.byteLength;
    ownBlock.argument = blocks.argument;
    assertApart(into, ownBlock);
  }

  #refuseInPlace(send: unknown): void {
    if (send === IN_PLACE && this.isInter) throw notInPlace("send", "over an intercommunicator");
  }
}

/** Blocks as C takes them; those of a process that has none are not looked at. */
function listOf({ data, counts, displs, handle, type }: ResolvedBlocks): NativeArgument[] {
  if (data === null && counts.length === 0) return [null, null, null, handle];
  // MPICH 4.0 forgets the displacement in an iallgatherv of a process alone.
  if (counts.length === 1) return [startOf(data, Number(displs[0]) * type.extent), counts, NOWHERE, handle];
  return [data, counts, displs, handle];
}

function typedListOf({ data, counts, displs, handles }: ResolvedTypedBlocks): NativeArgument[] {
  const types = handles?.view ?? null;
  // Open MPI 4.1 takes it for a number of extents in an alltoallw of a process alone, and writes anywhere.
  if (counts.length === 1) return [startOf(data, Number(displs[0])), counts, NOWHERE, types];
  return [data, counts, displs, types];
}

/** The displacements of a single block that begins where the data does; as 32 and as 64 bits. */
const NOWHERE = new BigInt64Array(1);

/** The data from a displacement on, so that C need not be told of it. */
const startOf = (data: ResolvedBlocks["data"], displacement: number): ResolvedBlocks["data"] =>
  ArrayBuffer.isView(data) ? new Uint8Array(data.buffer, data.byteOffset + displacement) : data;

/** What an exchange in place sends, apart from what it receives. */
interface SentCopy<Blocks> {
  readonly blocks: Blocks;
  /** Copies again what is to be sent. */
  readonly renew: () => void;
}

/**
 * What is sent by an exchange in place that is not blocking: a copy. Open MPI 4.1 loses count of the operations
 * on a communicator where a process has nothing to exchange in place, and hangs in the next one; MPICH before 4.1
 * mixes up the messages of ialltoallw if their types differ, and ends the process (pmodels/mpich#6404).
 */
function copyInPlace<Blocks extends BlocksDescription | TypedBlocksDescription>(
  form: Form,
  send: unknown,
  recv: Blocks,
): SentCopy<Blocks> | undefined {
  if (send !== IN_PLACE || form === "blocking") return undefined;
  const { view } = elementsOf(recv.data, "recv.data");
  const data = view.slice();
  return { blocks: { ...recv, data }, renew: () => data.set(view) };
}

/**
 * The operation on blocks: when one count is large, the arrays of all are 64 bits wide.
 * @param buffers What C looks at, or what holds that.
 */
const varying = (
  name: string,
  large: boolean,
  buffers: readonly unknown[],
  beforeStart?: () => void,
): Operation => ({ name, kind: "collective", large, buffers, beforeStart });

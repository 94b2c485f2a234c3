import { binding, native } from "./bindings/bind.js";
import { check } from "./bindings/check.js";
import { addresses, ints, readHandle } from "./bindings/scratch.js";
import { type MessageBuffer, ResolvedBuffer, recount, resolve } from "./buffer.js";
import { ANY_SOURCE, PROC_NULL } from "./constants.js";
import { sendTag } from "./context.js";
import { invalidType, outOfRange } from "./error.js";
import { PointToPoint } from "./point-to-point.js";
import { freed, PersistentRequest, Request, Transfer, wrongRequest } from "./request/index.js";

const buffer = new ResolvedBuffer();

/**
 * A message that is sent or received in parts of equal length, each when it is ready. MPI 4.0 chapter 4.
 *
 * Start it, tell or ask of each part, and wait for it; then it can be started again.
 */
export class PartitionedRequest extends PersistentRequest {
  /** How many parts it has. */
  readonly partitions: number;
  /** Of each part of a send, 1 if it was told to be ready since the start. */
  readonly #told: Uint8Array;

  static override [Symbol.hasInstance](value: unknown): boolean {
    return value instanceof PersistentRequest && "partitions" in value;
  }

  /** @internal */
  constructor(transfer: Transfer, told: Uint8Array) {
    super(transfer);
    this.partitions = told.length;
    this.#told = told;
  }

  /**
   * Tells that parts of a started send may go: one, or those from `partition` to `last`. Each once.
   * @throws RangeError for a part that it has not; MpiError `ERR_MPI_REQUEST` for a receive, before `start`, or if
   *   one of them was told to be ready since, which ends the process in MPICH 4.0
   * @see MPI_Pready, MPI_Pready_range, MPI 4.0 section 4.2.1
   */
  ready(partition: number, last: number = partition): void {
    const { handle, active, operation } = this.#transfer("send", "MPI_Pready_range");
    if (!active) throw wrongRequest(`${operation}: the request was not started`, "MPI_Pready_range");
    const first = this.#index(partition, "partition");
    const end = this.#index(last, "last", first);
    const again = this.#told.subarray(0, end + 1).indexOf(1, first);
    if (again >= 0) {
      throw wrongRequest(`${operation}: part ${again} is ready since the last start`, "MPI_Pready_range");
    }
    check(native.MPI_Pready_range(first, end, handle), "MPI_Pready_range");
    this.#told.fill(1, first, end + 1);
  }

  /**
   * Whether a part of a started receive is there.
   * @throws RangeError for a part that it has not; MpiError `ERR_MPI_REQUEST` for a send, or before `start`
   * @see MPI_Parrived, MPI 4.0 section 4.2.2
   */
  arrived(partition: number): boolean {
    const { handle, active, outcome, operation } = this.#transfer("receive", "MPI_Parrived");
    const index = this.#index(partition, "partition");
    if (!active && outcome === undefined) {
      throw wrongRequest(`${operation}: the request was not started`, "MPI_Parrived");
    }
    // The standard says so, but MPICH 4.0 refuses a request that is complete.
    if (!active) return true;
    check(native.MPI_Parrived(handle, index, addresses().int), "MPI_Parrived");
    return ints[0] !== 0;
  }

  /** For `using`: as that of a PersistentRequest, but does not wait for a send that lacks parts. @throws as that */
  override [Symbol.dispose](): void {
    const { active, operation } = Request.transfer(this);
    const lacking = active && operation === INIT.send ? this.#told.indexOf(0) : -1;
    if (lacking >= 0) {
      throw wrongRequest(`${operation}: part ${lacking} was not ready at the end of its block`, operation);
    }
    super[Symbol.dispose]();
  }

  #transfer(kind: "send" | "receive", operation: string): Transfer {
    const transfer = Request.transfer(this);
    if (transfer.freed) throw freed(transfer);
    if (transfer.operation === INIT[kind]) return transfer;
    throw wrongRequest(`${transfer.operation} is no ${kind}`, operation);
  }

  #index(value: number, argument: string, first = 0): number {
    if (Number.isInteger(value) && value >= first && value < this.partitions) return value;
    throw outOfRange(argument, `a partition from ${first} to ${this.partitions - 1}`, value);
  }
}

const INIT = { send: "MPI_Psend_init", receive: "MPI_Precv_init" } as const;

/** MPICH 4.0 ends the process at a send to PROC_NULL, and never completes a receive from it. */
const noPeer = (argument: string, rank: number): Error =>
  outOfRange(argument, "a rank: partitioned messages have no wildcards and no PROC_NULL", rank);

/** Partitioned communication. MPI 4.0 chapter 4. */
export abstract class Partitioned extends PointToPoint {
  /**
   * A send in parts.
   * @param buf What to send: a multiple of `partitions` elements.
   * @param partitions Number of parts; the receiver may divide the message otherwise.
   * @param dest The rank to send to.
   * @param tag Default 0.
   * @throws TypeError, RangeError for bad arguments; MpiError `ERR_MPI_UNSUPPORTED` before MPI 4.0
   * @see MPI_Psend_init, MPI 4.0 section 4.2.1
   */
  psendInit(buf: MessageBuffer, partitions: number, dest: number, tag = 0): PartitionedRequest {
    if (dest === PROC_NULL) throw noPeer("dest", dest);
    return this.#init("send", buf, partitions, this.destination(dest), tag);
  }

  /**
   * A receive in parts: of one message from a known source, without wildcards.
   * @throws as `psendInit`
   * @see MPI_Precv_init, MPI 4.0 section 4.2.2
   */
  precvInit(buf: MessageBuffer, partitions: number, source: number, tag = 0): PartitionedRequest {
    if (source === ANY_SOURCE || source === PROC_NULL) throw noPeer("source", source);
    return this.#init("receive", buf, partitions, this.origin(source), tag);
  }

  #init(
    kind: "send" | "receive",
    buf: MessageBuffer,
    partitions: number,
    rank: number,
    tag: number,
  ): PartitionedRequest {
    const operation = INIT[kind];
    if (!Number.isInteger(partitions)) throw invalidType("partitions", "an integer", partitions);
    const { data, elements } = resolve(buf, "buf", buffer);
    if (partitions < 1 || elements % partitions !== 0) {
      throw outOfRange("partitions", `a divisor of the ${elements} elements of buf`, partitions);
    }
    const { count, handle } = recount(buffer, elements / partitions);
    const info = binding().abi.handle("MPI_INFO_NULL");
    const args = [data, partitions, count, handle, rank, sendTag(tag), this.handle, info];
    check(native[operation](...args, addresses().handle), operation);
    const told = new Uint8Array(partitions);
    const beforeStart = (): void => void told.fill(0);
    const description = { kind: "partitioned", buffers: [buf, data], beforeStart } as const;
    return new PartitionedRequest(new Transfer(readHandle(), operation, description, true), told);
  }
}

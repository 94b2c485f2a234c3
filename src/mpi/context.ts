import type { Handle } from "./abi/abi.js";
import { predefinedAttribute } from "./attribute.js";
import { binding, native } from "./bindings/bind.js";
import { check } from "./bindings/check.js";
import { type Created, sourceOf } from "./bindings/created.js";
import { addresses, ints } from "./bindings/scratch.js";
import { ANY_SOURCE, ANY_TAG, PROC_NULL, ROOT, TAG_UB } from "./constants.js";
import { ensureRunning } from "./environment.js";
import { invalidType, MpiError, outOfRange } from "./error.js";

/** What the library knows of a communicator, asked once. */
interface Facts {
  readonly handle: Handle;
  readonly rank: number;
  readonly size: number;
  readonly isInter: boolean;
  /** How many ranks messages can go to: the size, or that of the remote group. */
  readonly peers: number;
}

/**
 * The communication context that the chapters of a communicator share: its handle, its size, and the checks
 * of ranks and tags against them. MPI 4.0 section 7.1.2.
 */
export abstract class Context {
  /** The MPI name of a predefined communicator. */
  readonly #predefined: string | undefined;
  #facts: Facts | undefined;

  /** @param source The MPI name of a predefined communicator, or the handle of a new one. */
  constructor(source: string | Created) {
    const { name, handle } = sourceOf(source);
    this.#predefined = name;
    this.#facts = handle === undefined ? undefined : readFacts(handle);
  }

  /** `instanceof` tells the objects of this class from those that pretend to be, which C would crash on. */
  static [Symbol.hasInstance](value: unknown): boolean {
    return typeof value === "object" && value !== null && #facts in value;
  }

  /** What C gets. Initializes MPI if need be. @throws MpiError `ERR_MPI_FREED`, `ERR_MPI_FINALIZED` */
  get handle(): Handle {
    return this.#use().handle;
  }

  /** The rank of this process, from 0 to `size` - 1. The library is asked once. @see MPI_Comm_rank */
  get rank(): number {
    return this.#use().rank;
  }

  /** How many processes it has; of an intercommunicator, the local group. @see MPI_Comm_size */
  get size(): number {
    return this.#use().size;
  }

  /** How many processes messages can go to: `size`, or that of the remote group. @see MPI_Comm_remote_size */
  get peers(): number {
    return this.#use().peers;
  }

  /** Whether it joins two groups of processes. @see MPI_Comm_test_inter */
  get isInter(): boolean {
    return this.#use().isInter;
  }

  /** Whether it was freed. */
  get freed(): boolean {
    return this.#facts === undefined && this.#predefined === undefined;
  }

  /** Gives up the handle, for the call that frees it. */
  protected release(): Handle {
    const { handle } = this.#use();
    if (this.#predefined !== undefined) {
      throw new MpiError(`${this.#predefined} cannot be freed`, {
        code: "ERR_MPI_COMM",
        errorClass: "MPI_ERR_COMM",
        operation: "MPI_Comm_free",
      });
    }
    this.#facts = undefined;
    return handle;
  }

  /** A rank to send to, as C gets it. */
  protected destination(rank: number): number {
    if (isIndex(rank, this.peers)) return rank;
    if (rank === PROC_NULL) return binding().constants.toNative(rank, "dest");
    throw this.#rankError("dest", rank, " or PROC_NULL");
  }

  /** A rank to receive from, as C gets it. */
  protected origin(rank: number): number {
    if (isIndex(rank, this.peers)) return rank;
    if (rank === ANY_SOURCE || rank === PROC_NULL) return binding().constants.toNative(rank, "source");
    throw this.#rankError("source", rank, ", ANY_SOURCE or PROC_NULL");
  }

  /** The root of a collective operation, as C gets it. */
  protected rootRank(rank: number): number {
    if (isIndex(rank, this.peers)) return rank;
    if (this.isInter && (rank === ROOT || rank === PROC_NULL))
      return binding().constants.toNative(rank, "root");
    throw this.#rankError("root", rank, this.isInter ? ", ROOT or PROC_NULL" : "");
  }

  #use(): Facts {
    ensureRunning();
    return this.#facts ?? this.#load();
  }

  #load(): Facts {
    if (this.#predefined === undefined)
      throw new MpiError("This communicator was freed", { code: "ERR_MPI_FREED" });
    this.#facts = readFacts(binding().abi.handle(this.#predefined));
    return this.#facts;
  }

  #rankError(argument: string, rank: unknown, besides: string): Error {
    if (typeof rank !== "number") return invalidType(argument, "a rank (an integer)", rank);
    return outOfRange(argument, `a rank from 0 to ${this.peers - 1}${besides}`, rank);
  }
}

/** Whether it is an integer from 0 to `length` - 1; also false for what is no number at all. */
const isIndex = (value: unknown, length: number): boolean =>
  typeof value === "number" && value >>> 0 === value && value < length;

function readFacts(handle: Handle): Facts {
  const { int } = addresses();
  const ask = (
    operation: "MPI_Comm_rank" | "MPI_Comm_size" | "MPI_Comm_test_inter" | "MPI_Comm_remote_size",
  ) => {
    check(native[operation](handle, int), operation);
    return ints[0] as number;
  };
  const isInter = ask("MPI_Comm_test_inter") !== 0;
  const size = ask("MPI_Comm_size");
  return {
    handle,
    rank: ask("MPI_Comm_rank"),
    size,
    isInter,
    peers: isInter ? ask("MPI_Comm_remote_size") : size,
  };
}

/** The number of tags, one more than the attribute MPI_TAG_UB, which all communicators share; 0 if not yet asked. */
let tagCount = 0;

/** What the standard grants. MPI 4.0 section 9.1.2 */
const LEAST_TAG_UB = 32767;

/** The tag of a message to send. */
export function sendTag(tag: number, argument = "tag"): number {
  return isIndex(tag, tagCount) ? tag : otherTag(tag, argument, "");
}

/** The tag of a message to receive, as C gets it. */
export function receiveTag(tag: number, argument = "tag"): number {
  if (isIndex(tag, tagCount)) return tag;
  if (tag === ANY_TAG) return binding().constants.toNative(tag, argument);
  return otherTag(tag, argument, " or ANY_TAG");
}

function otherTag(tag: unknown, argument: string, besides: string): number {
  if (tagCount === 0) tagCount = (predefinedAttribute(TAG_UB) ?? LEAST_TAG_UB) + 1;
  if (isIndex(tag, tagCount)) return tag as number;
  if (typeof tag !== "number") throw invalidType(argument, "a tag (an integer)", tag);
  throw outOfRange(argument, `a tag from 0 to ${tagCount - 1}${besides}`, tag);
}

import type { Handle } from "../abi/abi.js";
import { native } from "../bindings/bind.js";
import { check } from "../bindings/check.js";
import { addresses, readHandle } from "../bindings/scratch.js";
import { ANY_SOURCE, ANY_TAG, PROC_NULL } from "../constants.js";
import type { Message } from "../message.js";
import { Request, Transfer } from "../request/index.js";
import type { Status } from "../status.js";
import { Arrived } from "./clone.js";
import { BOTTOM, datatypeAt } from "./memory.js";

/** A nonblocking receive that has no message yet. */
export class Waiting {
  readonly source: number;
  readonly tag: number;
  /** What was found for it. */
  incoming: Incoming | undefined;

  constructor(source: number, tag: number) {
    this.source = source;
    this.tag = tag;
  }

  /** Whether this is a message for it. */
  accepts({ source, tag }: Status): boolean {
    const isFree = this.incoming === undefined;
    const isSource = this.source === ANY_SOURCE || this.source === source;
    return isFree && isSource && (this.tag === ANY_TAG || this.tag === tag);
  }
}

/** A value on its way here. Another receive may open it: what is wrong with it is thrown by `value` only. */
export class Incoming {
  /** The receive of its stream. */
  readonly stream: Request;
  /** That of the memory of its arrays, if there is any and it has begun. */
  memory: Request | undefined;
  readonly #bytes: Uint8Array;
  readonly #message: Message;
  readonly #comm: Handle;
  #arrived: Arrived | undefined;
  #failure: unknown;

  constructor(message: Message, comm: Handle) {
    const { byteLength } = message.status;
    this.#bytes = new Uint8Array(byteLength);
    this.#message = message;
    this.#comm = comm;
    // An empty message is no object, but has to be received all the same.
    this.stream = message.irecv(byteLength > 0 ? this.#bytes : { data: this.#bytes, count: 0 });
  }

  /** Whether the stream is there. */
  isThere(): boolean {
    try {
      return this.stream.test() !== null;
    } catch {
      return true;
    }
  }

  /** Waits for the stream, and begins to receive the memory that it tells of. */
  open(): void {
    try {
      this.stream.wait();
      this.#receiveMemory();
    } catch (error) {
      this.#failure = error;
    }
  }

  #receiveMemory(): void {
    const { source, tag } = this.#message.status;
    if (source === PROC_NULL) return;
    this.#arrived = new Arrived(this.#bytes, `rank ${source} with tag ${tag}`);
    const { memory } = this.#arrived;
    if (memory.length === 0) return;
    // The sender has begun both, and messages do not overtake each other.
    using type = datatypeAt(memory);
    const { handle } = addresses();
    check(native.MPI_Irecv(BOTTOM, 1, type.handle, source, tag, this.#comm, handle), "MPI_Irecv");
    const description = { kind: "receive", buffers: [memory] } as const;
    this.memory = new Request(new Transfer(readHandle(), "MPI_Irecv", description));
  }

  value(): unknown {
    if (this.#failure !== undefined) throw this.#failure;
    return this.#arrived?.read();
  }
}

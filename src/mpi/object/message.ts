import type { Handle } from "../abi/abi.js";
import { native } from "../bindings/bind.js";
import { check } from "../bindings/check.js";
import { addresses, readHandle } from "../bindings/scratch.js";
import { Reduction } from "../collective/reduction.js";
import { ANY_SOURCE, ANY_TAG, PROC_NULL } from "../constants.js";
import { sendTag } from "../context.js";
import { invalidType } from "../error.js";
import { Message } from "../message.js";
import { Request, Transfer } from "../request/index.js";
import { until } from "../request/poller.js";
import { Arrived, type Clone, write } from "./clone.js";
import { BOTTOM, datatypeAt } from "./memory.js";

/** How to wait for a value. */
export interface ReceiveObjectOptions {
  /** Rejects with its reason when it is aborted before a value has come. */
  readonly signal?: AbortSignal;
}

/**
 * Messages of any plain data: a stream, and if there are large arrays in it, their memory as a second message
 * with the same tag. The receive of the second must have begun before the next value may be looked for.
 */
export abstract class ObjectMessages extends Reduction {
  /** Values whose stream is on its way, so that it is not known whether there is a second message. */
  readonly #unopened: Set<Incoming> = new Set();

  /**
   * Sends a value.
   * @throws TypeError with the path to what cannot be sent; TypeError, RangeError for bad arguments; MpiError
   */
  sendObject(value: unknown, dest: number, tag = 0): void {
    this.destination(dest);
    const { stream, memory } = write(value);
    if (memory.length === 0) this.send(stream, dest, tag);
    else Request.waitAll(this.#beginSend({ stream, memory }, dest, tag));
  }

  /** As `sendObject`, resolved when the value may be changed again. */
  async isendObject(value: unknown, dest: number, tag = 0): Promise<void> {
    this.destination(dest);
    await Promise.all(this.#beginSend(write(value), dest, tag));
  }

  /**
   * Receives a value of any size.
   * @param source The rank to receive from, default ANY_SOURCE; or the message that `mprobe` found, whose status
   *   tells who sent it. Receive it before anything else from that rank with that tag.
   * @param tag Default ANY_TAG.
   * @returns The value; undefined from PROC_NULL.
   * @throws MpiError `ERR_MPI_TYPE` if the message is not that of an object
   */
  recvObject<Value = unknown>(source: number | Message = ANY_SOURCE, tag: number = ANY_TAG): Value {
    for (const incoming of this.#unopened) this.#open(incoming);
    const incoming = this.#receive(source instanceof Message ? source : this.mprobe(source, tag));
    this.#open(incoming);
    incoming.memory?.wait();
    return incoming.value() as Value;
  }

  /** As `recvObject`, without blocking. Values that wait for the same message get one each, in their order. */
  async irecvObject<Value = unknown>(
    source: number | Message = ANY_SOURCE,
    tag: number = ANY_TAG,
    options: ReceiveObjectOptions = {},
  ): Promise<Value> {
    const { signal } = options;
    if (signal !== undefined && !(signal instanceof AbortSignal)) {
      throw invalidType("options.signal", "an AbortSignal", signal);
    }
    const incoming =
      source instanceof Message ? this.#receive(source) : await until(() => this.#match(source, tag), signal);
    await Promise.allSettled([incoming.stream]);
    this.#open(incoming);
    await incoming.memory;
    return incoming.value() as Value;
  }

  /** Begins to send both parts: in this order, and both before anything else is done. */
  #beginSend({ stream, memory }: Clone, dest: number, tag: number): Request[] {
    const requests = [this.isend(stream, dest, tag)];
    if (memory.length > 0) {
      using type = datatypeAt(memory);
      const { handle } = addresses();
      const [rank, nativeTag] = [this.destination(dest), sendTag(tag)];
      check(native.MPI_Isend(BOTTOM, 1, type.handle, rank, nativeTag, this.handle, handle), "MPI_Isend");
      const description = { operation: "MPI_Isend", kind: "send", buffers: [memory] } as const;
      requests.push(new Request(new Transfer(readHandle(), description)));
    }
    return requests;
  }

  /** The next value, if one has come, and nothing of those before could be taken for it. */
  #match(source: number, tag: number): Incoming | null {
    for (const incoming of this.#unopened) {
      if (!incoming.isThere()) return null;
      this.#open(incoming);
    }
    const message = this.improbe(source, tag);
    return message === null ? null : this.#receive(message);
  }

  #receive(message: Message): Incoming {
    const incoming = new Incoming(message, this.handle);
    this.#unopened.add(incoming);
    return incoming;
  }

  #open(incoming: Incoming): void {
    if (this.#unopened.delete(incoming)) incoming.open();
  }
}

/** A value on its way here. Another receive may open it: what is wrong with it is thrown by `value` only. */
class Incoming {
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
    const description = { operation: "MPI_Irecv", kind: "receive", buffers: [memory] } as const;
    this.memory = new Request(new Transfer(readHandle(), description));
  }

  value(): unknown {
    if (this.#failure !== undefined) throw this.#failure;
    return this.#arrived?.read();
  }
}

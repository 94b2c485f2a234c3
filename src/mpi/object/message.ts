import { native } from "../bindings/bind.js";
import { check } from "../bindings/check.js";
import { addresses, readHandle } from "../bindings/scratch.js";
import { ScatteredReduction } from "../collective/scattered-reduction.js";
import { ANY_SOURCE, ANY_TAG, PROC_NULL } from "../constants.js";
import { receiveTag, sendTag } from "../context.js";
import { Message } from "../message.js";
import { Request, Transfer } from "../request/index.js";
import { until } from "../request/poller.js";
import { signalOf } from "../request/signal.js";
import { type Clone, write } from "./clone.js";
import { Incoming, Waiting } from "./incoming.js";
import { BOTTOM, datatypeAt } from "./memory.js";

/** How to wait for a value. */
export interface ReceiveObjectOptions {
  /** Rejects with its reason when it is aborted before a value has come. */
  readonly signal?: AbortSignal;
}

/** The communicators with receives that were begun, and take what comes for them when they are let. */
const expecting = new Set<ObjectMessages>();

/**
 * Messages of any plain data: a stream, and if there are large arrays in it, their memory as a second message
 * with the same tag. The receive of the second must have begun before the next value may be looked for.
 */
export abstract class ObjectMessages extends ScatteredReduction {
  /** Values whose stream is on its way, so that it is not known whether there is a second message. */
  readonly #unopened: Set<Incoming> = new Set();
  /** In the order of their calls. */
  readonly #waiting: Waiting[] = [];

  /**
   * Sends a value.
   * @throws TypeError with the path to what cannot be sent; TypeError, RangeError for bad arguments; MpiError
   */
  sendObject(value: unknown, dest: number, tag = 0): void {
    this.destination(dest);
    const { stream, memory } = write(value);
    if (memory.length === 0 && expecting.size === 0) this.send(stream, dest, tag);
    else ObjectMessages.#complete(this.#beginSend({ stream, memory }, dest, tag));
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
    if (source === PROC_NULL) return undefined as Value;
    const message = source instanceof Message ? source : this.#probe(source, tag);
    const incoming = this.#receive(message);
    this.#open(incoming);
    incoming.memory?.wait();
    return incoming.value() as Value;
  }

  /**
   * As `recvObject`, without blocking. Of several receives that would take the same message, the one that was
   * called first gets it.
   */
  async irecvObject<Value = unknown>(
    source: number | Message = ANY_SOURCE,
    tag: number = ANY_TAG,
    options: ReceiveObjectOptions = {},
  ): Promise<Value> {
    const signal = signalOf(options);
    if (source === PROC_NULL) return undefined as Value;
    const incoming =
      source instanceof Message ? this.#receive(source) : await this.#next(source, tag, signal);
    await Promise.allSettled([incoming.stream]);
    this.#open(incoming);
    await incoming.memory;
    return incoming.value() as Value;
  }

  /**
   * Sends a value and receives another, so that all of a ring may do so at once.
   * @param source Default ANY_SOURCE.
   * @param recvtag Default ANY_TAG.
   * @returns The value that was received; undefined from PROC_NULL.
   * @throws as `sendObject` and `recvObject`
   */
  sendrecvObject<Value = unknown>(
    value: unknown,
    dest: number,
    sendtag = 0,
    source: number = ANY_SOURCE,
    recvtag: number = ANY_TAG,
  ): Value {
    this.destination(dest);
    this.origin(source);
    sendTag(sendtag, "sendtag");
    receiveTag(recvtag, "recvtag");
    const requests = this.#beginSend(write(value), dest, sendtag);
    try {
      return this.recvObject(source, recvtag);
    } finally {
      ObjectMessages.#complete(requests);
    }
  }

  /**
   * Blocks until these are complete. Meanwhile it takes what comes for receives that were begun: who sends that may have
   * to be rid of it first.
   */
  static #complete(requests: readonly Request[]): void {
    while (expecting.size > 0 && Request.testAll(requests) === null) ObjectMessages.#serve();
    Request.waitAll(requests);
  }

  static #serve(): void {
    for (const comm of expecting) comm.#advance();
  }

  /** Takes what has come for receives that were begun. */
  #advance(): void {
    for (const waiting of this.#waiting) {
      try {
        this.#lookFor(waiting);
      } catch {
        // Whoever awaits it looks as well, and is told.
      }
    }
    for (const incoming of this.#unopened) if (incoming.isThere()) this.#open(incoming);
  }

  #noteExpecting(): void {
    if (this.#waiting.length + this.#unopened.size > 0) expecting.add(this);
    else expecting.delete(this);
  }

  /** Begins to send both parts: in this order, and both before anything else is done. */
  #beginSend({ stream, memory }: Clone, dest: number, tag: number): Request[] {
    const requests = [this.isend(stream, dest, tag)];
    if (memory.length > 0) {
      using type = datatypeAt(memory);
      const { handle } = addresses();
      const [rank, nativeTag] = [this.destination(dest), sendTag(tag)];
      check(native.MPI_Isend(BOTTOM, 1, type.handle, rank, nativeTag, this.handle, handle), "MPI_Isend");
      const description = { kind: "send", buffers: [memory] } as const;
      requests.push(new Request(new Transfer(readHandle(), "MPI_Isend", description)));
    }
    return requests;
  }

  /** The next message for a blocking receive. */
  #probe(source: number, tag: number): Message {
    for (;;) {
      for (const incoming of this.#unopened) this.#open(incoming);
      const message = expecting.size > 0 ? this.improbe(source, tag) : this.mprobe(source, tag);
      if (message === null) {
        ObjectMessages.#serve();
        continue;
      }
      const earlier = this.#waiting.find((each) => each.accepts(message.status));
      if (earlier === undefined) return message;
      earlier.incoming = this.#receive(message);
    }
  }

  /** The next value for a nonblocking receive. */
  async #next(source: number, tag: number, signal: AbortSignal | undefined): Promise<Incoming> {
    this.origin(source);
    receiveTag(tag);
    const waiting = new Waiting(source, tag);
    this.#waiting.push(waiting);
    this.#noteExpecting();
    try {
      return await until(() => this.#lookFor(waiting), signal);
    } catch (error) {
      // It was aborted, but another receive had found the message for it already.
      if (waiting.incoming !== undefined) return waiting.incoming;
      throw error;
    } finally {
      this.#waiting.splice(this.#waiting.indexOf(waiting), 1);
      this.#noteExpecting();
    }
  }

  #lookFor(waiting: Waiting): Incoming | null {
    if (waiting.incoming !== undefined) return waiting.incoming;
    for (const incoming of this.#unopened) {
      if (!incoming.isThere()) return null;
      this.#open(incoming);
    }
    const message = this.improbe(waiting.source, waiting.tag);
    if (message === null) return null;
    const first = this.#waiting.find((each) => each.accepts(message.status)) ?? waiting;
    first.incoming = this.#receive(message);
    return waiting.incoming ?? null;
  }

  #receive(message: Message): Incoming {
    const incoming = new Incoming(message, this.handle);
    this.#unopened.add(incoming);
    this.#noteExpecting();
    return incoming;
  }

  #open(incoming: Incoming): void {
    if (!this.#unopened.delete(incoming)) return;
    this.#noteExpecting();
    incoming.open();
  }
}

import type { Handle } from "./abi/abi.js";
import { native } from "./bindings/bind.js";
import { check } from "./bindings/check.js";
import { type Created, sourceOf } from "./bindings/created.js";
import { addresses, HandleArray, writeHandle } from "./bindings/scratch.js";
import { type MessageBuffer, ResolvedBuffer, resolve } from "./buffer.js";
import { ensureRunning } from "./environment.js";
import { MpiError } from "./error.js";
import { Request, Transfer } from "./request/index.js";
import { type Status, scratchStatus } from "./status.js";

const incoming = new ResolvedBuffer();

/** A message that was found by a matched probe and waits to be received, once. MPI 4.0 section 3.8.2. */
export class Message {
  /** Who sent it, under which tag and how much. */
  readonly status: Status;
  #handle: Handle | undefined;

  /** @internal */
  constructor(source: Created, status: Status) {
    this.#handle = sourceOf(source).handle;
    this.status = status;
  }

  /** `instanceof` tells the objects of this class from those that pretend to be, which C would crash on. */
  static [Symbol.hasInstance](value: unknown): boolean {
    return typeof value === "object" && value !== null && #handle in value;
  }

  /**
   * Receives it.
   * @throws MpiError `ERR_MPI_TRUNCATE` if it is longer than `buf`, `ERR_MPI_FREED` if it was received
   * @see MPI_Mrecv, MPI 4.0 section 3.8.3
   */
  recv(buf: MessageBuffer): Status {
    const { data, count, handle, large } = this.#take(buf);
    const operation = large ? "MPI_Mrecv_c" : "MPI_Mrecv";
    check(native[operation](data, count, handle, addresses().handle, addresses().status), operation);
    return scratchStatus();
  }

  /** Begins to receive it. @throws as `recv` @see MPI_Imrecv, MPI 4.0 section 3.8.3 */
  irecv(buf: MessageBuffer): Request {
    const { data, count, handle, large } = this.#take(buf);
    const operation = large ? "MPI_Imrecv_c" : "MPI_Imrecv";
    const request = new HandleArray(1);
    check(native[operation](data, count, handle, addresses().handle, request.view), operation);
    return new Request(new Transfer(request.get(0), operation, { kind: "receive", buffers: [buf, data] }));
  }

  /** Resolves the buffer first: after a bad argument the message can still be received. */
  #take(buf: MessageBuffer): ResolvedBuffer {
    ensureRunning();
    if (this.#handle === undefined)
      throw new MpiError("This message was received", { code: "ERR_MPI_FREED" });
    resolve(buf, "buf", incoming);
    writeHandle(this.#handle);
    this.#handle = undefined;
    return incoming;
  }
}

import type { NativeArgument } from "../ffi/index.js";
import { native } from "./bindings/bind.js";
import { check } from "./bindings/check.js";
import { created } from "./bindings/created.js";
import { addresses, ints, readHandle, writeHandle } from "./bindings/scratch.js";
import { assertApart, type MessageBuffer, ResolvedBuffer, resolve } from "./buffer.js";
import { assertSpace } from "./buffered-send.js";
import { ANY_SOURCE, ANY_TAG, PROC_NULL } from "./constants.js";
import { Context, receiveTag, sendTag } from "./context.js";
import { Message } from "./message.js";
import { type Begun, type Form, run } from "./operation.js";
import type { PersistentRequest, Request, Transfer } from "./request/index.js";
import { type Status, scratchStatus } from "./status.js";

// Reused by every call: nothing below runs twice at the same time.
const outgoing = new ResolvedBuffer("read");
const incoming = new ResolvedBuffer();

type NativeInit = (...args: NativeArgument[]) => number;

/**
 * Makes the request of an inactive transfer anew. A buffered send of more than its eager limit, which is 4 KiB
 * within a node, is wrong in Open MPI 4.1 from its second start on: it sends what the space held before. It is left
 * so where the communicator or the datatype was freed, without which there is no other request.
 */
function renew(transfer: Transfer, init: NativeInit, args: readonly NativeArgument[]): void {
  check(init(...args, addresses().handle), transfer.operation);
  const handle = readHandle();
  writeHandle(transfer.handle);
  check(native.MPI_Request_free(addresses().handle), "MPI_Request_free");
  transfer.handle = handle;
}

/** The ways to send: standard, synchronous, buffered, ready. MPI 4.0 section 3.4 */
type SendFunction = "MPI_Send" | "MPI_Ssend" | "MPI_Bsend" | "MPI_Rsend";

/**
 * Point-to-point communication. MPI 4.0 chapter 3.
 *
 * Methods that begin with `i` return a request at once; those that end in `Init` fix the arguments of an
 * operation that is started many times. Both use their buffer until the request is complete, and keep it alive.
 */
export abstract class PointToPoint extends Context {
  /**
   * Sends a message. Returns when `buf` may be used again, which may be before it is received.
   * @param buf What to send.
   * @param dest The rank to send to, or PROC_NULL.
   * @param tag From 0 to the library's upper bound. Default 0.
   * @throws TypeError, RangeError for bad arguments; MpiError
   * @see MPI_Send, MPI 4.0 section 3.2.1
   */
  send(buf: MessageBuffer, dest: number, tag = 0): void {
    const { pointer, count, handle, large } = resolve(buf, "buf", outgoing);
    const fn = large ? native.MPI_Send_c : native.MPI_Send;
    check(fn(pointer, count, handle, this.destination(dest), sendTag(tag), this.handle), "MPI_Send");
  }

  /** As `send`, but returns only when the message is being received. @see MPI_Ssend, MPI 4.0 section 3.4 */
  ssend(buf: MessageBuffer, dest: number, tag = 0): void {
    this.#send("blocking", "MPI_Ssend", buf, dest, tag);
  }

  /**
   * As `send`, but copies the message into the space given to `attachBuffer` and returns at once.
   * @throws MpiError `ERR_MPI_BUFFER` if there is no space
   * @see MPI_Bsend, MPI 4.0 section 3.4
   */
  bsend(buf: MessageBuffer, dest: number, tag = 0): void {
    this.#send("blocking", "MPI_Bsend", buf, dest, tag);
  }

  /** As `send`, to a process that is known to wait in its receive already. @see MPI_Rsend, MPI 4.0 section 3.4 */
  rsend(buf: MessageBuffer, dest: number, tag = 0): void {
    this.#send("blocking", "MPI_Rsend", buf, dest, tag);
  }

  /** Begins to send. @throws as `send` @see MPI_Isend, MPI 4.0 section 3.7.2 */
  isend(buf: MessageBuffer, dest: number, tag = 0): Request {
    return this.#send("nonblocking", "MPI_Send", buf, dest, tag);
  }

  /** Begins a synchronous send. @see MPI_Issend */
  issend(buf: MessageBuffer, dest: number, tag = 0): Request {
    return this.#send("nonblocking", "MPI_Ssend", buf, dest, tag);
  }

  /** Begins a buffered send. @see MPI_Ibsend */
  ibsend(buf: MessageBuffer, dest: number, tag = 0): Request {
    return this.#send("nonblocking", "MPI_Bsend", buf, dest, tag);
  }

  /** Begins a ready send. @see MPI_Irsend */
  irsend(buf: MessageBuffer, dest: number, tag = 0): Request {
    return this.#send("nonblocking", "MPI_Rsend", buf, dest, tag);
  }

  /** A send to be started many times. @see MPI_Send_init, MPI 4.0 section 3.9 */
  sendInit(buf: MessageBuffer, dest: number, tag = 0): PersistentRequest {
    return this.#send("persistent", "MPI_Send", buf, dest, tag);
  }

  /** A synchronous send to be started many times. @see MPI_Ssend_init */
  ssendInit(buf: MessageBuffer, dest: number, tag = 0): PersistentRequest {
    return this.#send("persistent", "MPI_Ssend", buf, dest, tag);
  }

  /** A buffered send to be started many times: the space is needed when it is. @see MPI_Bsend_init */
  bsendInit(buf: MessageBuffer, dest: number, tag = 0): PersistentRequest {
    return this.#send("persistent", "MPI_Bsend", buf, dest, tag);
  }

  /** A ready send to be started many times. @see MPI_Rsend_init */
  rsendInit(buf: MessageBuffer, dest: number, tag = 0): PersistentRequest {
    return this.#send("persistent", "MPI_Rsend", buf, dest, tag);
  }

  /**
   * Receives a message into `buf`, which may be longer than the message.
   * @param buf Where to put it.
   * @param source The rank to receive from, or PROC_NULL. Default ANY_SOURCE.
   * @param tag Default ANY_TAG.
   * @returns Who sent it, under which tag and how much.
   * @throws MpiError `ERR_MPI_TRUNCATE` if the message is longer than `buf`; TypeError, RangeError for bad arguments
   * @see MPI_Recv, MPI 4.0 section 3.2.4
   */
  recv(buf: MessageBuffer, source: number = ANY_SOURCE, tag: number = ANY_TAG): Status {
    const { pointer, count, handle, large } = resolve(buf, "buf", incoming);
    const { status } = addresses();
    const fn = large ? native.MPI_Recv_c : native.MPI_Recv;
    check(fn(pointer, count, handle, this.origin(source), receiveTag(tag), this.handle, status), "MPI_Recv");
    return scratchStatus();
  }

  /**
   * Begins to receive.
   * @throws as `recv`, but what is wrong with the message is thrown when the request is waited for
   * @see MPI_Irecv, MPI 4.0 section 3.7.2
   */
  irecv(buf: MessageBuffer, source: number = ANY_SOURCE, tag: number = ANY_TAG): Request {
    return this.#receive("nonblocking", buf, source, tag);
  }

  /** A receive to be started many times. @see MPI_Recv_init, MPI 4.0 section 3.9 */
  recvInit(buf: MessageBuffer, source: number = ANY_SOURCE, tag: number = ANY_TAG): PersistentRequest {
    return this.#receive("persistent", buf, source, tag);
  }

  /**
   * Sends one message and receives another, without the deadlock of a send before a receive on both sides.
   * @param sendbuf What to send, to `dest` under `sendtag`.
   * @param recvbuf Where to receive, from `source` under `recvtag`; not the same memory.
   * @returns The status of the received message.
   * @throws as `send` and `recv`
   * @see MPI_Sendrecv, MPI 4.0 section 3.10
   */
  sendrecv(
    sendbuf: MessageBuffer,
    dest: number,
    sendtag: number,
    recvbuf: MessageBuffer,
    source: number = ANY_SOURCE,
    recvtag: number = ANY_TAG,
  ): Status {
    const from = resolve(sendbuf, "sendbuf", outgoing);
    const into = resolve(recvbuf, "recvbuf", incoming);
    assertApart(into, from);
    const rank = this.destination(dest);
    const tag = sendTag(sendtag, "sendtag");
    const peer = this.origin(source);
    const expected = receiveTag(recvtag, "recvtag");
    const fn = from.large || into.large ? native.MPI_Sendrecv_c : native.MPI_Sendrecv;
    const code = fn(
      from.pointer,
      from.count,
      from.handle,
      rank,
      tag,
      into.pointer,
      into.count,
      into.handle,
      peer,
      expected,
      this.handle,
      addresses().status,
    );
    check(code, "MPI_Sendrecv");
    return scratchStatus();
  }

  /**
   * Sends `buf` and then receives into it.
   * @returns The status of the received message.
   * @throws as `send` and `recv`
   * @see MPI_Sendrecv_replace, MPI 4.0 section 3.10
   */
  sendrecvReplace(
    buf: MessageBuffer,
    dest: number,
    sendtag: number,
    source: number = ANY_SOURCE,
    recvtag: number = ANY_TAG,
  ): Status {
    const { data, count, handle, large } = resolve(buf, "buf", incoming);
    const from = [this.destination(dest), sendTag(sendtag, "sendtag")];
    const to = [this.origin(source), receiveTag(recvtag, "recvtag")];
    const args = [data, count, handle, ...from, ...to, this.handle, addresses().status];
    check(
      (large ? native.MPI_Sendrecv_replace_c : native.MPI_Sendrecv_replace)(...args),
      "MPI_Sendrecv_replace",
    );
    return scratchStatus();
  }

  /**
   * Waits until a message can be received, and tells what a `recv` would: who sent it and how much.
   * @see MPI_Probe, MPI 4.0 section 3.8.1
   */
  probe(source: number = ANY_SOURCE, tag: number = ANY_TAG): Status {
    const { status } = addresses();
    check(native.MPI_Probe(this.origin(source), receiveTag(tag), this.handle, status), "MPI_Probe");
    return scratchStatus();
  }

  /** As `probe`, but null at once if there is no message. @see MPI_Iprobe, MPI 4.0 section 3.8.1 */
  iprobe(source: number = ANY_SOURCE, tag: number = ANY_TAG): Status | null {
    const { status, int } = addresses();
    check(native.MPI_Iprobe(this.origin(source), receiveTag(tag), this.handle, int, status), "MPI_Iprobe");
    return ints[0] === 0 ? null : scratchStatus();
  }

  /**
   * As `probe`, but the message is taken out of the way of all other receives: only the result receives it.
   * @see MPI_Mprobe, MPI 4.0 section 3.8.2
   */
  mprobe(source: number = ANY_SOURCE, tag: number = ANY_TAG): Message {
    const { status, handle } = addresses();
    check(native.MPI_Mprobe(this.origin(source), receiveTag(tag), this.handle, handle, status), "MPI_Mprobe");
    return new Message(created(), scratchStatus());
  }

  /** As `mprobe`, but null at once if there is no message. @see MPI_Improbe, MPI 4.0 section 3.8.2 */
  improbe(source: number = ANY_SOURCE, tag: number = ANY_TAG): Message | null {
    const { status, handle, int } = addresses();
    const code = native.MPI_Improbe(this.origin(source), receiveTag(tag), this.handle, int, handle, status);
    check(code, "MPI_Improbe");
    return ints[0] === 0 ? null : new Message(created(), scratchStatus());
  }

  #send<F extends Form>(
    form: F,
    name: SendFunction,
    buf: MessageBuffer,
    dest: number,
    tag: number,
  ): Begun<F> {
    const { data, count, handle, large, byteLength } = resolve(buf, "buf", outgoing);
    const toNobody = dest === PROC_NULL;
    const operation = { name, kind: "send", large, buffers: [buf, data], toNobody } as const;
    const args = [data, count, handle, this.destination(dest), sendTag(tag), this.handle];
    if (name !== "MPI_Bsend" || toNobody) return run(form, operation, args);
    if (form !== "persistent") {
      assertSpace(byteLength, name);
      return run(form, operation, args);
    }
    const { type } = outgoing;
    const beforeStart = (transfer: Transfer): void => {
      // It needs the space only when it is started.
      assertSpace(byteLength, "MPI_Start");
      const isFirst = transfer.outcome === undefined;
      if (isFirst || this.freed || type.freed) return;
      renew(transfer, large ? native.MPI_Bsend_init_c : native.MPI_Bsend_init, args);
    };
    return run(form, { ...operation, beforeStart }, args);
  }

  #receive<F extends Form>(form: F, buf: MessageBuffer, source: number, tag: number): Begun<F> {
    const { data, count, handle, large } = resolve(buf, "buf", incoming);
    const toNobody = source === PROC_NULL;
    const operation = { name: "MPI_Recv", kind: "receive", large, buffers: [buf, data], toNobody } as const;
    return run(form, operation, [data, count, handle, this.origin(source), receiveTag(tag), this.handle]);
  }
}

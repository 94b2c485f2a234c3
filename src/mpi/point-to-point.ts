import { native } from "./bindings/bind.js";
import { check } from "./bindings/check.js";
import { addresses, ints, readHandle } from "./bindings/scratch.js";
import { type MessageBuffer, ResolvedBuffer, resolve } from "./buffer.js";
import { ANY_SOURCE, ANY_TAG } from "./constants.js";
import { Context, receiveTag, sendTag } from "./context.js";
import { Request } from "./request.js";
import { type Status, scratchStatus } from "./status.js";

// Reused by every call: nothing below runs twice at the same time.
const outgoing = new ResolvedBuffer();
const incoming = new ResolvedBuffer();

/** Point-to-point communication. MPI 4.0 chapter 3 (missing: other send modes, matched probes, persistent). */
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
    const { data, count, handle } = resolve(buf, "buf", outgoing);
    const code = native.MPI_Send(data, count, handle, this.destination(dest), sendTag(tag), this.handle);
    check(code, "MPI_Send");
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
    const { data, count, handle } = resolve(buf, "buf", incoming);
    const { status } = addresses();
    const code = native.MPI_Recv(
      data,
      count,
      handle,
      this.origin(source),
      receiveTag(tag),
      this.handle,
      status,
    );
    check(code, "MPI_Recv");
    return scratchStatus();
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
    const send = resolve(sendbuf, "sendbuf", outgoing);
    const receive = resolve(recvbuf, "recvbuf", incoming);
    const code = native.MPI_Sendrecv(
      send.data,
      send.count,
      send.handle,
      this.destination(dest),
      sendTag(sendtag, "sendtag"),
      receive.data,
      receive.count,
      receive.handle,
      this.origin(source),
      receiveTag(recvtag, "recvtag"),
      this.handle,
      addresses().status,
    );
    check(code, "MPI_Sendrecv");
    return scratchStatus();
  }

  /**
   * Begins to send. `buf` must not be written before the request is complete; the request keeps it alive.
   * @throws as `send`
   * @see MPI_Isend, MPI 4.0 section 3.7.2
   */
  isend(buf: MessageBuffer, dest: number, tag = 0): Request {
    const { data, count, handle } = resolve(buf, "buf", outgoing);
    const rank = this.destination(dest);
    check(
      native.MPI_Isend(data, count, handle, rank, sendTag(tag), this.handle, addresses().handle),
      "MPI_Isend",
    );
    return new Request(readHandle(), [buf, data]);
  }

  /**
   * Begins to receive. `buf` must not be used before the request is complete; the request keeps it alive.
   * @throws as `recv`, but what is wrong with the message is thrown by the request's `wait` or `test`
   * @see MPI_Irecv, MPI 4.0 section 3.7.2
   */
  irecv(buf: MessageBuffer, source: number = ANY_SOURCE, tag: number = ANY_TAG): Request {
    const { data, count, handle } = resolve(buf, "buf", incoming);
    const rank = this.origin(source);
    check(
      native.MPI_Irecv(data, count, handle, rank, receiveTag(tag), this.handle, addresses().handle),
      "MPI_Irecv",
    );
    return new Request(readHandle(), [buf, data]);
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

  /**
   * As `probe`, but null at once if there is no message.
   * @see MPI_Iprobe, MPI 4.0 section 3.8.1
   */
  iprobe(source: number = ANY_SOURCE, tag: number = ANY_TAG): Status | null {
    const { status, int } = addresses();
    check(native.MPI_Iprobe(this.origin(source), receiveTag(tag), this.handle, int, status), "MPI_Iprobe");
    return ints[0] === 0 ? null : scratchStatus();
  }
}

/*
 * The common operations as functions, as numba-mpi has them: the methods of a communicator, with the
 * communicator as last argument. Each does, returns and throws what the method of its name does.
 */
import type { InPlace, MessageBuffer } from "./buffer.js";
import { isScalar } from "./collective/scalar.js";
import { COMM_WORLD, Communicator } from "./communicator.js";
import { ANY_SOURCE, ANY_TAG } from "./constants.js";
import { invalidType } from "./error.js";
import type { Op } from "./op.js";
import { type Completion, Request } from "./request/index.js";
import type { Status } from "./status.js";

function use(comm: Communicator): Communicator {
  if (comm instanceof Communicator) return comm;
  throw invalidType("comm", "a Communicator", comm);
}

function request(value: Request): Request {
  if (value instanceof Request) return value;
  throw invalidType("request", "a Request", value);
}

/** {@link Communicator.rank} */
export const rank = (comm: Communicator = COMM_WORLD): number => use(comm).rank;
/** {@link Communicator.size} */
export const size = (comm: Communicator = COMM_WORLD): number => use(comm).size;

/** {@link Communicator.send} */
export function send(buf: MessageBuffer, dest: number, tag = 0, comm: Communicator = COMM_WORLD): void {
  use(comm).send(buf, dest, tag);
}

/** {@link Communicator.recv} */
export function recv(
  buf: MessageBuffer,
  source: number = ANY_SOURCE,
  tag: number = ANY_TAG,
  comm: Communicator = COMM_WORLD,
): Status {
  return use(comm).recv(buf, source, tag);
}

/** {@link Communicator.sendrecv} */
export function sendrecv(
  sendbuf: MessageBuffer,
  dest: number,
  sendtag: number,
  recvbuf: MessageBuffer,
  source: number = ANY_SOURCE,
  recvtag: number = ANY_TAG,
  comm: Communicator = COMM_WORLD,
): Status {
  return use(comm).sendrecv(sendbuf, dest, sendtag, recvbuf, source, recvtag);
}

/** {@link Communicator.isend} */
export function isend(buf: MessageBuffer, dest: number, tag = 0, comm: Communicator = COMM_WORLD): Request {
  return use(comm).isend(buf, dest, tag);
}

/** {@link Communicator.irecv} */
export function irecv(
  buf: MessageBuffer,
  source: number = ANY_SOURCE,
  tag: number = ANY_TAG,
  comm: Communicator = COMM_WORLD,
): Request {
  return use(comm).irecv(buf, source, tag);
}

/** {@link Communicator.probe} */
export function probe(
  source: number = ANY_SOURCE,
  tag: number = ANY_TAG,
  comm: Communicator = COMM_WORLD,
): Status {
  return use(comm).probe(source, tag);
}

/** {@link Communicator.iprobe} */
export function iprobe(
  source: number = ANY_SOURCE,
  tag: number = ANY_TAG,
  comm: Communicator = COMM_WORLD,
): Status | null {
  return use(comm).iprobe(source, tag);
}

/** {@link Request.wait} */
export const wait = (req: Request): Status => request(req).wait();
/** {@link Request.test} */
export const test = (req: Request): Status | null => request(req).test();
/** {@link Request.waitAll} */
export const waitAll = (requests: readonly Request[]): Status[] => Request.waitAll(requests);
/** {@link Request.testAll} */
export const testAll = (requests: readonly Request[]): Status[] | null => Request.testAll(requests);
/** {@link Request.waitAny} */
export const waitAny = (requests: readonly Request[]): Completion => Request.waitAny(requests);
/** {@link Request.testAny} */
export const testAny = (requests: readonly Request[]): Completion | null => Request.testAny(requests);
/** {@link Request.waitSome} */
export const waitSome = (requests: readonly Request[]): Completion[] => Request.waitSome(requests);
/** {@link Request.testSome} */
export const testSome = (requests: readonly Request[]): Completion[] => Request.testSome(requests);

/** {@link Communicator.barrier} */
export function barrier(comm: Communicator = COMM_WORLD): void {
  use(comm).barrier();
}

/** {@link Communicator.bcast} */
export function bcast<Buf extends MessageBuffer>(buf: Buf, root = 0, comm: Communicator = COMM_WORLD): Buf {
  return use(comm).bcast(buf, root);
}

/** {@link Communicator.gather} */
export function gather<Recv extends MessageBuffer | null>(
  send: MessageBuffer | InPlace,
  recv: Recv,
  root = 0,
  comm: Communicator = COMM_WORLD,
): Recv {
  return use(comm).gather(send, recv, root);
}

/** {@link Communicator.scatter} */
export function scatter<Recv extends MessageBuffer | InPlace>(
  send: MessageBuffer | null,
  recv: Recv,
  root = 0,
  comm: Communicator = COMM_WORLD,
): Recv {
  return use(comm).scatter(send, recv, root);
}

/** {@link Communicator.allgather} */
export function allgather<Recv extends MessageBuffer>(
  send: MessageBuffer | InPlace,
  recv: Recv,
  comm: Communicator = COMM_WORLD,
): Recv {
  return use(comm).allgather(send, recv);
}

/** {@link Communicator.alltoall} */
export function alltoall<Recv extends MessageBuffer>(
  send: MessageBuffer | InPlace,
  recv: Recv,
  comm: Communicator = COMM_WORLD,
): Recv {
  return use(comm).alltoall(send, recv);
}

/** {@link Communicator.reduce} */
export function reduce(send: number, op?: Op, root?: number, comm?: Communicator): number | null;
export function reduce(send: bigint, op?: Op, root?: number, comm?: Communicator): bigint | null;
export function reduce<Recv extends MessageBuffer | null>(
  send: MessageBuffer | InPlace,
  recv: Recv,
  op?: Op,
  root?: number,
  comm?: Communicator,
): Recv;
export function reduce(
  send: unknown,
  second?: unknown,
  third?: unknown,
  fourth?: unknown,
  fifth?: unknown,
): unknown {
  // A scalar call has no receive buffer: its communicator stands one place earlier.
  const comm = commOf(isScalar(send) ? fourth : fifth);
  return comm.reduce(send as MessageBuffer, second as MessageBuffer, third as Op, fourth as number);
}

/** {@link Communicator.allreduce} */
export function allreduce(send: number, op?: Op, comm?: Communicator): number;
export function allreduce(send: bigint, op?: Op, comm?: Communicator): bigint;
export function allreduce<Recv extends MessageBuffer>(
  send: MessageBuffer | InPlace,
  recv: Recv,
  op?: Op,
  comm?: Communicator,
): Recv;
export function allreduce(send: unknown, second?: unknown, third?: unknown, fourth?: unknown): unknown {
  const comm = commOf(isScalar(send) ? third : fourth);
  return comm.allreduce(send as MessageBuffer, second as MessageBuffer, third as Op);
}

/** {@link Communicator.scan} */
export function scan(send: number, op?: Op, comm?: Communicator): number;
export function scan(send: bigint, op?: Op, comm?: Communicator): bigint;
export function scan<Recv extends MessageBuffer>(
  send: MessageBuffer | InPlace,
  recv: Recv,
  op?: Op,
  comm?: Communicator,
): Recv;
export function scan(send: unknown, second?: unknown, third?: unknown, fourth?: unknown): unknown {
  const comm = commOf(isScalar(send) ? third : fourth);
  return comm.scan(send as MessageBuffer, second as MessageBuffer, third as Op);
}

/** {@link Communicator.exscan} */
export function exscan(send: number, op?: Op, comm?: Communicator): number | null;
export function exscan(send: bigint, op?: Op, comm?: Communicator): bigint | null;
export function exscan<Recv extends MessageBuffer>(
  send: MessageBuffer | InPlace,
  recv: Recv,
  op?: Op,
  comm?: Communicator,
): Recv;
export function exscan(send: unknown, second?: unknown, third?: unknown, fourth?: unknown): unknown {
  const comm = commOf(isScalar(send) ? third : fourth);
  return comm.exscan(send as MessageBuffer, second as MessageBuffer, third as Op);
}

const commOf = (comm: unknown): Communicator => (comm === undefined ? COMM_WORLD : use(comm as Communicator));

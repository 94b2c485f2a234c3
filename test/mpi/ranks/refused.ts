import * as assert from "uvu/assert";
import { mpi } from "../../../src/index.js";
import { assertArray, assertThrows } from "../../harness/ranks.js";

/*
 * What must be refused before it reaches the library, where much of it would end the process. Calls are made on
 * COMM_SELF: what one rank alone refuses would leave the others waiting.
 */
export const self = mpi.COMM_SELF;

export const array = (length = 4): Float64Array => new Float64Array(length).fill(1);

/** The call is refused for this argument and value, the message says both, and the next call works. */
export function refused(call: () => unknown, code: string, argument: string, ...values: unknown[]): void {
  const name = code === "ERR_OUT_OF_RANGE" ? "RangeError" : "TypeError";
  const error = assertThrows(call, { code, argument, name }) as mpi.ArgumentError;
  assert.match(error.message, new RegExp(`^${argument.replace(/[[\].]/g, "\\$&")}: .*\\S`, "s"));
  assert.ok(error.message.length < 400, error.message);
  for (const value of values) {
    assert.ok(Object.is(error.received, value), "error.received is another value");
    if (typeof value === "number" || typeof value === "string") {
      assert.ok(error.message.includes(String(value)), error.message);
    }
  }
  const recv = array(1);
  self.allreduce(Float64Array.of(3), recv);
  assertArray(recv, Float64Array.of(3));
}

/** As `refused`, where more than one code is right. */
export function refusedSomehow(call: () => unknown, argument: string): void {
  let thrown: Partial<mpi.ArgumentError> = {};
  try {
    call();
  } catch (error) {
    thrown = error as mpi.ArgumentError;
  }
  assert.match(String(thrown.code), /^ERR_(OUT_OF_RANGE|INVALID_ARG_VALUE)$/, String(thrown));
  assert.is(thrown.argument?.split(".")[0], argument);
  assert.is(self.allreduce(1), 1);
}

type Use = (buf: never) => unknown;

/** Every place of a buffer, by the name of its argument, in the methods and in the functions. */
export const PLACES: readonly (readonly [argument: string, use: Use])[] = [
  ["buf", (buf) => self.send(buf, 0)],
  ["buf", (buf) => mpi.send(buf, 0, 0, self)],
  ["buf", (buf) => self.recv(buf, 0)],
  ["buf", (buf) => mpi.recv(buf, 0, 0, self)],
  ["sendbuf", (buf) => self.sendrecv(buf, 0, 0, array(), 0, 0)],
  ["recvbuf", (buf) => self.sendrecv(array(), 0, 0, buf, 0, 0)],
  ["recvbuf", (buf) => mpi.sendrecv(array(), 0, 0, buf, 0, 0, self)],
  ["buf", (buf) => self.isend(buf, 0)],
  ["buf", (buf) => mpi.isend(buf, 0, 0, self)],
  ["buf", (buf) => self.irecv(buf, 0)],
  ["buf", (buf) => mpi.irecv(buf, 0, 0, self)],
  ["buf", (buf) => self.bcast(buf)],
  ["buf", (buf) => mpi.bcast(buf, 0, self)],
  ["send", (buf) => self.gather(buf, array())],
  ["recv", (buf) => self.gather(array(), buf)],
  ["send", (buf) => self.scatter(buf, array())],
  ["recv", (buf) => self.scatter(array(), buf)],
  ["send", (buf) => self.allgather(buf, array())],
  ["recv", (buf) => self.allgather(array(), buf)],
  ["recv", (buf) => mpi.allgather(array(), buf, self)],
  ["recv", (buf) => self.reduce(array(), buf)],
  ["recv", (buf) => self.allreduce(array(), buf)],
  ["recv", (buf) => self.allreduce(mpi.IN_PLACE, buf)],
  ["recv", (buf) => self.scan(array(), buf)],
  ["recv", (buf) => self.exscan(array(), buf)],
  ["recv", (buf) => mpi.allreduce(array(), buf, mpi.SUM, self)],
];

/** Places where a number or a bigint is a value to combine. */
export const REDUCED: readonly (readonly [argument: string, use: Use])[] = [
  ["send", (buf) => self.reduce(buf, array())],
  ["send", (buf) => self.allreduce(buf, array())],
  ["send", (buf) => self.scan(buf, array())],
  ["send", (buf) => self.exscan(buf, array())],
  ["send", (buf) => mpi.allreduce(buf, array(), mpi.SUM, self)],
];

/** The bad value at every place. A bad part of a description is named after a point. */
export function refusedEverywhere(value: unknown, code: string, part = ""): void {
  const isScalar = typeof value === "number" || typeof value === "bigint";
  for (const [argument, use] of [...PLACES, ...(isScalar ? [] : REDUCED)]) {
    const call = (): unknown => use(value as never);
    if (part === "") refused(call, code, argument);
    else refused(call, code, argument + part);
  }
}

/** Every place of a rank. */
export const RANKS: readonly (readonly [argument: string, use: (rank: never) => unknown])[] = [
  ["dest", (rank) => self.send(array(), rank)],
  ["dest", (rank) => mpi.send(array(), rank, 0, self)],
  ["dest", (rank) => self.isend(array(), rank)],
  ["dest", (rank) => self.sendrecv(array(), rank, 0, array(), 0, 0)],
  ["source", (rank) => self.recv(array(), rank)],
  ["source", (rank) => mpi.recv(array(), rank, 0, self)],
  ["source", (rank) => self.irecv(array(), rank)],
  ["source", (rank) => self.sendrecv(array(), 0, 0, array(), rank, 0)],
  ["source", (rank) => self.probe(rank)],
  ["source", (rank) => self.iprobe(rank)],
  ["root", (rank) => self.bcast(array(), rank)],
  ["root", (rank) => mpi.bcast(array(), rank, self)],
  ["root", (rank) => self.gather(array(), array(), rank)],
  ["root", (rank) => self.scatter(array(), array(), rank)],
  ["root", (rank) => self.reduce(array(), array(), mpi.SUM, rank)],
];

/** Every place of a tag. */
export const TAGS: readonly (readonly [argument: string, use: (tag: never) => unknown])[] = [
  ["tag", (tag) => self.send(array(), 0, tag)],
  ["tag", (tag) => mpi.send(array(), 0, tag, self)],
  ["tag", (tag) => self.isend(array(), 0, tag)],
  ["sendtag", (tag) => self.sendrecv(array(), 0, tag, array(), 0, 0)],
  ["tag", (tag) => self.recv(array(), 0, tag)],
  ["tag", (tag) => self.irecv(array(), 0, tag)],
  ["recvtag", (tag) => self.sendrecv(array(), 0, 0, array(), 0, tag)],
  ["tag", (tag) => self.probe(0, tag)],
  ["tag", (tag) => mpi.iprobe(0, tag, self)],
];

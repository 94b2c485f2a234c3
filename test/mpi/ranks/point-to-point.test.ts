import * as assert from "uvu/assert";
import { mpi } from "../../../src/index.js";
import { assertArray, assertThrows, test } from "../../harness/ranks.js";
import { onEachCommunicator, ring } from "./communicators.js";
import { KINDS, sample } from "./kinds.js";

const LENGTH = 37;
const seedOf = (rank: number, kind: number): number => 1000 * rank + kind;

function assertStatus(status: mpi.Status, source: number, tag: number, byteLength: number): void {
  assert.is(status.source, source);
  assert.is(status.tag, tag);
  assert.is(status.byteLength, byteLength);
  assert.is(status.count(), byteLength);
  assert.is(status.cancelled, false);
}

onEachCommunicator("send and irecv move every kind of array", (comm) => {
  const { next, previous } = ring(comm);
  const received = KINDS.map(({ create }) => create(LENGTH));
  const requests = received.map((array, tag) => comm.irecv(array, previous, tag));
  for (const [tag, kind] of KINDS.entries())
    comm.send(sample(kind, seedOf(comm.rank, tag), LENGTH), next, tag);
  for (const [tag, status] of mpi.waitAll(requests).entries()) {
    const array = received[tag] as (typeof received)[number];
    assertStatus(status, previous, tag, array.byteLength);
    assert.is(status.count(array), LENGTH);
    const kind = KINDS[tag] as (typeof KINDS)[number];
    assertArray(array, sample(kind, seedOf(previous, tag), LENGTH));
  }
});

onEachCommunicator("isend and recv move every kind of array", (comm) => {
  const { next, previous } = ring(comm);
  const requests = KINDS.map((kind, tag) =>
    comm.isend(sample(kind, seedOf(comm.rank, tag), LENGTH), next, tag),
  );
  for (const [tag, kind] of KINDS.entries()) {
    const array = kind.create(LENGTH);
    const status = comm.recv(array, previous, tag);
    assertStatus(status, previous, tag, array.byteLength);
    assertArray(array, sample(kind, seedOf(previous, tag), LENGTH));
  }
  mpi.waitAll(requests);
});

onEachCommunicator("sendrecv moves every kind of array", (comm) => {
  const { next, previous } = ring(comm);
  for (const [tag, kind] of KINDS.entries()) {
    const array = kind.create(LENGTH);
    const status = comm.sendrecv(
      sample(kind, seedOf(comm.rank, tag), LENGTH),
      next,
      tag,
      array,
      previous,
      tag,
    );
    assertStatus(status, previous, tag, array.byteLength);
    assertArray(array, sample(kind, seedOf(previous, tag), LENGTH));
  }
});

test("the functions do what the methods do", () => {
  const comm = mpi.COMM_WORLD;
  const { next, previous } = ring(comm);
  const array = new Int32Array(3);
  const status = mpi.sendrecv(Int32Array.of(comm.rank, 1, 2), next, 4, array, previous, 4);
  assertStatus(status, previous, 4, 12);
  assertArray(array, Int32Array.of(previous, 1, 2));

  const request = mpi.irecv(array, previous, 5);
  mpi.send(Int32Array.of(comm.rank, 3, 4), next, 5);
  assertStatus(mpi.wait(request), previous, 5, 12);
  assertArray(array, Int32Array.of(previous, 3, 4));

  const sent = mpi.isend(Int32Array.of(7), 0, 6, mpi.COMM_SELF);
  assertStatus(mpi.probe(0, 6, mpi.COMM_SELF), 0, 6, 4);
  assertStatus(mpi.iprobe(0, 6, mpi.COMM_SELF) as mpi.Status, 0, 6, 4);
  assertStatus(mpi.recv(array, 0, 6, mpi.COMM_SELF), 0, 6, 4);
  mpi.wait(sent);
  assertArray(array, Int32Array.of(7, 3, 4));
});

test("the tag is 0 unless it is said, and any source and tag are received from", () => {
  const comm = mpi.COMM_WORLD;
  const { next, previous } = ring(comm);
  const request = comm.isend(Float64Array.of(comm.rank), next);
  const array = new Float64Array(1);
  assertStatus(comm.recv(array), previous, 0, 8);
  assert.is(array[0], previous);
  request.wait();
  // The next test's messages must not come into this one.
  comm.barrier();
});

test("ANY_SOURCE and ANY_TAG tell whose message it was", () => {
  const comm = mpi.COMM_WORLD;
  const others = comm.size - 1;
  if (comm.rank > 0) comm.send(Int32Array.of(comm.rank), 0, 40 + comm.rank);
  const seen = new Set<number>();
  for (let i = 0; comm.rank === 0 && i < others; i++) {
    const array = new Int32Array(2);
    const { source, tag } = comm.recv(array, mpi.ANY_SOURCE, mpi.ANY_TAG);
    assert.is(array[0], source);
    assert.is(tag, 40 + source);
    seen.add(source);
  }
  if (comm.rank === 0) assert.is(seen.size, others);
  comm.barrier();
});

test("messages of one sender under one tag do not overtake each other; other tags can be taken first", () => {
  const comm = mpi.COMM_WORLD;
  const { next, previous } = ring(comm);
  const requests = [1, 2, 3].map((value) => comm.isend(Int16Array.of(value), next, value === 3 ? 9 : 8));
  const array = new Int16Array(1);
  for (const [tag, value] of [
    [9, 3],
    [8, 1],
    [8, 2],
  ]) {
    comm.recv(array, previous, tag as number);
    assert.is(array[0], value);
  }
  mpi.waitAll(requests);
});

test("PROC_NULL completes at once and leaves the buffer alone", () => {
  const comm = mpi.COMM_WORLD;
  const array = Float64Array.of(1, 2);
  comm.send(array, mpi.PROC_NULL, 3);
  comm.isend(array, mpi.PROC_NULL, 3).wait();
  for (const status of [
    comm.recv(array, mpi.PROC_NULL, 3),
    comm.sendrecv(Float64Array.of(9), mpi.PROC_NULL, 0, array, mpi.PROC_NULL, 0),
    comm.probe(mpi.PROC_NULL),
    comm.iprobe(mpi.PROC_NULL),
  ]) {
    assert.ok(status);
    assertStatus(status, mpi.PROC_NULL, mpi.ANY_TAG, 0);
  }
  // MPICH 4.0 leaves the source and the tag of this one 0.
  assert.is(comm.irecv(array, mpi.PROC_NULL, 3).wait().byteLength, 0);
  assertArray(array, Float64Array.of(1, 2));
});

test("probe tells the length of the message, so that the buffer can be made for it", () => {
  const comm = mpi.COMM_WORLD;
  const { next, previous } = ring(comm);
  const request = comm.isend(new Float32Array(comm.rank + 5), next, 11);
  const status = comm.probe(previous, 11);
  assertStatus(status, previous, 11, 4 * (previous + 5));
  const array = new Float32Array(status.count(Float32Array) as number);
  assertStatus(comm.recv(array, previous, 11), previous, 11, array.byteLength);
  request.wait();
});

test("iprobe is null without a message, and finds it in the end", () => {
  const comm = mpi.COMM_WORLD;
  const { next, previous } = ring(comm);
  assert.is(comm.iprobe(previous, 12), null);
  comm.barrier();
  const request = comm.isend(new Uint8Array(5), next, 12);
  let status = comm.iprobe(previous, 12);
  while (status === null) status = comm.iprobe(previous, 12);
  assertStatus(status, previous, 12, 5);
  assert.is(comm.iprobe(previous, 13), null);
  comm.recv(new Uint8Array(5), previous, 12);
  request.wait();
});

test("a message may be shorter than the buffer, whose end stays as it was", () => {
  const comm = mpi.COMM_WORLD;
  const { next, previous } = ring(comm);
  const request = comm.isend(Float64Array.of(1, 2), next, 14);
  const array = new Float64Array(4).fill(-1);
  const status = comm.recv(array, previous, 14);
  assert.is(status.count(Float64Array), 2);
  assertArray(array, Float64Array.of(1, 2, -1, -1));
  request.wait();
});

test("count is undefined when the message is no whole number of elements", () => {
  const comm = mpi.COMM_SELF;
  const request = comm.isend(new Uint8Array(12), 0);
  const status = comm.recv(new Uint8Array(12), 0);
  assert.is(status.count(), 12);
  assert.is(status.count(Float64Array), undefined);
  assert.is(status.count(mpi.DOUBLE), undefined);
  assert.is(status.count(new Int32Array(1)), 3);
  assert.is(status.count(mpi.INT32_T), 3);
  assert.is(status.count(DataView), 12);
  assert.is(status.count(Buffer), 12);
  assert.is(status.count(BigUint64Array), undefined);
  request.wait();
});

test("a status stays as it was after other messages", () => {
  const comm = mpi.COMM_SELF;
  const exchange = (length: number, tag: number): mpi.Status =>
    comm.sendrecv(new Uint8Array(length), 0, tag, new Uint8Array(64), 0, tag);
  const statuses = [3, 40, 0x11].map((length, tag) => exchange(length, tag));
  for (const [tag, length] of [3, 40, 0x11].entries()) {
    assertStatus(statuses[tag] as mpi.Status, 0, tag, length);
  }
});

test("a message longer than the buffer is ERR_MPI_TRUNCATE, writes nothing behind it, and the next works", () => {
  const comm = mpi.COMM_WORLD;
  const { next, previous } = ring(comm);
  const memory = new Float64Array(8).fill(-1);
  const request = comm.isend(new Float64Array(4).fill(5), next, 15);
  const error = assertThrows(() => comm.recv(memory.subarray(2, 4), previous, 15), {
    code: "ERR_MPI_TRUNCATE",
    name: "MpiError",
    message: "MPI_Recv",
  });
  assert.is((error as mpi.MpiError).errorClass, "MPI_ERR_TRUNCATE");
  assert.is((error as mpi.MpiError).operation, "MPI_Recv");
  request.wait();
  assertArray(memory.slice(0, 2), Float64Array.of(-1, -1));
  assertArray(memory.slice(4), new Float64Array(4).fill(-1));
  const again = comm.isend(Float64Array.of(6), next, 15);
  comm.recv(memory, previous, 15);
  assert.is(memory[0], 6);
  again.wait();
});

test("a truncated sendrecv to oneself says so or tells the shorter length", () => {
  const comm = mpi.COMM_SELF;
  const memory = new Float64Array(8).fill(-1);
  try {
    const status = comm.sendrecv(new Float64Array(4).fill(5), 0, 0, memory.subarray(2, 4), 0, 0);
    assert.is(status.byteLength, 16);
  } catch (error) {
    assert.is((error as mpi.MpiError).code, "ERR_MPI_TRUNCATE");
  }
  assertArray(memory.slice(0, 2), Float64Array.of(-1, -1));
  assertArray(memory.slice(4), new Float64Array(4).fill(-1));
  const status = comm.sendrecv(Float64Array.of(1), 0, 0, memory, 0, 0);
  assert.is(status.byteLength, 8);
});

test("long messages arrive whole", () => {
  const comm = mpi.COMM_WORLD;
  const { next, previous } = ring(comm);
  const length = 200_003;
  const sent = Float64Array.from({ length }, (_, i) => i + comm.rank);
  const received = new Float64Array(length);
  comm.sendrecv(sent, next, 16, received, previous, 16);
  assertArray(
    received,
    Float64Array.from({ length }, (_, i) => i + previous),
  );
});

test("the largest tag that the library has can be used", () => {
  const comm = mpi.COMM_SELF;
  const error = assertThrows(() => comm.send(new Uint8Array(1), 0, 2 ** 31), { code: "ERR_OUT_OF_RANGE" });
  const largest = Number(error.message.match(/from 0 to (\d+)/)?.[1]);
  assert.ok(largest >= 32767);
  const status = comm.sendrecv(new Uint8Array(1), 0, largest, new Uint8Array(1), 0, largest);
  assert.is(status.tag, largest);
});

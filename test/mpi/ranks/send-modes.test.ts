import * as assert from "uvu/assert";
import { mpi } from "../../../src/index.js";
import { assertArray, assertRejects, assertThrows, test } from "../../harness/ranks.js";
import { onEachCommunicator, ring } from "./communicators.js";

const world = mpi.COMM_WORLD;
const self = mpi.COMM_SELF;
const { rank } = world;
const BUFFER = { code: "ERR_MPI_BUFFER", name: "MpiError" };

onEachCommunicator("every mode delivers", async (comm) => {
  const { next, previous } = ring(comm);
  mpi.attachBuffer(2 * (40 + mpi.bsendOverhead()));
  for (const [tag, mode] of (["isend", "issend", "ibsend", "irsend"] as const).entries()) {
    const recv = new Float64Array(5);
    const receive = comm.irecv(recv, previous, tag);
    comm.barrier(); // For the ready send.
    const send = comm[mode](new Float64Array(5).fill(comm.rank + tag), next, tag);
    const [{ source, byteLength }] = await Promise.all([receive, send]);
    assert.equal([source, byteLength], [previous, 40]);
    assertArray(recv, new Float64Array(5).fill(previous + tag));
  }
  for (const [tag, mode] of (["send", "ssend", "bsend", "rsend"] as const).entries()) {
    const recv = new Float64Array(5);
    const receive = comm.irecv(recv, previous, tag);
    comm.barrier();
    comm[mode](new Float64Array(5).fill(comm.rank - tag), next, tag);
    receive.wait();
    assertArray(recv, new Float64Array(5).fill(previous - tag));
  }
  mpi.detachBuffer();
});

test("a synchronous send is complete only when it is received", () => {
  const send = self.issend(Float64Array.of(1), 0, 1);
  for (let i = 0; i < 100; i++) assert.is(send.test(), null);
  assert.is(self.recv(new Float64Array(1), 0, 1).byteLength, 8);
  send.wait();
});

test("a buffered send leaves its array alone", () => {
  mpi.attachBuffer(2 * (80_000 + mpi.bsendOverhead()));
  const array = new Float64Array(10_000).fill(rank);
  const { next, previous } = ring(world);
  world.bsend(array, next, 1);
  array.fill(-1);
  world.ibsend(array, next, 2).wait();
  array.fill(-2);
  const recv = new Float64Array(10_000);
  world.recv(recv, previous, 1);
  assertArray(recv, new Float64Array(10_000).fill(previous));
  world.recv(recv, previous, 2);
  assertArray(recv, new Float64Array(10_000).fill(-1));
  assert.is(mpi.detachBuffer(), 2 * (80_000 + mpi.bsendOverhead()));
});

test("without space, or without enough, a buffered send is refused", async () => {
  const array = new Float64Array(1000);
  assertThrows(() => self.bsend(array, 0, 1), BUFFER);
  const begun = async (): Promise<unknown> => self.ibsend(array, 0, 1);
  await assertRejects(begun(), BUFFER);
  mpi.attachBuffer(100 + mpi.bsendOverhead());
  assertThrows(() => self.bsend(array, 0, 1), BUFFER);
  self.bsend(Float64Array.of(3), 0, 1);
  const recv = new Float64Array(1);
  self.recv(recv, 0, 1);
  assertArray(recv, Float64Array.of(3));
  mpi.detachBuffer();
  assert.is(self.iprobe(), null);
});

test("without space, or without enough, a persistent buffered send is not started, and can be later", () => {
  const { next, previous } = ring(world);
  const long = new Float64Array(1000).fill(rank);
  using sending = world.bsendInit(long, next, 1);
  using other = world.sendInit(Float64Array.of(rank), next, 2);
  using nobody = world.bsendInit(long, mpi.PROC_NULL, 1);
  for (const space of [0, long.byteLength - 1]) {
    if (space > 0) mpi.attachBuffer(space + mpi.bsendOverhead());
    assertThrows(() => sending.start(), { ...BUFFER, message: `${long.byteLength + mpi.bsendOverhead()}` });
    assertThrows(() => mpi.PersistentRequest.startAll([other, sending]), BUFFER);
    assertThrows(() => sending.wait(), { code: "ERR_MPI_REQUEST" });
    assertThrows(() => other.wait(), { code: "ERR_MPI_REQUEST" });
    nobody.start().wait();
    mpi.detachBuffer();
  }
  world.barrier();
  assert.is(world.iprobe(), null);
  // Nobody sends before all have looked.
  world.barrier();
  mpi.attachBuffer(long.byteLength + mpi.bsendOverhead());
  sending.start().wait();
  const recv = new Float64Array(1000);
  world.recv(recv, previous, 1);
  assertArray(recv, new Float64Array(1000).fill(previous));
  mpi.detachBuffer();
});

onEachCommunicator("a persistent buffered send sends what is in its array at each start", (comm) => {
  const { next, previous } = ring(comm);
  for (const length of [1, 600, 50_000]) {
    const [send, recv] = [new Float64Array(length), new Float64Array(length)];
    mpi.attachBuffer(4 * (send.byteLength + mpi.bsendOverhead()));
    using sending = comm.bsendInit(send, next, 1);
    // One after the other, and two at a time.
    for (const ahead of [1, 1, 2]) {
      for (let i = 0; i < ahead; i++) {
        send.fill(10 * comm.rank + i);
        sending.start().wait();
      }
      for (let i = 0; i < ahead; i++) {
        comm.recv(recv, previous, 1);
        assertArray(recv, new Float64Array(length).fill(10 * previous + i));
      }
    }
    mpi.detachBuffer();
  }
});

test("one whose communicator or datatype was freed can still be started", () => {
  mpi.attachBuffer(2 * (16 + mpi.bsendOverhead()));
  const comm = self.dup();
  const type = mpi.Datatype.contiguous(2, mpi.DOUBLE);
  const receive = comm.recvInit(new Float64Array(2), 0, 1);
  const sends = [
    comm.bsendInit(Float64Array.of(1, 2), 0, 1),
    self.bsendInit({ data: Float64Array.of(3, 4), type }, 0, 1),
  ];
  comm.free();
  type.free();
  for (let round = 0; round < 2; round++) {
    for (const send of sends) send.start().wait();
    assert.is(receive.start().wait().byteLength, 16);
    assert.is(self.recv(new Float64Array(2), 0, 1).byteLength, 16);
  }
  for (const request of [receive, ...sends]) request.free();
  mpi.detachBuffer();
});

test("space is attached once, and given back with its length", () => {
  assert.is(mpi.detachBuffer(), 0);
  assert.ok(Number.isInteger(mpi.bsendOverhead()) && mpi.bsendOverhead() > 0);
  const length = 64 + mpi.bsendOverhead();
  for (let i = 0; i < 3; i++) {
    mpi.attachBuffer(length);
    assertThrows(() => mpi.attachBuffer(length), BUFFER);
    assert.is(mpi.detachBuffer(), length);
  }
  assert.is(mpi.detachBuffer(), 0);
  for (const bad of [0, -1, 1.5, Number.NaN, 2 ** 31, "8", undefined, new Uint8Array(8)]) {
    assertThrows(() => mpi.attachBuffer(bad as never), { argument: "byteLength", code: "ERR_OUT_OF_RANGE" });
  }
});

test("detaching waits until what is in it is sent", () => {
  const { next, previous } = ring(world);
  mpi.attachBuffer(4 * (8 + mpi.bsendOverhead()));
  for (let tag = 0; tag < 4; tag++) world.bsend(Float64Array.of(tag), next, tag);
  const recv = new Float64Array(1);
  for (let tag = 3; tag >= 0; tag--) {
    world.recv(recv, previous, tag);
    assertArray(recv, Float64Array.of(tag));
  }
  mpi.detachBuffer();
});

onEachCommunicator("sendrecvReplace", (comm) => {
  const { next, previous } = ring(comm);
  for (const length of [1, 7, 40_000]) {
    const array = new Int32Array(length).fill(comm.rank);
    const status = comm.sendrecvReplace(array, next, 1, previous, 1);
    assert.equal([status.source, status.tag, status.count(array)], [previous, 1, length]);
    assertArray(array, new Int32Array(length).fill(previous));
  }
  const any = Int32Array.of(comm.rank, 0);
  comm.sendrecvReplace({ data: any, count: 1 }, next, 2);
  assertArray(any, Int32Array.of(previous, 0));
});

test("sendrecvReplace of a strided view, to nobody, and with bad arguments", () => {
  const { next, previous } = ring(world);
  const matrix = Float64Array.from({ length: 6 }, (_, i) => 10 * rank + i);
  world.sendrecvReplace({ data: matrix, shape: [3], strides: [2], offset: 1 }, next, 1, previous, 1);
  assertArray(
    matrix,
    Float64Array.from({ length: 6 }, (_, i) => 10 * (i % 2 === 1 ? previous : rank) + i),
  );
  const status = world.sendrecvReplace(matrix, mpi.PROC_NULL, 1, mpi.PROC_NULL, 1);
  assert.equal([status.source, status.byteLength], [mpi.PROC_NULL, 0]);
  const call =
    (...args: unknown[]) =>
    () =>
      (world.sendrecvReplace as (...args: unknown[]) => unknown).apply(world, args);
  assertThrows(call(matrix, world.size, 0), { argument: "dest", code: "ERR_OUT_OF_RANGE" });
  assertThrows(call(matrix, 0, -1), { argument: "sendtag", code: "ERR_OUT_OF_RANGE" });
  assertThrows(call(matrix, 0, 0, world.size), { argument: "source", code: "ERR_OUT_OF_RANGE" });
  assertThrows(call(matrix, 0, 0, 0, -5), { argument: "recvtag", code: "ERR_OUT_OF_RANGE" });
  assertThrows(call([], 0, 0), { argument: "buf", code: "ERR_INVALID_ARG_TYPE" });
});

test("sends to nobody complete at once", async () => {
  const array = new Float64Array(1);
  for (const mode of ["send", "ssend", "rsend"] as const) world[mode](array, mpi.PROC_NULL);
  for (const mode of ["isend", "issend", "irsend"] as const) await world[mode](array, mpi.PROC_NULL);
});

test("every mode checks its arguments", () => {
  const array = new Float64Array(1);
  for (const mode of ["ssend", "bsend", "rsend", "isend", "issend", "ibsend", "irsend"] as const) {
    assertThrows(() => world[mode](array, world.size), { argument: "dest", code: "ERR_OUT_OF_RANGE" });
    assertThrows(() => world[mode](array, mpi.ANY_SOURCE), { argument: "dest", code: "ERR_OUT_OF_RANGE" });
    assertThrows(() => world[mode](array, 0, mpi.ANY_TAG), { argument: "tag", code: "ERR_OUT_OF_RANGE" });
    assertThrows(() => world[mode]("text" as never, 0), { argument: "buf", code: "ERR_INVALID_ARG_TYPE" });
  }
});

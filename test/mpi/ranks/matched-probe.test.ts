import * as assert from "uvu/assert";
import { mpi } from "../../../src/index.js";
import { assertArray, assertRejects, assertThrows, test } from "../../harness/ranks.js";
import { onEachCommunicator, ring } from "./communicators.js";

const self = mpi.COMM_SELF;
const FREED = { code: "ERR_MPI_FREED", name: "MpiError" };

/** Asks again until there is a message. */
function found(comm: mpi.Communicator, source: number, tag: number): mpi.Message {
  for (;;) {
    const message = comm.improbe(source, tag);
    if (message !== null) return message;
  }
}

onEachCommunicator("a message of unknown length is found and received", async (comm) => {
  const { next, previous } = ring(comm);
  for (const receive of ["recv", "irecv"] as const) {
    for (const probe of [() => comm.mprobe(previous, 3), () => found(comm, mpi.ANY_SOURCE, mpi.ANY_TAG)]) {
      const send = comm.isend(new Int32Array(comm.rank + 2).fill(comm.rank), next, 3);
      const message = probe();
      assert.equal([message.status.source, message.status.tag], [previous, 3]);
      const array = new Int32Array(message.status.count(mpi.INT32_T) as number);
      assert.is(array.length, previous + 2);
      const status = await message[receive](array);
      assert.equal([status.source, status.tag, status.count(array)], [previous, 3, array.length]);
      assertArray(array, new Int32Array(previous + 2).fill(previous));
      await send;
      comm.barrier();
    }
  }
});

test("nothing is found where nothing was sent", () => {
  assert.is(self.improbe(0, 1), null);
  assert.is(self.improbe(), null);
});

test("what was found is out of the way of other receives", async () => {
  const sends = [self.isend(Float64Array.of(1), 0, 1), self.isend(Float64Array.of(2), 0, 1)];
  const first = found(self, 0, 1);
  const array = new Float64Array(1);
  await self.irecv(array, 0, 1);
  assertArray(array, Float64Array.of(2));
  assert.is(self.iprobe(0, 1), null);
  first.recv(array);
  assertArray(array, Float64Array.of(1));
  mpi.waitAll(sends);
});

test("a message is received once", async () => {
  const array = new Float64Array(1);
  for (const receive of ["recv", "irecv"] as const) {
    const send = self.isend(Float64Array.of(5), 0, 1);
    const message = self.mprobe(0, 1);
    await message[receive](array);
    assertThrows(() => message.recv(array), FREED);
    assertThrows(() => message.irecv(array), FREED);
    assert.is(message.status.tag, 1);
    send.wait();
  }
});

test("after a bad buffer it can still be received", () => {
  const send = self.isend(Float64Array.of(6), 0, 1);
  const message = self.mprobe();
  for (const bad of [null, [1], "text"]) {
    assertThrows(() => message.recv(bad as never), { argument: "buf", code: "ERR_INVALID_ARG_TYPE" });
    assertThrows(() => message.irecv(bad as never), { argument: "buf", code: "ERR_INVALID_ARG_TYPE" });
  }
  const array = new Float64Array(1);
  assert.is(message.recv(array).byteLength, 8);
  assertArray(array, Float64Array.of(6));
  send.wait();
});

test("a message that is too long is truncated, and gone", async () => {
  const guarded = Float64Array.of(0, -1);
  const send = self.isend(new Float64Array(3).fill(7), 0, 1);
  const message = self.mprobe(0, 1);
  assertThrows(() => message.recv(guarded.subarray(0, 1)), { code: "ERR_MPI_TRUNCATE" });
  assert.is(guarded[1], -1);
  assertThrows(() => message.recv(new Float64Array(3)), FREED);
  send.wait();
  const again = self.isend(new Float64Array(3).fill(7), 0, 1);
  const other = self.mprobe(0, 1);
  await assertRejects(other.irecv(guarded.subarray(0, 1)), { code: "ERR_MPI_TRUNCATE" });
  assert.is(guarded[1], -1);
  again.wait();
});

test("into a part of a buffer, and as nothing", () => {
  const sends = [
    self.isend(Float64Array.of(8, 9), 0, 1),
    self.isend({ data: new Float64Array(1), count: 0 }, 0, 2),
  ];
  const array = new Float64Array(4);
  self.mprobe(0, 1).recv({ data: array, offset: 1, count: 2 });
  assertArray(array, Float64Array.of(0, 8, 9, 0));
  const empty = self.mprobe(0, 2);
  assert.is(empty.status.byteLength, 0);
  empty.recv(array);
  assertArray(array, Float64Array.of(0, 8, 9, 0));
  mpi.waitAll(sends);
});

test("PROC_NULL has a message of no length at once", async () => {
  const array = Float64Array.of(1);
  const status = self.mprobe(mpi.PROC_NULL).recv(array);
  assert.equal([status.source, status.tag, status.byteLength], [mpi.PROC_NULL, mpi.ANY_TAG, 0]);
  const message = self.improbe(mpi.PROC_NULL) as mpi.Message;
  assert.is((await message.irecv(array)).source, mpi.PROC_NULL);
  assertThrows(() => message.recv(array), FREED);
  assertArray(array, Float64Array.of(1));
});

test("ranks and tags that are none", () => {
  for (const probe of ["mprobe", "improbe"] as const) {
    assertThrows(() => self[probe](1), { argument: "source", code: "ERR_OUT_OF_RANGE" });
    assertThrows(() => self[probe](0, -5), { argument: "tag", code: "ERR_OUT_OF_RANGE" });
    assertThrows(() => self[probe]("0" as never), { argument: "source", code: "ERR_INVALID_ARG_TYPE" });
  }
});

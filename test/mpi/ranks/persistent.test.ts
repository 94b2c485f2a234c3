import * as assert from "uvu/assert";
import { mpi } from "../../../src/index.js";
import { assertArray, assertRejects, assertThrows, test } from "../../harness/ranks.js";
import { onEachCommunicator, ring } from "./communicators.js";
import { hasPersistent } from "./forms.js";
import { inHaste, LATE } from "./haste.js";

const { PersistentRequest } = mpi;
const world = mpi.COMM_WORLD;
const self = mpi.COMM_SELF;
const { rank, size } = world;

const REQUEST = { code: "ERR_MPI_REQUEST", name: "MpiError" };
const FREED = { code: "ERR_MPI_FREED", name: "MpiError" };

onEachCommunicator("a send and a receive that are started again and again", async (comm) => {
  const { next, previous } = ring(comm);
  const [send, recv] = [new Float64Array(3), new Float64Array(3)];
  using sending = comm.sendInit(send, next, 1);
  using receiving = comm.recvInit(recv, previous, 1);
  for (let round = 0; round < 6; round++) {
    send.fill(100 * comm.rank + round);
    PersistentRequest.startAll([receiving, sending]);
    assert.is(receiving.done, false);
    if (round % 3 === 0) mpi.waitAll([sending, receiving]);
    else if (round % 3 === 1) await Promise.all([sending, receiving]);
    else for (const request of [receiving, sending]) while (request.test() === null);
    assertArray(recv, new Float64Array(3).fill(100 * previous + round));
    const status = receiving.wait();
    assert.equal([status.source, status.tag, status.byteLength], [previous, 1, 24]);
  }
});

onEachCommunicator("all modes of sending", async (comm) => {
  const { next, previous } = ring(comm);
  const send = new Int32Array(2);
  mpi.attachBuffer(8 + mpi.bsendOverhead());
  for (const mode of ["sendInit", "ssendInit", "bsendInit", "rsendInit"] as const) {
    const recv = new Int32Array(2);
    using receiving = comm.recvInit(recv, previous, 2);
    using sending = comm[mode](send, next, 2);
    for (const round of [1, 2, 3]) {
      send.fill(10 * comm.rank + round);
      receiving.start();
      comm.barrier(); // For the ready send.
      sending.start();
      await Promise.all([sending, receiving]);
      assertArray(recv, new Int32Array(2).fill(10 * previous + round));
    }
  }
  assert.is(mpi.detachBuffer(), 8 + mpi.bsendOverhead());
});

test("waitAny, waitSome and completions over persistent requests", async () => {
  const arrays = [0, 1, 2].map(() => new Float64Array(1));
  const receives = arrays.map((array, tag) => self.recvInit(array, 0, tag));
  const send = (tag: number): mpi.Request => self.isend(Float64Array.of(tag), 0, tag);
  assert.is(mpi.waitAny(receives).index, mpi.UNDEFINED);
  PersistentRequest.startAll(receives);
  const sends = [send(1)];
  assert.is(mpi.waitAny(receives).index, 1);
  sends.push(send(2));
  assert.equal(
    mpi.waitSome(receives).map(({ index }) => index),
    [2],
  );
  receives[2]?.start();
  sends.push(send(2), send(0));
  const seen: number[] = [];
  for await (const { index } of mpi.Request.completions(receives)) seen.push(index);
  assert.equal(seen.sort(), [0, 2]);
  await Promise.all(sends);
  for (const request of receives) request.free();
});

test("one that was not started cannot be waited for, one that is active not be started", async () => {
  const request = self.recvInit(new Float64Array(1), 0, 1);
  assert.is(request.done, false);
  assertThrows(() => request.wait(), { ...REQUEST, message: "not started" });
  assertThrows(() => request.test(), REQUEST);
  assertThrows(() => mpi.waitAll([request]), REQUEST);
  await assertRejects(request, REQUEST);
  request.cancel(); // Of what does not go on.
  request.start();
  assertThrows(() => request.start(), { ...REQUEST, message: "active" });
  assertThrows(() => PersistentRequest.startAll([request]), REQUEST);
  const send = self.isend(Float64Array.of(7), 0, 1);
  assert.is((await request).tag, 1);
  assert.is(request.wait().tag, 1);
  await send;
  request.free();
});

test("startAll starts all or none", () => {
  const [one, two] = [1, 2].map((tag) => self.recvInit(new Float64Array(1), 0, tag)) as [
    mpi.PersistentRequest,
    mpi.PersistentRequest,
  ];
  two.start();
  assertThrows(() => PersistentRequest.startAll([one, two]), REQUEST);
  assertThrows(() => one.wait(), { ...REQUEST, message: "not started" });
  assertThrows(() => PersistentRequest.startAll([one, one]), {
    code: "ERR_INVALID_ARG_VALUE",
    argument: "requests[1]",
  });
  assertThrows(() => one.wait(), { ...REQUEST, message: "not started" });
  const plain = self.irecv(new Float64Array(1), 0, 3);
  assertThrows(() => PersistentRequest.startAll([one, plain as never]), {
    code: "ERR_INVALID_ARG_TYPE",
    argument: "requests[1]",
  });
  assertThrows(() => PersistentRequest.startAll(one as never), {
    code: "ERR_INVALID_ARG_TYPE",
    argument: "requests",
  });
  PersistentRequest.startAll([]);
  for (const request of [two, plain]) {
    request.cancel();
    assert.is(request.wait().cancelled, true);
  }
  one.free();
  two.free();
});

test("a receive that was cancelled can be started again", async () => {
  const array = new Float64Array(1);
  using request = self.recvInit(array, 0, 4);
  request.start().cancel();
  assert.is(request.wait().cancelled, true);
  request.start();
  const promise = request.promise({ signal: AbortSignal.timeout(5) });
  await promise.then(
    () => assert.unreachable("nobody sent"),
    (error: Error) => assert.is(error.name, "TimeoutError"),
  );
  request.start();
  const send = self.isend(Float64Array.of(4), 0, 4);
  assert.is((await request).cancelled, false);
  assertArray(array, Float64Array.of(4));
  await send;
});

test("a truncated receive throws, and can be started again or says that it cannot", async () => {
  const array = new Float64Array(1);
  using request = self.recvInit(array, 0, 5);
  const sends = [self.isend(new Float64Array(3), 0, 5)];
  request.start();
  await assertRejects(request, { code: "ERR_MPI_TRUNCATE" });
  assertThrows(() => request.wait(), { code: "ERR_MPI_TRUNCATE" });
  sends.push(self.isend(Float64Array.of(5), 0, 5));
  if (mpi.library().abi === "openmpi" && mpi.version()[0] < 4) {
    assertThrows(() => request.start(), REQUEST);
    await self.irecv(array, 0, 5);
  } else {
    request.start();
    assert.is((await request).byteLength, 8);
  }
  assertArray(array, Float64Array.of(5));
  await Promise.all(sends);
});

test("an await belongs to the round in which it was begun", async () => {
  const array = new Float64Array(1);
  using request = self.recvInit(array, 0, 6);
  request.start();
  const first = request.promise();
  const sends = [self.isend(Float64Array.of(1), 0, 6)];
  const status = request.wait();
  request.start();
  const second = request.promise();
  assert.is(await first, status);
  assert.is(request.done, false);
  sends.push(self.isend(Float64Array.of(2), 0, 6));
  assert.is.not(await second, status);
  await Promise.all(sends);
});

test("a freed one is refused", async () => {
  const request = self.recvInit(new Float64Array(1), 0, 1);
  request.free();
  request.free();
  request[Symbol.dispose]();
  request.cancel();
  for (const use of [() => request.start(), () => request.wait(), () => request.test()])
    assertThrows(use, FREED);
  assertThrows(() => mpi.waitAll([request]), FREED);
  await assertRejects(request, FREED);
  assert.is(mpi.waitAny([request]).index, mpi.UNDEFINED);
});

test("one that is freed while it is active still sends", async () => {
  const send = self.sendInit(Float64Array.of(8), 0, 8);
  send.start();
  send.free();
  assertThrows(() => send.start(), FREED);
  const array = new Float64Array(1);
  await self.irecv(array, 0, 8);
  assertArray(array, Float64Array.of(8));
});

test("using waits for what is active, and frees", () => {
  let kept: mpi.PersistentRequest;
  const array = new Float64Array(1);
  {
    using request = self.recvInit(array, 0, 9);
    kept = request.start();
    self.isend(Float64Array.of(9), 0, 9).wait();
  }
  assertArray(array, Float64Array.of(9));
  assertThrows(() => kept.start(), FREED);
});

test("using gives up a receive that has not begun, and frees", () => {
  let kept: mpi.PersistentRequest;
  {
    using request = self.recvInit(new Float64Array(1), 0, 9);
    kept = request.start();
  }
  assertThrows(() => kept.start(), FREED);
});

test("using leaves a send that nobody receives as it is, to be completed and freed", async () => {
  const send = self.ssendInit(Float64Array.of(7), 0, 7).start();
  inHaste(() => assertThrows(() => send[Symbol.dispose](), LATE));
  const array = new Float64Array(1);
  self.recv(array, 0, 7);
  assertArray(array, Float64Array.of(7));
  assert.is((await send).cancelled, false);
  send[Symbol.dispose]();
  assertThrows(() => send.start(), FREED);
});

test("PROC_NULL", async () => {
  using sending = world.sendInit(new Float64Array(1), mpi.PROC_NULL);
  using receiving = world.recvInit(new Float64Array(1), mpi.PROC_NULL);
  for (let round = 0; round < 2; round++) {
    PersistentRequest.startAll([sending, receiving]);
    const [, status] = await Promise.all([sending, receiving]);
    assert.is(status?.byteLength, 0);
    // MPICH 4.0 gives the status of an inactive request.
    assert.ok(status?.source === mpi.PROC_NULL || mpi.library().vendor === "MPICH", `${status?.source}`);
  }
});

test("cancelling what ends at once, to or from PROC_NULL, changes nothing", async () => {
  const buf = new Float64Array(1);
  const { PROC_NULL } = mpi;
  const begin = [
    () => self.irecv(buf, PROC_NULL),
    () => self.isend(buf, PROC_NULL),
    () => self.recvInit(buf, PROC_NULL).start(),
    () => self.sendInit(buf, PROC_NULL).start(),
  ];
  for (const request of begin.map((call) => call())) {
    request.cancel();
    assert.is(request.wait().byteLength, 0);
    request.free();
  }
  using again = self.recvInit(buf, PROC_NULL);
  for (let round = 0; round < 3; round++) {
    await again.start().promise({ signal: AbortSignal.abort() });
    again.start().cancel();
    again.wait();
  }
});

test("bad arguments are found when it is made", () => {
  const buf = new Float64Array(1);
  assertThrows(() => world.sendInit([1] as never, 0), { argument: "buf", code: "ERR_INVALID_ARG_TYPE" });
  assertThrows(() => world.sendInit(buf, size), { argument: "dest", code: "ERR_OUT_OF_RANGE" });
  assertThrows(() => world.sendInit(buf, 0, -1), { argument: "tag", code: "ERR_OUT_OF_RANGE" });
  assertThrows(() => world.recvInit(buf, size), { argument: "source", code: "ERR_OUT_OF_RANGE" });
});

test("persistent collective operations, or which version of MPI has them", async () => {
  const [send, recv] = [new Float64Array(2), new Float64Array(2)];
  if (!hasPersistent("allreduce")) {
    const { version } = mpi;
    assert.ok(version()[0] < 4);
    assertThrows(() => world.allreduceInit(send, recv), {
      code: "ERR_MPI_UNSUPPORTED",
      name: "MpiError",
      message: "MPI 4.0",
    });
    assertThrows(() => world.barrierInit(), { code: "ERR_MPI_UNSUPPORTED", message: "MPI 4.0" });
    return;
  }
  using sum = world.allreduceInit(send, recv, mpi.SUM);
  using barrier = world.barrierInit();
  for (let round = 1; round <= 5; round++) {
    send.fill(round * (rank + 1));
    PersistentRequest.startAll([sum, barrier]);
    assertThrows(() => sum.start(), REQUEST);
    assertThrows(() => sum.cancel(), REQUEST);
    assertThrows(() => sum.free(), REQUEST);
    await Promise.all([sum, barrier]);
    assertArray(recv, new Float64Array(2).fill((round * size * (size + 1)) / 2));
  }
  assert.is(sum.operation, "MPI_Allreduce_init");
});

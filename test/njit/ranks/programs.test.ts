import * as assert from "uvu/assert";
import { mpi } from "../../../src/index.js";
import { njit } from "../../../src/njit/index.js";
import { assertArray, assertThrows, test } from "../../harness/ranks.js";
import { onEachCommunicator, ring } from "../../mpi/ranks/communicators.js";
import { assertSame } from "../compare.js";

// Programs with MPI inside: loops that communicate, what they capture, and what they throw.

const world = mpi.COMM_WORLD;
const { rank, size } = world;
const { next, previous } = ring(world);

/** Cells of a rank; at each end there is one more for those of its neighbours. */
const CELLS = 50;

const line = (comm: mpi.Communicator): Float64Array =>
  Float64Array.from({ length: CELLS + 2 }, (_, i) => Math.sin(i + 0.7 * comm.rank));

/** Heat on a ring; the halo is exchanged in one direction after the other. */
const heatBySendrecv = njit(
  (comm: mpi.Communicator, u: Float64Array, v: Float64Array, steps: number, right: number, left: number) => {
    const n = u.length - 2;
    for (let step = 0; step < steps; step++) {
      comm.sendrecv(u.subarray(n, n + 1), right, 0, u.subarray(0, 1), left, 0);
      comm.sendrecv(u.subarray(1, 2), left, 1, u.subarray(n + 1, n + 2), right, 1);
      for (let i = 1; i <= n; i++) {
        v[i] = (u[i] as number) + 0.2 * ((u[i - 1] as number) - 2 * (u[i] as number) + (u[i + 1] as number));
      }
      for (let i = 1; i <= n; i++) u[i] = v[i] as number;
    }
    let sum = 0;
    for (let i = 1; i <= n; i++) sum += u[i] as number;
    return comm.allreduce(sum);
  },
);

/** The same with four messages at once. */
const heatByRequests = njit(
  (comm: mpi.Communicator, u: Float64Array, v: Float64Array, steps: number, right: number, left: number) => {
    const n = u.length - 2;
    for (let step = 0; step < steps; step++) {
      const fromLeft = comm.irecv(u.subarray(0, 1), left, 0);
      const fromRight = comm.irecv(u.subarray(n + 1, n + 2), right, 1);
      const toRight = comm.isend(u.subarray(n, n + 1), right, 0);
      const toLeft = comm.isend(u.subarray(1, 2), left, 1);
      mpi.waitAll([fromLeft, fromRight, toRight, toLeft]);
      for (let i = 1; i <= n; i++) {
        v[i] = (u[i] as number) + 0.2 * ((u[i - 1] as number) - 2 * (u[i] as number) + (u[i + 1] as number));
      }
      for (let i = 1; i <= n; i++) u[i] = v[i] as number;
    }
    let sum = 0;
    for (let i = 1; i <= n; i++) sum += u[i] as number;
    return comm.allreduce(sum);
  },
);

for (const [name, heat] of Object.entries({ sendrecv: heatBySendrecv, waitAll: heatByRequests })) {
  onEachCommunicator(`a time loop with a halo exchange by ${name}`, (comm) => {
    const to = ring(comm);
    const sum = assertSame(heat, () => [
      comm,
      line(comm),
      new Float64Array(CELLS + 2),
      40,
      to.next,
      to.previous,
    ]);
    let kept = 0;
    for (const value of line(comm).subarray(1, CELLS + 1)) kept += value;
    assertArray([sum as number], [comm.allreduce(kept)], 1e-12);
  });
}

test("functions with the same code, called in turn, keep the operators that they capture", () => {
  const over = (op: mpi.Op) => njit((x: number) => mpi.allreduce(x, op));
  const [sum, max] = [over(mpi.SUM), over(mpi.MAX)];
  const { size } = mpi.COMM_WORLD;
  for (const x of [1, 2, 3]) assert.equal([sum(x), max(x)], [x * size, x]);
});

test("a subarray of an argument, and of a subarray, is sent and received in place", () => {
  const fn = njit((x: Int32Array, from: number, to: number) => {
    const part = x.subarray(2, 10);
    mpi.sendrecv(part.subarray(1, 4), to, 6, part.subarray(-3), from, 6);
    mpi.bcast(part.subarray(0, 1), 0);
  });
  const array = (): Int32Array => Int32Array.from({ length: 12 }, (_, i) => 100 * rank + i);
  assertSame(fn, () => [array(), previous, next]);
  const x = array();
  fn(x.subarray(0, 10), previous, next);
  const expected = array();
  for (const i of [0, 1, 2]) expected[7 + i] = 100 * previous + 3 + i;
  expected[2] = 2;
  assertArray(x, expected);
});

test("an array that the function makes is sent and received", () => {
  const fn = njit((n: number, from: number, to: number) => {
    const send = new Float32Array(n).fill(0.5);
    const recv = new Float32Array(n);
    send[0] = mpi.rank();
    mpi.sendrecv(send, to, 0, recv, from, 0);
    return [recv[0] as number, recv[n - 1] as number];
  });
  assert.equal(
    assertSame(fn, () => [9, previous, next]),
    [previous, 0.5],
  );
});

test("a captured communicator is the one of the closure", () => {
  const reversed = world.split(0, -rank) as mpi.Communicator;
  const fn = njit((x: Float64Array) => {
    reversed.bcast(x, 0);
    return 10 * reversed.rank + reversed.size;
  });
  assert.is(
    assertSame(fn, () => [Float64Array.of(rank)]),
    10 * (size - 1 - rank) + size,
  );
  const x = Float64Array.of(rank);
  fn(x);
  assert.is(x[0], size - 1);
  reversed.free();
});

test("captured arrays, numbers, operators and names of mpi", () => {
  const total = new Float64Array(3);
  const root = size - 1;
  const { MAX, reduce } = mpi;
  const fn = njit((x: Float64Array) => {
    reduce(x, total, MAX, root);
    return root;
  });
  const x = Float64Array.of(rank, 1 - rank, 7);
  fn.js(x);
  const expected = total.slice();
  total.fill(0);
  fn(x);
  assertArray(total, expected);
  if (rank === root) assertArray(total, Float64Array.of(size - 1, 1, 7));
});

test("a function that communicates is called from another one", () => {
  const mean = (x: number): number => mpi.allreduce(x) / mpi.size();
  const spread = njit((x: number) => {
    const m = mean(x);
    return Math.sqrt(mean((x - m) * (x - m)));
  });
  assertSame(spread, () => [rank]);
});

test("an argument that is undefined is its default", () => {
  const fn = njit((comm: mpi.Communicator, x: Float64Array, y: Float64Array, to: number) => {
    const request = mpi.isend(x, to, undefined, comm);
    const status = mpi.recv(y, undefined, undefined, comm);
    request.wait();
    const again = comm.isend(x, to, 3);
    const { tag } = mpi.recv(y, undefined, 3);
    again.wait();
    mpi.sendrecv(x, to, 4, y, undefined, undefined, undefined);
    mpi.bcast(y, undefined, comm);
    mpi.allreduce(x, y, undefined, comm);
    const root = comm.reduce(x[0] as number, undefined, undefined);
    const sum = mpi.allreduce(x[0] as number, undefined, comm);
    return [status.tag, tag, y[1] as number, root === null ? -1 : root, sum];
  });
  const [tag, other, , , sum] = assertSame(fn, () => [
    world,
    Float64Array.of(rank, 2),
    new Float64Array(2),
    next,
  ]) as number[];
  assert.equal([tag, other, sum], [0, 3, (size * (size - 1)) / 2]);
});

test("ranks may go different ways", () => {
  const chain = njit((x: Float64Array) => {
    const me = mpi.rank();
    if (me > 0) mpi.recv(x, me - 1, 2);
    x[0] = (x[0] as number) * 2 + 1;
    if (me < mpi.size() - 1) mpi.send(x, me + 1, 2);
    return x[0] as number;
  });
  assert.is(
    assertSame(chain, () => [new Float64Array(1)]),
    2 ** (rank + 1) - 1,
  );
});

test("a message that is longer than its buffer is ERR_MPI_TRUNCATE", () => {
  const comm = world.dup();
  const fn = njit((given: mpi.Communicator, buf: Float64Array, other: number) => {
    if (given.rank === 0) given.send(buf, other, 0);
    else if (given.rank === other) given.recv(buf.subarray(0, 1), 0, 0);
  });
  if (size > 1) assertSame(fn, () => [comm, new Float64Array(4), 1]);
  const run = (): unknown => fn(comm, new Float64Array(4), 1);
  if (rank === 1) {
    const error = assertThrows(run, { code: "ERR_MPI_TRUNCATE", name: "MpiError" });
    assert.ok(error instanceof mpi.MpiError);
    assert.is(error.operation, "MPI_Recv");
  } else if (size > 1) run();
  comm.free();
});

test("no rank is beyond the last: an error, and no message", () => {
  const fn = njit((buf: Float64Array, to: number) => mpi.send(buf, to, 0));
  const wrong = { code: "ERR_OUT_OF_RANGE", name: "RangeError" };
  assertThrows(() => fn(new Float64Array(2), size), wrong);
  const bcast = njit((buf: Float64Array, root: number) => {
    mpi.bcast(buf, root);
  });
  assertThrows(() => bcast(new Float64Array(2), size), wrong);
  assertThrows(() => bcast(new Float64Array(2), 0.5), wrong);
});

test("what an error interrupts can be called again", () => {
  const fn = njit((x: Float64Array, root: number) => {
    mpi.bcast(x, root);
    return x[0] as number;
  });
  assertThrows(() => fn(new Float64Array(1), size), { code: "ERR_OUT_OF_RANGE" });
  assert.is(fn(Float64Array.of(rank + 3), 0), 3);
});

test("buffers that MPI would crash on, or read beyond, are refused", () => {
  const allgather = njit((x: Float64Array, y: Float64Array) => {
    mpi.allgather(x, y);
  });
  const wrong = { code: "ERR_OUT_OF_RANGE", name: "RangeError" };
  assertThrows(() => allgather(new Float64Array(2), new Float64Array(2 * size + 1)), wrong);
  const reduce = njit((x: Float64Array, y: Float64Array) => {
    mpi.allreduce(x, y);
  });
  assertThrows(() => reduce(new Float64Array(2), new Float64Array(3)), wrong);
  assertThrows(() => reduce(new Float64Array(0), new Float64Array(0)), wrong);
  const bcast = njit((x: Float64Array) => {
    mpi.bcast(x.subarray(1));
  });
  assertThrows(() => bcast(new Float64Array(1)), wrong);
});

test("ranks compile together with { comm }, once for those that share a disk", () => {
  const comm = world.dup();
  const fn = njit((x: number) => mpi.allreduce(x * 3), { comm });
  assertSame(fn, () => [rank]);
  assert.equal(fn.signatures, ["f64"]);
  comm.free();
});

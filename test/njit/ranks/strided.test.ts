import * as assert from "uvu/assert";
import { mpi } from "../../../src/index.js";
import { type Compiled, type NdView, nd, njit } from "../../../src/njit/index.js";
import { assertArray, assertThrows, test } from "../../harness/ranks.js";
import { onEachCommunicator, ring } from "../../mpi/ranks/communicators.js";
import { assertSame, type Tested } from "../compare.js";

// Views and their parts as buffers: columns, rows and blocks go from process to process without being copied.

type Comm = mpi.Communicator;
type Matrix = NdView<Float64Array>;

/** Rows, and columns. */
const [NX, NY] = [5, 7];

/** Each process has other numbers. */
const numbers = (comm: Comm, length: number): Float64Array =>
  Float64Array.from({ length }, (_, i) => 1000 * comm.rank + i);

const matrix = (comm: Comm): Matrix => nd(numbers(comm, NX * NY), [NX, NY]);

/** What a compiled function and its JavaScript make of views. */
function assertSameViews(fn: Compiled<Tested>, make: () => unknown[]): unknown[] {
  const expected = make();
  const value = fn.js(...expected);
  const actual = make();
  assert.equal(fn(...actual), value);
  for (const [i, each] of expected.entries()) {
    const other = actual[i] as Matrix;
    if (each !== null && typeof each === "object" && "data" in each) {
      assertArray(other.data, (each as Matrix).data);
    }
  }
  return actual;
}

/** The halo of a matrix whose columns are divided among the processes: one column from each neighbour. */
const halo = njit((comm: Comm, u: Matrix, right: number, left: number) => {
  const ny = u.shape[1] as number;
  const toRight = comm.isend(u.subarray(null, ny - 2), right, 0);
  const toLeft = comm.isend(u.subarray(null, 1), left, 1);
  const fromLeft = comm.irecv(u.subarray(null, 0), left, 0);
  const fromRight = comm.irecv(u.subarray(null, ny - 1), right, 1);
  mpi.waitAll([toRight, toLeft, fromLeft, fromRight]);
});

onEachCommunicator("columns are exchanged in place", (comm) => {
  const { next, previous } = ring(comm);
  const [, u] = assertSameViews(halo as Compiled<Tested>, () => [comm, matrix(comm), next, previous]);
  const { data } = u as Matrix;
  for (let i = 0; i < NX; i++) {
    const row = Float64Array.from({ length: NY }, (_, j) => 1000 * comm.rank + NY * i + j);
    row[0] = 1000 * previous + NY * i + NY - 2;
    row[NY - 1] = 1000 * next + NY * i + 1;
    assertArray(data.subarray(NY * i, NY * (i + 1)), row);
  }
});

onEachCommunicator("a block within a matrix, and a row of it", (comm) => {
  const { next, previous } = ring(comm);
  const fn = njit((given: Comm, u: Matrix, v: Matrix, to: number, from: number) => {
    const [nx, ny] = [u.shape[0] as number, u.shape[1] as number];
    const inner = u.subarray([1, nx - 1], [1, ny - 1]);
    const status = given.sendrecv(inner, to, 0, v.subarray([0, nx - 2], [2, ny]), from, 0);
    const sending = given.isend(u.subarray(0, [1, 4]), to, 2);
    given.recv(v.subarray(nx - 1, [0, 3]), from, 2);
    sending.wait();
    return status.source;
  });
  const make = () => [comm, matrix(comm), matrix(comm), next, previous];
  const [, , v] = assertSameViews(fn as Compiled<Tested>, make) as [unknown, unknown, Matrix];
  for (let i = 0; i < NX - 2; i++) {
    for (let j = 0; j < NY - 2; j++) assert.is(v.get(i, j + 2), 1000 * previous + NY * (i + 1) + j + 1);
  }
  assert.is(v.get(NX - 1, 2), 1000 * previous + 3);
});

onEachCommunicator("a column becomes a row, and a row a column", (comm) => {
  const { next, previous } = ring(comm);
  const fn = njit((given: Comm, u: Matrix, x: Float64Array, v: Matrix, to: number, from: number) => {
    given.sendrecv(u.subarray(null, 3), to, 0, x, from, 0);
    given.sendrecv(x, to, 1, v.subarray(null, 2), from, 1);
    return x[1];
  });
  const make = () => [comm, matrix(comm), new Float64Array(NX), matrix(comm), next, previous];
  assertSameViews(fn as Compiled<Tested>, make);
});

test("three and four dimensions, of several kinds, as arguments and captured", () => {
  const comm = mpi.COMM_WORLD;
  const { next, previous } = ring(comm);
  const fn = njit((u: NdView, v: NdView, to: number, from: number) => {
    const status = mpi.sendrecv(u, to, 0, v, from, 0);
    return status.tag;
  });
  for (const array of [Int8Array, Int32Array, Float32Array, Float64Array] as (typeof Float64Array)[]) {
    const make = (shape: number[]) =>
      nd(
        array.from({ length: 120 }, (_, i) => (i + comm.rank) % 100),
        shape,
      );
    const parts: ((view: NdView) => NdView)[] = [
      (view) => view,
      (view) => view.subarray([1, 3], null, [2, 4]),
      (view) => view.subarray(null, [0, 2], 1),
      (view) => view.subarray([0, 2], 1, [1, 4]).subarray(null, [1, 2]),
      (view) => view.subarray(2, 3, [1, 3]),
      (view) => view.subarray([1, 1], null, null),
    ];
    for (const part of parts) {
      const args = () => [part(make([4, 5, 6])), part(make([4, 5, 6])), next, previous];
      const [u, v] = args();
      const [x, y] = args();
      assert.is(fn(u as NdView, v as NdView, next, previous), 0);
      fn.js(x as NdView, y as NdView, next, previous);
      assertArray((v as Matrix).data, (y as Matrix).data);
    }
    const deep = () => make([2, 3, 4, 5]).subarray([0, 2], [1, 3], [0, 4], [2, 4]);
    const [v, y] = [deep(), deep()];
    fn(deep(), v, next, previous);
    fn.js(deep(), y, next, previous);
    assertArray(v.data as Float64Array, y.data as Float64Array);
  }
  const column = nd(numbers(comm, 12), [3, 4]).subarray(null, 1);
  const captured = njit((x: Float64Array, to: number, from: number) => {
    const receiving = mpi.irecv(column, from, 5);
    mpi.send(x, to, 5);
    return receiving.wait().source;
  });
  assert.is(captured(numbers(comm, 3), next, previous), previous);
  const expected = numbers(comm, 12);
  for (let i = 0; i < 3; i++) expected[4 * i + 1] = 1000 * previous + i;
  assertArray(column.data, expected);
});

onEachCommunicator("bcast, gather and scatter of parts", (comm) => {
  const fn = njit((given: Comm, u: Matrix, whole: Float64Array, root: number) => {
    given.bcast(u.subarray(null, 1), root);
    given.gather(u.subarray(null, 2), whole, root);
    given.scatter(whole, u.subarray(null, 4), root);
    given.allgather(u.subarray(null, 3), whole);
  });
  for (let root = 0; root < comm.size; root++) {
    assertSameViews(fn as Compiled<Tested>, () => [
      comm,
      matrix(comm),
      nd(numbers(comm, NX * comm.size), [NX * comm.size]).data,
      root,
    ]);
  }
});

onEachCommunicator("a view is its elements, and not those behind them", (comm) => {
  const { next, previous } = ring(comm);
  const fn = njit((given: Comm, x: Float64Array, y: Float64Array, to: number, from: number) => {
    given.sendrecv(nd(x, [2, 3]), to, 0, nd(y, [3, 2]), from, 0);
    given.allreduce(mpi.IN_PLACE, nd(y, [2, 2]), mpi.MAX);
  });
  assertSame(fn as Compiled<Tested>, () => [comm, numbers(comm, 10), numbers(comm, 10), next, previous]);
});

onEachCommunicator("the datatype of a place follows its shape", (comm) => {
  const { next, previous } = ring(comm);
  const fn = njit((given: Comm, u: Matrix, v: Matrix, to: number, from: number) => {
    const [nx, ny] = [u.shape[0] as number, u.shape[1] as number];
    for (let n = 1; n <= nx; n++) {
      for (let j = 0; j < ny; j++) {
        for (let again = 0; again < 2; again++) {
          given.sendrecv(u.subarray([0, n], j), to, n, v.subarray([nx - n, nx], ny - 1 - j), from, n);
        }
      }
    }
  });
  assertSameViews(fn as Compiled<Tested>, () => [comm, matrix(comm), matrix(comm), next, previous]);
});

test("ranges outside of a view, and parts that are no buffers", () => {
  const comm = mpi.COMM_WORLD;
  const fn = njit((u: Matrix, from: number, to: number) => {
    mpi.send(u.subarray([from, to], 0), mpi.PROC_NULL);
  });
  for (const [from, to] of [
    [0, NX + 1],
    [-1, 2],
    [3, 2],
    [0.5, 2],
    [0, Number.NaN],
  ] as const) {
    assertSame(fn as Compiled<Tested>, () => [matrix(comm), from, to]);
    assertThrows(() => fn(matrix(comm), from, to), { code: "ERR_OUT_OF_RANGE", name: "RangeError" });
  }
  const at = njit((u: Matrix, j: number) => {
    mpi.send(u.subarray(null, j), mpi.PROC_NULL);
  });
  for (const j of [NY, -1, 0.5]) assertSame(at as Compiled<Tested>, () => [matrix(comm), j]);
  const reduced = njit((u: Matrix, x: Float64Array) => {
    mpi.allreduce(u.subarray(null, 1), x);
  });
  assertThrows(() => reduced(matrix(comm), new Float64Array(NX)), {
    code: "ERR_NJIT_TYPE",
    message: /do not follow each other/,
  });
});

import * as assert from "uvu/assert";
import { mpi } from "../../../src/index.js";
import { assertArray, assertThrows, test } from "../../harness/ranks.js";
import { onEachCommunicator, ranksOf } from "./communicators.js";
import {
  ARITHMETIC,
  COMBINATIONS,
  combine,
  Half,
  type Kind,
  type Model,
  type NumberArray,
  sample,
} from "./kinds.js";

/** Long enough for the vector instructions of a library, and no multiple of them. */
const LENGTH = 67;

/** The elements of a rank, as far as all libraries combine them rightly (see the tests of overflow below). */
function rowOf(kind: Kind, { op }: Model, rank: number): NumberArray {
  const isExtreme = op === mpi.MAX || op === mpi.MIN;
  const isShortSum = op === mpi.SUM && kind.bits <= 16;
  const unused = isShortSum ? 3 : isExtreme && kind.form === "unsigned" ? 1 : 0;
  return sample(kind, 77 * rank + kind.bits, LENGTH, kind.bits - unused);
}

onEachCommunicator("reduce combines every kind of array with every operation", (comm) => {
  for (const [i, { kind, model }] of COMBINATIONS.entries()) {
    const root = Math.floor(i / 10) % comm.size;
    const mine = rowOf(kind, model, comm.rank);
    const expected = combine(
      kind,
      model,
      ranksOf(comm).map((rank) => rowOf(kind, model, rank)),
    );
    const recv = comm.rank !== root ? null : i % 2 === 0 ? kind.create(LENGTH) : mine;
    const send = recv === mine ? mpi.IN_PLACE : mine;
    assert.is(comm.reduce(send, recv, model.op, root), recv);
    if (recv !== null) assertArray(recv, expected);
  }
});

onEachCommunicator("allreduce combines every kind of array with every operation", (comm) => {
  for (const [i, { kind, model }] of COMBINATIONS.entries()) {
    const expected = combine(
      kind,
      model,
      ranksOf(comm).map((rank) => rowOf(kind, model, rank)),
    );
    assertInto(i, rowOf(kind, model, comm.rank), kind, expected, (send, recv) =>
      comm.allreduce(send, recv, model.op),
    );
  }
});

onEachCommunicator("scan combines the arrays of the ranks up to each one", (comm) => {
  for (const [i, { kind, model }] of COMBINATIONS.entries()) {
    const rows = ranksOf(comm).map((rank) => rowOf(kind, model, rank));
    const expected = combine(kind, model, rows.slice(0, comm.rank + 1));
    assertInto(i, rowOf(kind, model, comm.rank), kind, expected, (send, recv) =>
      comm.scan(send, recv, model.op),
    );
  }
});

onEachCommunicator("exscan combines the arrays of the ranks below each one", (comm) => {
  for (const [i, { kind, model }] of COMBINATIONS.entries()) {
    const mine = rowOf(kind, model, comm.rank);
    const rows = ranksOf(comm).map((rank) => rowOf(kind, model, rank));
    // Rank 0 keeps what it has: zeros, or in place its own elements.
    const alone = i % 2 === 0 ? kind.create(LENGTH) : mine.slice();
    const expected = comm.rank === 0 ? alone : combine(kind, model, rows.slice(0, comm.rank));
    assertInto(i, mine, kind, expected, (send, recv) => comm.exscan(send, recv, model.op));
  }
});

type Reduction = (send: mpi.MessageBuffer | mpi.InPlace, recv: NumberArray) => NumberArray;

/** Into another array for even `i`, where `mine` must stay as it is; in place for odd `i`. */
function assertInto(i: number, mine: NumberArray, kind: Kind, expected: NumberArray, call: Reduction): void {
  const recv = i % 2 === 0 ? kind.create(LENGTH) : mine;
  const before = mine.slice();
  assert.is(call(recv === mine ? mpi.IN_PLACE : mine, recv), recv);
  assertArray(recv, expected);
  if (recv !== mine) assertArray(mine, before);
}

onEachCommunicator("scalars", (comm) => {
  const { rank, size } = comm;
  const ranks = ranksOf(comm);
  const sum = ranks.reduce((a, b) => a + b + 0.5, 0);
  assert.is(comm.allreduce(rank + 0.5), sum + 0.5 * (size - ranks.length));
  assert.is(
    comm.allreduce(rank + 1, mpi.PROD),
    ranks.reduce((a, b) => a * (b + 1), 1),
  );
  assert.is(comm.allreduce(BigInt(rank), mpi.MAX), BigInt(size - 1));
  assert.is(comm.scan(rank), (rank * (rank + 1)) / 2);
  assert.is(comm.scan(BigInt(rank) + 1n, mpi.MIN), 1n);
  assert.is(comm.exscan(1), rank === 0 ? null : rank);
  assert.is(comm.exscan(1n), rank === 0 ? null : BigInt(rank));
  const root = size - 1;
  assert.is(comm.reduce(2, mpi.SUM, root), rank === root ? 2 * size : null);
  assert.is(comm.reduce(3n, mpi.SUM, root), rank === root ? 3n * BigInt(size) : null);
  assert.is(comm.reduce(1), rank === 0 ? size : null);
});

test("scalars keep what doubles and 64-bit integers can hold", () => {
  const comm = mpi.COMM_SELF;
  for (const value of [0, -0, 1e308, 5e-324, Number.MAX_SAFE_INTEGER, Infinity, -Infinity, Number.NaN]) {
    assert.ok(Object.is(comm.allreduce(value), value));
  }
  for (const value of [0n, -1n, 2n ** 63n - 1n, -(2n ** 63n)]) assert.is(comm.allreduce(value), value);
});

test("bigints wrap around as 64-bit integers do", () => {
  const { size } = mpi.COMM_WORLD;
  const largest = 2n ** 63n - 1n;
  assert.is(mpi.allreduce(largest), BigInt.asIntN(64, largest * BigInt(size)));
});

test("sums of 8 and 16 bits wrap around or stay at the limit", () => {
  // Open MPI 4.1 with AVX adds with saturation, and calls that right: its issue 8045.
  const comm = mpi.COMM_WORLD;
  for (const kind of ARITHMETIC.filter(({ bits, form }) => bits <= 16 && form !== "float")) {
    const send = kind.create(LENGTH).fill((100 * (kind.bits === 8 ? 1 : 250)) as never);
    const recv = comm.allreduce(send, kind.create(LENGTH));
    const total = 100 * (kind.bits === 8 ? 1 : 250) * comm.size;
    const limit = 2 ** (kind.bits - (kind.form === "signed" ? 1 : 0)) - 1;
    const wrapped = kind.form === "signed" ? BigInt.asIntN : BigInt.asUintN;
    const allowed = [Math.min(total, limit), Number(wrapped(kind.bits, BigInt(total)))];
    // With more than two summands, the ones can follow the others.
    if (comm.size <= 2)
      for (const sum of recv) assert.ok(allowed.includes(Number(sum)), `${kind.name} ${sum}`);
  }
});

test("the largest of unsigned integers", () => {
  // MPICH 4.0 takes those of the upper half for negative ones: its issue 6083.
  const comm = mpi.COMM_WORLD;
  for (const kind of ARITHMETIC.filter(({ form }) => form === "unsigned")) {
    const top = kind.bits === 64 ? 2n ** 64n - 1n : 2n ** BigInt(kind.bits) - 1n;
    const value = kind.bits === 64 ? top : Number(top);
    const own = comm.rank === 0 ? value : kind.bits === 64 ? 1n : 1;
    const [largest] = comm.allreduce(kind.create(1).fill(own as never), kind.create(1), mpi.MAX);
    const allowed = mpi.library().vendor === "MPICH" ? [value, kind.bits === 64 ? 1n : 1] : [value];
    assert.ok(allowed.includes(largest as never), `${kind.name} ${largest}`);
  }
});

test("the functions do what the methods do", () => {
  const { rank, size } = mpi.COMM_WORLD;
  const self = mpi.COMM_SELF;
  const one = Float64Array.of(1);
  assertArray(mpi.allreduce(one, new Float64Array(1)), Float64Array.of(size));
  assertArray(mpi.allreduce(one, new Float64Array(1), mpi.MAX), Float64Array.of(1));
  assertArray(mpi.allreduce(one, new Float64Array(1), mpi.SUM, self), Float64Array.of(1));
  assert.is(mpi.allreduce(1), size);
  assert.is(mpi.allreduce(1, mpi.SUM, self), 1);
  assertArray(mpi.scan(one, new Float64Array(1)), Float64Array.of(rank + 1));
  assertArray(mpi.scan(one, new Float64Array(1), mpi.SUM, self), Float64Array.of(1));
  assert.is(mpi.scan(1), rank + 1);
  assert.is(mpi.scan(1, mpi.SUM, self), 1);
  assertArray(mpi.exscan(one, Float64Array.of(-7)), Float64Array.of(rank === 0 ? -7 : rank));
  assertArray(mpi.exscan(one, Float64Array.of(-7), mpi.SUM, self), Float64Array.of(-7));
  assert.is(mpi.exscan(1), rank === 0 ? null : rank);
  assert.is(mpi.exscan(1, mpi.SUM, self), null);
  const reduced = mpi.reduce(one, rank === size - 1 ? new Float64Array(1) : null, mpi.SUM, size - 1);
  if (reduced !== null) assertArray(reduced, Float64Array.of(size));
  assertArray(mpi.reduce(one, new Float64Array(1), mpi.SUM, 0, self) as Float64Array, Float64Array.of(1));
  assert.is(mpi.reduce(1, mpi.SUM, size - 1), rank === size - 1 ? size : null);
  assert.is(mpi.reduce(1, mpi.SUM, 0, self), 1);
});

test("complex numbers are summed and multiplied under their own type", () => {
  const comm = mpi.COMM_WORLD;
  const complex = (...parts: number[]): mpi.MessageBuffer & { data: Float64Array } => ({
    data: Float64Array.from(parts),
    type: mpi.C_DOUBLE_COMPLEX,
  });
  const sum = comm.allreduce(complex(1, comm.rank, 0, 1), complex(0, 0, 0, 0));
  const total = ranksOf(comm).reduce((a, b) => a + b, 0);
  assertArray(sum.data, Float64Array.of(comm.size, total, 0, comm.size));
  // i to the power of the number of ranks.
  const power = [
    Float64Array.of(1, 0),
    Float64Array.of(0, 1),
    Float64Array.of(-1, 0),
    Float64Array.of(0, -1),
  ];
  const product = comm.allreduce(complex(0, 1), complex(0, 0), mpi.PROD);
  assertArray(
    product.data.map(Math.round).map((x) => x + 0),
    power[comm.size % 4] as Float64Array,
  );
  const single = comm.scan(
    { data: Float32Array.of(1, 2), type: mpi.C_FLOAT_COMPLEX },
    { data: new Float32Array(2), type: mpi.C_FLOAT_COMPLEX },
  );
  assertArray(single.data as Float32Array, Float32Array.of(comm.rank + 1, 2 * (comm.rank + 1)));
});

test("MAXLOC and MINLOC find the value and who has it", () => {
  const comm = mpi.COMM_WORLD;
  const { rank, size } = comm;
  const pair = (type: mpi.Datatype, ...values: number[]): { data: Int32Array; type: mpi.Datatype } => ({
    data: Int32Array.from(values),
    type,
  });
  const int = (...values: number[]): ReturnType<typeof pair> => pair(mpi.INT_INT, ...values);
  assertArray(comm.allreduce(int(rank, rank), int(0, 0), mpi.MAXLOC).data, Int32Array.of(size - 1, size - 1));
  assertArray(comm.allreduce(int(rank, rank), int(0, 0), mpi.MINLOC).data, Int32Array.of(0, 0));
  // Equal values: the lowest index.
  assertArray(comm.allreduce(int(5, rank), int(0, 0), mpi.MAXLOC).data, Int32Array.of(5, 0));
});

test("the pair of a double and an int takes 16 bytes, of which 12 are data", () => {
  const comm = mpi.COMM_WORLD;
  const { rank, size } = comm;
  const pairs = (values: readonly (readonly [number, number])[]): Uint8Array => {
    const view = new DataView(new ArrayBuffer(16 * values.length));
    for (const [i, [value, index]] of values.entries()) {
      view.setFloat64(16 * i, value, true);
      view.setInt32(16 * i + 8, index, true);
    }
    return new Uint8Array(view.buffer);
  };
  const type = mpi.DOUBLE_INT;
  const send = pairs([
    [rank, rank],
    [-rank, rank],
    [0, rank],
  ]);
  const recv = { data: new Uint8Array(48), type };
  comm.allreduce({ data: send, type }, recv, mpi.MAXLOC);
  const view = new DataView(recv.data.buffer);
  assert.equal(
    [0, 1, 2].map((i) => [view.getFloat64(16 * i, true) + 0, view.getInt32(16 * i + 8, true)]),
    [
      [size - 1, size - 1],
      [0, 0],
      [0, 0],
    ],
  );
  // 48 bytes hold three of them, not four.
  assertThrows(() => mpi.COMM_SELF.bcast({ data: new Uint8Array(48), type, count: 4 }), {
    code: "ERR_OUT_OF_RANGE",
    argument: "buf.count",
  });
});

test("bytes have bitwise operations; arithmetic is ERR_MPI_OP or that of Uint8Array", () => {
  const comm = mpi.COMM_WORLD;
  const recv = new DataView(new ArrayBuffer(2));
  const bytes = Uint8Array.of(1 << comm.rank, 0xf0);
  comm.allreduce(new DataView(bytes.buffer), recv, mpi.BOR);
  assertArray(new Uint8Array(recv.buffer), Uint8Array.of(2 ** comm.size - 1, 0xf0));
  // Open MPI takes MPI_BYTE for a number.
  try {
    comm.allreduce(new DataView(Uint8Array.of(3, 0).buffer), recv, mpi.SUM);
    assertArray(new Uint8Array(recv.buffer), Uint8Array.of(3 * comm.size, 0));
  } catch (error) {
    assert.is((error as mpi.MpiError).code, "ERR_MPI_OP");
  }
  assert.is(comm.allreduce(1), comm.size);
});

test("operations that a type does not have are ERR_MPI_OP, and the next one works", () => {
  const comm = mpi.COMM_WORLD;
  const one = Float64Array.of(1);
  const two = new Float64Array(1);
  for (const op of [mpi.BAND, mpi.BOR, mpi.BXOR, mpi.MAXLOC, mpi.MINLOC, mpi.REPLACE, mpi.NO_OP]) {
    const expected = { code: "ERR_MPI_OP", name: "MpiError" };
    assertThrows(() => comm.allreduce(one, two, op), { ...expected, message: "MPI_Allreduce" });
    assertThrows(() => comm.reduce(one, comm.rank === 0 ? two : null, op), expected);
    assertThrows(() => comm.scan(one, two, op), expected);
    assertThrows(() => comm.exscan(one, two, op), expected);
    assertThrows(() => comm.allreduce(1, op), expected);
  }
  assert.is(comm.allreduce(1), comm.size);
});

test(
  "16-bit floats cannot be combined",
  () => {
    const comm = mpi.COMM_WORLD;
    const half = (): Float32Array => new (Half as NonNullable<typeof Half>)(2);
    const expected = { code: "ERR_INVALID_ARG_TYPE" };
    const buffer = half();
    assertThrows(() => comm.allreduce(buffer, half()), expected);
    assertThrows(() => comm.allreduce(mpi.IN_PLACE, buffer), { ...expected, argument: "recv" });
    assertThrows(() => comm.scan(buffer, half(), mpi.MAX), expected);
    assertThrows(() => comm.exscan(buffer, half(), mpi.BAND), expected);
    assertThrows(() => comm.reduce(buffer, comm.rank === 0 ? half() : null), expected);
    assertThrows(() => comm.allreduce({ data: buffer }, { data: half() }), expected);
    assert.is(comm.allreduce(1), comm.size);
  },
  { skip: Half === undefined && "this Node has no Float16Array" },
);

test("reductions of no elements, when that is said", () => {
  const comm = mpi.COMM_WORLD;
  const empty = { data: Float64Array.of(1), count: 0 };
  const other = { data: Float64Array.of(2), count: 0 };
  assert.is(comm.allreduce(empty, other), other);
  assert.is(comm.scan(empty, other), other);
  assertArray(other.data, Float64Array.of(2));
});

test("long arrays", () => {
  const comm = mpi.COMM_WORLD;
  const length = 50_000;
  const send = Float64Array.from({ length }, (_, i) => i + comm.rank);
  const recv = comm.allreduce(send, new Float64Array(length));
  const ranks = (comm.size * (comm.size - 1)) / 2;
  assertArray(
    recv,
    Float64Array.from({ length }, (_, i) => i * comm.size + ranks),
  );
});

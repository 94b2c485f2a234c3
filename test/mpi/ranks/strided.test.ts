import * as assert from "uvu/assert";
import * as mpi from "../../../src/mpi/index.js";
import { assertArray, assertThrows, test } from "../../harness/ranks.js";
import {
  ARRAYS,
  type ArrayKind,
  generator,
  numbered,
  picked,
  places,
  randomView,
  type View,
} from "./views.js";

const { COMM_SELF, COMM_WORLD, C_DOUBLE_COMPLEX, DOUBLE } = mpi;

/** 0, 1, 2, ... */
const count = (length: number): Float64Array => Float64Array.from({ length }, (_, i) => i);

/** Sends a view to this process, and receives it without gaps. */
function pick(view: View, data: Float64Array): Float64Array {
  const out = new Float64Array(places(view).length);
  COMM_SELF.sendrecv({ data, ...view }, 0, 1, out, 0, 1);
  return out;
}

test("random views are sent in place", () => {
  const random = generator(1);
  for (let i = 0; i < 330; i++) {
    const { view, length } = randomView(random);
    const kind = ARRAYS[i % ARRAYS.length] as ArrayKind;
    const data = numbered(kind, length);
    const at = places(view);
    const out = new kind(at.length);
    COMM_SELF.sendrecv({ data, ...view }, 0, 1, out, 0, 1);
    assertArray(out, picked(data, at));
    const packed = new kind(at.length);
    mpi.pack({ data, ...view }, packed);
    assertArray(packed, out);
  }
});

test("random views are received in place, and nothing beside them is touched", () => {
  const random = generator(2);
  for (let i = 0; i < 330; i++) {
    const { view, length } = randomView(random);
    const kind = ARRAYS[i % ARRAYS.length] as ArrayKind;
    const at = places(view);
    const sent = numbered(kind, at.length, 1);
    const expected = new kind(length);
    for (const [k, place] of at.entries()) expected[place] = sent[k] as never;
    const data = new kind(length);
    COMM_SELF.sendrecv(sent, 0, 1, { data, ...view }, 0, 1);
    assertArray(data, expected);
  }
});

test("views of every kind of array", () => {
  for (const array of ARRAYS) {
    const data = new array(12);
    for (let i = 0; i < 12; i++) data[i] = (array.name.startsWith("Big") ? BigInt(i) : i) as never;
    const out = new array(4);
    COMM_SELF.sendrecv({ data, shape: [2, 2], strides: [-6, 3], offset: 7 }, 0, 1, out, 0, 1);
    assert.equal([...out].map(Number), [7, 10, 1, 4]);
  }
});

test("views of Float16Array, of bytes and of complex numbers", () => {
  const float16 = (globalThis as unknown as { Float16Array?: Float32ArrayConstructor }).Float16Array;
  if (float16 !== undefined) {
    const halves = new float16(4);
    COMM_SELF.sendrecv({ data: new float16([1, 2, 3, 4]), shape: [2], strides: [2] }, 0, 1, halves, 0, 1);
    assert.equal([...halves], [1, 3, 0, 0]);
  }
  const bytes = new Uint8Array(3);
  COMM_SELF.sendrecv(
    { data: new Uint8Array([1, 2, 3, 4, 5]).buffer, shape: [3], strides: [2] },
    0,
    1,
    bytes.buffer,
    0,
    1,
  );
  assertArray(bytes, new Uint8Array([1, 3, 5]));
  // The strides count doubles, the shape complex numbers.
  const numbers = new Float64Array(4);
  const column = { data: count(12), shape: [2], strides: [6], offset: 2, type: C_DOUBLE_COMPLEX };
  COMM_SELF.sendrecv(column, 0, 1, { data: numbers, type: C_DOUBLE_COMPLEX }, 0, 1);
  assertArray(numbers, new Float64Array([2, 3, 8, 9]));
});

test("views as ndarray and stdlib have them", () => {
  const data = count(6);
  const received = new Float64Array(3);
  /** The fields of ndarray, with accessors as in both libraries. */
  class NdArray {
    readonly data = data;
    readonly stride = [-2];
    readonly offset = 5;
    get shape(): number[] {
      return [3];
    }
  }
  COMM_SELF.sendrecv(new NdArray(), 0, 1, received, 0, 1);
  assertArray(received, new Float64Array([5, 3, 1]));
  COMM_SELF.sendrecv({ data, shape: [3], strides: new Int32Array([2]), offset: 0 }, 0, 1, received, 0, 1);
  assertArray(received, new Float64Array([0, 2, 4]));
});

test("views without strides are row-major", () => {
  const out = new Float64Array(6);
  COMM_SELF.sendrecv({ data: count(7), shape: [2, 3], offset: 1 }, 0, 1, out, 0, 1);
  assertArray(out, count(7).subarray(1));
});

test("views of nothing, of one element and without dimensions", () => {
  assertArray(pick({ shape: [], strides: [], offset: 2 }, count(3)), new Float64Array([2]));
  assertArray(pick({ shape: [1, 1], strides: [50, -50], offset: 2 }, count(3)), new Float64Array([2]));
  const status = COMM_SELF.sendrecv(
    { data: count(3), shape: [0, 3], strides: [3, 1] },
    0,
    1,
    { data: count(3), count: 0 },
    0,
    1,
  );
  assert.is(status.byteLength, 0);
});

test("a zero stride repeats what is sent, and is refused for what is received", () => {
  const repeated = { shape: [2, 3], strides: [1, 0], offset: 1 };
  assertArray(pick(repeated, count(4)), new Float64Array([1, 1, 1, 2, 2, 2]));
  for (const strides of [
    [1, 0],
    [1, 1],
    [0, 1],
  ]) {
    const into = { data: count(9), shape: [3, 3], strides };
    const refused = { code: "ERR_INVALID_ARG_VALUE", argument: "recvbuf" };
    assertThrows(() => COMM_SELF.sendrecv(count(9), 0, 1, into, 0, 1), refused);
  }
  // These interleave, but have nothing twice.
  const data = new Float64Array(8);
  COMM_SELF.sendrecv(count(6), 0, 1, { data, shape: [3, 2], strides: [2, 3] }, 0, 1);
  assertArray(data, new Float64Array([0, 0, 2, 1, 4, 3, 0, 5]));
});

test("views that leave their data are refused", () => {
  const data = count(12);
  const use = (view: object) => (): void => COMM_SELF.send({ data, ...view } as never, mpi.PROC_NULL);
  use({ shape: [3, 4], strides: [4, 1] })();
  use({ shape: [3, 4], strides: [-4, -1], offset: 11 })();
  const bad: [view: object, code: string, argument: string][] = [
    [{ shape: [3, 4], strides: [4, 1], offset: 1 }, "ERR_OUT_OF_RANGE", "buf"],
    [{ shape: [3, 4], strides: [-4, 1], offset: 7 }, "ERR_OUT_OF_RANGE", "buf"],
    [{ shape: [13] }, "ERR_OUT_OF_RANGE", "buf"],
    [{ shape: [1], offset: 12 }, "ERR_OUT_OF_RANGE", "buf"],
    [{ shape: [2], strides: [1, 1] }, "ERR_OUT_OF_RANGE", "buf.strides"],
    [{ shape: [2], strides: [0.5] }, "ERR_OUT_OF_RANGE", "buf.strides"],
    [{ shape: [2], strides: ["1"] }, "ERR_INVALID_ARG_TYPE", "buf.strides"],
    [{ shape: 2 }, "ERR_INVALID_ARG_TYPE", "buf.shape"],
    [{ shape: [-1] }, "ERR_OUT_OF_RANGE", "buf.shape"],
    [{ shape: [1], offset: -1 }, "ERR_OUT_OF_RANGE", "buf.offset"],
    [{ shape: [1], count: 1 }, "ERR_INVALID_ARG_VALUE", "buf.count"],
  ];
  for (const [view, code, argument] of bad) assertThrows(use(view), { code, argument });
});

test("more views than are kept", () => {
  const data = count(400);
  for (let round = 0; round < 2; round++) {
    for (let stride = 2; stride < 102; stride++) {
      const picked = pick({ shape: [4], strides: [stride], offset: 1 }, data);
      assertArray(picked, new Float64Array([1, 1 + stride, 1 + 2 * stride, 1 + 3 * stride]));
    }
  }
});

test("a column travels around all ranks without blocking", () => {
  const { rank, size } = COMM_WORLD;
  const matrix = new Float64Array(20).map((_, i) => 100 * rank + i);
  const column = (offset: number) => ({ data: matrix, shape: [4], strides: [5], offset });
  const [next, before] = [(rank + 1) % size, (rank + size - 1) % size];
  const requests = [COMM_WORLD.irecv(column(4), before, 7), COMM_WORLD.isend(column(0), next, 7)];
  for (const request of requests) request.wait();
  for (let row = 0; row < 4; row++) {
    assert.is(matrix[5 * row + 4], 100 * before + 5 * row);
    assert.is(matrix[5 * row + 3], 100 * rank + 5 * row + 3);
  }
});

test("a column is broadcast into a row", () => {
  const data = COMM_WORLD.rank === 0 ? count(6) : new Float64Array(6);
  const isRoot = COMM_WORLD.rank === 0;
  COMM_WORLD.bcast({ data, shape: [3], strides: [isRoot ? 2 : 1], offset: 1, type: DOUBLE }, 0);
  if (!isRoot) assertArray(data, new Float64Array([0, 1, 3, 5, 0, 0]));
});

test("a view is not combined with one that lies alike, which would combine what is between its elements", () => {
  const [x, y] = [new Float64Array(6).fill(1), new Float64Array(6).fill(100)];
  const [from, to] = [view3(x), view3(y)];
  const refused = { code: "ERR_INVALID_ARG_VALUE", message: "strided view" };
  const ops = [mpi.SUM];
  if (mpi.library().ffi !== "ffi-rs") ops.push(mpi.Op.create(add));
  for (const op of ops) {
    for (const call of [
      () => COMM_WORLD.allreduce(from, to, op),
      () => COMM_WORLD.allreduce(mpi.IN_PLACE, to, op),
      () => COMM_WORLD.iallreduce(from, to, op),
      () => COMM_WORLD.scan(from, to, op),
      () => COMM_WORLD.exscan(mpi.IN_PLACE, to, op),
      () => COMM_WORLD.reduce(from, COMM_WORLD.rank === 0 ? to : null, op),
      () => COMM_WORLD.ireduce(from, COMM_WORLD.rank === 0 ? to : null, op),
      () => COMM_SELF.reduceScatter(from, to, [3], op),
      () => COMM_SELF.reduceScatterBlock(mpi.IN_PLACE, to, op),
      () => op.reduceLocal(from, to),
      () => op.reduceLocal(from, new Float64Array(3)),
    ]) {
      assertThrows(call, refused);
    }
  }
  for (const op of ops) if (op.isUserDefined) op.free();
  assertArray(y, new Float64Array(6).fill(100));
});

const view3 = (data: Float64Array): mpi.StridedDescription => ({ data, shape: [3], strides: [2] });

const add = (a: Float64Array, b: Float64Array): void => {
  for (const [i, value] of a.entries()) b[i] = (b[i] as number) + value;
};

test("what is combined lies alike in both buffers: it is not taken for elements that follow each other", () => {
  const matrix = Float64Array.of(1, 2, 3, 4, 5, 6);
  const column = { data: matrix, shape: [3], strides: [2] };
  const dense = new Float64Array(3);
  const { rank, size } = COMM_WORLD;
  const calls: [string, () => unknown][] = [
    ["send", () => COMM_WORLD.allreduce(column, dense)],
    ["send", () => COMM_WORLD.iallreduce(column, dense)],
    ["send", () => COMM_WORLD.scan(column, dense)],
    ["send", () => COMM_SELF.reduce(column, dense)],
    ["recv", () => COMM_WORLD.allreduce(dense, column)],
    ["recv", () => COMM_SELF.reduce(dense, column)],
    ["send", () => COMM_SELF.reduceScatterBlock(column, dense)],
    ["recv", () => COMM_SELF.reduceScatterBlock(dense, column)],
    ["recv", () => COMM_SELF.reduceScatter(mpi.IN_PLACE, column, [3])],
  ];
  for (const [argument, call] of calls) {
    assertThrows(call, { code: "ERR_INVALID_ARG_VALUE", argument, message: "strided" });
  }
  assertArray(matrix, Float64Array.of(1, 2, 3, 4, 5, 6));
  // Without gaps it is no such view.
  COMM_WORLD.allreduce({ data: matrix, shape: [3], offset: rank }, dense, mpi.MIN);
  assertArray(dense, Float64Array.of(1, 2, 3));
  assert.is(COMM_WORLD.allreduce(1), size);
});

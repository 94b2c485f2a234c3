import * as assert from "uvu/assert";
import {
  ResolvedBlocks,
  ResolvedTypedBlocks,
  resolveBlocks,
  resolveTypedBlocks,
} from "../../../src/mpi/buffer/blocks.js";
import { blocksOf, typedBlocksOf } from "../../../src/mpi/buffer/known-blocks.js";
import { ResolvedBuffer, recount, resolve } from "../../../src/mpi/buffer.js";
import * as mpi from "../../../src/mpi/index.js";
import { assertThrows, test } from "../../harness/ranks.js";

const { BYTE, C_DOUBLE_COMPLEX, Datatype, DOUBLE, INT32_T } = mpi;

const blocks = new ResolvedBlocks();
const typed = new ResolvedTypedBlocks();
const ints = (...values: number[]): Int32Array => Int32Array.from(values);

test("counts and displacements of blocks", () => {
  const data = new Float64Array(10);
  resolveBlocks({ data, counts: [2, 0, 3] }, "send", 3, blocks);
  assert.is((blocks.data as Float64Array).buffer, data.buffer);
  assert.equal([blocks.counts, blocks.displs], [ints(2, 0, 3), ints(0, 2, 2)]);
  assert.equal([blocks.elements, blocks.large, blocks.argument], [5, false, "send"]);
  assert.is(blocks.handle, DOUBLE.handle);
  resolveBlocks({ data, counts: ints(2, 1), displs: [8, 0] }, "send", 2, blocks);
  assert.equal([blocks.counts, blocks.displs], [ints(2, 1), ints(8, 0)]);
  resolveBlocks({ data, counts: [2, 3], type: C_DOUBLE_COMPLEX }, "send", 2, blocks);
  assert.equal([blocks.counts, blocks.displs, blocks.elements], [ints(2, 3), ints(0, 2), 5]);
  resolveBlocks({ data, counts: [0, 0], displs: [99, -1] }, "send", 2, blocks);
  assert.is(blocks.data, null);
});

test("each call makes its own arrays", () => {
  resolveBlocks({ data: new Float64Array(3), counts: [1, 2] }, "send", 2, blocks);
  const { counts } = blocks;
  resolveBlocks({ data: new Float64Array(3), counts: [3, 0] }, "send", 2, blocks);
  assert.equal(counts, ints(1, 2));
});

test("blocks are resolved once, and again when anything of them changes", () => {
  const view = new Float64Array(8);
  const [counts, displs] = [
    [1, 2],
    [4, 0],
  ] as [number[], number[]];
  const first = blocksOf({ data: view, counts, displs }, "send", 2);
  assert.is(blocksOf({ data: view, counts: ints(1, 2), displs: ints(4, 0) }, "send", 2), first);
  counts[1] = 3;
  const second = blocksOf({ data: view, counts, displs }, "send", 2);
  assert.equal([first.counts, second.counts], [ints(1, 2), ints(1, 3)]);
  displs[0] = 5;
  const third = blocksOf({ data: view, counts, displs }, "send", 2);
  assert.equal([second.displs, third.displs], [ints(4, 0), ints(5, 0)]);
  const packed = blocksOf({ data: view, counts }, "send", 2);
  assert.equal(packed.displs, ints(0, 1));
  const others = [
    blocksOf({ data: view, counts }, "recv", 2),
    blocksOf({ data: view, counts }, "send", 2, { disjoint: true }),
    blocksOf({ data: view, counts, type: DOUBLE }, "send", 2),
    blocksOf({ data: new Float64Array(8), counts }, "send", 2),
  ];
  assert.is(new Set([first, second, third, packed, ...others]).size, 8);
  // What was good before is checked as what comes first.
  const wrong = [
    [{ data: view, counts: [1, 2, 3] }, "ERR_OUT_OF_RANGE"],
    [{ data: view, counts: [1, "3"] }, "ERR_INVALID_ARG_TYPE"],
    [{ data: view, counts: null }, "ERR_INVALID_ARG_TYPE"],
    [{ data: view, counts: [1, 9] }, "ERR_OUT_OF_RANGE"],
  ] as const;
  for (const [value, code] of wrong) assertThrows(() => blocksOf(value, "send", 2), { code });
  structuredClone(view.buffer, { transfer: [view.buffer] });
  assertThrows(() => blocksOf({ data: view, counts }, "send", 2), { code: "ERR_INVALID_ARG_VALUE" });
  const empty = new Float64Array(0);
  blocksOf({ data: empty, counts: [0, 0] }, "send", 2);
  structuredClone(empty.buffer, { transfer: [empty.buffer] });
  assertThrows(() => blocksOf({ data: empty, counts: [0, 0] }, "send", 2), { code: "ERR_INVALID_ARG_VALUE" });
  const data = new Float64Array(8);
  const pair = Datatype.contiguous(2, DOUBLE);
  const paired = { data, counts: [1, 1], type: pair };
  assert.is(blocksOf(paired, "send", 2), blocksOf(paired, "send", 2));
  const listed = { data, counts: [1, 1], types: [pair, DOUBLE] };
  const mixed = typedBlocksOf(listed, "send", 2);
  assert.is(typedBlocksOf({ ...listed, types: [...listed.types] }, "send", 2), mixed);
  assert.is.not(typedBlocksOf({ ...listed, types: [DOUBLE, pair] }, "send", 2), mixed);
  pair.free();
  assertThrows(() => blocksOf(paired, "send", 2), { code: "ERR_MPI_FREED" });
  assertThrows(() => typedBlocksOf(listed, "send", 2), { code: "ERR_MPI_FREED" });
});

test("blocks can be widened for another buffer of the call", () => {
  resolveBlocks({ data: new Float64Array(3), counts: [1, 2] }, "send", 2, blocks);
  const wide = blocks.widened();
  assert.equal([wide.counts, wide.displs], [new BigInt64Array([1n, 2n]), new BigInt64Array([0n, 1n])]);
  assert.equal([wide.large, blocks.large, wide.type], [true, false, DOUBLE]);
  const one = { data: new Uint8Array(9), counts: [1], displs: [4], types: [INT32_T] };
  resolveTypedBlocks(one, "send", 1, typed);
  const wideTyped = typed.widened();
  assert.equal(
    [wideTyped.large, wideTyped.counts, wideTyped.displs],
    [true, new BigInt64Array([1n]), new BigInt64Array([4n])],
  );
});

test("blocks with types of their own", () => {
  const data = new Uint8Array(64);
  resolveTypedBlocks({ data, counts: [2, 1, 0], types: [DOUBLE, INT32_T, BYTE] }, "send", 3, typed);
  assert.equal([typed.counts, typed.displs], [ints(2, 1, 0), ints(0, 16, 20)]);
  assert.is(typed.handles?.get(1), INT32_T.handle);
  resolveTypedBlocks({ data, counts: [1, 1], displs: [56, 3], types: [DOUBLE, INT32_T] }, "send", 2, typed);
  assert.equal(typed.displs, ints(56, 3));
  const bad: [value: object, code: string, argument: string][] = [
    [{ data, counts: [1, 1], types: [DOUBLE] }, "ERR_OUT_OF_RANGE", "send.types"],
    [{ data, counts: [1, 1], types: [DOUBLE, 3] }, "ERR_INVALID_ARG_TYPE", "send.types[1]"],
    [{ data, counts: [1, 1] }, "ERR_INVALID_ARG_TYPE", "send.types"],
    [{ data, counts: [1, 1], displs: [0, 57], types: [DOUBLE, DOUBLE] }, "ERR_OUT_OF_RANGE", "send"],
    [{ data, counts: [1, 1], displs: [0, 4], types: [DOUBLE, DOUBLE] }, "ERR_OUT_OF_RANGE", "send"],
  ];
  for (const [value, code, argument] of bad) {
    assertThrows(() => resolveTypedBlocks(value, "send", 2, typed, { disjoint: true }), { code, argument });
  }
});

test("bad blocks are named", () => {
  const data = new Float64Array(10);
  using leftwards = Datatype.resized(DOUBLE, 0, -8);
  resolveBlocks({ data, counts: [3, 1], displs: [-2, 0], type: leftwards }, "send", 2, blocks);
  const bad: [value: unknown, code: string, argument: string][] = [
    [data, "ERR_INVALID_ARG_TYPE", "send"],
    [null, "ERR_INVALID_ARG_TYPE", "send"],
    [{ data }, "ERR_INVALID_ARG_TYPE", "send"],
    [{ data: [1], counts: [1, 1] }, "ERR_INVALID_ARG_TYPE", "send.data"],
    [{ data, counts: 2 }, "ERR_INVALID_ARG_TYPE", "send.counts"],
    [{ data, counts: [1] }, "ERR_OUT_OF_RANGE", "send.counts"],
    [{ data, counts: [1, -1] }, "ERR_OUT_OF_RANGE", "send.counts[1]"],
    [{ data, counts: [1, 0.5] }, "ERR_OUT_OF_RANGE", "send.counts[1]"],
    [{ data, counts: [1, "1"] }, "ERR_INVALID_ARG_TYPE", "send.counts[1]"],
    [{ data, counts: [1, 1], displs: [0] }, "ERR_OUT_OF_RANGE", "send.displs"],
    [{ data, counts: [6, 5] }, "ERR_OUT_OF_RANGE", "send"],
    [{ data, counts: [1, 1], displs: [0, 10] }, "ERR_OUT_OF_RANGE", "send"],
    [{ data, counts: [1, 1], displs: [-1, 0] }, "ERR_OUT_OF_RANGE", "send"],
    [{ data, counts: [4, 1], displs: [-2, 0], type: leftwards }, "ERR_OUT_OF_RANGE", "send"],
    [{ data, counts: [1, 1], type: 8 }, "ERR_INVALID_ARG_TYPE", "send.type"],
  ];
  for (const [value, code, argument] of bad) {
    assertThrows(() => resolveBlocks(value, "send", 2, blocks), { code, argument });
  }
});

test("blocks that are received may not overlap", () => {
  const data = new Float64Array(10);
  const receive = (value: object) => (): unknown =>
    resolveBlocks(value, "recv", 2, blocks, { disjoint: true });
  const refused = { code: "ERR_OUT_OF_RANGE", argument: "recv", message: "overlap" };
  assertThrows(receive({ data, counts: [3, 3], displs: [4, 2] }), refused);
  assertThrows(receive({ data, counts: [1, 1], displs: [4, 4] }), refused);
  receive({ data, counts: [3, 3], displs: [5, 2] })();
  receive({ data, counts: [0, 3], displs: [3, 2] })();
  resolveBlocks({ data, counts: [3, 3], displs: [4, 2] }, "send", 2, blocks);
  using column = Datatype.vector(5, 1, 2, DOUBLE);
  using next = Datatype.resized(column, 0, 8);
  receive({ data, counts: [1, 1], type: next })();
  assertThrows(receive({ data, counts: [1, 1], displs: [1, 1], type: next }), refused);
});

test("a view is divided into parts along its first dimension", () => {
  const whole = new ResolvedBuffer();
  const data = new Float64Array(30);
  resolve({ data, shape: [6, 2], strides: [5, 2], offset: 1 }, "recv", whole);
  assert.equal([whole.count, whole.elements], [1, 12]);
  recount(whole, 4);
  assert.equal([whole.count, whole.elements], [1, 4]);
  assert.equal([whole.type.size, whole.type.extent, whole.type.trueExtent], [32, 80, 64]);
  const parts = new Float64Array(data.length);
  mpi.COMM_SELF.sendrecv(
    Float64Array.from({ length: 8 }, (_, i) => i + 1),
    0,
    1,
    { data: parts, type: whole.type, count: 2, offset: 1 },
    0,
    1,
  );
  assert.equal([...parts.subarray(0, 20)], [0, 1, 0, 2, 0, 0, 3, 0, 4, 0, 0, 5, 0, 6, 0, 0, 7, 0, 8, 0]);
  resolve({ data, shape: [5, 2], strides: [5, 2] }, "recv", whole);
  assertThrows(() => recount(whole, 5), {
    code: "ERR_OUT_OF_RANGE",
    argument: "recv",
    message: "divided by 2",
  });
});

import { freemem } from "node:os";
import * as assert from "uvu/assert";
import { hasFunction } from "../../../src/mpi/bindings/bind.js";
import { ResolvedBlocks, resolveBlocks } from "../../../src/mpi/buffer/blocks.js";
import { partsOf, piecesOf } from "../../../src/mpi/buffer/pieces.js";
import { type MessageBuffer, ResolvedBuffer, recount, resolve } from "../../../src/mpi/buffer.js";
import * as mpi from "../../../src/mpi/index.js";
import { assertThrows, test } from "../../harness/ranks.js";

const { BYTE, COMM_SELF, COMM_WORLD, Datatype, DOUBLE } = mpi;

/** More bytes than a C int counts. */
const LARGE = 2 ** 31 + 11;

/** Memory that nobody has written is not there yet, so that none of it is needed to begin with. */
const untouched = (): Uint8Array => new Uint8Array(LARGE);

/** Where a block of 2^30 elements ends, where an int does, and the ends of all. */
const MARKS = [0, 2 ** 30 - 1, 2 ** 30, 2 ** 31 - 1, 2 ** 31, LARGE - 1];

const hasLargeCounts = hasFunction("MPI_Send_c");

test("a large count is passed as it is, or as one element of a type that spans it", () => {
  const buffer = new ResolvedBuffer();
  const data = untouched().buffer;
  resolve(data, "buf", buffer);
  assert.is(buffer.elementType, BYTE);
  assert.equal([buffer.elements, buffer.byteLength], [LARGE, LARGE]);
  if (hasLargeCounts) {
    assert.is(buffer.type, BYTE);
    assert.equal([buffer.count, buffer.large], [LARGE, true]);
  } else {
    const { type } = buffer;
    assert.equal([buffer.count, buffer.large], [1, false]);
    assert.equal([type.size, type.extent, type.trueExtent], [LARGE, LARGE, LARGE]);
    resolve(data, "buf", buffer);
    assert.is(buffer.type, type);
  }
  recount(buffer, 5);
  assert.equal([buffer.count, buffer.large, buffer.handle], [5, false, BYTE.handle]);
  resolve(new Float64Array(2), "buf", buffer);
  assert.equal([buffer.count, buffer.large, buffer.elements], [2, false, 2]);
});

test("a large count of a derived type", () => {
  const buffer = new ResolvedBuffer();
  using same = Datatype.resized(DOUBLE, 0, 0);
  for (const count of [2 ** 31, 2 ** 32 + 1]) {
    resolve({ data: new Float64Array(1), type: same, count }, "buf", buffer);
    assert.equal([buffer.elements, buffer.byteLength], [count, 8 * count]);
    assert.is(buffer.type.size * buffer.count, 8 * count);
  }
  // Constructors take what the library does.
  const make = (): mpi.Datatype => Datatype.contiguous(2 ** 31, BYTE);
  if (hasLargeCounts) {
    using type = make();
    assert.equal([type.size, (type.decode() as { count: number }).count], [2 ** 31, 2 ** 31]);
  } else assertThrows(make, { code: "ERR_MPI_UNSUPPORTED" });
});

test("large counts and displacements of blocks", () => {
  const data = untouched();
  const blocks = new ResolvedBlocks();
  const far = { data, counts: [3, 11], displs: [0, 2 ** 31] };
  if (hasLargeCounts) {
    resolveBlocks(far, "send", 2, blocks);
    assert.equal(
      [blocks.large, blocks.counts, blocks.displs],
      [true, new BigInt64Array([3n, 11n]), new BigInt64Array([0n, 2n ** 31n])],
    );
  } else {
    assertThrows(() => resolveBlocks(far, "send", 2, blocks), {
      code: "ERR_MPI_UNSUPPORTED",
      message: "send",
    });
  }
  assertThrows(() => resolveBlocks({ ...far, counts: [3, 12] }, "send", 2, blocks), {
    code: "ERR_OUT_OF_RANGE",
  });
});

test("pieces follow each other, none is longer than asked for, and together they are all", () => {
  assert.equal(piecesOf(1), [{ first: 0, count: 1 }]);
  assert.equal(piecesOf(8, 4), [
    { first: 0, count: 4 },
    { first: 4, count: 4 },
  ]);
  assert.equal(piecesOf(9, 4), [
    { first: 0, count: 4 },
    { first: 4, count: 4 },
    { first: 8, count: 1 },
  ]);
  assert.equal(piecesOf(LARGE), [
    { first: 0, count: 2 ** 30 },
    { first: 2 ** 30, count: 2 ** 30 },
    { first: 2 ** 31, count: 11 },
  ]);
  // Beyond 2^32, where the operators on bits would wrap around.
  const many = piecesOf(2 ** 33 + 5);
  assert.is(many.length, 9);
  assert.equal(many.at(-1), { first: 2 ** 33, count: 5 });
});

test("the parts of a buffer are where its elements are", () => {
  const whole = new ResolvedBuffer();
  const part = new ResolvedBuffer();
  using three = Datatype.contiguous(3, BYTE);
  using sparse = Datatype.resized(DOUBLE, 0, 24);
  using same = Datatype.resized(DOUBLE, 0, 0);
  const array = new Float64Array(40);
  const cases: [MessageBuffer, length: number][] = [
    [array, 40],
    [{ data: array, offset: 3 }, 37],
    [new DataView(array.buffer, 8, 21), 21],
    [{ data: array, type: three, count: 11 }, 11],
    [{ data: array, type: mpi.DOUBLE_INT }, 20],
    [{ data: array, type: sparse, count: 13 }, 13],
    [{ data: array, type: same, count: 9 }, 9],
  ];
  for (const [buffer, length] of cases) {
    resolve(buffer, "buf", whole);
    const { data, elementType } = whole;
    let first = 0;
    for (const each of partsOf(whole, 4)) {
      const { data: memory } = resolve(each, "part", part) as { data: ArrayBufferView };
      assert.is(part.elementType, elementType);
      assert.is(memory.buffer, array.buffer);
      const start = (data as ArrayBufferView).byteOffset + first * elementType.extent;
      assert.is(memory.byteOffset, start);
      assert.is(part.elements, Math.min(4, length - first));
      first += part.elements;
    }
    assert.is(first, length);
  }
});

/** The larger of two bytes, however often they are compared. */
const larger = (invec: Int8Array, inoutvec: Int8Array): void => {
  if ((invec[0] as number) > (inoutvec[0] as number)) inoutvec[0] = invec[0] as number;
};

/** More elements than an int counts, which all lie in the same byte. */
const inOneByte = (data: Int8Array, type: mpi.Datatype, count = LARGE): mpi.BufferDescription => ({
  data,
  type,
  count,
});

test(
  "more than 2^31 elements are combined in pieces",
  () => {
    using type = Datatype.resized(mpi.INT8_T, 0, 0);
    using op = mpi.Op.create(larger);
    const { rank } = COMM_WORLD;
    const recv = Int8Array.of(0);
    const into = inOneByte(recv, type);
    const send = inOneByte(Int8Array.of(5 - rank), type);
    assert.is(COMM_WORLD.reduce(send, rank === 1 ? into : null, op, 1), rank === 1 ? into : null);
    assert.is(recv[0], rank === 1 ? 5 : 0);
    assert.is(COMM_SELF.allreduce(send, into, op), into);
    assert.is(recv[0], 5 - rank);
    const place = inOneByte(Int8Array.of(rank), type);
    COMM_WORLD.reduce(rank === 0 ? mpi.IN_PLACE : place, rank === 0 ? place : null, op, 0);
    assert.equal(place.data, Int8Array.of(1));
    assert.is(op.reduceLocal(inOneByte(Int8Array.of(6), type), into), into);
    assert.is(recv[0], 6);
    const unsupported = { code: "ERR_MPI_UNSUPPORTED", message: `${LARGE} elements` };
    assertThrows(() => COMM_WORLD.ireduce(send, rank === 0 ? into : null, op), unsupported);
    assertThrows(() => COMM_WORLD.iallreduce(send, into, op), unsupported);
    const both = inOneByte(Int8Array.of(0), type, 2 * LARGE);
    const dealt = { code: "ERR_MPI_UNSUPPORTED" };
    assertThrows(() => COMM_WORLD.reduceScatterBlock(both, into, op), dealt);
    assertThrows(() => COMM_WORLD.reduceScatterBlock(mpi.IN_PLACE, both, op), dealt);
  },
  {
    skip:
      // As often as it is counted, each byte is sent.
      (COMM_WORLD.size !== 2 && "it takes seconds, and two ranks are enough") ||
      (mpi.library().ffi === "ffi-rs" && "the FFI engine ffi-rs has no callbacks"),
  },
);

const free = COMM_WORLD.allreduce(freemem(), mpi.MIN);

test(
  "more than 2^31 elements are combined and dealt out, where the library can",
  () => {
    const { rank } = COMM_WORLD;
    const counts = [2 ** 30 + 5, LARGE - 2 ** 30 - 5];
    const send = new Int8Array(LARGE);
    for (const [i, mark] of MARKS.entries()) send[mark] = i + 1;
    const recv = new Int8Array(counts[rank] as number);
    const call = (): unknown => COMM_WORLD.reduceScatter(send, recv, counts);
    if (!hasLargeCounts) {
      assertThrows(call, { code: "ERR_MPI_UNSUPPORTED", message: `${LARGE} elements` });
      return;
    }
    call();
    const start = rank === 0 ? 0 : (counts[0] as number);
    const mine = MARKS.map((mark, i) => [mark - start, 2 * (i + 1)] as const);
    const own = mine.filter(([at]) => at >= 0 && at < recv.length);
    assert.is(own.length, 3);
    for (const [at, value] of own) assert.is(recv[at], value);
  },
  {
    skip:
      (COMM_WORLD.size !== 2 && "two ranks are enough") ||
      (free < 15 * 2 ** 30 && "it needs 15 GiB of free memory"),
  },
);

/** The same on all ranks. */
function whySkipped(): string | false {
  if (COMM_WORLD.size > 1) return "one rank, which sends to itself, is enough";
  return freemem() < 5 * 2 ** 30 && "it needs 5 GiB of free memory";
}

test(
  "more than 2^31 bytes are sent and received",
  () => {
    const sent = untouched();
    for (const [i, mark] of MARKS.entries()) sent[mark] = i + 1;
    const received = untouched();
    const status = COMM_SELF.sendrecv(sent, 0, 1, received, 0, 1);
    assert.is(status.byteLength, LARGE);
    assert.equal(
      MARKS.map((mark) => received[mark]),
      MARKS.map((_, i) => i + 1),
    );
    assert.is(received[2 ** 30 + 1], 0);
  },
  { skip: whySkipped() },
);

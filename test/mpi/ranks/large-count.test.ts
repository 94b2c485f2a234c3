import { freemem } from "node:os";
import * as assert from "uvu/assert";
import { hasFunction } from "../../../src/mpi/bindings/bind.js";
import { ResolvedBlocks, resolveBlocks } from "../../../src/mpi/buffer/blocks.js";
import { ResolvedBuffer, recount, resolve } from "../../../src/mpi/buffer.js";
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

import * as assert from "uvu/assert";
import { mpi } from "../../../src/index.js";
import { assertArray, assertThrows, test } from "../../harness/ranks.js";
import { onEachCommunicator, ranksOf } from "./communicators.js";
import { allAtOnce, blank, Draw, inAllForms, put, seedOf, type Trial } from "./forms.js";
import { KINDS, type Kind, type NumberArray, random, sample } from "./kinds.js";

// Blocks of random lengths at random places, each v variant and alltoallw in all forms, against a model that
// copies them one by one.

type Make = (comm: mpi.Communicator, seed: number, root: number) => Trial;

/** Blocks in some memory, with the description of them that is given to the operation. */
interface Layout {
  readonly array: NumberArray;
  readonly counts: readonly number[];
  readonly starts: readonly number[];
  readonly description: mpi.BlocksDescription;
}

/**
 * Memory for blocks of these lengths: one after another without displacements, or in any order with gaps.
 */
function layout(draw: Draw, kind: Kind, counts: readonly number[]): Layout {
  const isPlain = draw.between(0, 2) === 0;
  const starts = counts.map(() => 0);
  let end = isPlain ? 0 : draw.between(0, 3);
  for (const i of isPlain ? counts.keys() : draw.permutation(counts.length)) {
    starts[i] = end;
    end += (counts[i] as number) + (isPlain ? 0 : draw.between(0, 3));
  }
  const array = kind.create(end + draw.between(1, 3));
  // Plain arrays and integer arrays are both lists of counts.
  const list = draw.of([
    (values: readonly number[]) => values,
    (values: readonly number[]) => Int32Array.from(values),
  ]);
  const places = isPlain ? {} : { displs: list(starts) };
  return { array, counts, starts, description: { data: array, counts: list(counts), ...places } };
}

/** A buffer of one block, which may be empty. */
function single(array: NumberArray, length: number): mpi.MessageBuffer {
  return array.length === length ? array : { data: array, count: length };
}

/** Blanks all, and then puts the blocks there. */
function putBlocks(
  { array, counts, starts }: Layout,
  blockOf: (i: number, count: number) => NumberArray | null,
): void {
  blank(array);
  for (const [i, count] of counts.entries()) {
    const block = blockOf(i, count);
    if (block !== null) put(array, block, starts[i]);
  }
}

/** Whether the blocks are these, and the gaps between them untouched. */
function assertBlocks(actual: Layout, blockOf: (i: number, count: number) => NumberArray): void {
  const array = actual.array.slice();
  putBlocks({ ...actual, array }, blockOf);
  assertArray(actual.array, array);
}

const drawCounts = (draw: Draw, comm: mpi.Communicator): number[] =>
  ranksOf(comm).map(() => draw.between(0, 5));

/** The i-th row: how much rank i sends to each. */
const drawMatrix = (draw: Draw, comm: mpi.Communicator): number[][] =>
  ranksOf(comm).map(() => drawCounts(draw, comm));

const TRIALS: Readonly<Record<string, Make>> = {
  gatherv: (comm, seed, root) => gatherv(comm, seed, root, false),
  "gatherv in place": (comm, seed, root) => gatherv(comm, seed, root, true),
  scatterv: (comm, seed, root) => scatterv(comm, seed, root, false),
  "scatterv in place": (comm, seed, root) => scatterv(comm, seed, root, true),
  allgatherv: (comm, seed) => allgatherv(comm, seed, false),
  "allgatherv in place": (comm, seed) => allgatherv(comm, seed, true),
  alltoallv,
  "alltoallv in place": alltoallvInPlace,
  alltoallw,
  "alltoallw in place": alltoallwInPlace,
};

function gatherv(comm: mpi.Communicator, seed: number, root: number, inPlace: boolean): Trial {
  const draw = new Draw(seed);
  const kind = draw.of(KINDS);
  const counts = drawCounts(draw, comm);
  const own = counts[comm.rank] as number;
  const send = kind.create(Math.max(own, 1));
  const isRoot = comm.rank === root;
  const into = layout(draw, kind, counts);
  const block = (round: number, from: number): NumberArray =>
    sample(kind, seedOf(seed, round, from), counts[from] as number);
  return {
    method: "gatherv",
    args: [isRoot && inPlace ? mpi.IN_PLACE : single(send, own), isRoot ? into.description : null, root],
    fill(round) {
      put(send, block(round, comm.rank));
      putBlocks(into, (i) => (inPlace && i === root ? block(round, root) : null));
    },
    check(round) {
      if (isRoot) assertBlocks(into, (from) => block(round, from));
    },
  };
}

function scatterv(comm: mpi.Communicator, seed: number, root: number, inPlace: boolean): Trial {
  const draw = new Draw(seed);
  const kind = draw.of(KINDS);
  const counts = drawCounts(draw, comm);
  const own = counts[comm.rank] as number;
  const recv = kind.create(own + 2);
  const isRoot = comm.rank === root;
  const from = layout(draw, kind, counts);
  const block = (round: number, to: number): NumberArray =>
    sample(kind, seedOf(seed, round, root, to), counts[to] as number);
  const keepsOwn = isRoot && inPlace;
  return {
    method: "scatterv",
    args: [isRoot ? from.description : null, keepsOwn ? mpi.IN_PLACE : { data: recv, count: own }, root],
    fill(round) {
      putBlocks(from, (to) => block(round, to));
      blank(recv);
    },
    check(round) {
      const expected = recv.slice();
      blank(expected);
      if (!keepsOwn) put(expected, block(round, comm.rank));
      assertArray(recv, expected);
      assertBlocks(from, (to) => block(round, to));
    },
  };
}

function allgatherv(comm: mpi.Communicator, seed: number, inPlace: boolean): Trial {
  const draw = new Draw(seed);
  const kind = draw.of(KINDS);
  const counts = drawCounts(draw, comm);
  const own = counts[comm.rank] as number;
  const send = kind.create(Math.max(own, 1));
  const into = layout(draw, kind, counts);
  const block = (round: number, from: number): NumberArray =>
    sample(kind, seedOf(seed, round, from), counts[from] as number);
  return {
    method: "allgatherv",
    args: [inPlace ? mpi.IN_PLACE : single(send, own), into.description],
    fill(round) {
      put(send, block(round, comm.rank));
      putBlocks(into, (i) => (inPlace && i === comm.rank ? block(round, i) : null));
    },
    check: (round) => assertBlocks(into, (from) => block(round, from)),
  };
}

function alltoallv(comm: mpi.Communicator, seed: number): Trial {
  const draw = new Draw(seed);
  const kind = draw.of(KINDS);
  const matrix = drawMatrix(draw, comm);
  const ownDraw = new Draw(seed + 17 * comm.rank); // The places are each process's own business.
  const from = layout(ownDraw, kind, matrix[comm.rank] as number[]);
  const into = layout(
    ownDraw,
    kind,
    matrix.map((row) => row[comm.rank] as number),
  );
  return {
    method: "alltoallv",
    args: [from.description, into.description],
    fill(round) {
      putBlocks(from, (to, count) => sample(kind, seedOf(seed, round, comm.rank, to), count));
      putBlocks(into, () => null);
    },
    check(round) {
      assertBlocks(into, (i, count) => sample(kind, seedOf(seed, round, i, comm.rank), count));
      assertBlocks(from, (to, count) => sample(kind, seedOf(seed, round, comm.rank, to), count));
    },
  };
}

/** What is exchanged must be of the same length both ways. */
const symmetric = (matrix: readonly (readonly number[])[]): number[][] =>
  matrix.map((row, i) => row.map((count, j) => (i < j ? count : ((matrix[j] as number[])[i] as number))));

function alltoallvInPlace(comm: mpi.Communicator, seed: number): Trial {
  const draw = new Draw(seed);
  const kind = draw.of(KINDS);
  const matrix = symmetric(drawMatrix(draw, comm));
  const into = layout(new Draw(seed + 17 * comm.rank), kind, matrix[comm.rank] as number[]);
  return {
    method: "alltoallv",
    args: [mpi.IN_PLACE, into.description],
    fill: (round) => putBlocks(into, (to, count) => sample(kind, seedOf(seed, round, comm.rank, to), count)),
    check: (round) =>
      assertBlocks(into, (i, count) => sample(kind, seedOf(seed, round, i, comm.rank), count)),
  };
}

/** Types for alltoallw; the last has gaps between its two elements. */
const TYPES: readonly (() => mpi.Datatype)[] = [
  () => mpi.UINT8_T,
  () => mpi.INT16_T,
  () => mpi.INT32_T,
  () => mpi.DOUBLE,
  () => {
    every ??= mpi.Datatype.vector(2, 1, 3, mpi.INT16_T);
    return every;
  },
];
let every: mpi.Datatype | undefined;

/** Where the bytes of data of `count` elements are, one after another. */
function dataBytes(type: mpi.Datatype, count: number, start: number): number[] {
  const within = type === every ? [0, 1, 6, 7] : Array.from({ length: type.size }, (_, i) => i);
  return Array.from({ length: count }, (_, i) => within.map((byte) => start + i * type.extent + byte)).flat();
}

interface TypedLayout {
  readonly bytes: Uint8Array;
  /** The bytes of the data of each block. */
  readonly places: readonly (readonly number[])[];
  readonly description: mpi.TypedBlocksDescription;
}

function typedLayout(draw: Draw, counts: readonly number[], types: readonly mpi.Datatype[]): TypedLayout {
  const displs = counts.map(() => 0);
  let end = 8 * draw.between(0, 1);
  for (const i of draw.permutation(counts.length)) {
    displs[i] = end;
    const length = (counts[i] as number) * (types[i] as mpi.Datatype).extent;
    end += 8 * (Math.ceil(length / 8) + draw.between(0, 1));
  }
  const bytes = new Uint8Array(end + 8);
  const places = counts.map((count, i) => dataBytes(types[i] as mpi.Datatype, count, displs[i] as number));
  return { bytes, places, description: { data: bytes, counts, displs, types } };
}

function putTyped({ bytes, places }: TypedLayout, bytesOf: ((block: number) => () => number) | null): void {
  blank(bytes);
  for (const [i, place] of places.entries()) {
    const next = bytesOf?.(i);
    for (const at of place) if (next !== undefined) bytes[at] = next();
  }
}

function assertTyped(actual: TypedLayout, bytesOf: (block: number) => () => number): void {
  const bytes = actual.bytes.slice();
  putTyped({ ...actual, bytes }, bytesOf);
  assertArray(actual.bytes, bytes);
}

function alltoallw(comm: mpi.Communicator, seed: number): Trial {
  const draw = new Draw(seed);
  const matrix = drawMatrix(draw, comm);
  const types = matrix.map((row) => row.map(() => draw.of(TYPES)()));
  const ownDraw = new Draw(seed + 17 * comm.rank);
  const { rank } = comm;
  const column = <Item>(rows: readonly (readonly Item[])[]): Item[] => rows.map((row) => row[rank] as Item);
  const from = typedLayout(ownDraw, matrix[rank] as number[], types[rank] as mpi.Datatype[]);
  const into = typedLayout(ownDraw, column(matrix), column(types));
  return {
    method: "alltoallw",
    args: [from.description, into.description],
    fill(round) {
      putTyped(from, (to) => random(seedOf(seed, round, rank, to)));
      putTyped(into, null);
    },
    check: (round) => assertTyped(into, (i) => random(seedOf(seed, round, i, rank))),
  };
}

function alltoallwInPlace(comm: mpi.Communicator, seed: number): Trial {
  const draw = new Draw(seed);
  const matrix = symmetric(drawMatrix(draw, comm));
  const { rank } = comm;
  const choice = symmetric(matrix.map((row) => row.map(() => draw.between(0, TYPES.length - 1))));
  const types = (choice[rank] as number[]).map((i) => (TYPES[i] as () => mpi.Datatype)());
  const into = typedLayout(new Draw(seed + 17 * rank), matrix[rank] as number[], types);
  return {
    method: "alltoallw",
    args: [mpi.IN_PLACE, into.description],
    fill: (round) => putTyped(into, (to) => random(seedOf(seed, round, rank, to))),
    check: (round) => assertTyped(into, (i) => random(seedOf(seed, round, i, rank))),
  };
}

for (const [name, make] of Object.entries(TRIALS)) {
  onEachCommunicator(name, async (comm, index) => {
    for (const root of ranksOf(comm)) {
      for (const seed of [1, 2]) {
        await inAllForms(comm, make(comm, 100 * index + 10 * seed + root + name.length, root));
      }
    }
  });
}

onEachCommunicator("all of them at the same time", async (comm, index) => {
  const trials = Object.values(TRIALS).map((make, i) => make(comm, 1000 + 50 * index + i, i % comm.size));
  await allAtOnce(comm, trials);
});

/* What is refused, before anybody waits for it. */

const world = mpi.COMM_WORLD;
const { rank, size } = world;
const ones = ranksOf(world).map(() => 1);

const RANGE = "ERR_OUT_OF_RANGE";
const VALUE = "ERR_INVALID_ARG_VALUE";
const TYPE = "ERR_INVALID_ARG_TYPE";

type Loose = (...args: unknown[]) => unknown;
const loosely = (method: string): Loose => (Reflect.get(world, method) as Loose).bind(world);

/** The forms in which a bad argument must be found before the library is asked. */
function refused(method: string, args: readonly unknown[], code: string, argument: string): void {
  for (const form of [method, `i${method}`, `${method}Init`]) {
    assertThrows(() => loosely(form)(...args), { code, argument });
  }
}

const blocks = (counts: unknown, displs?: unknown, data: unknown = new Float64Array(4 * size)): object => ({
  data,
  counts,
  ...(displs === undefined ? {} : { displs }),
});
const one = new Float64Array(1);

test("counts and displacements that do not fit", () => {
  const bad = (recv: unknown, code: string, argument: string): void =>
    refused("allgatherv", [one, recv], code, argument);
  bad(null, TYPE, "recv");
  bad(new Float64Array(size), TYPE, "recv");
  bad(blocks(undefined), TYPE, "recv.counts");
  bad(blocks("1"), TYPE, "recv.counts");
  bad(blocks([...ones, 1]), RANGE, "recv.counts");
  bad(blocks(ones, [...ones, 1]), RANGE, "recv.displs");
  bad(blocks(ones.map(() => -1)), RANGE, "recv.counts[0]");
  bad(blocks(ones.map(() => 0.5)), RANGE, "recv.counts[0]");
  bad(blocks(ones.map(() => Number.NaN)), RANGE, "recv.counts[0]");
  bad(blocks(ones.map(() => "1")), TYPE, "recv.counts[0]");
  bad(blocks(ones.map(() => 1n)), TYPE, "recv.counts[0]");
  bad(
    blocks(
      ones,
      ones.map(() => -1),
    ),
    RANGE,
    "recv",
  );
  bad(blocks(ones.map(() => 5 * size)), RANGE, "recv");
  bad(
    blocks(
      ones,
      ones.map((_, i) => 4 * size - i),
    ),
    RANGE,
    "recv",
  );
  bad(blocks(ones, undefined, [1, 2, 3]), TYPE, "recv.data");
  bad({ ...blocks(ones), type: "double" }, TYPE, "recv.type");
});

test("this process's part is as long as its block", () => {
  const argument = `recv.counts[${rank}]`;
  refused("allgatherv", [new Float64Array(2), blocks(ones)], RANGE, argument);
  refused("gatherv", [new Float64Array(2), blocks(ones), rank], RANGE, argument);
  refused("gatherv", [new Float32Array(1), blocks(ones), rank], RANGE, argument);
  refused("scatterv", [blocks(ones), new Float64Array(2), rank], RANGE, `send.counts[${rank}]`);
});

test(
  "blocks that are received must not overlap, those that are sent may",
  () => {
    const same = ranksOf(world).map(() => 0);
    refused("allgatherv", [one, blocks(ones, same)], RANGE, "recv");
    refused("gatherv", [one, blocks(ones, same), rank], RANGE, "recv");
    refused("alltoallv", [blocks(ones), blocks(ones, same)], RANGE, "recv");
    refused("alltoallv", [mpi.IN_PLACE, blocks(ones, same)], RANGE, "recv");
    const types = ones.map(() => mpi.DOUBLE);
    refused(
      "alltoallw",
      [
        { ...blocks(ones), types },
        { ...blocks(ones, same), types },
      ],
      RANGE,
      "recv",
    );
    const recv = new Float64Array(size);
    world.alltoallv(
      { data: Float64Array.of(rank), counts: ones, displs: same },
      { data: recv, counts: ones },
    );
    assertArray(recv, Float64Array.from(ranksOf(world)));
    const part = new Float64Array(1);
    const send = rank === size - 1 ? { data: Float64Array.of(9), counts: ones, displs: same } : null;
    world.scatterv(send, part, size - 1);
    assertArray(part, Float64Array.of(9));
  },
  { skip: size < 2 && "one block cannot overlap" },
);

test("IN_PLACE where it has no meaning", () => {
  refused("alltoallv", [blocks(ones), mpi.IN_PLACE], TYPE, "recv");
  refused("allgatherv", [one, mpi.IN_PLACE], TYPE, "recv");
  refused("gatherv", [one, mpi.IN_PLACE, rank], TYPE, "recv");
  refused("scatterv", [mpi.IN_PLACE, one, rank], TYPE, "send");
  if (size === 1) return;
  const other = (rank + 1) % size;
  refused("gatherv", [mpi.IN_PLACE, null, other], VALUE, "send");
  refused("scatterv", [null, mpi.IN_PLACE, other], VALUE, "recv");
});

test("the same buffer twice", () => {
  const data = new Float64Array(size);
  const allMine = ranksOf(world).map((other) => (other === rank ? size : 0));
  refused("allgatherv", [data, { data, counts: allMine }], VALUE, "send");
  refused("gatherv", [data, { data, counts: allMine }, rank], VALUE, "send");
  refused("scatterv", [{ data, counts: allMine }, data, rank], VALUE, "recv");
  const both = { data, counts: ones };
  refused("alltoallv", [both, both], VALUE, "send");
  const types = ones.map(() => mpi.DOUBLE);
  const typed = { data, counts: ones, types };
  refused("alltoallw", [typed, typed], VALUE, "send");
});

test("a root that is none, types that are none", () => {
  for (const [root, code] of [
    [size, RANGE],
    [-1, RANGE],
    [mpi.ROOT, RANGE],
    [mpi.PROC_NULL, RANGE],
    ["0", TYPE],
    [0.5, RANGE],
  ] as const) {
    refused("gatherv", [one, blocks(ones), root], code, "root");
    refused("scatterv", [blocks(ones), one, root], code, "root");
  }
  const typed = (types: unknown): object => ({ ...blocks(ones), types });
  const good = typed(ones.map(() => mpi.DOUBLE));
  refused("alltoallw", [good, typed(undefined)], TYPE, "recv.types");
  refused("alltoallw", [typed([...ones, 1].map(() => mpi.DOUBLE)), good], RANGE, "send.types");
  refused("alltoallw", [good, typed(ones)], TYPE, "recv.types[0]");
});

test("a transferred array is refused, and nobody waits", () => {
  const data = new Float64Array(size);
  structuredClone(data.buffer, { transfer: [data.buffer] });
  refused("allgatherv", [one, { data, counts: ones }], VALUE, "recv.data");
  assert.is(world.allreduce(1), size);
});

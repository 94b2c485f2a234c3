import * as assert from "uvu/assert";
import { mpi } from "../../../src/index.js";
import { assertArray, assertThrows, test } from "../../harness/ranks.js";
import { allAtOnce, blank, Draw, inAllForms, put, seedOf, type Trial } from "./forms.js";
import { COMBINATIONS, combine, concatenate, KINDS, type Kind, type NumberArray, sample } from "./kinds.js";

// Collective operations between the even and the odd ranks: what is sent on one side is received on the other.

const world = mpi.COMM_WORLD;
const { rank, size } = world;
const skip = size < 2 && "two groups need two ranks";

/** By world ranks: the order in each group is that of the world. */
const all = Array.from({ length: size }, (_, i) => i);
const ours = all.filter((other) => other % 2 === rank % 2);
const theirs = all.filter((other) => other % 2 !== rank % 2);

function connect(): mpi.Communicator {
  const local = world.split(rank % 2) as mpi.Communicator;
  return local.createIntercomm(0, world, 1 - (rank % 2), 3);
}

let made: mpi.Communicator | undefined;
/** Made at the first test, since a single rank cannot. It lives until the process ends. */
function inter(): mpi.Communicator {
  made ??= connect();
  return made;
}

/** Who has the root, and what each process says. */
interface Rooted {
  /** The world rank of the root. */
  readonly root: number;
  readonly argument: number;
  readonly isRoot: boolean;
  /** Whether it is on the other side of the root. */
  readonly takesPart: boolean;
}

/** Each process as the root once. */
const roots = (): Rooted[] =>
  all.map((root) => ({
    root,
    isRoot: root === rank,
    takesPart: theirs.includes(root),
    argument: theirs.includes(root) ? theirs.indexOf(root) : root === rank ? mpi.ROOT : mpi.PROC_NULL,
  }));

type Make = (seed: number, rooted: Rooted) => Trial;

interface Parts {
  readonly kind: Kind;
  readonly length: number;
  /** What the process of a world rank gives to another in a round. */
  readonly block: (round: number, from: number, to?: number) => NumberArray;
}

function parts(seed: number): Parts {
  const draw = new Draw(seed);
  const kind = draw.of(KINDS);
  const length = draw.between(1, 6);
  return { kind, length, block: (round, from, to) => sample(kind, seedOf(seed, round, from, to), length) };
}

/** Elements that every library combines rightly. */
function operands(
  seed: number,
  length: number,
): Parts & { readonly op: mpi.Op; combined(rows: NumberArray[]): NumberArray } {
  const { kind, model } = new Draw(seed).of(COMBINATIONS);
  const block = (round: number, from: number): NumberArray =>
    sample(kind, seedOf(seed, round, from), length, kind.bits - 3);
  return { kind, length, block, op: model.op, combined: (rows) => combine(kind, model, rows) };
}

/** The blocks of different lengths that each process has for, or from, each of the other side. */
function lengths(seed: number): (from: number, to: number) => number {
  const draw = new Draw(seed);
  const table = all.map(() => all.map(() => draw.between(0, 4)));
  return (from, to) => (table[from] as number[])[to] as number;
}

interface Blocks {
  readonly description: mpi.BlocksDescription;
  readonly array: NumberArray;
  /** All blocks, in the order of the other side's ranks, with a gap of one element after each. */
  put(blockOf: ((other: number) => NumberArray) | null): NumberArray;
}

function blocksOf(kind: Kind, lengthOf: (other: number) => number): Blocks {
  const counts = theirs.map(lengthOf);
  const displs = counts.map((_, i) => counts.slice(0, i).reduce((sum, count) => sum + count + 1, 0));
  const total = counts.reduce((sum, count) => sum + count + 1, 0);
  const array = kind.create(total);
  return {
    description: { data: array, counts, displs },
    array,
    put(blockOf) {
      const filled = array.slice();
      blank(filled);
      for (const [i, other] of theirs.entries()) if (blockOf !== null) put(filled, blockOf(other), displs[i]);
      return filled;
    },
  };
}

/** Some of an array that may be empty. */
const first = (array: NumberArray, count: number): mpi.MessageBuffer => ({ data: array, count });

const TRIALS: Readonly<Record<string, Make>> = {
  barrier: () => ({ method: "barrier", args: [], fill: () => {}, check: () => {} }),

  bcast(seed, { root, argument, isRoot, takesPart }) {
    const { kind, length, block } = parts(seed);
    const buf = kind.create(length);
    return {
      method: "bcast",
      args: [buf, argument],
      fill: (round) => (isRoot ? put(buf, block(round, root)) : blank(buf)),
      check(round) {
        const before = kind.create(length);
        blank(before);
        assertArray(buf, isRoot || takesPart ? block(round, root) : before);
      },
    };
  },

  gather(seed, { argument, isRoot, takesPart }) {
    const { kind, length, block } = parts(seed);
    const send = kind.create(length);
    const recv = kind.create(length * theirs.length);
    return {
      method: "gather",
      args: [takesPart ? send : null, isRoot ? recv : null, argument],
      fill(round) {
        put(send, block(round, rank));
        blank(recv);
      },
      check(round) {
        const rows = theirs.map((from) => block(round, from));
        if (isRoot) assertArray(recv, concatenate(kind, rows));
      },
    };
  },

  scatter(seed, { root, argument, isRoot, takesPart }) {
    const { kind, length, block } = parts(seed);
    const send = kind.create(length * theirs.length);
    const recv = kind.create(length);
    return {
      method: "scatter",
      args: [isRoot ? send : null, takesPart ? recv : null, argument],
      fill(round) {
        for (const [i, to] of theirs.entries()) put(send, block(round, rank, to), length * i);
        blank(recv);
      },
      check(round) {
        if (takesPart) assertArray(recv, block(round, root, rank));
      },
    };
  },

  reduce(seed, { argument, isRoot, takesPart }) {
    const { kind, length, block, op, combined } = operands(seed, 5);
    const [send, recv] = [kind.create(length), kind.create(length)];
    return {
      method: "reduce",
      args: [takesPart ? send : null, isRoot ? recv : null, op, argument],
      fill(round) {
        put(send, block(round, rank));
        blank(recv);
      },
      check(round) {
        if (isRoot) assertArray(recv, combined(theirs.map((from) => block(round, from))));
      },
    };
  },

  allreduce(seed) {
    const { kind, length, block, op, combined } = operands(seed, 5);
    const [send, recv] = [kind.create(length), kind.create(length)];
    return {
      method: "allreduce",
      args: [send, recv, op],
      fill(round) {
        put(send, block(round, rank));
        blank(recv);
      },
      check: (round) => assertArray(recv, combined(theirs.map((from) => block(round, from)))),
    };
  },

  allgather(seed) {
    // The two sides give different lengths.
    const { kind, block } = parts(seed);
    const whole = block(0, 0).length;
    const lengthOf = (other: number): number => whole + (other % 2);
    const row = (round: number, from: number): NumberArray =>
      sample(kind, seedOf(seed, round, from), lengthOf(from));
    const send = kind.create(lengthOf(rank));
    const recv = kind.create(theirs.reduce((sum, other) => sum + lengthOf(other), 0));
    return {
      method: "allgather",
      args: [send, recv],
      fill(round) {
        put(send, row(round, rank));
        blank(recv);
      },
      check(round) {
        const rows = theirs.map((from) => row(round, from));
        assertArray(recv, concatenate(kind, rows));
      },
    };
  },

  alltoall(seed) {
    const { kind, length, block } = parts(seed);
    const [send, recv] = [kind.create(length * theirs.length), kind.create(length * theirs.length)];
    return {
      method: "alltoall",
      args: [send, recv],
      fill(round) {
        for (const [i, to] of theirs.entries()) put(send, block(round, rank, to), length * i);
        blank(recv);
      },
      check(round) {
        const rows = theirs.map((from) => block(round, from, rank));
        assertArray(recv, concatenate(kind, rows));
      },
    };
  },

  reduceScatter: (seed) => scattered(seed, "reduceScatter"),
  reduceScatterBlock: (seed) => scattered(seed, "reduceScatterBlock"),

  gatherv(seed, { root, argument, isRoot, takesPart }) {
    const { kind } = parts(seed);
    const lengthOf = lengths(seed);
    const row = (round: number, from: number): NumberArray =>
      sample(kind, seedOf(seed, round, from), lengthOf(from, root));
    const own = lengthOf(rank, root);
    const send = kind.create(own + 1);
    const into = blocksOf(kind, (other) => lengthOf(other, rank));
    return {
      method: "gatherv",
      args: [takesPart ? first(send, own) : null, isRoot ? into.description : null, argument],
      fill(round) {
        if (takesPart) put(send, row(round, rank));
        blank(into.array);
      },
      check(round) {
        if (isRoot)
          assertArray(
            into.array,
            into.put((other) => row(round, other)),
          );
      },
    };
  },

  scatterv(seed, { root, argument, isRoot, takesPart }) {
    const { kind } = parts(seed);
    const lengthOf = lengths(seed);
    const row = (round: number, to: number): NumberArray =>
      sample(kind, seedOf(seed, round, root, to), lengthOf(root, to));
    const own = lengthOf(root, rank);
    const recv = kind.create(own + 1);
    const from = blocksOf(kind, (other) => lengthOf(rank, other));
    return {
      method: "scatterv",
      args: [isRoot ? from.description : null, takesPart ? first(recv, own) : null, argument],
      fill(round) {
        put(from.array, from.put(isRoot ? (to) => row(round, to) : null));
        blank(recv);
      },
      check(round) {
        const expected = recv.slice();
        blank(expected);
        if (takesPart) put(expected, row(round, rank));
        assertArray(recv, expected);
      },
    };
  },

  allgatherv(seed) {
    const { kind } = parts(seed);
    const draw = new Draw(seed + 1);
    const own = all.map(() => draw.between(1, 4));
    const row = (round: number, from: number): NumberArray =>
      sample(kind, seedOf(seed, round, from), own[from] as number);
    const send = kind.create(own[rank] as number);
    const into = blocksOf(kind, (other) => own[other] as number);
    return {
      method: "allgatherv",
      args: [send, into.description],
      fill(round) {
        put(send, row(round, rank));
        blank(into.array);
      },
      check: (round) =>
        assertArray(
          into.array,
          into.put((other) => row(round, other)),
        ),
    };
  },

  alltoallv(seed) {
    const { kind } = parts(seed);
    const lengthOf = lengths(seed);
    const row = (round: number, from: number, to: number): NumberArray =>
      sample(kind, seedOf(seed, round, from, to), lengthOf(from, to));
    const from = blocksOf(kind, (to) => lengthOf(rank, to));
    const into = blocksOf(kind, (other) => lengthOf(other, rank));
    return {
      method: "alltoallv",
      args: [from.description, into.description],
      fill(round) {
        put(
          from.array,
          from.put((to) => row(round, rank, to)),
        );
        blank(into.array);
      },
      check: (round) =>
        assertArray(
          into.array,
          into.put((other) => row(round, other, rank)),
        ),
    };
  },

  alltoallw(seed) {
    const lengthOf = lengths(seed);
    const [kind] = KINDS.filter(({ name }) => name === "Int32Array") as [Kind];
    const row = (round: number, from: number, to: number): NumberArray =>
      sample(kind, seedOf(seed, round, from, to), lengthOf(from, to));
    const typed = ({ description }: Blocks): mpi.TypedBlocksDescription => ({
      ...description,
      displs: Array.from(description.displs as ArrayLike<number>, (displ) => 4 * displ),
      types: theirs.map(() => mpi.INT32_T),
    });
    const from = blocksOf(kind, (to) => lengthOf(rank, to));
    const into = blocksOf(kind, (other) => lengthOf(other, rank));
    return {
      method: "alltoallw",
      args: [typed(from), typed(into)],
      fill(round) {
        put(
          from.array,
          from.put((to) => row(round, rank, to)),
        );
        blank(into.array);
      },
      check: (round) =>
        assertArray(
          into.array,
          into.put((other) => row(round, other, rank)),
        ),
    };
  },
};

/** Both sides give as much as all parts of the other side together. */
function scattered(seed: number, method: "reduceScatter" | "reduceScatterBlock"): Trial {
  const total = ours.length * theirs.length * 2;
  const { kind, block, op, combined } = operands(seed, total);
  const own = total / ours.length;
  // Neighbours have one element more and one less.
  const shift = method === "reduceScatter" ? 1 : 0;
  const counts = ours.map(
    (_, i) => own + (i % 2 === 0 && i + 1 < ours.length ? shift : i % 2 === 1 ? -shift : 0),
  );
  const place = ours.indexOf(rank);
  const before = counts.slice(0, place).reduce((sum, count) => sum + count, 0);
  const send = kind.create(total);
  const recv = kind.create(counts[place] as number);
  return {
    method,
    args: [send, recv, ...(method === "reduceScatter" ? [counts] : []), op],
    fill(round) {
      put(send, block(round, rank));
      blank(recv);
    },
    check(round) {
      const rows = theirs.map((from) => block(round, from));
      assertArray(recv, combined(rows).slice(before, before + recv.length));
    },
  };
}

const ROOTED = ["bcast", "gather", "scatter", "reduce", "gatherv", "scatterv"];

for (const [name, make] of Object.entries(TRIALS)) {
  test(
    name,
    async () => {
      const turns = ROOTED.includes(name) ? roots() : roots().slice(0, 2);
      for (const [i, rooted] of turns.entries())
        await inAllForms(inter(), make(name.length * 10 + i, rooted));
    },
    { skip },
  );
}

test(
  "all of them at the same time",
  async () => {
    const turns = roots();
    const trials = Object.values(TRIALS).map((make, i) => make(500 + i, turns[i % size] as Rooted));
    await allAtOnce(inter(), trials);
  },
  { skip },
);

test(
  "scalars are combined with those of the other side",
  () => {
    const sum = (ranks: readonly number[]): number => ranks.reduce((a, b) => a + b + 1, 0);
    assert.is(inter().allreduce(rank + 1), sum(theirs));
    assert.is(inter().allreduce(BigInt(rank), mpi.MAX), BigInt(Math.max(...theirs)));
    for (const { argument, isRoot } of roots()) {
      assert.is(inter().reduce(rank + 1, mpi.SUM, argument), isRoot ? sum(theirs) : null);
    }
  },
  { skip },
);

test(
  "scan and exscan are for one group",
  () => {
    const [send, recv] = [new Float64Array(1), new Float64Array(1)];
    const comm = inter();
    for (const scan of [
      () => comm.scan(send, recv),
      () => comm.exscan(send, recv),
      () => comm.iscan(send, recv),
      () => comm.iexscan(send, recv),
      () => comm.scan(1),
      () => comm.exscan(1n),
    ]) {
      assertThrows(scan, { code: "ERR_MPI_COMM", name: "MpiError" });
    }
  },
  { skip },
);

test(
  "IN_PLACE and roots that have no meaning are refused before anybody waits",
  () => {
    const comm = inter();
    const array = new Float64Array(4 * size);
    const blocks = { data: array, counts: theirs.map(() => 1) };
    const typed = { ...blocks, types: theirs.map(() => mpi.DOUBLE) };
    const value = (argument: string) => ({ code: "ERR_INVALID_ARG_VALUE", argument });
    const range = (argument: string) => ({ code: "ERR_OUT_OF_RANGE", argument });
    const whole = array.subarray(0, theirs.length);
    assertThrows(() => comm.allgather(mpi.IN_PLACE, whole), value("send"));
    assertThrows(() => comm.alltoall(mpi.IN_PLACE, whole), value("send"));
    assertThrows(() => comm.allgatherv(mpi.IN_PLACE, blocks), value("send"));
    assertThrows(() => comm.alltoallv(mpi.IN_PLACE, blocks), value("send"));
    assertThrows(() => comm.alltoallw(mpi.IN_PLACE, typed), value("send"));
    assertThrows(() => comm.allreduce(mpi.IN_PLACE, array), value("send"));
    assertThrows(() => comm.reduceScatterBlock(mpi.IN_PLACE, array), value("send"));
    assertThrows(() => comm.gather(mpi.IN_PLACE, null, 0), value("send"));
    assertThrows(() => comm.scatter(null, mpi.IN_PLACE, 0), value("recv"));
    assertThrows(() => comm.reduce(mpi.IN_PLACE, null, mpi.SUM, 0), value("send"));
    for (const root of [theirs.length, -1, -77]) {
      assertThrows(() => comm.bcast(array, root), range("root"));
      assertThrows(() => comm.gather(array, null, root), range("root"));
      assertThrows(() => comm.reduce(array, null, mpi.SUM, root), range("root"));
    }
    assertThrows(() => comm.gather(null as never, new Float64Array(theirs.length * 2 + 1), 0), {
      code: "ERR_INVALID_ARG_TYPE",
      argument: "send",
    });
    if (theirs.length > 1)
      assertThrows(() => comm.alltoall(new Float64Array(2 * theirs.length + 1), array), {
        code: "ERR_OUT_OF_RANGE",
      });
    comm.barrier();
  },
  { skip },
);

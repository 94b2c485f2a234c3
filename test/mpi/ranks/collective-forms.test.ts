import * as assert from "uvu/assert";
import { mpi } from "../../../src/index.js";
import { assertArray, test } from "../../harness/ranks.js";
import { onEachCommunicator, ranksOf } from "./communicators.js";
import { allAtOnce, blank, Draw, inAllForms, put, seedOf, type Trial } from "./forms.js";
import {
  ARITHMETIC,
  COMBINATIONS,
  combine,
  concatenate,
  KINDS,
  type Kind,
  MODELS,
  type Model,
  type NumberArray,
  sample,
} from "./kinds.js";

// Every collective operation with parts of equal length, blocking, nonblocking and persistent, against a model.

/** Makes a trial on one process; all processes call it with the same seed. */
type Make = (comm: mpi.Communicator, seed: number, root: number) => Trial;

/** What a process gives to another in a round. */
type Block = (round: number, from: number, to?: number) => NumberArray;

interface Parts {
  readonly kind: Kind;
  readonly length: number;
  readonly block: Block;
}

function parts(seed: number): Parts {
  const draw = new Draw(seed);
  const kind = draw.of(KINDS);
  const length = draw.between(1, 9);
  return { kind, length, block: (round, from, to) => sample(kind, seedOf(seed, round, from, to), length) };
}

interface Operands extends Parts {
  readonly model: Model;
}

/** Elements to combine, as far as all libraries combine them rightly: reduction.test.ts tells what they do else. */
function operands(seed: number, shortest = 1, longest = 9): Operands {
  const draw = new Draw(seed);
  const { kind, model } = draw.of(COMBINATIONS);
  const length = draw.between(shortest, longest);
  const isShortSum = model.op === mpi.SUM && kind.bits <= 16;
  const isExtreme = model.op === mpi.MAX || model.op === mpi.MIN;
  const bits = kind.bits - (isShortSum ? 3 : isExtreme && kind.form === "unsigned" ? 1 : 0);
  return {
    kind,
    model,
    length,
    block: (round, from) => sample(kind, seedOf(seed, round, from), length, bits),
  };
}

const assertBlank = (array: NumberArray): void => {
  const expected = array.slice();
  blank(expected);
  assertArray(array, expected);
};

const ROOTED: Readonly<Record<string, Make>> = {
  bcast({ rank }, seed, root) {
    const { kind, length, block } = parts(seed);
    const buf = kind.create(length);
    return {
      method: "bcast",
      args: [buf, root],
      fill: (round) => (rank === root ? put(buf, block(round, root)) : blank(buf)),
      check: (round) => assertArray(buf, block(round, root)),
    };
  },

  gather(comm, seed, root) {
    const { kind, length, block } = parts(seed);
    const send = kind.create(length);
    const recv = comm.rank === root ? kind.create(length * comm.size) : null;
    return {
      method: "gather",
      args: [send, recv, root],
      fill(round) {
        put(send, block(round, comm.rank));
        if (recv !== null) blank(recv);
      },
      check(round) {
        const all = ranksOf(comm).map((from) => block(round, from));
        if (recv !== null) assertArray(recv, concatenate(kind, all));
        assertArray(send, block(round, comm.rank));
      },
    };
  },

  "gather in place"(comm, seed, root) {
    const { kind, length, block } = parts(seed);
    const send = kind.create(length);
    const recv = comm.rank === root ? kind.create(length * comm.size) : null;
    return {
      method: "gather",
      args: [recv === null ? send : mpi.IN_PLACE, recv, root],
      fill(round) {
        put(send, block(round, comm.rank));
        if (recv !== null) blank(recv);
        if (recv !== null) put(recv, send, length * root);
      },
      check(round) {
        const all = ranksOf(comm).map((from) => block(round, from));
        if (recv !== null) assertArray(recv, concatenate(kind, all));
      },
    };
  },

  scatter(comm, seed, root) {
    const { kind, length, block } = parts(seed);
    const send = comm.rank === root ? kind.create(length * comm.size) : null;
    const recv = kind.create(length);
    return {
      method: "scatter",
      args: [send, recv, root],
      fill(round) {
        for (const to of ranksOf(comm)) if (send !== null) put(send, block(round, root, to), length * to);
        blank(recv);
      },
      check: (round) => assertArray(recv, block(round, root, comm.rank)),
    };
  },

  "scatter in place"(comm, seed, root) {
    const { kind, length, block } = parts(seed);
    const send = comm.rank === root ? kind.create(length * comm.size) : null;
    const recv = kind.create(length);
    return {
      method: "scatter",
      args: [send, send === null ? recv : mpi.IN_PLACE, root],
      fill(round) {
        for (const to of ranksOf(comm)) if (send !== null) put(send, block(round, root, to), length * to);
        blank(recv);
      },
      check(round) {
        if (send === null) assertArray(recv, block(round, root, comm.rank));
        else {
          const all = ranksOf(comm).map((to) => block(round, root, to));
          assertArray(send, concatenate(kind, all));
        }
      },
    };
  },

  reduce(comm, seed, root) {
    const { kind, model, length, block } = operands(seed);
    const send = kind.create(length);
    const recv = comm.rank === root ? kind.create(length) : null;
    return {
      method: "reduce",
      args: [send, recv, model.op, root],
      fill(round) {
        put(send, block(round, comm.rank));
        if (recv !== null) blank(recv);
      },
      check(round) {
        const rows = ranksOf(comm).map((from) => block(round, from));
        if (recv !== null) assertArray(recv, combine(kind, model, rows));
        assertArray(send, block(round, comm.rank));
      },
    };
  },

  "reduce in place"(comm, seed, root) {
    const { kind, model, length, block } = operands(seed);
    const buf = kind.create(length);
    const isRoot = comm.rank === root;
    return {
      method: "reduce",
      args: [isRoot ? mpi.IN_PLACE : buf, isRoot ? buf : null, model.op, root],
      fill: (round) => put(buf, block(round, comm.rank)),
      check(round) {
        const rows = ranksOf(comm).map((from) => block(round, from));
        assertArray(buf, isRoot ? combine(kind, model, rows) : block(round, comm.rank));
      },
    };
  },
};

/** Those whose arguments are those of allreduce; `ranks` says whose elements a process gets. */
function forAll(method: string, inPlace: boolean, ranks: (comm: mpi.Communicator) => number[]): Make {
  return (comm, seed) => {
    const { kind, model, length, block } = operands(seed);
    const send = kind.create(length);
    const recv = kind.create(length);
    return {
      method,
      args: [inPlace ? mpi.IN_PLACE : send, recv, model.op],
      fill(round) {
        put(send, block(round, comm.rank));
        if (inPlace) put(recv, send);
        else blank(recv);
      },
      check(round) {
        const rows = ranks(comm).map((from) => block(round, from));
        if (rows.length > 0) assertArray(recv, combine(kind, model, rows));
        else if (!inPlace) assertBlank(recv);
      },
    };
  };
}

const upToOwn = (comm: mpi.Communicator): number[] => ranksOf(comm).slice(0, comm.rank + 1);
const belowOwn = (comm: mpi.Communicator): number[] => ranksOf(comm).slice(0, comm.rank);

/** `counts` is undefined for parts of equal length. */
function scattered(method: string, inPlace: boolean): Make {
  return (comm, seed) => {
    const equal = method === "reduceScatterBlock";
    const draw = new Draw(seed);
    const length = draw.between(1, 5);
    const counts = ranksOf(comm).map(() => (equal ? length : draw.between(1, 5)));
    const before = counts.slice(0, comm.rank).reduce((sum, count) => sum + count, 0);
    const own = counts[comm.rank] as number;
    const total = counts.reduce((sum, count) => sum + count, 0);
    const { kind, model, block } = operands(seed, total, total);
    const send = kind.create(total);
    const recv = kind.create(inPlace ? total : own);
    return {
      method,
      args: [inPlace ? mpi.IN_PLACE : send, recv, ...(equal ? [] : [counts]), model.op],
      fill(round) {
        put(send, block(round, comm.rank));
        if (inPlace) put(recv, send);
        else blank(recv);
      },
      check(round) {
        const rows = ranksOf(comm).map((from) => block(round, from));
        const expected = combine(kind, model, rows).slice(before, before + own);
        assertArray(recv.slice(0, own), expected);
      },
    };
  };
}

const UNROOTED: Readonly<Record<string, Make>> = {
  allgather(comm, seed) {
    const { kind, length, block } = parts(seed);
    const send = kind.create(length);
    const recv = kind.create(length * comm.size);
    return {
      method: "allgather",
      args: [send, recv],
      fill(round) {
        put(send, block(round, comm.rank));
        blank(recv);
      },
      check(round) {
        const all = ranksOf(comm).map((from) => block(round, from));
        assertArray(recv, concatenate(kind, all));
      },
    };
  },

  "allgather in place"(comm, seed) {
    const { kind, length, block } = parts(seed);
    const recv = kind.create(length * comm.size);
    return {
      method: "allgather",
      args: [mpi.IN_PLACE, recv],
      fill(round) {
        blank(recv);
        put(recv, block(round, comm.rank), length * comm.rank);
      },
      check(round) {
        const all = ranksOf(comm).map((from) => block(round, from));
        assertArray(recv, concatenate(kind, all));
      },
    };
  },

  alltoall(comm, seed) {
    const { kind, length, block } = parts(seed);
    const send = kind.create(length * comm.size);
    const recv = kind.create(length * comm.size);
    return {
      method: "alltoall",
      args: [send, recv],
      fill(round) {
        for (const to of ranksOf(comm)) put(send, block(round, comm.rank, to), length * to);
        blank(recv);
      },
      check(round) {
        const all = ranksOf(comm).map((from) => block(round, from, comm.rank));
        assertArray(recv, concatenate(kind, all));
      },
    };
  },

  "alltoall in place"(comm, seed) {
    const { kind, length, block } = parts(seed);
    const recv = kind.create(length * comm.size);
    return {
      method: "alltoall",
      args: [mpi.IN_PLACE, recv],
      fill(round) {
        for (const to of ranksOf(comm)) put(recv, block(round, comm.rank, to), length * to);
      },
      check(round) {
        const all = ranksOf(comm).map((from) => block(round, from, comm.rank));
        assertArray(recv, concatenate(kind, all));
      },
    };
  },

  barrier: () => ({ method: "barrier", args: [], fill: () => {}, check: () => {} }),
  allreduce: forAll("allreduce", false, ranksOf),
  "allreduce in place": forAll("allreduce", true, ranksOf),
  scan: forAll("scan", false, upToOwn),
  "scan in place": forAll("scan", true, upToOwn),
  exscan: forAll("exscan", false, belowOwn),
  "exscan in place": forAll("exscan", true, belowOwn),
  reduceScatter: scattered("reduceScatter", false),
  "reduceScatter in place": scattered("reduceScatter", true),
  reduceScatterBlock: scattered("reduceScatterBlock", false),
  "reduceScatterBlock in place": scattered("reduceScatterBlock", true),
};

for (const [name, make] of Object.entries(ROOTED)) {
  onEachCommunicator(name, async (comm, index) => {
    for (const root of ranksOf(comm))
      await inAllForms(comm, make(comm, 100 * index + root + name.length, root));
  });
}

for (const [name, make] of Object.entries(UNROOTED)) {
  onEachCommunicator(name, async (comm, index) => {
    for (const seed of [1, 2, 3]) await inAllForms(comm, make(comm, 100 * index + seed + name.length, 0));
  });
}

onEachCommunicator("all of them at the same time", async (comm, index) => {
  const makes = [...Object.values(ROOTED), ...Object.values(UNROOTED)];
  const trials = makes.map((make, i) => make(comm, 1000 + 50 * index + i, i % comm.size));
  await allAtOnce(comm, trials);
});

test("operations complete in any order, however they are waited for", async () => {
  const comm = mpi.COMM_WORLD;
  const makes = Object.values(UNROOTED).map((make, i) => make(comm, 3000 + i, 0));
  for (const trial of makes) trial.fill(0);
  const requests = makes.map((trial) => {
    const method = Reflect.get(comm, `i${trial.method}`) as (...args: unknown[]) => mpi.Request;
    return method.apply(comm, [...trial.args]);
  });
  const order = new Draw(5 + comm.rank).permutation(requests.length);
  for (const [turn, i] of order.entries()) {
    const request = requests[i] as mpi.Request;
    if (turn % 3 === 0) request.wait();
    else if (turn % 3 === 1) await request;
    else while (request.test() === null);
    makes[i]?.check(0);
  }
});

/** What is said then, op.test.ts asserts. */
const withoutCallbacks = mpi.library().ffi === "ffi-rs" && "this FFI engine has no callbacks";

test(
  "a reduction of an Op of the user's is awaited, in the order of ranks",
  async () => {
    const comm = mpi.COMM_WORLD;
    // 2 x 2 matrices do not commute.
    using product = mpi.Op.create(
      (a: Float64Array, b: Float64Array) => {
        const [p, q, r, s] = [a[0], a[1], a[2], a[3]] as [number, number, number, number];
        const [t, u, v, w] = [b[0], b[1], b[2], b[3]] as [number, number, number, number];
        b.set([p * t + q * v, p * u + q * w, r * t + s * v, r * u + s * w]);
      },
      { commute: false },
    );
    using matrix = mpi.Datatype.contiguous(4, mpi.DOUBLE);
    const data = Float64Array.of(1, comm.rank + 1, 0, 1);
    const recv = new Float64Array(4);
    await comm.iallreduce({ data, type: matrix }, { data: recv, type: matrix }, product);
    assertArray(recv, Float64Array.of(1, (comm.size * (comm.size + 1)) / 2, 0, 1));
  },
  { skip: withoutCallbacks },
);

test(
  "what an Op throws in a nonblocking reduction rejects its promise, and only its",
  async () => {
    const comm = mpi.COMM_WORLD;
    using broken = mpi.Op.create(() => {
      throw new Error("no more");
    });
    const bad = comm.iallreduce(new Float64Array(3), new Float64Array(3), broken);
    const good = comm.iallreduce(Float64Array.of(1), new Float64Array(1));
    const [badly, well] = await Promise.allSettled([bad, good]);
    // Whether this process combined anything is the library's choice; with a power of two each one does.
    if (badly.status === "rejected") assert.match(badly.reason.message, "no more");
    else assert.ok(comm.size === 3 || mpi.library().abi !== "mpich", "nobody threw");
    assert.is(well.status, "fulfilled");
  },
  { skip: withoutCallbacks || (mpi.size() === 1 && "nothing is combined") },
);

const MAXIMUM = MODELS.find(({ op }) => op === mpi.MAX) as Model;

test("arithmetic of every kind is awaited", async () => {
  const comm = mpi.COMM_WORLD;
  const trials = ARITHMETIC.map((kind, i) => {
    const rows = ranksOf(comm).map((from) => sample(kind, seedOf(i, 0, from), 6, kind.bits - 1));
    const recv = kind.create(6);
    return { kind, rows, recv, request: comm.iallreduce(rows[comm.rank] as NumberArray, recv, mpi.MAX) };
  });
  await Promise.all(trials.map(({ request }) => request));
  for (const { kind, rows, recv } of trials) {
    assertArray(recv, combine(kind, MAXIMUM, rows));
  }
});

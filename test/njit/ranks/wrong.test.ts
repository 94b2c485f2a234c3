import * as assert from "uvu/assert";
import { mpi } from "../../../src/index.js";
import { type Compiled, njit } from "../../../src/njit/index.js";
import { assertThrows, test } from "../../harness/ranks.js";
import { onEachCommunicator, ring } from "../../mpi/ranks/communicators.js";
import { assertSame, type Tested } from "../compare.js";

// What is wrong with a call of MPI is thrown as outside: of the same class, with the same code, before anything is sent.

type Comm = mpi.Communicator;
type Wrong = Compiled<(comm: Comm, x: Float64Array, y: Float64Array, n: number) => unknown>;

const x = (length: number) => Float64Array.from({ length }, (_, i) => i);

/** None of these is a rank of any communicator, a root, or a tag; -4 and below are no constants. */
const NUMBERS = [
  -4,
  -5,
  -32767,
  0.5,
  Number.NaN,
  Number.POSITIVE_INFINITY,
  1e300,
  2 ** 31,
  2 ** 32,
  -(2 ** 32),
];

const RANKS: Readonly<Record<string, Wrong>> = {
  send: njit((comm, x, _y, n) => comm.send(x, n, 0)),
  ssend: njit((comm, x, _y, n) => comm.ssend(x, n, 0)),
  isend: njit((comm, x, _y, n) => {
    comm.isend(x, n, 0);
  }),
  recv: njit((comm, x, _y, n) => {
    comm.recv(x, n);
  }),
  irecv: njit((comm, x, _y, n) => {
    comm.irecv(x, n);
  }),
  "sendrecv to": njit((comm, x, y, n) => {
    comm.sendrecv(x, n, 0, y, mpi.PROC_NULL, 0);
  }),
  "sendrecv from": njit((comm, x, y, n) => {
    comm.sendrecv(x, mpi.PROC_NULL, 0, y, n, 0);
  }),
  probe: njit((comm, _x, _y, n) => {
    comm.probe(n);
  }),
  iprobe: njit((comm, _x, _y, n) => {
    comm.iprobe(n);
  }),
  bcast: njit((comm, x, _y, n) => {
    comm.bcast(x, n);
  }),
  reduce: njit((comm, x, y, n) => {
    comm.reduce(x, y, mpi.SUM, n);
  }),
  "reduce of a number": njit((comm, _x, _y, n) => comm.reduce(1, mpi.SUM, n)),
  gather: njit((comm, x, y, n) => {
    comm.gather(x, y, n);
  }),
  scatter: njit((comm, x, y, n) => {
    comm.scatter(x, y, n);
  }),
};

/** PROC_NULL is no source or destination that does not exist; ANY_SOURCE is a source. */
const IS_RANK: Readonly<Record<string, readonly number[]>> = {
  send: [mpi.PROC_NULL],
  ssend: [mpi.PROC_NULL],
  isend: [mpi.PROC_NULL],
  "sendrecv to": [mpi.PROC_NULL],
  recv: [mpi.PROC_NULL, mpi.ANY_SOURCE],
  irecv: [mpi.PROC_NULL, mpi.ANY_SOURCE],
  "sendrecv from": [mpi.PROC_NULL, mpi.ANY_SOURCE],
  probe: [mpi.PROC_NULL, mpi.ANY_SOURCE],
  iprobe: [mpi.PROC_NULL, mpi.ANY_SOURCE],
};

for (const [name, fn] of Object.entries(RANKS)) {
  onEachCommunicator(`${name}: no rank`, (comm) => {
    const known = IS_RANK[name] ?? [];
    const wrong = [comm.size, comm.size + 1, ...NUMBERS, mpi.PROC_NULL, mpi.ANY_SOURCE, mpi.ANY_TAG];
    for (const n of wrong.filter((each) => !known.includes(each))) {
      const args = (): [Comm, Float64Array, Float64Array, number] => [comm, x(2), x(2), n];
      assertSame(fn as Compiled<Tested>, args);
      const error = assertThrows(() => fn(...args()), { code: "ERR_OUT_OF_RANGE", name: "RangeError" });
      assert.match(error.message, `got ${n}`);
    }
  });
}

const TAGS: Readonly<Record<string, Wrong>> = {
  send: njit((comm, x, _y, n) => comm.send(x, mpi.PROC_NULL, n)),
  isend: njit((comm, x, _y, n) => {
    comm.isend(x, mpi.PROC_NULL, n);
  }),
  recv: njit((comm, x, _y, n) => {
    comm.recv(x, mpi.PROC_NULL, n);
  }),
  iprobe: njit((comm, _x, _y, n) => {
    comm.iprobe(mpi.PROC_NULL, n);
  }),
  "sendrecv to": njit((comm, x, y, n) => {
    comm.sendrecv(x, mpi.PROC_NULL, n, y, mpi.PROC_NULL, 0);
  }),
  "sendrecv from": njit((comm, x, y, n) => {
    comm.sendrecv(x, mpi.PROC_NULL, 0, y, mpi.PROC_NULL, n);
  }),
};

for (const [name, fn] of Object.entries(TAGS)) {
  test(`${name}: no tag`, () => {
    const most = mpi.COMM_WORLD.attribute(mpi.TAG_UB) as number;
    const isAny = ["recv", "iprobe", "sendrecv from"].includes(name);
    const wrong = [...NUMBERS.filter((n) => !(n >= 0 && n <= most)), most + 1, -1, -3];
    if (!isAny) wrong.push(mpi.ANY_TAG);
    for (const n of wrong) {
      const args = (): [Comm, Float64Array, Float64Array, number] => [mpi.COMM_WORLD, x(2), x(2), n];
      assertSame(fn as Compiled<Tested>, args);
      assertThrows(() => fn(...args()), { code: "ERR_OUT_OF_RANGE", name: "RangeError" });
    }
    for (const n of isAny ? [0, most, mpi.ANY_TAG] : [0, most]) fn(mpi.COMM_WORLD, x(2), x(2), n);
  });
}

/** Lengths of send and recv, for so many processes. */
type Lengths = (size: number) => readonly (readonly [send: number, recv: number])[];

const LENGTHS: Readonly<Record<string, readonly [Wrong, Lengths]>> = {
  reduce: [
    RANKS["reduce"] as Wrong,
    () => [
      [2, 3],
      [3, 2],
      [0, 0],
    ],
  ],
  allreduce: [
    njit((comm, x, y, _n) => {
      comm.allreduce(x, y);
    }),
    () => [
      [2, 3],
      [0, 2],
      [2, 0],
    ],
  ],
  scan: [
    njit((comm, x, y, _n) => {
      comm.scan(x, y);
    }),
    () => [[2, 3]],
  ],
  gather: [
    RANKS["gather"] as Wrong,
    (size) => [
      [2, 2 * size + 1],
      [2, size],
      [0, size],
    ],
  ],
  scatter: [
    RANKS["scatter"] as Wrong,
    (size) => [
      [2 * size + 1, 2],
      [size, 2],
    ],
  ],
  allgather: [
    njit((comm, x, y, _n) => {
      comm.allgather(x, y);
    }),
    (size) => [
      [2, 2 * size + 1],
      [2, 3 * size],
    ],
  ],
  "allgather in place": [
    njit((comm, _x, y, _n) => {
      comm.allgather(mpi.IN_PLACE, y);
    }),
    (size) =>
      size === 1
        ? [[1, 0]]
        : [
            [1, 2 * size + 1],
            [1, 0],
          ],
  ],
  alltoall: [
    njit((comm, x, y, _n) => {
      comm.alltoall(x, y);
    }),
    (size) => [[2 * size, 3 * size], ...(size === 1 ? [] : ([[2 * size + 1, 2 * size + 1]] as const))],
  ],
  bcast: [RANKS["bcast"] as Wrong, () => [[0, 1]]],
};

for (const [name, [fn, lengths]] of Object.entries(LENGTHS)) {
  // Of one process, which is the root: elsewhere its buffer is not looked at, and the others would wait.
  test(`${name}: lengths that do not fit`, () => {
    for (const [send, recv] of lengths(1)) {
      const args = (): [Comm, Float64Array, Float64Array, number] => [mpi.COMM_SELF, x(send), x(recv), 0];
      assertSame(fn as Compiled<Tested>, args);
      assertThrows(() => fn(...args()), { code: "ERR_OUT_OF_RANGE", name: "RangeError" });
    }
  });
}

onEachCommunicator("lengths that do not fit, on all processes", (comm) => {
  for (const name of ["allreduce", "allgather", "allgather in place", "alltoall"]) {
    const [fn, lengths] = LENGTHS[name] as (typeof LENGTHS)[string];
    for (const [send, recv] of lengths(comm.size)) {
      const args = (): [Comm, Float64Array, Float64Array, number] => [comm, x(send), x(recv), 0];
      assertSame(fn as Compiled<Tested>, args);
      assertThrows(() => fn(...args()), { code: "ERR_OUT_OF_RANGE" });
    }
  }
});

test("buffers that share memory", () => {
  const self = mpi.COMM_SELF;
  const calls: Wrong[] = [
    njit((comm, x, _y, n) => {
      comm.sendrecv(x.subarray(0, 4), 0, 0, x.subarray(n, n + 4), 0, 0);
    }),
    njit((comm, x, _y, n) => {
      comm.allreduce(x.subarray(0, 4), x.subarray(n, n + 4));
    }),
    njit((comm, x, _y, n) => {
      comm.gather(x.subarray(0, 4), x.subarray(n, n + 4));
    }),
    njit((comm, x, _y, n) => {
      comm.scatter(x.subarray(0, 4), x.subarray(n, n + 4));
    }),
    njit((comm, x, _y, n) => {
      comm.alltoall(x.subarray(0, 4), x.subarray(n, n + 4));
    }),
  ];
  for (const fn of calls) {
    for (const n of [0, 1, 3, 4]) assertSame(fn as Compiled<Tested>, () => [self, x(8), x(1), n]);
    fn(self, x(8), x(1), 4);
    assertThrows(() => fn(self, x(8), x(1), 3), { code: "ERR_INVALID_ARG_VALUE", name: "TypeError" });
  }
});

test("null and IN_PLACE where they have no meaning", () => {
  const self = mpi.COMM_SELF;
  const nothing: Wrong = njit((comm, x, _y, _n) => {
    comm.gather(x, null);
  });
  assertSame(nothing as Compiled<Tested>, () => [self, x(2), x(2), 0]);
  assertThrows(() => nothing(self, x(2), x(2), 0), { code: "ERR_INVALID_ARG_TYPE", name: "TypeError" });
  const inPlace: Wrong = njit((comm, _x, y, _n) => {
    comm.reduce(mpi.IN_PLACE, y, mpi.SUM, comm.size - 1);
  });
  if (mpi.size() === 1) return;
  // The root waits for the others, none of which has anything to give.
  if (mpi.rank() === mpi.size() - 1) return;
  assertSame(inPlace as Compiled<Tested>, () => [mpi.COMM_WORLD, x(2), x(2), 0]);
  assertThrows(() => inPlace(mpi.COMM_WORLD, x(2), x(2), 0), { code: "ERR_INVALID_ARG_VALUE" });
});

test("a communicator that was freed", () => {
  const comm = mpi.COMM_WORLD.dup();
  const fn = njit((given: Comm) => given.rank);
  const captured = njit(() => mpi.allreduce(1, mpi.SUM, comm));
  assert.is(fn(comm), mpi.rank());
  assert.is(captured(), mpi.size());
  comm.free();
  assertSame(fn as Compiled<Tested>, () => [comm]);
  assertThrows(() => fn(comm), { code: "ERR_MPI_FREED" });
  assertThrows(() => captured(), { code: "ERR_MPI_FREED" });
});

onEachCommunicator("what is evaluated later in a call does not change what was before", (comm) => {
  const { next, previous } = ring(comm);
  const fn = njit((given: Comm, send: Float64Array, recv: Float64Array, to: number, from: number) => {
    let tag = 3;
    const receiving = given.irecv(recv, from, tag++);
    const sending = given.isend(send, to, tag++ - 1);
    receiving.wait();
    sending.wait();
    const status = given.sendrecv(send, to, tag, recv, from, tag++);
    return status.tag + tag;
  });
  assert.is(
    assertSame(fn as Compiled<Tested>, () => [comm, x(2), x(2), next, previous]),
    11,
  );
});

test(
  "messages and collectives between two groups",
  () => {
    const { rank } = mpi.COMM_WORLD;
    const half = mpi.COMM_WORLD.split(rank % 2, rank) as Comm;
    const inter = half.createIntercomm(0, mpi.COMM_WORLD, 1 - (rank % 2), 11);
    const peer = Math.min(half.rank, inter.peers - 1);
    const fn = njit((given: Comm, send: Float64Array, recv: Float64Array, to: number) => {
      const status = given.sendrecv(send, to, 0, recv, 0, 0);
      return [status.source, given.rank, given.size, given.allreduce(1)];
    });
    if (inter.size === inter.peers && inter.size === 1) {
      assertSame(fn as Compiled<Tested>, () => [inter, x(2), x(2), peer]);
    }
    const send: Wrong = njit((comm, x, _y, n) => comm.send(x, n, 0));
    assertSame(send as Compiled<Tested>, () => [inter, x(2), x(2), inter.peers]);
    const bcast = RANKS["bcast"] as Wrong;
    assertThrows(() => bcast(inter, x(2), x(2), mpi.PROC_NULL), { code: "ERR_OUT_OF_RANGE" });
    inter.free();
    half.free();
  },
  { skip: mpi.size() === 1 && "there are no two groups" },
);

import * as assert from "uvu/assert";
import { mpi } from "../../../src/index.js";
import { type Compiled, njit } from "../../../src/njit/index.js";
import { test } from "../../harness/ranks.js";
import { onEachCommunicator, ranksOf, ring } from "../../mpi/ranks/communicators.js";
import { KINDS, type Kind, type NumberArray, sample } from "../../mpi/ranks/kinds.js";
import { assertSame, type Tested } from "../compare.js";

// Each operation, compiled, does what it does in JavaScript.

/** Those that compiled functions know. */
const COMPILED = KINDS.filter(
  ({ name }) => !["BigUint64Array", "Float16Array", "Uint8ClampedArray"].includes(name),
);

/** For most operations these have to do: a library is compiled for each. */
const SEVERAL = COMPILED.filter(({ name }) => /^(Uint8|BigInt64|Float32|Float64)Array$/.test(name));

/** Elements of a block. */
const N = 5;

/** What MPI can reduce alike everywhere: small numbers. */
const made = (kind: Kind, comm: mpi.Communicator, length: number): NumberArray =>
  sample(kind, 10 * comm.rank + comm.size, length, 3);

/** A function of a communicator, what is sent and what is received; it is compiled once for each kind. */
type Operation = (comm: mpi.Communicator, send: NumberArray, recv: NumberArray, root: number) => unknown;

interface Case {
  readonly fn: Compiled<Operation>;
  /** Elements of both arrays. */
  readonly lengths: (size: number) => readonly [send: number, recv: number];
}

const CASES: Readonly<Record<string, Case>> = {
  bcast: {
    fn: njit((comm, send, recv, root) => {
      mpi.bcast(send, root, comm);
      comm.bcast(recv, root);
    }),
    lengths: () => [N, 1],
  },
  reduce: {
    fn: njit((comm, send, recv, root) => {
      comm.reduce(send, recv, mpi.MAX, root);
      mpi.reduce(send, recv, mpi.SUM, root, comm);
    }),
    lengths: () => [N, N],
  },
  "reduce in place": {
    fn: njit((comm, send, recv, root) => {
      if (comm.rank === root) comm.reduce(mpi.IN_PLACE, recv, mpi.MIN, root);
      else comm.reduce(send, recv, mpi.MIN, root);
    }),
    lengths: () => [N, N],
  },
  allreduce: {
    fn: njit((comm, send, recv, root) => {
      if (root === 0) comm.allreduce(send, recv);
      else mpi.allreduce(send, recv, mpi.MAX, comm);
    }),
    lengths: () => [N, N],
  },
  "allreduce in place": {
    fn: njit((comm, _send, recv, _root) => {
      comm.allreduce(mpi.IN_PLACE, recv, mpi.SUM);
    }),
    lengths: () => [1, N],
  },
  scan: {
    fn: njit((comm, send, recv, root) => {
      if (root === 0) comm.scan(send, recv);
      else mpi.scan(mpi.IN_PLACE, recv, mpi.MAX, comm);
    }),
    lengths: () => [N, N],
  },
  gather: {
    fn: njit((comm, send, recv, root) => {
      comm.gather(send, recv, root);
    }),
    lengths: (size) => [N, N * size],
  },
  scatter: {
    fn: njit((comm, send, recv, root) => {
      mpi.scatter(send, recv, root, comm);
    }),
    lengths: (size) => [N * size, N],
  },
  allgather: {
    fn: njit((comm, send, recv, _root) => {
      comm.allgather(send, recv);
    }),
    lengths: (size) => [N, N * size],
  },
  alltoall: {
    fn: njit((comm, send, recv, _root) => {
      comm.alltoall(send, recv);
    }),
    lengths: (size) => [N * size, N * size],
  },
};

for (const [name, { fn, lengths }] of Object.entries(CASES)) {
  const kinds = name === "allreduce" ? COMPILED : SEVERAL;
  onEachCommunicator(`${name} of ${kinds.length} kinds, with every root`, (comm) => {
    for (const kind of kinds) {
      for (const root of ranksOf(comm)) {
        const [send, recv] = lengths(comm.size);
        assertSame(fn as Compiled<Tested>, () => [
          comm,
          made(kind, comm, send),
          made(kind, comm, recv),
          root,
        ]);
      }
    }
  });
}

const exchanged = njit(
  (comm: mpi.Communicator, send: NumberArray, recv: NumberArray, next: number, previous: number) => {
    const status = comm.sendrecv(send, next, 3, recv, previous, 3);
    return 1000 * status.source + status.tag;
  },
);

const around = njit(
  (comm: mpi.Communicator, send: NumberArray, recv: NumberArray, next: number, previous: number) => {
    const sending = comm.isend(send, next, 4);
    const status = comm.recv(recv, previous, 4);
    sending.wait();
    return 1000 * status.source + status.tag;
  },
);

const anybody = njit(
  (comm: mpi.Communicator, send: NumberArray, recv: NumberArray, next: number, _previous: number) => {
    const sending = mpi.isend(send, next, 5, comm);
    const receiving = comm.irecv(recv);
    const status = mpi.wait(receiving);
    mpi.wait(sending);
    return [status.source, status.tag];
  },
);

for (const [name, fn] of Object.entries({ sendrecv: exchanged, "isend and recv": around, irecv: anybody })) {
  onEachCommunicator(
    `${name} of ${name === "sendrecv" ? "every kind" : "several kinds"} in a ring`,
    (comm) => {
      const { next, previous } = ring(comm);
      for (const kind of name === "sendrecv" ? COMPILED : SEVERAL) {
        const make = () => [comm, made(kind, comm, N), kind.create(N), next, previous];
        assert.ok(assertSame(fn as Compiled<Tested>, make) !== undefined);
        // Nobody's next message may be taken for this one.
        comm.barrier();
      }
    },
  );
}

onEachCommunicator("send and recv of several kinds, from each rank to the last", (comm) => {
  const last = comm.size - 1;
  const fn = njit((given: mpi.Communicator, buf: NumberArray, to: number, tag: number) => {
    let sum = 0;
    if (given.rank < to) given.send(buf, to, tag);
    else {
      for (let from = 0; from < to; from++) {
        const status = mpi.recv(buf, from, tag, given);
        sum += 100 * status.source + status.tag;
      }
    }
    return sum;
  });
  for (const [i, kind] of SEVERAL.entries()) assertSame(fn, () => [comm, made(kind, comm, N), last, 20 + i]);
});

onEachCommunicator("probe tells source and tag, and leaves the message", (comm) => {
  const { next, previous } = ring(comm);
  const fn = njit(
    (given: mpi.Communicator, send: Float64Array, recv: Float64Array, to: number, from: number) => {
      const sending = given.isend(send, to, 8);
      const probed = given.probe(from, 8);
      const any = given.probe(mpi.ANY_SOURCE);
      const status = given.recv(recv, probed.source, probed.tag);
      sending.wait();
      given.barrier();
      return [probed.source, probed.tag, any.source, any.tag, status.source, status.tag];
    },
  );
  const result = assertSame(fn, () => [
    comm,
    Float64Array.of(comm.rank, 2),
    new Float64Array(2),
    next,
    previous,
  ]);
  assert.equal(result, [previous, 8, previous, 8, previous, 8]);
});

onEachCommunicator("rank and size, as properties and as functions", (comm) => {
  const fn = njit((given: mpi.Communicator) => [given.rank, given.size, mpi.rank(given), mpi.size(given)]);
  assert.equal(
    assertSame(fn, () => [comm]),
    [comm.rank, comm.size, comm.rank, comm.size],
  );
});

test("rank and size of COMM_WORLD are those without a communicator", () => {
  const fn = njit(() => ({ rank: mpi.rank(), size: mpi.size() }));
  assert.equal(
    assertSame(fn, () => []),
    { rank: mpi.rank(), size: mpi.size() },
  );
});

onEachCommunicator("a loop that divides its rounds among ranks counts them before", (comm) => {
  const fn = njit((given: mpi.Communicator, n: number) => {
    let sum = 0;
    const size = given.size;
    for (let i = given.rank; i < n; i += size) sum += 1 / (1 + i);
    return sum;
  });
  for (const n of [0, 1, 3, 100]) assertSame(fn as Compiled<Tested>, () => [comm, n]);
  assert.match(fn.inspectC(), /round\d+\+\+/);
});

onEachCommunicator("barrier lets nobody through before all have come", (comm) => {
  const fn = njit((given: mpi.Communicator) => {
    const begin = mpi.wtime();
    given.barrier();
    mpi.barrier(given);
    return mpi.wtime() - begin;
  });
  fn(comm);
  comm.barrier();
  const sleep = new Int32Array(new SharedArrayBuffer(4));
  if (comm.rank === comm.size - 1) Atomics.wait(sleep, 0, 0, 150);
  const waited = fn(comm);
  if (comm.rank < comm.size - 1) assert.ok(waited > 0.01, `waited ${waited} s`);
});

test("wtime is the clock of the MPI", () => {
  const fn = njit(() => mpi.wtime());
  const before = mpi.wtime();
  const now = fn();
  assert.ok(before <= now && now <= mpi.wtime());
});

onEachCommunicator("reductions of numbers and bigints", (comm) => {
  const fn = njit((given: mpi.Communicator, x: number, big: bigint) => ({
    sum: given.allreduce(x),
    largest: mpi.allreduce(x, mpi.MAX, given),
    before: given.scan(x),
    bigs: given.allreduce(big),
    smallest: given.allreduce(big, mpi.MIN),
    product: given.allreduce(x + 1, mpi.PROD),
  }));
  const { rank } = comm;
  assertSame(fn, () => [comm, 0.1 * rank - 0.05, BigInt(rank) * 2n ** 40n - 1n]);
  assertSame(fn, () => [comm, rank === 0 ? -0 : 0, 2n ** 62n]);
});

test("every operator of MPI", () => {
  const whole = njit((x: Int32Array, out: Int32Array) => {
    mpi.allreduce(x, out.subarray(0, 4), mpi.BAND);
    mpi.allreduce(x, out.subarray(4, 8), mpi.BOR);
    mpi.allreduce(x, out.subarray(8, 12), mpi.BXOR);
    mpi.allreduce(x, out.subarray(12, 16), mpi.LAND);
    mpi.allreduce(x, out.subarray(16, 20), mpi.LOR);
    mpi.allreduce(x, out.subarray(20, 24), mpi.LXOR);
    mpi.allreduce(x, out.subarray(24, 28), mpi.PROD);
    mpi.allreduce(x, out.subarray(28, 32), mpi.MIN);
  });
  assertSame(whole, () => [Int32Array.of(mpi.rank(), 0, 7, -1 - mpi.rank()), new Int32Array(32)]);
});

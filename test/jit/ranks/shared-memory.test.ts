import { readFileSync } from "node:fs";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import * as assert from "uvu/assert";
import { mpi } from "../../../src/index.js";
import { jitOnComm, jitOnCommAsync } from "../../../src/jit/index.js";
import { beginSum, type SharedSums, share, sharedBy } from "../../../src/jit/roles/shared-memory.js";
import { endless } from "../../../src/jit/roles/waiting.js";
import { runAsync, runSync } from "../../../src/jit/steps.js";
import { assertThrows, test } from "../../harness/ranks.js";
import { needsTwo, testOnDisks } from "./disks.js";

// What the processes of a host agree on by memory that they share.

const world = mpi.COMM_WORLD;
const { rank, size } = world;

const onLinux = { skip: process.platform !== "linux" && "only Linux has what it needs" };
const shared = onLinux.skip ? onLinux : needsTwo;

const LENGTH = 5;

/** A communicator whose processes share memory. */
function sharing(): mpi.Communicator {
  const comm = world.dup();
  runSync(share(comm, LENGTH, endless));
  assert.ok(sharedBy(comm), "they share none");
  return comm;
}

/** What rank `from` brings to a sum: all of it different, but for some rounds in which all bring the same. */
function brought(round: number, from: number): BigInt64Array {
  const who = round % 7 === 3 ? 0 : from;
  return BigInt64Array.from({ length: LENGTH }, (_, i) =>
    BigInt((round + 1) * 1_000_003 * (i + 1) - who * 7 ** i),
  );
}

function expected(round: number): BigInt64Array {
  const sums = new BigInt64Array(LENGTH);
  for (let from = 0; from < size; from++)
    for (const [i, value] of brought(round, from).entries()) sums[i] = (sums[i] as bigint) + value;
  return sums;
}

test(
  "one process alone shares with nobody",
  () => {
    const comm = mpi.COMM_SELF.dup();
    runSync(share(comm, LENGTH, endless));
    assert.is(sharedBy(comm), null);
    assert.equal(runSync(beginSum(comm, BigInt64Array.of(5n)).ended(endless)), BigInt64Array.of(5n));
    comm.free();
  },
  onLinux,
);

test(
  "a thousand sums, one after the other, with nobody in step",
  () => {
    const comm = sharing();
    for (let round = 0; round < 1000; round++) {
      const sum = beginSum(comm, brought(round, rank));
      // Each falls behind in turn, some so far that the others sleep.
      if (round % 97 === rank) Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, round % 5);
      const sums = runSync(sum.ended(endless));
      if (round % 100 === 0) assert.equal(sums, expected(round));
      else if (sums[LENGTH - 1] !== expected(round)[LENGTH - 1]) throw new Error(`sum ${round} is wrong`);
    }
    comm.free();
  },
  shared,
);

test(
  "the same without blocking",
  async () => {
    const comm = sharing();
    for (let round = 0; round < 100; round++) {
      const sum = beginSum(comm, brought(round, rank));
      if (round % 10 === rank) await new Promise((resolve) => setTimeout(resolve, 3));
      assert.equal(await runAsync(sum.ended(endless)), expected(round));
    }
    comm.free();
  },
  shared,
);

test(
  "fewer numbers than there may be are added up, whatever was brought before",
  () => {
    const comm = sharing();
    for (let round = 0; round < 20; round++) {
      assert.equal(runSync(beginSum(comm, brought(round, rank)).ended(endless)), expected(round));
      const short = BigInt64Array.of(1n, BigInt(rank * (round % 2)));
      const ranks = BigInt(((size * (size - 1)) / 2) * (round % 2));
      assert.equal(runSync(beginSum(comm, short).ended(endless)), BigInt64Array.of(BigInt(size), ranks));
    }
    comm.free();
  },
  shared,
);

test(
  "they are unanimous only if all bring the same",
  () => {
    const comm = sharing();
    const sums = sharedBy(comm) as SharedSums;
    const rounds = [...Array(size).keys()].flatMap((odd) => [-1, odd, odd]);
    for (const odd of rounds) {
      const values = brought(0, 0);
      if (rank === odd) values[LENGTH - 1] = (values[LENGTH - 1] as bigint) + 1n;
      runSync(sums.begin(values).ended(endless));
      assert.is(sums.isUnanimous(), odd === -1);
    }
    comm.free();
  },
  shared,
);

test(
  "who waits for one that is late sleeps",
  () => {
    const comm = sharing();
    comm.barrier();
    const before = process.cpuUsage();
    const sum = beginSum(comm, brought(0, rank));
    // The last rank has begun as well, and comes to the next sum half a second later.
    runSync(sum.ended(endless));
    if (rank === size - 1) Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 500);
    assert.equal(runSync(beginSum(comm, brought(1, rank)).ended(endless)), expected(1));
    const { user, system } = process.cpuUsage(before);
    assert.ok(user + system < 250_000, `it took ${user + system} us of the processor`);
    comm.free();
  },
  shared,
);

const generate = (value: number) => ({ source: `extern "C" int value() { return ${value}; }\n` });

testOnDisks(
  "a communicator comes to share memory with its first library",
  (folder) => {
    const comm = world.dup();
    const params = { cache: { cacheDir: folder } };
    assert.is(sharedBy(comm), undefined);
    jitOnComm(comm, 1, "first", params, generate);
    assert.ok(sharedBy(comm));
    // Cold, warm, refused, disputed, warm again, and cold again: all by it.
    jitOnComm(comm, 2, "second", params, generate);
    jitOnComm(comm, 1, "first", params, generate);
    if (rank === size - 1) {
      assertThrows(() => jitOnComm(comm, 1, 7 as never, params, generate), { code: "ERR_INVALID_ARG_TYPE" });
    } else {
      assertThrows(() => jitOnComm(comm, 1, "first", params, generate), {
        code: "ERR_JIT_NOT_BUILT",
        message: `Rank ${size - 1}: name`,
      });
    }
    assertThrows(() => jitOnComm(comm, 1, rank === 0 ? "first" : "second", params, generate), {
      code: "ERR_JIT_MISMATCH",
    });
    assert.is(jitOnComm(comm, 1, "first", params, generate).role, "hit");
    const { library } = jitOnComm(comm, 3, "third", params, generate);
    assert.is(library.func("int value()")(), 3);
    comm.free();
  },
  shared,
);

testOnDisks(
  "messages that need their sender get through while that waits for the others",
  (folder) => {
    const comm = world.dup();
    const params = { cache: { cacheDir: folder } };
    jitOnComm(comm, 1, "first", params, generate);
    assert.ok(sharedBy(comm));
    // One that waits to be received on the same communicator.
    if (rank === 1) comm.send(Int32Array.of(7), 0, 99);
    // More than any MPI sends before the receiver has taken some.
    const data = new Float64Array(512);
    const messages = rank < 2 ? 5000 : 0;
    const requests = rank === 0 ? Array.from({ length: messages }, () => world.isend(data.fill(4), 1)) : [];
    if (rank === 1) {
      // The others are in the call below by then.
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 50);
      for (let i = 0; i < messages; i++) world.recv(data, 0);
      assert.is(data.at(-1), 4);
    }
    jitOnComm(comm, 1, "first", params, generate);
    mpi.waitAll(requests);
    if (rank === 0) comm.recv(new Int32Array(1), 1, 99);
    comm.free();
  },
  shared,
);

testOnDisks(
  "calls that block and calls that do not, in turn",
  async (folder) => {
    const comm = world.dup();
    const params = { cache: { cacheDir: folder } };
    for (let i = 0; i < 20; i++) {
      const name = `library_${i % 3}`;
      const given = i % 3;
      const { library } =
        i % 2 === 0
          ? jitOnComm(comm, given, name, params, generate)
          : await jitOnCommAsync(comm, given, name, params, generate);
      assert.is(library.func("int value()")(), given);
    }
    comm.free();
  },
  shared,
);

/** How many pieces of shared memory this process has. */
const mapped = (): number => readFileSync("/proc/self/maps", "latin1").split("memfd:typed-mpi").length - 1;

test(
  "memory of communicators that are gone is given back, and files are closed at once",
  async () => {
    setFlagsFromString("--expose-gc");
    const gc = runInNewContext("gc") as () => void;
    const before = mapped();
    (() => {
      for (let i = 0; i < 20; i++) sharing().free();
    })();
    // Held by this test as well as by those before it.
    assert.ok(mapped() > 0);
    for (let i = 0; i < 100 && mapped() > before; i++) {
      gc();
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
    assert.ok(mapped() <= before, `${mapped()} pieces are left, ${before} were there`);
    world.barrier();
  },
  shared,
);

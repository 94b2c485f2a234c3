import * as assert from "uvu/assert";
import { mpi } from "../../../src/index.js";
import { assertArray, assertThrows, test } from "../../harness/ranks.js";
import { ranksOf, ring } from "./communicators.js";

const world = mpi.COMM_WORLD;
const self = mpi.COMM_SELF;

test("rank and size", () => {
  assert.ok(world.size >= 1 && world.rank >= 0 && world.rank < world.size);
  assert.is(self.size, 1);
  assert.is(self.rank, 0);
  assert.is(world.isInter, false);
  assert.is(world.peers, world.size);
  assert.is(mpi.rank(), world.rank);
  assert.is(mpi.size(), world.size);
  assert.is(mpi.rank(self), 0);
  assert.is(mpi.size(self), 1);
  assert.is(mpi.size(undefined), world.size);
  const ranks = world.allgather(Int32Array.of(world.rank), new Int32Array(world.size));
  assertArray(ranks, Int32Array.from(ranksOf(world)));
});

test("names: those of the standard, and ours", () => {
  assert.is(world.name, "MPI_COMM_WORLD");
  assert.is(self.name, "MPI_COMM_SELF");
  const comm = self.dup();
  for (const name of ["solver", "Löser 求解器 🧮", "", "x".repeat(60)]) {
    comm.name = name;
    assert.is(comm.name, name);
  }
  // The longest that the library takes, and one more.
  const error = assertThrows(
    () => {
      comm.name = "x".repeat(5000);
    },
    { code: "ERR_OUT_OF_RANGE", argument: "name" },
  );
  const longest = Number(error.message.match(/at most (\d+) bytes/)?.[1]);
  assert.ok(longest >= 60);
  comm.name = "y".repeat(longest);
  assert.is(comm.name, "y".repeat(longest));
  assertThrows(
    () => {
      comm.name = "ä".repeat(Math.floor(longest / 2) + 1);
    },
    { code: "ERR_OUT_OF_RANGE", argument: "name" },
  );
  for (const name of [undefined, null, 5, {}, Symbol("x")]) {
    assertThrows(
      () => {
        comm.name = name as string;
      },
      { code: "ERR_INVALID_ARG_TYPE", argument: "name" },
    );
  }
  assert.is(comm.name, "y".repeat(longest));
  comm.free();
});

test("a name with a zero inside is refused rather than cut", () => {
  const comm = self.dup();
  comm.name = "before";
  assertThrows(
    () => {
      comm.name = "a\0b";
    },
    { code: "ERR_INVALID_ARG_VALUE", argument: "name" },
  );
  assert.is(comm.name, "before");
  comm.free();
});

test("a dup is congruent, and its messages are its own", () => {
  const comm = world.dup();
  assert.is(comm.size, world.size);
  assert.is(comm.rank, world.rank);
  assert.is(comm.freed, false);
  assert.is(comm.compare(world), mpi.CONGRUENT);
  const { next, previous } = ring(world);
  const request = comm.isend(Int32Array.of(1), next, 3);
  assert.is(comm.probe(previous, 3).byteLength, 4);
  assert.is(world.iprobe(mpi.ANY_SOURCE, mpi.ANY_TAG), null);
  world.barrier();
  const other = world.isend(Int32Array.of(2), next, 3);
  const array = new Int32Array(1);
  world.recv(array, previous, 3);
  assert.is(array[0], 2);
  comm.recv(array, previous, 3);
  assert.is(array[0], 1);
  mpi.waitAll([request, other]);
  comm.free();
});

test("split makes one communicator for each color, its ranks in the order of the keys", () => {
  const { rank, size } = world;
  const members = ranksOf(world).filter((other) => other % 2 === rank % 2);
  const plain = world.split(rank % 2);
  assert.is(plain?.size, members.length);
  assert.is(plain?.rank, members.indexOf(rank));
  const reversed = world.split(rank % 2, -rank);
  assert.is(reversed?.rank, members.length - 1 - members.indexOf(rank));
  const sum = reversed?.allreduce(rank);
  assert.is(
    sum,
    members.reduce((a, b) => a + b, 0),
  );
  const single = world.split(2 ** 31 - 1 - rank, 2 ** 31 - 1);
  assert.is(single?.size, 1);
  const negative = world.split(0, -(2 ** 31) + (size - rank));
  assert.is(negative?.rank, size - 1 - rank);
  for (const comm of [plain, reversed, single, negative]) comm?.free();
});

test("split with UNDEFINED makes none", () => {
  const comm = world.split(world.rank === 0 ? mpi.UNDEFINED : 5);
  assert.is(comm === null, world.rank === 0);
  assert.is(comm?.size ?? world.size - 1, world.size - 1);
  comm?.free();
});

test("split refuses other colors and keys", () => {
  for (const color of [-1, -2, 0.5, Number.NaN, 2 ** 31, Infinity]) {
    assertThrows(() => world.split(color), { code: "ERR_OUT_OF_RANGE", argument: "color" });
  }
  for (const color of ["0", 0n, null, undefined, {}, Symbol("c")]) {
    assertThrows(() => world.split(color as number), { code: "ERR_INVALID_ARG_TYPE", argument: "color" });
  }
  for (const key of [0.5, 2 ** 31, -(2 ** 31) - 1, Number.NaN]) {
    assertThrows(() => world.split(0, key), { code: "ERR_OUT_OF_RANGE", argument: "key" });
    assertThrows(() => world.split(mpi.UNDEFINED, key), { code: "ERR_OUT_OF_RANGE", argument: "key" });
    assertThrows(() => world.splitType(mpi.COMM_TYPE_SHARED, key), {
      code: "ERR_OUT_OF_RANGE",
      argument: "key",
    });
  }
  assertThrows(() => world.split(0, "0" as never), { code: "ERR_INVALID_ARG_TYPE", argument: "key" });
});

test("splitType puts the ranks that share memory together", () => {
  // The tests run on one host.
  const comm = world.splitType(mpi.COMM_TYPE_SHARED, -world.rank);
  assert.is(comm?.size, world.size);
  assert.is(comm?.rank, world.size - 1 - world.rank);
  comm?.free();
  assert.is(world.splitType(mpi.UNDEFINED), null);
  for (const type of [0, 1, 9999, "shared", null, undefined]) {
    assertThrows(() => world.splitType(type as number), { code: "ERR_INVALID_ARG_TYPE", argument: "type" });
  }
});

test("create and createGroup make a communicator of a group", () => {
  const group = world.group();
  const even = group.incl(ranksOf(world).filter((rank) => rank % 2 === 0));
  const isEven = world.rank % 2 === 0;
  const created = world.create(even);
  assert.is(created === null, !isEven);
  if (created !== null) {
    assert.is(created.size, even.size);
    assert.is(created.rank, even.rank);
    assert.is(created.allreduce(1), even.size);
    created.free();
  }
  if (isEven) {
    const comm = world.createGroup(even, 3);
    assert.is(comm?.size, even.size);
    assert.is(comm?.allreduce(1), even.size);
    comm?.free();
  }
  const reversed = group.incl(ranksOf(world).reverse());
  const backwards = world.create(reversed);
  assert.is(backwards?.rank, world.size - 1 - world.rank);
  backwards?.free();
  const none = group.incl([]);
  assert.is(world.create(none), null);
  for (const bad of [null, undefined, {}, world, 5]) {
    const expected = { code: "ERR_INVALID_ARG_TYPE", argument: "group" };
    assertThrows(() => world.create(bad as mpi.Group), expected);
    assertThrows(() => world.createGroup(bad as mpi.Group), expected);
  }
  assertThrows(() => world.createGroup(group, -1), { code: "ERR_OUT_OF_RANGE", argument: "tag" });
  assertThrows(() => world.createGroup(group, "1" as never), {
    code: "ERR_INVALID_ARG_TYPE",
    argument: "tag",
  });
  for (const made of [group, even, reversed, none]) made.free();
});

test("compare", () => {
  const { rank, size } = world;
  const reversed = world.split(0, -rank) as mpi.Communicator;
  const dup = world.dup();
  assert.is(world.compare(world), mpi.IDENT);
  assert.is(world.compare(dup), mpi.CONGRUENT);
  assert.is(world.compare(reversed), size === 1 ? mpi.CONGRUENT : mpi.SIMILAR);
  assert.is(world.compare(self), size === 1 ? mpi.CONGRUENT : mpi.UNEQUAL);
  for (const other of [null, undefined, {}, 5, "MPI_COMM_WORLD"]) {
    const expected = { code: "ERR_INVALID_ARG_TYPE", argument: "other" };
    assertThrows(() => world.compare(other as mpi.Communicator), expected);
  }
  dup.free();
  reversed.free();
});

test("a freed communicator cannot be used", () => {
  const comm = self.dup();
  const group = comm.group();
  comm.free();
  assert.is(comm.freed, true);
  const array = new Float64Array(1);
  const two = new Float64Array(1);
  const uses: (() => unknown)[] = [
    () => comm.free(),
    () => comm.rank,
    () => comm.size,
    () => comm.peers,
    () => comm.isInter,
    () => comm.handle,
    () => comm.name,
    () => {
      comm.name = "x";
    },
    () => comm.dup(),
    () => comm.split(0),
    () => comm.split(mpi.UNDEFINED),
    () => comm.splitType(mpi.COMM_TYPE_SHARED),
    () => comm.group(),
    () => comm.create(group),
    () => comm.createGroup(group),
    () => comm.compare(world),
    () => world.compare(comm),
    () => comm.send(array, 0),
    () => comm.recv(array, 0),
    () => comm.sendrecv(array, 0, 0, two, 0, 0),
    () => comm.isend(array, 0),
    () => comm.irecv(array, 0),
    () => comm.isend(array, mpi.PROC_NULL),
    () => comm.probe(),
    () => comm.iprobe(),
    () => comm.barrier(),
    () => comm.bcast(array),
    () => comm.gather(array, two),
    () => comm.scatter(array, two),
    () => comm.allgather(array, two),
    () => comm.reduce(array, two),
    () => comm.reduce(1),
    () => comm.allreduce(array, two),
    () => comm.allreduce(1),
    () => comm.scan(array, two),
    () => comm.scan(1),
    () => comm.exscan(array, two),
    () => comm.exscan(1),
    () => mpi.rank(comm),
    () => mpi.barrier(comm),
    () => mpi.bcast(array, 0, comm),
    () => mpi.allreduce(1, mpi.SUM, comm),
  ];
  for (const use of uses) assertThrows(use, { code: "ERR_MPI_FREED", name: "MpiError" });
  comm[Symbol.dispose]();
  group.free();
  assert.is(self.allreduce(1), 1);
});

test("the predefined ones cannot be freed", () => {
  for (const comm of [world, self]) {
    assertThrows(() => comm.free(), { code: "ERR_MPI_COMM", name: "MpiError", message: "MPI_COMM_" });
    assert.is(comm.freed, false);
  }
  assert.is(world.allreduce(1), world.size);
});

test("using frees a communicator at the end of its block", () => {
  let inside: mpi.Communicator;
  {
    using comm = self.dup();
    inside = comm;
    assert.is(comm.allreduce(2), 2);
  }
  assert.is(inside.freed, true);
  {
    using comm = self.dup();
    comm.free();
  }
});

test("a receive on a communicator that is freed meanwhile can still be cancelled", () => {
  const comm = self.dup();
  const request = comm.irecv(new Float64Array(1), 0, 0);
  comm.free();
  request.cancel();
  assert.is(request.wait().cancelled, true);
});

test("five hundred are made and freed, more than could live at once", () => {
  for (let i = 0; i < 500; i++) self.dup().free();
  for (let i = 0; i < 5; i++) {
    const comm = world.dup();
    assert.is(comm.size, world.size);
    comm.free();
  }
});

test("many live at once and do not mix", () => {
  const comms = Array.from({ length: 20 }, () => self.dup());
  const requests = comms.map((comm, i) => comm.isend(Int32Array.of(i), 0, 0));
  for (const [i, comm] of [...comms.entries()].reverse()) {
    const array = new Int32Array(1);
    comm.recv(array, 0, 0);
    assert.is(array[0], i);
  }
  mpi.waitAll(requests);
  for (const comm of comms) comm.free();
});

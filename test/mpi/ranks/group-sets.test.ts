import * as assert from "uvu/assert";
import type { Group } from "../../../src/mpi/index.js";
import * as mpi from "../../../src/mpi/index.js";
import { assertThrows, test } from "../../harness/ranks.js";

const comm = mpi.COMM_WORLD;
const { size } = comm;
const all = Array.from({ length: size }, (_, rank) => rank);
const even = all.filter((rank) => rank % 2 === 0);
const low = all.filter((rank) => rank < 2);

/** A group as the ranks that its processes have in COMM_WORLD. */
function ranksOf(group: Group): number[] {
  using world = comm.group();
  return group.translateRanks(
    Array.from({ length: group.size }, (_, rank) => rank),
    world,
  );
}

test("incl and excl select, in the order of the ranks and of the group", () => {
  using world = comm.group();
  using reversed = world.incl(all.toReversed());
  assert.equal(ranksOf(reversed), all.toReversed());
  assert.is(reversed.rank, size - 1 - comm.rank);
  using odd = world.excl(even);
  assert.equal(
    ranksOf(odd),
    all.filter((rank) => rank % 2 === 1),
  );
  assert.is(odd.rank, comm.rank % 2 === 1 ? comm.rank >> 1 : mpi.UNDEFINED);
});

test("union, intersection and difference", () => {
  using world = comm.group();
  using a = world.incl(even.toReversed());
  using b = world.incl(low);
  using union = a.union(b);
  using intersection = a.intersection(b);
  using difference = a.difference(b);
  const rest = low.filter((rank) => !even.includes(rank));
  assert.equal(ranksOf(union), [...even.toReversed(), ...rest]);
  assert.equal(ranksOf(intersection), [0]);
  assert.equal(
    ranksOf(difference),
    even.toReversed().filter((rank) => !low.includes(rank)),
  );
});

test("ranges", () => {
  using world = comm.group();
  const last = size - 1;
  for (const [ranges, expected] of [
    [[[0, last, 1]], all],
    [[[last, 0, -1]], all.toReversed()],
    [[[0, last, 2]], even],
    [[[0, last, 100]], [0]],
    [[], []],
    [[[last, last, -3]], [last]],
  ] as [mpi.RankRange[], number[]][]) {
    using included = world.rangeIncl(ranges);
    assert.equal(ranksOf(included), expected);
    using excluded = world.rangeExcl(ranges);
    assert.equal(
      ranksOf(excluded),
      all.filter((rank) => !expected.includes(rank)),
    );
  }
});

test(
  "several ranges, in their order",
  () => {
    using world = comm.group();
    using group = world.rangeIncl([
      [3, 2, -1],
      [0, 1, 1],
    ]);
    assert.equal(ranksOf(group), [3, 2, 0, 1]);
  },
  { skip: size < 4 && "there are fewer than 4 ranks" },
);

test("ranges that lead nowhere, leave the group or meet are refused", () => {
  using world = comm.group();
  const wrong = (ranges: unknown, argument: string, code = "ERR_OUT_OF_RANGE") => {
    for (const select of [world.rangeIncl, world.rangeExcl]) {
      assertThrows(() => select.call(world, ranges as mpi.RankRange[]), { argument, code });
    }
  };
  wrong([[0, size, 1]], "ranges[0][1]");
  wrong([[-1, 0, 1]], "ranges[0][0]");
  wrong([[0, 0, 0]], "ranges[0][2]");
  wrong([[0, 0, 1.5]], "ranges[0][2]");
  wrong([[0, 0, 2 ** 31]], "ranges[0][2]");
  if (size > 1) wrong([[0, 1, -1]], "ranges[0][2]");
  if (size > 1) wrong([[0, 1, 0]], "ranges[0][2]");
  const twice = [
    [0, 0, 1],
    [0, 0, 1],
  ];
  wrong(twice, "ranges");
  wrong([[0, 0]], "ranges[0]", "ERR_INVALID_ARG_TYPE");
  wrong([[0, 0, "1"]], "ranges[0][2]", "ERR_INVALID_ARG_TYPE");
  wrong(0, "ranges", "ERR_INVALID_ARG_TYPE");
});

test("ranks that are no ranks of the group are refused", () => {
  using world = comm.group();
  assertThrows(() => world.incl([size]), { argument: "ranks[0]", code: "ERR_OUT_OF_RANGE" });
  assertThrows(() => world.excl([0, -1]), { argument: "ranks[1]", code: "ERR_OUT_OF_RANGE" });
  assertThrows(() => world.incl([0, 0]), { argument: "ranks", code: "ERR_OUT_OF_RANGE" });
  assertThrows(() => world.incl(["0" as never]), { argument: "ranks[0]", code: "ERR_INVALID_ARG_TYPE" });
  assertThrows(() => world.incl(new Set([0]) as never), { argument: "ranks", code: "ERR_INVALID_ARG_TYPE" });
  assertThrows(() => world.union(comm as never), { argument: "other", code: "ERR_INVALID_ARG_TYPE" });
});

test("ranks are translated, also more than once; PROC_NULL stays", () => {
  using world = comm.group();
  using reversed = world.incl(all.toReversed());
  assert.equal(world.translateRanks(all, reversed), all.toReversed());
  assert.equal(world.translateRanks([0, mpi.PROC_NULL, 0], reversed), [size - 1, mpi.PROC_NULL, size - 1]);
  assert.equal(world.translateRanks(all, mpi.GROUP_EMPTY), Array(size).fill(mpi.UNDEFINED));
  assert.equal(world.translateRanks([], world), []);
  assertThrows(() => world.translateRanks([size], world), { argument: "ranks[0]", code: "ERR_OUT_OF_RANGE" });
});

test("groups are compared", () => {
  using world = comm.group();
  using same = comm.group();
  using reversed = world.incl(all.toReversed());
  assert.is(world.compare(same), mpi.IDENT);
  assert.is(world.compare(reversed), size > 1 ? mpi.SIMILAR : mpi.IDENT);
  assert.is(world.compare(mpi.GROUP_EMPTY), mpi.UNEQUAL);
});

test("GROUP_EMPTY has no process, and empty results are like it", () => {
  const empty = mpi.GROUP_EMPTY;
  assert.is(empty.size, 0);
  assert.is(empty.rank, mpi.UNDEFINED);
  using world = comm.group();
  for (const make of [
    () => world.incl([]),
    () => world.excl(all),
    () => world.difference(world),
    () => world.intersection(empty),
    () => empty.union(empty),
    () => world.rangeExcl([[0, size - 1, 1]]),
  ]) {
    using group = make();
    assert.is(group.size, 0);
    assert.is(group.compare(empty), mpi.IDENT);
  }
  assertThrows(() => empty.free(), { code: "ERR_MPI_GROUP" });
  assertThrows(() => empty.incl([0]), { argument: "ranks[0]", code: "ERR_OUT_OF_RANGE" });
  assert.is(empty.size, 0);
});

test("a freed group is refused, and disposing it does nothing", () => {
  const group = comm.group();
  group.free();
  assert.is(group.freed, true);
  group[Symbol.dispose]();
  using world = comm.group();
  for (const use of [() => group.size, () => world.union(group), () => group.free()]) {
    assertThrows(use, { code: "ERR_MPI_FREED" });
  }
});

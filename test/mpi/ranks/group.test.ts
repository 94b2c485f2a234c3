import * as assert from "uvu/assert";
import { mpi } from "../../../src/index.js";
import { assertThrows, test } from "../../harness/ranks.js";
import { ranksOf } from "./communicators.js";

const world = mpi.COMM_WORLD;

test("the group of a communicator has its size and ranks", () => {
  const group = world.group();
  assert.is(group.size, world.size);
  assert.is(group.rank, world.rank);
  group.free();
  const self = mpi.COMM_SELF.group();
  assert.is(self.size, 1);
  assert.is(self.rank, 0);
  self.free();
});

test("incl takes the ranks in the order they are named, excl leaves them out", () => {
  const group = world.group();
  const { size, rank } = world;
  const reversed = group.incl(ranksOf(world).reverse());
  assert.is(reversed.size, size);
  assert.is(reversed.rank, size - 1 - rank);
  const last = group.incl([size - 1]);
  assert.is(last.size, 1);
  assert.is(last.rank, rank === size - 1 ? 0 : mpi.UNDEFINED);
  const others = group.excl([size - 1]);
  assert.is(others.size, size - 1);
  assert.is(others.rank, rank === size - 1 ? mpi.UNDEFINED : rank);
  const same = group.excl([]);
  assert.is(same.compare(group), mpi.IDENT);
  for (const made of [reversed, last, others, same, group]) made.free();
});

test("the empty group", () => {
  const group = world.group();
  const none = group.incl([]);
  assert.is(none.size, 0);
  assert.is(none.rank, mpi.UNDEFINED);
  const left = group.excl(ranksOf(world));
  assert.is(left.size, 0);
  assert.is(left.compare(none), mpi.IDENT);
  assert.is(none.compare(group), mpi.UNEQUAL);
  assert.equal(none.translateRanks([], group), []);
  for (const made of [none, left, group]) made.free();
});

test("compare", () => {
  const group = world.group();
  const again = world.group();
  assert.is(group.compare(again), mpi.IDENT);
  assert.is(group.compare(group), mpi.IDENT);
  const reversed = group.incl(ranksOf(world).reverse());
  assert.is(group.compare(reversed), world.size === 1 ? mpi.IDENT : mpi.SIMILAR);
  const first = group.incl([0]);
  assert.is(group.compare(first), world.size === 1 ? mpi.IDENT : mpi.UNEQUAL);
  for (const made of [group, again, reversed, first]) made.free();
});

test("translateRanks tells the ranks in another group, UNDEFINED where they are not in it", () => {
  const group = world.group();
  const reversed = group.incl(ranksOf(world).reverse());
  assert.equal(group.translateRanks(ranksOf(world), reversed), ranksOf(world).reverse());
  const first = group.incl([0]);
  assert.equal(
    group.translateRanks(ranksOf(world), first),
    ranksOf(world).map((rank) => (rank === 0 ? 0 : mpi.UNDEFINED)),
  );
  for (const made of [group, reversed, first]) made.free();
});

test("bad ranks", () => {
  const group = world.group();
  for (const call of [
    (ranks: unknown) => group.incl(ranks as number[]),
    (ranks: unknown) => group.excl(ranks as number[]),
    (ranks: unknown) => group.translateRanks(ranks as number[], group),
  ]) {
    for (const ranks of [undefined, null, 0, "0", { length: 1, 0: 0 }, new Int32Array(1), new Set([0])]) {
      assertThrows(() => call(ranks), { code: "ERR_INVALID_ARG_TYPE", argument: "ranks" });
    }
    for (const rank of [world.size, -1, 0.5, Number.NaN, 2 ** 32, "0", 0n, null, undefined]) {
      const code = typeof rank === "number" ? "ERR_OUT_OF_RANGE" : "ERR_INVALID_ARG_TYPE";
      const error = assertThrows(() => call([0, rank]), { code, argument: "ranks[1]" });
      assert.ok(Object.is((error as mpi.ArgumentError).received, rank));
    }
  }
  assertThrows(() => group.incl([0, 0]), { code: "ERR_OUT_OF_RANGE", argument: "ranks" });
  assertThrows(() => group.excl([0, 0]), { code: "ERR_OUT_OF_RANGE", argument: "ranks" });
  for (const other of [undefined, null, {}, world, 5]) {
    const expected = { code: "ERR_INVALID_ARG_TYPE", argument: "other" };
    assertThrows(() => group.compare(other as mpi.Group), expected);
    assertThrows(() => group.translateRanks([0], other as mpi.Group), expected);
  }
  assert.is(group.size, world.size);
  group.free();
});

test("a freed group cannot be used", () => {
  const group = world.group();
  const other = world.group();
  group.free();
  for (const use of [
    () => group.free(),
    () => group.size,
    () => group.rank,
    () => group.handle,
    () => group.incl([0]),
    () => group.excl([0]),
    () => group.compare(other),
    () => other.compare(group),
    () => group.translateRanks([0], other),
    () => other.translateRanks([0], group),
    () => world.create(group),
    () => world.createGroup(group),
  ]) {
    assertThrows(use, { code: "ERR_MPI_FREED", name: "MpiError" });
  }
  group[Symbol.dispose]();
  other[Symbol.dispose]();
  assertThrows(() => other.size, { code: "ERR_MPI_FREED" });
});

test("a thousand groups", () => {
  for (let i = 0; i < 1000; i++) {
    const group = world.group();
    const part = group.incl([0]);
    part.free();
    group.free();
  }
});

import * as assert from "uvu/assert";
import type { Communicator } from "../../../src/mpi/index.js";
import * as mpi from "../../../src/mpi/index.js";
import { assertRejects, assertThrows, test } from "../../harness/ranks.js";

const world = mpi.COMM_WORLD;
const { rank, size } = world;
const { abi, vendor } = mpi.library();

/** The ranks in COMM_WORLD of a communicator's processes, found by communicating in it. */
const members = (comm: Communicator): number[] =>
  Array.from(comm.allgather(Int32Array.of(rank), new Int32Array(comm.size)));

const all = Array.from({ length: size }, (_, i) => i);

test("a duplicate has the same processes and another context", () => {
  using comm = world.dup();
  assert.equal(members(comm), all);
  assert.is(comm.compare(world), mpi.CONGRUENT);
  assert.is(comm.compare(comm), mpi.IDENT);
  // A message in one is not seen in the other.
  const request = world.irecv(new Int32Array(1), rank, 3);
  comm.sendrecv(Int32Array.of(1), rank, 3, new Int32Array(1), rank, 3);
  assert.is(request.test(), null);
  world.send(Int32Array.of(1), rank, 3);
  request.wait();
});

test("dupWithInfo takes an Info, an object or null", () => {
  using info = mpi.Info.create({ mpi_assert_no_any_tag: "true" });
  for (const hints of [info, { mpi_assert_no_any_tag: "false" }, null]) {
    using comm = world.dupWithInfo(hints);
    assert.equal(members(comm), all);
  }
  assert.is(info.size, 1);
  assertThrows(() => world.dupWithInfo("hints" as never), { argument: "info", code: "ERR_INVALID_ARG_TYPE" });
});

test("idup gives the duplicate when all have called it, while the event loop goes on", async () => {
  const duplicates = await Promise.all([world.idup(), world.idup()]);
  for (const comm of duplicates) {
    assert.equal(members(comm), all);
    assert.is(comm.compare(world), mpi.CONGRUENT);
    comm.free();
  }
});

test("idup waits for those that come late", async () => {
  let turns = 0;
  const timer = setInterval(() => turns++, 1);
  if (rank === 0) await new Promise((resolve) => setTimeout(resolve, 100));
  const comm = await world.idup();
  clearInterval(timer);
  assert.ok(turns > 3 || size === 1);
  comm.free();
});

test("idupWithInfo, where the library has it", async () => {
  const duplicate = world.idupWithInfo({ mpi_assert_no_any_tag: "true" });
  const [major] = mpi.version();
  if (major < 4) await assertRejects(duplicate, { code: "ERR_MPI_UNSUPPORTED", message: "MPI 4.0" });
  else (await duplicate).free();
});

test("split makes one communicator for each color, ordered by key", () => {
  using half = world.split(rank % 2, -rank);
  assert.equal(members(half as Communicator), all.filter((other) => other % 2 === rank % 2).reverse());
  const none = world.split(rank === 0 ? mpi.UNDEFINED : 1);
  assert.is(none === null, rank === 0);
  none?.free();
  assertThrows(() => world.split(-1), { argument: "color", code: "ERR_OUT_OF_RANGE" });
  assertThrows(() => world.split(0, 0.5), { argument: "key", code: "ERR_OUT_OF_RANGE" });
});

test("splitType finds those that share memory", () => {
  // All ranks of a test run on one machine.
  using shared = world.splitType(mpi.COMM_TYPE_SHARED, -rank);
  assert.equal(members(shared as Communicator), all.toReversed());
  const none = world.splitType(rank === 0 ? mpi.UNDEFINED : mpi.COMM_TYPE_SHARED);
  assert.is(none === null, rank === 0);
  none?.free();
});

test("splitType by the hardware: a part of the machine, or a typed error where the library has it not", () => {
  const guided = { mpi_hw_resource_type: "machine" };
  const split = [
    () => world.splitType(mpi.COMM_TYPE_HW_UNGUIDED),
    () => world.splitType(mpi.COMM_TYPE_HW_GUIDED, 0, guided),
  ];
  for (const make of split) {
    if (abi === "openmpi" && mpi.version()[0] < 4) assertThrows(make, { code: "ERR_MPI_UNSUPPORTED" });
    else {
      using part = make();
      assert.ok(part === null || part.size <= size);
    }
  }
  assertThrows(() => world.splitType(1), { argument: "type", code: "ERR_INVALID_ARG_TYPE" });
  assert.is(world.allreduce(1), size);
});

test("create and createGroup make a communicator of a group", () => {
  using group = world.group();
  using reversed = group.incl(all.filter((other) => other !== 1).reverse());
  const isIn = rank !== 1;
  using created = world.create(reversed);
  assert.is(created === null, !isIn);
  if (created !== null) assert.equal(members(created), all.filter((other) => other !== 1).reverse());
  if (isIn) {
    using alone = world.createGroup(reversed, 7);
    assert.equal(members(alone as Communicator), all.filter((other) => other !== 1).reverse());
  }
  assert.is(world.create(mpi.GROUP_EMPTY), null);
  assertThrows(() => world.create(world as never), { argument: "group", code: "ERR_INVALID_ARG_TYPE" });
});

test("a communicator's group has its processes", () => {
  using half = world.split(rank % 2);
  using group = (half as Communicator).group();
  using everybody = world.group();
  assert.is(group.size, half?.size);
  assert.equal(group.translateRanks([half?.rank ?? 0], everybody), [rank]);
});

test("communicators are compared", () => {
  using reversed = world.split(0, -rank) as Communicator;
  using duplicate = world.dup();
  assert.is(world.compare(duplicate), mpi.CONGRUENT);
  assert.is(world.compare(reversed), size > 1 ? mpi.SIMILAR : mpi.CONGRUENT);
  assert.is(world.compare(mpi.COMM_SELF), size > 1 ? mpi.UNEQUAL : mpi.CONGRUENT);
  assertThrows(() => world.compare({} as never), { argument: "other", code: "ERR_INVALID_ARG_TYPE" });
});

test("names", () => {
  assert.is(world.name, "MPI_COMM_WORLD");
  assert.is(mpi.COMM_SELF.name, "MPI_COMM_SELF");
  using comm = world.dup();
  comm.name = "Zeile ✓";
  assert.is(comm.name, "Zeile ✓");
  comm.name = "";
  assert.is(comm.name, "");
  assertThrows(() => (comm.name = "x".repeat(1000)), { argument: "name", code: "ERR_OUT_OF_RANGE" });
  assertThrows(() => (comm.name = 1 as never), { argument: "name", code: "ERR_INVALID_ARG_TYPE" });
});

test("hints are given and asked for", () => {
  using comm = world.dup();
  comm.setInfo({ mpi_assert_no_any_tag: "true" });
  using info = comm.getInfo();
  assert.is(info.get("mpi_assert_no_any_tag") ?? "true", "true");
  comm.setInfo(mpi.Info.create({ nobody_knows_this: "1" }));
  assertThrows(() => comm.setInfo({ "": "1" }), { argument: "key", code: "ERR_OUT_OF_RANGE" });
});

test("a freed communicator is refused, and disposing it does nothing; predefined ones cannot be freed", () => {
  const comm = world.dup();
  comm.free();
  assert.is(comm.freed, true);
  comm[Symbol.dispose]();
  for (const use of [
    () => comm.dup(),
    () => comm.rank,
    () => comm.group(),
    () => comm.getInfo(),
    () => comm.name,
    () => comm.free(),
  ]) {
    assertThrows(use, { code: "ERR_MPI_FREED" });
  }
  assertThrows(() => world.free(), { code: "ERR_MPI_COMM" });
  assertThrows(() => mpi.COMM_SELF.free(), { code: "ERR_MPI_COMM" });
});

test("errors of new communicators are thrown, not fatal", async () => {
  using info = mpi.Info.create();
  using group = world.group();
  const comms = [
    world.dup(),
    world.dupWithInfo(info),
    await world.idup(),
    world.split(0),
    world.splitType(mpi.COMM_TYPE_SHARED),
    world.create(group),
    world.createGroup(group),
    mpi.COMM_SELF.dup(),
  ] as Communicator[];
  for (const comm of comms) {
    const self = comm.rank;
    const request = comm.isend(new Int32Array(4), self, 1);
    assertThrows(() => comm.recv(new Int32Array(1), self, 1), { code: "ERR_MPI_TRUNCATE" });
    request.wait();
    comm.free();
  }
});

test("a thousand communicators come and go", () => {
  for (let i = 0; i < 1000; i++) mpi.COMM_SELF.dup().free();
  for (let i = 0; i < 100; i++) world.split(0)?.free();
  assert.is(world.allreduce(1), size, vendor);
});

test("abort takes an exit code", () => {
  assertThrows(() => world.abort("1" as never), { argument: "code", code: "ERR_INVALID_ARG_TYPE" });
  assertThrows(() => world.abort(1.5), { argument: "code", code: "ERR_OUT_OF_RANGE" });
});

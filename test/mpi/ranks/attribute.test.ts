import * as assert from "uvu/assert";
import type { Communicator } from "../../../src/mpi/index.js";
import * as mpi from "../../../src/mpi/index.js";
import { assertRejects, assertThrows, test } from "../../harness/ranks.js";

const world = mpi.COMM_WORLD;

test("predefined attributes tell of the environment, the same at every communicator", () => {
  using duplicate = world.dup();
  for (const comm of [world, mpi.COMM_SELF, duplicate]) {
    const largestTag = comm.attribute(mpi.TAG_UB) as number;
    assert.ok(largestTag >= 32767);
    assert.ok([0, 1].includes(comm.attribute(mpi.WTIME_IS_GLOBAL) as number));
    assert.ok((comm.attribute(mpi.LASTUSEDCODE) as number) > 0);
    assert.is(comm.attribute(mpi.APPNUM) ?? 0, 0);
    assert.ok((comm.attribute(mpi.UNIVERSE_SIZE) ?? 1) >= 1);
  }
  // Both libraries let every rank do input and output, and know of no host.
  assert.is(world.attribute(mpi.IO), mpi.ANY_SOURCE);
  assert.is(world.attribute(mpi.HOST), mpi.PROC_NULL);
});

test("the largest tag is one that can be used, the next is not", () => {
  const tag = world.attribute(mpi.TAG_UB) as number;
  const status = mpi.COMM_SELF.sendrecv(Int32Array.of(5), 0, tag, new Int32Array(1), 0, tag);
  assert.is(status.tag, tag);
  assertThrows(() => world.send(new Int32Array(1), 0, tag + 1), {
    argument: "tag",
    code: "ERR_OUT_OF_RANGE",
  });
});

test("what is no key is refused", () => {
  assertThrows(() => world.attribute(1), { argument: "key", code: "ERR_INVALID_ARG_TYPE" });
  assertThrows(() => world.attribute("TAG_UB" as never), { argument: "key", code: "ERR_INVALID_ARG_TYPE" });
  assertThrows(() => world.setAttribute(mpi.TAG_UB as never, 1), {
    argument: "key",
    code: "ERR_INVALID_ARG_TYPE",
  });
});

test("a value is attached to one communicator, under one key", () => {
  using comm = world.dup();
  using other = world.dup();
  const [a, b] = [mpi.Keyval.create<string>(), mpi.Keyval.create<object>()];
  assert.is(comm.attribute(a), undefined);
  comm.setAttribute(a, "x");
  const value = { any: ["thing"] };
  comm.setAttribute(b, value);
  assert.is(comm.attribute(a), "x");
  assert.is(comm.attribute(b), value);
  assert.is(other.attribute(a), undefined);
  comm.setAttribute(a, "y");
  assert.is(comm.attribute(a), "y");
  assert.is(comm.deleteAttribute(a), true);
  assert.is(comm.deleteAttribute(a), false);
  assert.is(comm.attribute(a), undefined);
});

test("values that are falsy are values, undefined is none", () => {
  using comm = world.dup();
  const key = mpi.Keyval.create<unknown>();
  for (const value of [null, 0, "", false, Number.NaN]) {
    comm.setAttribute(key, value);
    assert.ok(Object.is(comm.attribute(key), value));
  }
  assertThrows(() => comm.setAttribute(key, undefined), { argument: "value", code: "ERR_INVALID_ARG_TYPE" });
});

test("a duplicate gets what the copy function returns; without one, nothing", () => {
  using comm = world.dup();
  const copied: unknown[] = [];
  const shared = mpi.Keyval.create({ copy: (_comm: Communicator, value: number[]) => value });
  const counted = mpi.Keyval.create({
    copy(owner: Communicator, generation: number) {
      copied.push(owner);
      return generation + 1;
    },
  });
  const refused = mpi.Keyval.create<string>({ copy: () => undefined });
  const own = mpi.Keyval.create<string>();
  const list = [1, 2];
  comm.setAttribute(shared, list);
  comm.setAttribute(counted, 0);
  comm.setAttribute(refused, "x");
  comm.setAttribute(own, "x");
  using child = comm.dup();
  using grandchild = child.dupWithInfo(null);
  assert.is(grandchild.attribute(shared), list);
  assert.equal(
    [comm, child, grandchild].map((each) => each.attribute(counted)),
    [0, 1, 2],
  );
  assert.ok(copied[0] === comm && copied[1] === child && copied.length === 2);
  assert.is(child.attribute(refused), undefined);
  assert.is(child.attribute(own), undefined);
});

test("idup copies as dup does", async () => {
  using comm = world.dup();
  const key = mpi.Keyval.create({ copy: (_comm: Communicator, value: number) => value * 2 });
  comm.setAttribute(key, 4);
  using child = await comm.idup();
  assert.is(child.attribute(key), 8);
});

test("split and create copy nothing", () => {
  using comm = world.dup();
  const key = mpi.Keyval.create({ copy: (_comm: Communicator, value: number) => value });
  comm.setAttribute(key, 1);
  using part = comm.split(0);
  assert.is(part?.attribute(key), undefined);
});

test("the delete function is called for what is deleted, replaced or freed with its communicator", () => {
  const log: string[] = [];
  const make = () =>
    mpi.Keyval.create({
      delete: (comm: Communicator, value: string) => void log.push(`${value} of ${comm.size}`),
    });
  const [a, b] = [make(), make()];
  const comm = world.dup();
  comm.setAttribute(a, "first");
  comm.setAttribute(a, "second");
  comm.setAttribute(b, "third");
  assert.equal(log.splice(0), [`first of ${world.size}`]);
  comm.deleteAttribute(a);
  assert.equal(log.splice(0), [`second of ${world.size}`]);
  comm.setAttribute(a, "fourth");
  comm.free();
  assert.equal(log, [`fourth of ${world.size}`, `third of ${world.size}`]);
});

test("a delete function that throws: the value stays; free goes on on all ranks, then throws", () => {
  const wrong = new Error("not now");
  const key = mpi.Keyval.create<number>({
    delete() {
      throw wrong;
    },
  });
  const comm = world.dup();
  comm.setAttribute(key, 1);
  assertThrowsSame(() => comm.deleteAttribute(key), wrong);
  assertThrowsSame(() => comm.setAttribute(key, 2), wrong);
  assert.is(comm.attribute(key), 1);
  // The other ranks have no such value: they must not wait for this one.
  if (comm.rank === 0) assertThrowsSame(() => comm.free(), wrong);
  else {
    using harmless = mpi.Keyval.create<number>();
    assertThrowsSame(() => comm.deleteAttribute(key), wrong);
    comm.setAttribute(harmless, 1);
    assertThrowsSame(() => comm.free(), wrong);
  }
  assert.is(comm.freed, true);
  assert.is(world.allreduce(1), world.size);
});

test("a copy function that throws: the duplicate is lost, nobody hangs", () => {
  const wrong = new Error("cannot be copied");
  const key = mpi.Keyval.create<number>({
    copy() {
      throw wrong;
    },
  });
  using comm = world.dup();
  if (world.rank === 0) comm.setAttribute(key, 1);
  if (world.rank === 0) assertThrowsSame(() => comm.dup(), wrong);
  else comm.dup();
  assert.is(world.allreduce(1), world.size);
});

test("a keyval that was freed is refused; its values live on until their communicator is freed", async () => {
  const deleted: number[] = [];
  const key = mpi.Keyval.create({
    copy: (_comm: Communicator, value: number) => value + 1,
    delete: (_comm: Communicator, value: number) => void deleted.push(value),
  });
  const comm = world.dup();
  comm.setAttribute(key, 1);
  key.free();
  const freed = { code: "ERR_MPI_KEYVAL" };
  assertThrows(() => comm.attribute(key), freed);
  assertThrows(() => comm.setAttribute(key, 2), freed);
  assertThrows(() => comm.deleteAttribute(key), freed);
  comm.dup().free();
  comm.free();
  assert.equal(deleted, [2, 1]);
  const gone = { code: "ERR_MPI_FREED" };
  assertThrows(() => comm.attribute(mpi.Keyval.create()), gone);
  assertThrows(() => comm.attribute(mpi.TAG_UB), gone);
  await assertRejects(comm.idup(), gone);
});

test("Keyval.create checks its arguments", () => {
  const wrong = { argument: "options.copy", code: "ERR_INVALID_ARG_TYPE" };
  assertThrows(() => mpi.Keyval.create({ copy: 1 as never }), wrong);
});

test("COMM_WORLD has attributes too, and keeps them when somebody tries to free it", () => {
  const key = mpi.Keyval.create<number>();
  world.setAttribute(key, 1);
  assertThrows(() => world.free(), { code: "ERR_MPI_COMM" });
  assert.is(world.attribute(key), 1);
  world.deleteAttribute(key);
});

test("values at COMM_SELF are deleted when MPI ends, while it can still be used", () => {
  let sum = 0;
  const key = mpi.Keyval.create({
    delete(comm: Communicator, value: number) {
      sum = comm.allreduce(value);
    },
  });
  mpi.COMM_SELF.setAttribute(key, 3);
  // MPI runs already, so that this comes after the handler that finalizes it.
  process.on("exit", () => {
    if (process.exitCode === undefined && sum !== 3) process.exitCode = 1;
  });
});

function assertThrowsSame(fn: () => unknown, expected: Error): void {
  let caught: unknown;
  try {
    fn();
  } catch (error) {
    caught = error;
  }
  assert.is(caught, expected);
}

import { rmSync } from "node:fs";
import { setTimeout as pause } from "node:timers/promises";
import * as assert from "uvu/assert";
import { mpi } from "../../../src/index.js";
import { type BuildOn, jit, jitOnComm, jitOnCommAsync } from "../../../src/jit/index.js";
import {
  apart,
  LAYOUTS,
  type Layout,
  lowestOn,
  needsTwo,
  newWork,
  onEachDisk,
  see,
  shared,
  testOnDisks,
  type Work,
} from "./disks.js";

// Disks of which some have the library, and processes of which some are late.

const world = mpi.COMM_WORLD;
const { rank, size } = world;
const last = size - 1;

function call({ value, name, params, generate }: Work, buildon?: BuildOn): string {
  const { role, library } = jitOnComm(world, value, name, params, generate, { buildon });
  assert.is(library.func("int f()")(), value);
  return role;
}

const unreachable = (): never => assert.unreachable("generated") as never;

/** Lets the process with this rank build it for itself. */
function warm({ value, name, params, generate }: Work, who: number): void {
  if (rank === who) jit(value, name, params, { generate });
  world.barrier();
}

for (const [disks, layout] of LAYOUTS) {
  for (const buildon of ["root", "node", "process"] satisfies BuildOn[]) {
    for (const [which, who] of [
      ["first", 0],
      ["last", last],
    ] as const) {
      if (which === "last" && size === 1) continue;
      testOnDisks(`the disk of the ${which} rank has it: on ${buildon}, ${disks}`, (folder) => {
        const work = newWork(folder, layout);
        warm(work, who);
        const isThere = layout(rank) === layout(who);
        const storing = lowestOn(layout, layout(rank)) === rank;
        const role = call({ ...work, generate: unreachable }, buildon);
        assert.is(role, isThere ? "hit" : storing ? "receiver" : "waiter");
        assert.is(call({ ...work, generate: unreachable }, buildon), "hit");
        const { builders, libraries, leftovers } = see(folder);
        assert.equal(builders, [who]);
        assert.equal(libraries, onEachDisk(layout, 1));
        assert.equal(leftovers, []);
      });
    }
  }

  testOnDisks(`a disk is emptied under those that have it loaded: ${disks}`, (folder) => {
    const work = newWork(folder, layout);
    call(work);
    world.barrier();
    if (rank === 0) rmSync(work.cacheDir, { recursive: true });
    world.barrier();
    // What is loaded stays, and nobody needs the disk.
    assert.is(call({ ...work, generate: unreachable }), "hit");
  });
}

testOnDisks(
  "the one that has it has it in memory only",
  (folder) => {
    // The last rank is new to it, as one of another communicator would be.
    const [own, all] = [newWork(folder, apart), newWork(folder, apart)];
    const before = world.split(Number(rank === last), rank) as mpi.Communicator;
    if (rank !== last) jitOnComm(before, own.value, own.name, own.params, own.generate);
    world.barrier();
    if (rank !== last) rmSync(own.cacheDir, { recursive: true });
    world.barrier();
    const role = call(own);
    assert.is(role, rank === last ? "builder" : "hit");
    // And the communicator goes on.
    assert.is(call(all), "builder");
    assert.ok(see(folder).builders.includes(last));
    before.free();
  },
  needsTwo,
);

testOnDisks("a disk that was emptied is filled again, with the same bytes as what is loaded", (folder) => {
  const work = newWork(folder, apart);
  warm(work, 0);
  if (rank === 0) rmSync(work.cacheDir, { recursive: true });
  assert.is(call(work), "builder");
  assert.equal(see(folder).libraries, onEachDisk(apart, 1));
});

for (const form of ["jitOnComm", "jitOnCommAsync"]) {
  const layouts: readonly (readonly [string, Layout])[] = [
    ["first", shared],
    ["last", apart],
  ];
  for (const [which, layout] of layouts) {
    testOnDisks(`${form}: the ${which} rank is late`, async (folder) => {
      const work = newWork(folder, layout);
      const { value, name, params, generate } = work;
      if (rank === (which === "first" ? 0 : last)) await pause(500);
      const options = { buildon: "root", deadline: 20 } as const;
      const { library, role } = await (form === "jitOnComm"
        ? jitOnComm(world, value, name, params, generate, options)
        : jitOnCommAsync(world, value, name, params, generate, options));
      assert.is(library.func("int f()")(), value);
      assert.is(role === "builder", rank === 0);
      const { builders, libraries } = see(folder);
      assert.equal(builders, [0]);
      assert.equal(libraries, onEachDisk(layout, 1));
    });
  }
}

testOnDisks("one communicator, with caches on one disk and on many in turn", (folder) => {
  for (const layout of [shared, apart, shared, apart]) {
    const isLowest = lowestOn(layout, layout(rank)) === rank;
    assert.is(call(newWork(folder, layout)), isLowest ? "builder" : "waiter");
  }
  assert.is(see(folder).builders.length, 2 + 2 * size);
});

import * as assert from "uvu/assert";
import { mpi } from "../../../src/index.js";
import { type BuildOn, jitOnComm, jitOnCommAsync } from "../../../src/jit/index.js";
import { assertThrows } from "../../harness/ranks.js";
import {
  apart,
  disksOf,
  f,
  LAYOUTS,
  lowestOn,
  newWork,
  noteBuild,
  onEachDisk,
  RANKS,
  see,
  shared,
  testOnDisks,
} from "./disks.js";

// Generators that ask for other libraries, on which theirs depends.

const world = mpi.COMM_WORLD;
const { size } = world;

const generated = (name: string, body: string, dependencies: string[]) => ({
  header: `extern "C" int ${name}();\n`,
  source: `${dependencies.map((each) => `#include "${each}.h"\n`).join("")}extern "C" int ${name}() { return ${body}; }\n`,
  dependencies,
});

for (const [disks, layout] of LAYOUTS) {
  const roots = disksOf(layout).map((disk) => lowestOn(layout, disk));
  for (const buildon of ["root", "node", "process"] satisfies BuildOn[]) {
    if (buildon === "process" && roots.length < size) continue;
    const builders = { root: [0], node: roots, process: RANKS }[buildon];

    testOnDisks(`three deep on ${buildon}, ${disks}`, (folder) => {
      const { name, params } = newWork(folder, layout);
      const call = (depth: number): ReturnType<typeof jitOnComm> =>
        jitOnComm(world, depth, `${name} ${depth}`, params, generate, { buildon });
      const generate = (depth: number) => {
        noteBuild(folder);
        const below = depth === 0 ? [] : [call(depth - 1).signature];
        return generated(`f${depth}`, depth === 0 ? "1" : `2 * f${depth - 1}()`, below);
      };
      assert.is(call(2).library.func("int f2()")(), 4);
      const first = see(folder);
      assert.equal(
        first.builders,
        builders.flatMap((rank) => [rank, rank, rank]),
      );
      assert.equal(first.libraries, onEachDisk(layout, 3));
      assert.equal(first.leftovers, []);
      // What it depends on has come to all disks, and is asked for by all together.
      for (const depth of [0, 1]) {
        const { role, library } = call(depth);
        assert.is(role, "hit");
        assert.is(library.func(`int f${depth}()`)(), depth + 1);
      }
      assert.equal(see(folder).builders, first.builders);
    });
  }
}

for (const buildon of ["root", "node", "process"] satisfies BuildOn[]) {
  testOnDisks(`jitOnCommAsync on ${buildon}, a disk for each rank`, async (folder) => {
    const { name, params } = newWork(folder, apart);
    const options = { buildon };
    const { library } = await jitOnCommAsync(
      world,
      null,
      name,
      params,
      async () => {
        const below = () => generated("below", "20", []);
        const make = (each: string) => jitOnCommAsync(world, null, `${name} ${each}`, params, below, options);
        const { signature } = await make("below");
        return generated("above", "below() + 1", [signature]);
      },
      options,
    );
    assert.is(library.func("int above()")(), 21);
    assert.equal(see(folder).libraries, onEachDisk(apart, 2));
  });
}

testOnDisks("a dependency that all have asked for before", (folder) => {
  const { name, params } = newWork(folder, apart);
  const below = jitOnComm(world, null, `${name} below`, params, () => generated("below", "5", []));
  const generate = () => generated("above", "below() + 1", [below.signature]);
  assert.is(
    jitOnComm(world, null, name, params, generate, { buildon: "root" }).library.func("int above()")(),
    6,
  );
});

testOnDisks("a dependency that fails fails on all", (folder) => {
  const { name, params } = newWork(folder, shared);
  const generate = () => {
    jitOnComm(world, null, `${name} below`, params, () => {
      throw new Error("nothing below");
    });
    return { source: f(1) };
  };
  const message = "nothing below";
  let thrown: Error | undefined;
  try {
    jitOnComm(world, null, name, params, generate);
  } catch (error) {
    thrown = error as Error;
  }
  assert.match(thrown?.message ?? "nothing", message);
  assertThrows(
    () => jitOnComm(world, null, name, params, () => ({ source: f(1), dependencies: ["nobody_01"] })),
    {
      code: "ERR_JIT_DEPENDENCY",
      message: "nobody_01",
    },
  );
  assert.is(jitOnComm(world, null, name, params, () => ({ source: f(7) })).library.func("int f()")(), 7);
});

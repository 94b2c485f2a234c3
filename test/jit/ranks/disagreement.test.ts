import * as assert from "uvu/assert";
import { mpi } from "../../../src/index.js";
import { jit, jitOnComm, jitOnCommAsync, jitSignature } from "../../../src/jit/index.js";
import { assertRejects, assertThrows } from "../../harness/ranks.js";
import { apart, f, LAYOUTS, needsTwo, newWork, RANKS, see, shared, testOnDisks, type Work } from "./disks.js";

// Ranks that do not mean the same.

const world = mpi.COMM_WORLD;
const { rank, size } = world;
const last = size - 1;
const others = RANKS.slice(0, -1).join(", ");
const code = "ERR_JIT_MISMATCH";

/** A library that all mean, afterwards: no message of the failed call may be left. */
function callTogether(folder: string): void {
  const { value, name, params, generate } = newWork(folder, shared);
  const { library } = jitOnComm(world, value, name, params, generate);
  assert.is(library.func("int f()")(), value);
}

const call = ({ value, name, params, generate }: Work): unknown =>
  jitOnComm(world, value, name, params, generate);

for (const [disks, layout] of LAYOUTS) {
  testOnDisks(
    `another name on one rank, ${disks}`,
    async (folder) => {
      const work = newWork(folder, layout);
      const name = `${work.name}${rank === last ? " of the last" : ""}`;
      const message = new RegExp(
        `^The ranks ask for different libraries:\\n  rank ${others}: library_\\d+_[0-9a-f]{32}\\n  rank ${last}: library_\\d+_of_the_last`,
      );
      assertThrows(() => call({ ...work, name }), { code, message });
      const { value, params, generate } = work;
      const later = jitOnCommAsync(world, value, name, params, generate);
      await assertRejects(later, { code, message });
      assert.equal(see(folder).builders, []);
      callTogether(folder);
    },
    needsTwo,
  );
}

testOnDisks(
  "another name on one rank, of what all have agreed on before",
  (folder) => {
    const [work, other] = [newWork(folder, shared), newWork(folder, shared)];
    for (const each of [work, other]) for (let i = 0; i < 3; i++) call(each);
    const message = "ask for different libraries";
    assertThrows(() => call(rank === last ? other : work), { code, message });
    assertThrows(() => call(rank === last ? { ...work, name: `${work.name} new` } : work), { code, message });
    callTogether(folder);
  },
  needsTwo,
);

testOnDisks(
  "each rank has a name of its own",
  (folder) => {
    const work = newWork(folder, shared);
    const name = (each: number): string => `${work.name} of ${each}`;
    const lines = RANKS.map((each) => `\n  rank ${each}: ${jitSignature(name(each), work.params)}`);
    assertThrows(() => call({ ...work, name: name(rank) }), { code, message: `libraries:${lines.join("")}` });
    callTogether(folder);
  },
  needsTwo,
);

testOnDisks(
  "other parameters on one rank",
  (folder) => {
    const work = newWork(folder, shared);
    for (const more of [
      { generator: { degree: rank === last ? 3 : 2 } },
      { build: { debug: rank === last } },
    ]) {
      const params = { ...work.params, ...more };
      assertThrows(() => call({ ...work, params }), { code, message: `rank ${others}: ` });
    }
    callTogether(folder);
  },
  needsTwo,
);

testOnDisks(
  "another way to build on one rank",
  (folder) => {
    const { value, name, params, generate } = newWork(folder, apart);
    const buildon = rank === last ? "root" : "node";
    assertThrows(() => jitOnComm(world, value, name, params, generate, { buildon }), {
      code,
      message: `rank ${last}: ${jitSignature(name, params)}, built on root`,
    });
    callTogether(folder);
  },
  needsTwo,
);

testOnDisks(
  "disks that have different libraries under one name",
  (folder) => {
    const { name, params } = newWork(folder, apart);
    jit(null, name, params, { generate: () => ({ source: f(rank === last ? 1 : 2) }) });
    const generate = () => assert.unreachable() as never;
    const expected = {
      code,
      message: new RegExp(`rank ${others}: source \\w{16}\\n  rank ${last}: source \\w{16}$`),
    };
    assertThrows(() => jitOnComm(world, null, name, params, generate), expected);
    // It stays so until someone cleans one of the disks.
    assertThrows(() => jitOnComm(world, null, name, params, generate), expected);
    callTogether(folder);
  },
  needsTwo,
);

testOnDisks(
  "generators that make different code of one name",
  (folder) => {
    const { name, params } = newWork(folder, apart);
    const generate = () => ({ source: f(rank === last ? 1 : 2) });
    assertThrows(() => jitOnComm(world, null, name, params, generate), {
      code,
      message: `rank ${last}: source`,
    });
    callTogether(folder);
  },
  needsTwo,
);

testOnDisks("with one disk, only what the builder makes counts", (folder) => {
  const { name, params } = newWork(folder, shared);
  const { library } = jitOnComm(world, null, name, params, () => ({ source: f(100 + rank) }));
  assert.is(library.func("int f()")(), 100);
});

testOnDisks("directories may differ", (folder) => {
  const work = newWork(folder, apart);
  const failDirRoot = `${folder}/failures of ${rank}`;
  call({ ...work, params: { cache: { ...work.params.cache, failDirRoot } } });
  assert.equal(see(folder).builders, RANKS);
});

import { spawnSync } from "node:child_process";
import { mkdirSync, readdirSync, symlinkSync, writeFileSync } from "node:fs";
import { hostname, tmpdir } from "node:os";
import { join } from "node:path";
import * as assert from "uvu/assert";
import { mpi } from "../../../src/index.js";
import { bcastUuid, discoverPathAccessRanks, gatherGlobalPartitions } from "../../../src/jit/index.js";
import { assertThrows, test } from "../../harness/ranks.js";
import { onEachCommunicator, ranksOf } from "../../mpi/ranks/communicators.js";
import { LAYOUTS, needsTwo, RANKS, testOnDisks } from "./disks.js";

const world = mpi.COMM_WORLD;
const { rank, size } = world;

onEachCommunicator("bcastUuid gives all ranks one name, and another each time", (comm) => {
  const [one, two] = [bcastUuid(comm), bcastUuid(comm)];
  assert.match(one, /^[0-9a-f]{32}$/);
  assert.is.not(one, two);
  assert.equal(new Set(comm.allgatherObject(one)).size, 1);
});

for (const [name, layout] of LAYOUTS) {
  testOnDisks(`discoverPathAccessRanks and gatherGlobalPartitions: ${name}`, (folder) => {
    const path = join(folder, `disk${layout(rank)}`);
    const sharing = RANKS.filter((each) => layout(each) === layout(rank));
    const found = discoverPathAccessRanks(world, path);
    assert.equal(found, sharing);
    const all = [...new Set(RANKS.map(layout))].map((disk) => RANKS.filter((each) => layout(each) === disk));
    assert.equal(gatherGlobalPartitions(world, found), all);
    world.barrier();
    assert.equal(readdirSync(path), []);
  });
}

testOnDisks(
  "what a process left that was killed meanwhile is removed, what one left that lives is not",
  (folder) => {
    const path = join(folder, "disk");
    const [dead, alive] = ["d", "a"].map((digit) => `rank.${digit.repeat(32)}`) as [string, string];
    mkdirSync(path, { recursive: true });
    if (rank === 0) {
      writeFileSync(join(path, dead), `0 ${spawnSync("true").pid} ${hostname()}`);
      writeFileSync(join(path, alive), `0 ${process.pid} ${hostname()}`);
    }
    world.barrier();
    assert.equal(discoverPathAccessRanks(world, path), RANKS);
    world.barrier();
    assert.equal(readdirSync(path), [alive]);
  },
);

testOnDisks("two halves of neighbours", (folder) => {
  const half = Number(rank >= size / 2);
  const found = discoverPathAccessRanks(world, join(folder, `half${half}`));
  assert.equal(
    found,
    RANKS.filter((each) => Number(each >= size / 2) === half),
  );
});

testOnDisks("different paths to one directory are one", (folder) => {
  const real = join(folder, "real");
  mkdirSync(real, { recursive: true });
  const link = join(folder, `link${rank}`);
  symlinkSync(real, link);
  assert.equal(discoverPathAccessRanks(world, rank === 0 ? real : link), RANKS);
  assert.equal(discoverPathAccessRanks(world, join(link, "below", "..")), RANKS);
  world.barrier();
  assert.equal(readdirSync(real), []);
});

testOnDisks("equal paths in different directories are many", (folder) => {
  const before = process.cwd();
  const own = join(folder, String(rank));
  mkdirSync(own);
  process.chdir(own);
  try {
    assert.equal(discoverPathAccessRanks(world, "cache"), [rank]);
  } finally {
    process.chdir(before);
  }
});

onEachCommunicator("the ranks are those of the communicator", (comm) => {
  assert.equal(discoverPathAccessRanks(comm, tmpdir()), ranksOf(comm));
});

testOnDisks("a rank that cannot write fails on all", (folder) => {
  const blocked = join(folder, `file${rank}`);
  writeFileSync(blocked, "");
  const last = size - 1;
  const path = rank === last ? join(blocked, "cache") : join(folder, "cache");
  const expected = { code: "ERR_JIT_CACHE", message: new RegExp(`^Rank ${last} cannot write`) };
  assertThrows(() => discoverPathAccessRanks(world, path), expected);
  // All of them.
  const all = { code: "ERR_JIT_CACHE", message: `Rank ${RANKS.join(", ")} cannot write` };
  assertThrows(() => discoverPathAccessRanks(world, join(blocked, "cache")), all);
  assert.equal(discoverPathAccessRanks(world, folder), RANKS);
  world.barrier();
  assert.equal(
    readdirSync(folder).filter((name) => name.startsWith("rank.")),
    [],
  );
});

test("a path is a string that is not empty", () => {
  for (const path of ["", 1, null, undefined]) {
    assertThrows(() => discoverPathAccessRanks(world, path as string), {
      code: "ERR_INVALID_ARG_TYPE",
      argument: "path",
    });
  }
});

test("a partition has this process in it", () => {
  for (const partition of [[], [size], "0", undefined]) {
    assertThrows(() => gatherGlobalPartitions(world, partition as number[]), {
      code: "ERR_INVALID_ARG_TYPE",
      argument: "partition",
    });
  }
});

test(
  "partitions come in the order of their lowest ranks",
  () => {
    // The last rank alone, all others together, whatever the order of the list.
    const others = RANKS.slice(0, -1);
    const own = rank === size - 1 ? [rank] : [...others].reverse();
    assert.equal(gatherGlobalPartitions(world, own), [others, [size - 1]]);
  },
  needsTwo,
);

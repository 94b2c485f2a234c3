import { readdirSync } from "node:fs";
import { join } from "node:path";
import * as assert from "uvu/assert";
import { mpi } from "../../../src/index.js";
import {
  type BuildOn,
  createCommsAndRole,
  createNodeComm,
  createNodeRootsComm,
  createSubcomm,
  jit,
  receiveBinary,
  roleCallbacks,
  sendBinary,
} from "../../../src/jit/index.js";
import { assertArray, assertThrows, test } from "../../harness/ranks.js";
import { disksOf, LAYOUTS, lowestOn, newWork, onEachDisk, RANKS, see, testOnDisks } from "./disks.js";

const world = mpi.COMM_WORLD;
const { rank, size } = world;

/** The ranks in COMM_WORLD of the processes of a communicator, in the order of theirs. */
const worldRanks = (comm: mpi.Communicator): number[] => comm.allgatherObject(rank);

test("createSubcomm has the ranks in the order of the list", () => {
  const halves = [0, 1].map((half) => RANKS.filter((each) => each % 2 === half));
  const own = (halves[rank % 2] as number[]).reverse();
  const comm = createSubcomm(world, own);
  assert.equal(worldRanks(comm), own);
  comm.free();
});

test("createSubcomm asks for a list with this process in it", () => {
  for (const ranks of [[], [size], undefined]) {
    assertThrows(() => createSubcomm(world, ranks as number[]), {
      code: "ERR_INVALID_ARG_TYPE",
      argument: "ranks",
    });
  }
});

for (const [name, layout] of LAYOUTS) {
  const own = layout(rank);
  const sharing = RANKS.filter((each) => layout(each) === own);
  const roots = disksOf(layout).map((disk) => lowestOn(layout, disk));
  const isRoot = roots.includes(rank);

  testOnDisks(`createNodeComm and createNodeRootsComm: ${name}`, (folder) => {
    const path = join(folder, `disk${own}`);
    const { nodeComm, nodeRoot } = createNodeComm(world, path);
    assert.equal(worldRanks(nodeComm), sharing);
    assert.is(nodeRoot, sharing[0]);
    const rootsComm = createNodeRootsComm(world, nodeRoot);
    assert.equal(rootsComm === null ? null : worldRanks(rootsComm), isRoot ? roots : null);
    rootsComm?.free();
    nodeComm.free();
    world.barrier();
    assert.equal(readdirSync(path), []);
  });

  testOnDisks(`createCommsAndRole for root: ${name}`, (folder) => {
    const roles = createCommsAndRole(world, join(folder, `disk${own}`), "root");
    assert.is(roles.role, rank === 0 ? "builder" : isRoot ? "receiver" : "waiter");
    assert.equal(roles.copyComm === null ? null : worldRanks(roles.copyComm), isRoot ? roots : null);
    assert.equal(worldRanks(roles.waitComm as mpi.Communicator), RANKS);
    roles.free();
  });

  testOnDisks(`createCommsAndRole for node, the default: ${name}`, (folder) => {
    const roles = createCommsAndRole(world, join(folder, `disk${own}`));
    assert.is(roles.role, isRoot ? "builder" : "waiter");
    assert.is(roles.copyComm, null);
    assert.equal(worldRanks(roles.waitComm as mpi.Communicator), sharing);
    roles.free();
  });

  testOnDisks(`createCommsAndRole for process: ${name}`, (folder) => {
    const create = () => createCommsAndRole(world, join(folder, `disk${own}`), "process");
    const together = RANKS.filter((each) =>
      RANKS.some((other) => other !== each && layout(other) === layout(each)),
    );
    if (together.length > 0) {
      const message = `${together.length} of ${size} share theirs`;
      assertThrows(create, { code: "ERR_JIT_PARAMS", message });
      return;
    }
    const { role, copyComm, waitComm, free } = create();
    assert.equal([role, copyComm, waitComm], ["builder", null, null]);
    free();
  });

  for (const buildon of ["root", "node", "process"] satisfies BuildOn[]) {
    if (buildon === "process" && disksOf(layout).length < size) continue;
    testOnDisks(`jit with roleCallbacks for ${buildon}: ${name}`, (folder) => {
      const { name: library, value, params, generate, cacheDir } = newWork(folder, layout);
      const roles = createCommsAndRole(world, cacheDir, buildon);
      const callbacks = roleCallbacks(roles);
      const call = () =>
        jit(value, library, params, { ...callbacks, ...(roles.role === "builder" ? { generate } : {}) });
      assert.is(call().library.func("int f()")(), value);
      assert.is(call().library.func("int f()")(), value);
      const { builders, libraries, leftovers } = see(folder);
      assert.equal(builders, { root: [0], node: roots, process: RANKS }[buildon]);
      assert.equal(libraries, onEachDisk(layout, 1));
      assert.equal(leftovers, []);
      roles.free();
    });
  }

  testOnDisks(`a builder that fails, with roleCallbacks: ${name}`, (folder) => {
    const { name: library, params, cacheDir } = newWork(folder, layout);
    const roles = createCommsAndRole(world, cacheDir, "root");
    const generate = () => {
      throw new Error("no code today");
    };
    const callbacks = { ...roleCallbacks(roles), ...(roles.role === "builder" ? { generate } : {}) };
    let thrown: Error | undefined;
    try {
      jit(null, library, params, callbacks);
    } catch (error) {
      thrown = error as Error;
    }
    const message = { builder: /^no code today$/, receiver: /no code today/, waiter: /No process has built/ };
    assert.match(thrown?.message ?? "nothing", message[roles.role]);
    roles.free();
  });
}

testOnDisks("another buildon is refused", (folder) => {
  assertThrows(() => createCommsAndRole(world, folder, "nobody" as BuildOn), {
    code: "ERR_OUT_OF_RANGE",
    name: "RangeError",
    argument: "buildon",
  });
});

test("bytes go from rank 0 to all others", () => {
  for (const length of [0, 1, 5, 100_000]) {
    const data = Uint8Array.from({ length }, (_, i) => i * 7);
    if (rank === 0) sendBinary(world, data);
    else assertArray(receiveBinary(world), data);
  }
});

test("bytes that are damaged on the way are noticed", () => {
  // As sendBinary sends them, but for one bit of the checksum.
  const message = Uint8Array.from({ length: 40 }, (_, i) => i);
  if (rank === 0) {
    world.ibcast(Float64Array.of(message.length), 0).wait();
    world.ibcast(message, 0).wait();
  } else {
    assertThrows(() => receiveBinary(world), { code: "ERR_JIT_RECEIVED", message: "8 bytes" });
  }
});

test("sendBinary asks for bytes and for rank 0", () => {
  const expected = { code: "ERR_INVALID_ARG_TYPE" };
  assertThrows(() => sendBinary(world, "text" as never), { ...expected, argument: "data" });
  if (rank > 0) assertThrows(() => sendBinary(world, Uint8Array.of(1)), { ...expected, argument: "comm" });
});

import * as assert from "uvu/assert";
import { mpi } from "../../../src/index.js";
import { type BuildOn, jitOnComm, jitSignature } from "../../../src/jit/index.js";
import { assertThrows } from "../../harness/ranks.js";
import {
  call,
  disksOf,
  FORMS,
  LAYOUTS,
  lowestOn,
  newWork,
  onEachDisk,
  RANKS,
  see,
  testOnDisks,
} from "./disks.js";

// Who builds, receives and waits; the runner has more ranks for this file than for others.

const world = mpi.COMM_WORLD;
const { rank, size } = world;

for (const [disks, layout] of LAYOUTS) {
  const roots = disksOf(layout).map((disk) => lowestOn(layout, disk));
  const isRoot = roots.includes(rank);
  for (const form of FORMS) {
    for (const buildon of ["root", "node", "process"] satisfies BuildOn[]) {
      testOnDisks(`${form} on ${buildon}, ${disks}`, async (folder) => {
        const work = newWork(folder, layout);
        const { value, name, params } = work;
        if (buildon === "process" && roots.length < size) {
          const generate = () => assert.unreachable() as never;
          const sharing = RANKS.filter(
            (each) => RANKS.filter((other) => layout(other) === layout(each)).length > 1,
          );
          assertThrows(() => jitOnComm(world, value, name, params, generate, { buildon }), {
            code: "ERR_JIT_PARAMS",
            message: `${sharing.length} of ${size} share theirs`,
          });
          assert.equal(see(folder).leftovers, []);
          return;
        }
        const role = {
          root: rank === 0 ? "builder" : isRoot ? "receiver" : "waiter",
          node: isRoot ? "builder" : "waiter",
          process: "builder",
        }[buildon];
        const signature = jitSignature(name, params);
        assert.equal(await call(form, world, work, { buildon }), { role, value, signature });
        assert.equal(await call(form, world, work, { buildon }), { role: "hit", value, signature });
        const { builders, libraries, leftovers } = see(folder);
        assert.equal(builders, { root: [0], node: roots, process: RANKS }[buildon]);
        assert.equal(libraries, onEachDisk(layout, 1));
        assert.equal(leftovers, []);
      });
    }
  }
}

/** jit-on-comm CALLS cold|warm|local BUILDON FOLDER: a library built or found together; rank 0 prints the median time of the slowest rank. */
import { rmSync } from "node:fs";
import { join } from "node:path";
import { argv, hrtime } from "node:process";
import { mpi } from "../../../src/index.js";
import { type BuildOn, jitOnComm } from "../../../src/jit/index.js";
import { argument, print } from "../measure.js";
import { generate, params } from "./jit-common.js";

const comm = mpi.COMM_WORLD;
const [what, buildon, folder] = argv.slice(3) as [string, BuildOn, string];
const agree = what === "local" ? "local" : "all";
const root = join(folder, `typed-mpi-on-comm-${buildon}`);
const cacheDir = buildon === "process" ? join(root, String(comm.rank)) : root;

/** Nanoseconds until all ranks have the library. */
function together(jitable: number, name: string): number {
  comm.barrier();
  const start = hrtime.bigint();
  const { library } = jitOnComm(comm, jitable, name, params(cacheDir), generate, { buildon, agree });
  const ns = Number(hrtime.bigint() - start);
  if (library.func("int answer()")() !== jitable) throw new Error(`a wrong library for ${name}`);
  return comm.allreduce(ns, mpi.MAX);
}

// The first finds the compiler's files not yet in memory, and the ranks' directories.
together(0, "first");
const ns = new Float64Array(argument(0));
for (let i = 0; i < ns.length; i++) {
  ns[i] = what === "cold" ? together(i, `cold_${i}`) : together(0, "first");
}
print("jit-on-comm", ns, comm.rank === 0);
comm.barrier();
if (cacheDir !== root || comm.rank === 0) rmSync(cacheDir, { recursive: true });

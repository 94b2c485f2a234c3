/**
 * jit-on-comm COLD_CALLS WARM_CALLS FOLDER: a library built or found together, in every mode; rank 0 prints the median time of
 * the slowest rank.
 */
import { rmSync } from "node:fs";
import { join } from "node:path";
import { argv, hrtime } from "node:process";
import { mpi } from "typed-mpi";
import { type BuildOn, jitOnComm } from "typed-mpi/jit";
import { argument, print } from "../measure.js";
import { generate, params } from "./jit-common.js";

/** So many times as many calls do not count as do. */
const WARM_UP = 10;

const comm = mpi.COMM_WORLD;
const folder = argv[4] as string;

/** Nanoseconds until all ranks have the library. */
function together(buildon: BuildOn, agree: "all" | "local", jitable: number, cacheDir: string): number {
  const name = `${buildon}_${jitable}`;
  comm.barrier();
  const start = hrtime.bigint();
  const { library } = jitOnComm(comm, jitable, name, params(cacheDir), generate, { buildon, agree });
  const ns = comm.allreduce(Number(hrtime.bigint() - start), mpi.MAX);
  // Not before that: where ranks share a core, the others would wait for it.
  if (library.func("int answer()")() !== jitable) throw new Error(`a wrong library for ${name}`);
  return ns;
}

for (const buildon of ["root", "node", "process"] as const) {
  const root = join(folder, `typed-mpi-on-comm-${buildon}`);
  const cacheDir = buildon === "process" ? join(root, String(comm.rank)) : root;
  const repeat = (what: string, calls: number, work: (i: number) => number): void =>
    print(
      `${buildon}-${what}`,
      Float64Array.from({ length: calls }, (_, i) => work(i + 1)),
      comm.rank === 0,
    );
  // The first finds the compiler's files not yet in memory, and the ranks' directories.
  together(buildon, "all", 0, cacheDir);
  repeat("cold", argument(0), (i) => together(buildon, "all", i, cacheDir));
  for (const [what, agree] of [
    ["warm", "all"],
    ["local", "local"],
  ] as const) {
    // Of the calls of the first mode some thousands are over when V8 has compiled what all modes share.
    for (let i = 0; i < WARM_UP * argument(1); i++) together(buildon, agree, 0, cacheDir);
    repeat(what, argument(1), () => together(buildon, agree, 0, cacheDir));
  }
  comm.barrier();
  if (cacheDir !== root || comm.rank === 0) rmSync(cacheDir, { recursive: true });
}

/**
 * jit-on-comm-many CALLS FOLDER: one library for all ranks, in one directory. Rank 0 prints how long that takes, and how many times
 * as long as compiling it alone and three times a barrier and a broadcast of its bytes; and how long when all have it.
 */
import { readdirSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { argv, hrtime } from "node:process";
import { median } from "simple-statistics";
import { mpi } from "typed-mpi";
import { jit, jitOnComm } from "typed-mpi/jit";
import { argument } from "../measure.js";
import { generate, params } from "./jit-common.js";

const WARM_CALLS = 20;

const comm = mpi.COMM_WORLD;
const folder = join(argv[3] as string, `typed-mpi-many-${comm.size}`);
const [alone, shared] = [join(folder, "alone"), join(folder, "shared")];

/** Nanoseconds that the slowest rank takes. */
function slowest(work: () => void): number {
  comm.barrier();
  const start = hrtime.bigint();
  work();
  return comm.allreduce(Number(hrtime.bigint() - start), mpi.MAX);
}

/** The others are at rest meanwhile: they wait for rank 0 asleep, as they do in `jitOnComm`. */
function compiling(i: number): number {
  const ns = new Float64Array(1);
  if (comm.rank === 0) {
    const start = hrtime.bigint();
    jit(i, `alone_${i}`, params(alone), { generate });
    ns[0] = Number(hrtime.bigint() - start);
  }
  const request = comm.ibcast(ns, 0);
  const never = new Int32Array(new SharedArrayBuffer(4));
  while (request.test() === null) Atomics.wait(never, 0, 0, 1);
  return ns[0] as number;
}

let generated = 0;
const counted = (jitable: number) => {
  generated++;
  return generate(jitable);
};

compiling(-1);
slowest(() => jitOnComm(comm, -1, "first", params(shared), generate));
const calls = argument(0);
const ratios: number[] = [];
const builds: number[] = [];
for (let i = 0; i < calls; i++) {
  const compile = compiling(i);
  const libraries = join(alone, "lib");
  const bytes = comm.bcastObject(
    comm.rank === 0 ? readFileSync(join(libraries, readdirSync(libraries)[0] as string)) : null,
  ) as Uint8Array;
  const telling = slowest(() => {
    comm.barrier();
    comm.bcast(bytes, 0);
  });
  const build = slowest(() => {
    const { library } = jitOnComm(comm, i, `many_${i}`, params(shared), counted);
    if (library.func("int answer()")() !== i) throw new Error(`a wrong library for ${i}`);
  });
  ratios.push(build / (compile + 3 * telling));
  builds.push(build);
}
const compiles = comm.allreduce(generated);
if (compiles !== calls) throw new Error(`${compiles} compiles of ${calls} libraries`);
const warm = Array.from({ length: WARM_CALLS }, () =>
  slowest(() => jitOnComm(comm, 0, "many_0", params(shared), counted)),
);
if (comm.rank === 0) {
  console.log(JSON.stringify({ name: "build", ns: median(builds), times: median(ratios) }));
  console.log(JSON.stringify({ name: "warm", ns: median(warm) }));
  rmSync(folder, { recursive: true });
}

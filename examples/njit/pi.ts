/*
 * numba-mpi's benchmark: pi by the midpoint rule, many times over, with an allreduce after each. The MPI
 * call is inside the compiled loop; the same function also runs as plain JavaScript.
 *
 *   mpirun -n 2 node build/examples/njit/pi.js [times]
 */
import { mpi } from "typed-mpi";
import { njit } from "typed-mpi/njit";

const TIMES = Number(process.argv[2] ?? 10_000);
const INTERVALS = 1000;
const TOLERANCE = 1e-3;

/** The part of one rank. A plain function: it is compiled with what calls it. */
function part(intervals: number, rank: number, size: number): number {
  const h = 1 / intervals;
  let sum = 0;
  for (let i = rank + 1; i <= intervals; i += size) {
    const x = h * (i - 0.5);
    sum += 4 / (1 + x * x);
  }
  return h * sum;
}

const computePi = njit((times: number, intervals: number) => {
  const rank = mpi.rank();
  const size = mpi.size();
  let pi = 0;
  for (let i = 0; i < times; i++) {
    const mine = part(intervals, rank, size);
    pi = mpi.allreduce(mine);
    if (Math.abs(pi - Math.PI) > TOLERANCE) throw new Error("this is not pi");
  }
  return pi;
});

/** Seconds that the slowest rank takes, and the result. */
function timed(compute: typeof computePi.js): { seconds: number; pi: number } {
  compute(10, INTERVALS); // compiles it
  mpi.barrier();
  const start = mpi.wtime();
  const pi = compute(TIMES, INTERVALS);
  return { seconds: mpi.allreduce(mpi.wtime() - start, mpi.MAX), pi };
}

const native = timed(computePi);
const js = timed(computePi.js);
if (native.pi !== js.pi) throw new Error(`compiled: ${native.pi}, JavaScript: ${js.pi}`);
if (mpi.rank() === 0) {
  console.log(`pi = ${native.pi}, the same in JavaScript`);
  console.log(`compiled ${native.seconds.toFixed(3)} s, JavaScript ${js.seconds.toFixed(3)} s`);
}

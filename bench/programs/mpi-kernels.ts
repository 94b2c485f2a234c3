/** Kernels with MPI inside, as plain JavaScript: what njit compiles is what V8 runs. */
import { mpi } from "typed-mpi";
import { alignedArray } from "typed-mpi/njit";
import type { Compile, Kernel } from "./kernels.js";

const comm = mpi.COMM_WORLD;

/** As many allreduces as numba-mpi's README has. */
const TIMES = 10_000;

function piPart(intervals: number, rank: number, size: number): number {
  const h = 1 / intervals;
  let sum = 0;
  for (let i = rank + 1; i < intervals; i += size) {
    const x = h * (i - 0.5);
    sum += 4 / (1 + x * x);
  }
  return h * sum;
}

function pi(times: number, intervals: number, part: Float64Array, sum: Float64Array): void {
  for (let i = 0; i < times; i++) {
    part[0] = piPart(intervals, mpi.rank(), mpi.size());
    mpi.allreduce(part, sum, mpi.SUM);
    if (!(Math.abs((sum[0] as number) - Math.PI) < 1e-2)) throw new Error("that is not pi");
  }
}

/** Rows of one number: a ring of lines. */
function halo1d(
  steps: number,
  n: number,
  left: number,
  right: number,
  u: Float64Array,
  v: Float64Array,
): void {
  for (let t = 0; t < steps; t++) {
    mpi.sendrecv(u.subarray(n, n + 1), right, 0, u.subarray(0, 1), left, 0);
    mpi.sendrecv(u.subarray(1, 2), left, 1, u.subarray(n + 1, n + 2), right, 1);
    for (let i = 1; i <= n; i++) {
      v[i] = (u[i] as number) + 0.1 * ((u[i - 1] as number) - 2 * (u[i] as number) + (u[i + 1] as number));
    }
    for (let i = 1; i <= n; i++) u[i] = v[i] as number;
  }
}

/** `nx` rows of `ny` numbers, between the rows of the neighbours; its first and last column stay. */
function halo2d(
  steps: number,
  nx: number,
  ny: number,
  up: number,
  down: number,
  u: Float64Array,
  v: Float64Array,
): void {
  for (let t = 0; t < steps; t++) {
    const fromUp = mpi.irecv(u.subarray(0, ny), up, 0);
    const fromDown = mpi.irecv(u.subarray((nx + 1) * ny, (nx + 2) * ny), down, 1);
    const toDown = mpi.isend(u.subarray(nx * ny, (nx + 1) * ny), down, 0);
    const toUp = mpi.isend(u.subarray(ny, 2 * ny), up, 1);
    mpi.waitAll([fromUp, fromDown, toDown, toUp]);
    for (let i = 1; i <= nx; i++) {
      for (let j = 1; j < ny - 1; j++) {
        const at = i * ny + j;
        v[at] =
          (u[at] as number) +
          0.1 *
            ((u[at - ny] as number) +
              (u[at + ny] as number) +
              (u[at - 1] as number) +
              (u[at + 1] as number) -
              4 * (u[at] as number));
      }
    }
    for (let i = 1; i <= nx; i++) {
      for (let j = 1; j < ny - 1; j++) u[i * ny + j] = v[i * ny + j] as number;
    }
  }
}

/** Numbers between 0 and 1 that every language makes alike, other ones on each rank. */
function doubles(n: number): Float64Array {
  // At a line of the cache, as those of the other peers are.
  const array = alignedArray(Float64Array, n);
  for (let i = 0; i < n; i++) array[i] = (((i + comm.rank) * 7919) % 1000) / 1000;
  return array;
}

/** The sum over the cells of all ranks. */
function total(u: Float64Array): number {
  let sum = 0;
  for (const value of u) sum += value;
  return comm.allreduce(sum);
}

const left = (comm.rank + comm.size - 1) % comm.size;
const right = (comm.rank + 1) % comm.size;

/** By name, of a size: compiles it, and makes its arrays. A run is of `steps` steps. */
export const mpiKernels: Readonly<Record<string, (compile: Compile, size: number, steps: number) => Kernel>> =
  {
    pi: (compile, parts) => {
      const [fn, part, sum] = [compile(pi), new Float64Array(1), new Float64Array(1)];
      const intervals = Math.trunc(TIMES / parts);
      return { run: () => fn(TIMES, intervals, part, sum), result: () => sum[0] as number };
    },
    "halo-1d": (compile, n, steps) => {
      const [fn, u, v] = [compile(halo1d), doubles(n + 2), doubles(n + 2)];
      return { run: () => fn(steps, n, left, right, u, v), result: () => total(u) };
    },
    "halo-2d": (compile, n, steps) => {
      const [fn, u, v] = [compile(halo2d), doubles((n + 2) * n), doubles((n + 2) * n)];
      return { run: () => fn(steps, n, n, left, right, u, v), result: () => total(u) };
    },
  };

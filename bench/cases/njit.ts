/** The njit floor: compiled functions against C, V8 and numba, alone and with MPI inside. */
import { CACHE, type Case, time } from "./case.js";

/** Runs in a batch, under `--quick` and else: some milliseconds of C. */
const KERNELS: Readonly<Record<string, readonly [quick: number, full: number]>> = {
  pi: [1, 5],
  dot: [100, 1000],
  axpy: [500, 5000],
  "axpy-f32": [500, 10_000],
  "matmul-ijk": [1, 3],
  "matmul-ikj": [1, 5],
  "heat-1d": [3, 20],
  "heat-2d": [2, 20],
  mandelbrot: [1, 3],
  sieve: [1, 5],
};

const kernelCases = Object.entries(KERNELS).map(
  ([kernel, [quickCalls, calls]]): Case => ({
    name: `njit-kernel-${kernel}`,
    title: `njit: ${kernel}, bounds checked`,
    program: "njit-kernel",
    ranks: 0,
    unit: "ns",
    args: [calls, 9, kernel, CACHE],
    quickCalls,
    against: [{ peer: "c", atMost: 1.1 }, { peer: "v8", atMost: 1.05 }, { peer: "numba" }],
    value: time,
  }),
);

const costCases: readonly Case[] = [
  {
    name: "njit-call",
    title: "njit: a call with three arrays",
    program: "njit-call",
    ranks: 0,
    unit: "ns",
    args: [1_000_000, 15, CACHE],
    quickCalls: 300_000,
    limit: 60,
    against: [{ peer: "limit", atMost: 1 }],
    value: time,
  },
  {
    name: "njit-hit",
    title: "njit: the first call in a new process, the library on disk",
    program: "njit-hit",
    ranks: 0,
    unit: "ns",
    args: [1, CACHE],
    quickCalls: 1,
    limit: 3e6,
    samples: 5,
    warmUp: true,
    against: [{ peer: "limit", atMost: 1 }],
    value: time,
  },
  {
    name: "njit-load",
    title: "njit: of that, what follows the translation: key, hit, load",
    program: "njit-load",
    ranks: 0,
    unit: "ns",
    args: [1, CACHE],
    quickCalls: 1,
    limit: 3e6,
    samples: 5,
    warmUp: true,
    against: [{ peer: "limit", atMost: 1 }],
    value: time,
  },
  {
    name: "njit-front",
    title: "njit: a translation into C, the first in a process",
    program: "njit-front",
    ranks: 0,
    unit: "ns",
    args: [1],
    quickCalls: 1,
    limit: 15e6,
    samples: 5,
    against: [{ peer: "limit", atMost: 1 }],
    value: time,
  },
  ...["pi", "matmul"].map(
    (kernel): Case => ({
      name: `njit-prange-${kernel}`,
      title: `njit: ${kernel} by prange on all cores, times as fast as on one (bar for 2)`,
      program: "njit-prange",
      ranks: 0,
      unit: "x",
      args: [5, 9, kernel, CACHE],
      quickCalls: 1,
      limit: 1,
      against: [{ peer: "limit", atLeast: 1.8 }],
      value: ({ times }) => times as number,
    }),
  ),
];

const withMpi = (name: string, title: string, kernel: string, size: number, steps: number): Case => ({
  name: `njit-${name}`,
  title: `njit: ${title}`,
  program: "njit-mpi",
  ranks: 2,
  unit: "ns",
  args: [steps, kernel === "pi" ? 7 : 25, kernel, size, CACHE],
  quickCalls: steps,
  against: [{ peer: "c", atMost: 1.05 }, { peer: "v8" }, { peer: "numba-mpi" }],
  value: time,
});

const mpiCases: readonly Case[] = [
  ...[1, 10].map((parts) =>
    withMpi(`pi-mpi-${parts}`, `pi of numba-mpi's README, 10 000 allreduces, x = ${parts}`, "pi", parts, 1),
  ),
  ...[
    [64, 4000],
    [1000, 2000],
    [100_000, 40],
  ].map(([n, steps]) =>
    withMpi(
      `halo-1d-${n}`,
      `a step of 1-D heat, ${n} cells a rank, halo by sendrecv`,
      "halo-1d",
      n as number,
      steps as number,
    ),
  ),
  withMpi(
    "halo-2d",
    "a step of 2-D heat, 256 x 256 cells a rank, halo by isend, irecv, waitAll",
    "halo-2d",
    256,
    40,
  ),
];

export const njitCases: readonly Case[] = [...kernelCases, ...costCases, ...mpiCases];

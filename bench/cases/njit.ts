/** The njit floor: compiled functions against C, V8 and numba, alone and with MPI inside. */
import { type Against, CACHE, type Case, type Figure, time, times } from "./case.js";

const chapter = "njit";

/** Runs in a batch: some milliseconds of C. */
const KERNELS: Readonly<Record<string, number>> = {
  pi: 5,
  dot: 600,
  axpy: 3000,
  "axpy-f32": 5000,
  "matmul-ijk": 2,
  "matmul-ikj": 5,
  "heat-1d": 20,
  "heat-2d": 10,
  mandelbrot: 2,
  sieve: 5,
};

const KERNEL_LIST = Object.entries(KERNELS)
  .map(([name, calls]) => `${name}:${calls}`)
  .join();

const kernels: Case = {
  name: "njit-kernels",
  chapter,
  program: "njit-kernels",
  ranks: 0,
  // For seconds together the machine is up to a fifth slower, which falls on the one or on the other.
  rounds: 17,
  slow: { peers: ["numba"], rounds: 5 },
  args: [9, KERNEL_LIST, CACHE],
  quickArgs: [5, KERNEL_LIST, CACHE],
  warmUp: ["typed-mpi", "numba"],
  figures: Object.keys(KERNELS).map((kernel) => ({
    name: `njit-kernel-${kernel}`,
    title: `njit: ${kernel}, bounds checked`,
    of: kernel,
    unit: "ns",
    against: [{ peer: "c", atMost: 1.1 }, { peer: "v8", atMost: 1.05 }, { peer: "numba" }],
    value: time,
  })),
};

/** A cost with a bound in nanoseconds. */
const cost = (
  name: string,
  title: string,
  limit: number,
  rest: Pick<Case, "args" | "quickArgs" | "warmUp" | "samples" | "quickRounds">,
): Case => ({
  name,
  chapter,
  program: name,
  ranks: 0,
  ...rest,
  figures: [{ name, title, unit: "ns", limit, against: [{ peer: "limit", atMost: 1 }], value: time }],
});

const FROM_DISK: Pick<Case, "args" | "quickArgs" | "warmUp" | "samples" | "quickRounds"> = {
  args: [1, CACHE],
  quickArgs: [1, CACHE],
  warmUp: ["typed-mpi"],
  samples: 5,
  quickRounds: 5,
};

const costCases: readonly Case[] = [
  cost("njit-call", "njit: a call with three arrays", 60, {
    args: [1_000_000, 15, CACHE],
    quickArgs: [300_000, 5, CACHE],
  }),
  cost("njit-front", "njit: a translation into C, the first in a process", 15e6, FROM_DISK),
  cost("njit-load", "njit: a hit on disk in a new process: key, look, verify, load", 3e6, FROM_DISK),
  cost(
    "njit-hit",
    "njit: both together: the first call in a new process, the library on disk",
    3e6,
    FROM_DISK,
  ),
];

const prangeCases = ["pi", "matmul"].map(
  (kernel): Case => ({
    name: `njit-prange-${kernel}`,
    chapter,
    program: "njit-prange",
    ranks: 0,
    args: [5, 9, kernel, CACHE],
    quickArgs: [1, 9, kernel, CACHE],
    rounds: 9,
    slow: { peers: ["numba"], rounds: 3 },
    figures: [
      {
        name: `njit-prange-${kernel}`,
        title: `njit: ${kernel} by prange on all cores, times as fast as on one (bar for 2)`,
        of: "speedup",
        unit: "x",
        limit: 1,
        against: [{ peer: "limit", atLeast: 1.8 }, { peer: "numba" }],
        value: times,
      },
      {
        name: `njit-prange-${kernel}-time`,
        title: `njit: ${kernel} by prange on all cores`,
        of: "prange",
        unit: "ns",
        against: [{ peer: "numba" }],
        value: time,
      },
    ],
  }),
);

const inLoops: readonly Against[] = [{ peer: "c", atMost: 1.05 }, { peer: "numba-mpi" }, { peer: "v8" }];

const halo = (of: string, name: string, title: string): Figure => ({
  name: `njit-${name}`,
  title: `njit: a step of ${title}`,
  of,
  unit: "ns",
  against: inLoops,
  value: time,
});

const withMpi = (
  name: string,
  work: readonly [full: readonly string[], quick: readonly string[]],
  rounds: Pick<Case, "rounds" | "slow">,
  figures: readonly Figure[],
): Case => ({
  name,
  chapter,
  program: "njit-mpi",
  ranks: 2,
  args: [work[0].join(), CACHE],
  quickArgs: [work[1].join(), CACHE],
  ...rounds,
  quickRounds: 1,
  warmUp: ["typed-mpi"],
  axis: "x",
  figures,
});

const PARTS = Array.from({ length: 10 }, (_, i) => i + 1);

/** KERNEL:SIZE:STEPS:BATCHES */
const pi = (batches: number): string[] => PARTS.map((x) => `pi:${x}:1:${batches}`);
const halos = (batches: number): string[] =>
  ["halo-1d:64:4000", "halo-1d:1000:2000", "halo-1d:100000:40", "halo-2d:256:40"].map(
    (each) => `${each}:${batches}`,
  );

const mpiCases: readonly Case[] = [
  withMpi("njit-pi", [pi(7), pi(3)], { rounds: 5, slow: { peers: ["numba-mpi4py", "v8"], rounds: 2 } }, [
    {
      name: "njit-pi-mpi",
      title: "njit: pi of numba-mpi's README, 10 000 allreduces over 10 000 / x intervals",
      of: "pi",
      unit: "ns",
      against: [
        { peer: "c", atMost: 1.05 },
        { peer: "numba-mpi", atMost: 1 },
        { peer: "numba-mpi4py" },
        { peer: "v8" },
      ],
      value: time,
    },
  ]),
  withMpi(
    "njit-halo",
    [halos(25), halos(9)],
    // A step takes a microsecond or half of it, for seconds together, by which cores the ranks are on.
    { rounds: 11, slow: { peers: ["numba-mpi", "v8"], rounds: 1 } },
    [
      halo("halo-1d", "halo-1d", "1-D heat, x cells a rank, halo by sendrecv"),
      halo("halo-2d", "halo-2d", "2-D heat, x times x cells a rank, halo by isend, irecv, waitAll"),
    ],
  ),
];

export const njitCases: readonly Case[] = [kernels, ...costCases, ...prangeCases, ...mpiCases];

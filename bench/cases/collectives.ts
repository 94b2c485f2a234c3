/** Every blocking collective, by the bytes that one rank has for another. */
import { CACHE, type Case, type Figure, MIB, powers, QUICK_SWEEP, SWEEP, time } from "./case.js";

/** Those that compiled functions have as well. */
const COMPILED = ["bcast", "gather", "scatter", "allgather", "alltoall", "reduce", "allreduce", "scan"];
const OTHERS = [
  "gatherv",
  "scatterv",
  "allgatherv",
  "alltoallv",
  "alltoallw",
  "exscan",
  "reduceScatterBlock",
  "reduceScatter",
];

const figures = (ranks: number): Figure[] =>
  ["barrier", ...COMPILED, ...OTHERS].map((operation) => ({
    name: `${operation}-${ranks}`,
    title: operation,
    of: operation,
    unit: "ns",
    against: [
      { peer: "mpi4py" },
      { peer: "c" },
      ...(OTHERS.includes(operation) ? [] : [{ subject: "njit", peer: "c" } as const]),
    ],
    value: time,
  }));

const OPERATIONS = ["barrier", ...COMPILED, ...OTHERS].join();

export const collectiveCases: readonly Case[] = [
  {
    name: "collectives-2",
    chapter: "collectives",
    program: "collectives",
    ranks: 2,
    args: [...SWEEP, powers(4, 1, 4 * MIB).join(), OPERATIONS, CACHE],
    quickArgs: [...QUICK_SWEEP, [8, 1024, 65_536, 4 * MIB].join(), OPERATIONS, CACHE],
    warmUp: ["njit"],
    rounds: 3,
    quickRounds: 1,
    axis: "bytes",
    figures: figures(2),
  },
  {
    name: "collectives-4",
    chapter: "collectives",
    program: "collectives",
    ranks: 4,
    args: [...SWEEP, powers(16, 4, 4 * MIB).join(), OPERATIONS, CACHE],
    warmUp: ["njit"],
    // Of so many ranks the times are the scheduler's.
    rounds: 1,
    axis: "bytes",
    figures: figures(4),
  },
];

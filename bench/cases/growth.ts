/** How costs grow: with the ranks of a job and with the entries of a cache. Those with sizes are in the other chapters. */
import { CACHE, type Case, type Figure, QUICK_SWEEP, SWEEP, time, times } from "./case.js";

const chapter = "growth";

/** Of the oversubscribed ranks of MPICH each waits for the scheduler: they poll and never yield. */
const mpis = ["openmpi"];

const OPERATIONS = ["barrier", "bcast", "allreduce"];

/** What grows with the ranks: 8 bytes by the collectives that most programs have. */
const byRanks = (ranks: number): Case => ({
  name: `growth-ranks-${ranks}`,
  chapter,
  program: "collectives",
  ranks,
  mpis,
  args: [...SWEEP, "8", OPERATIONS.join(), CACHE],
  ...(ranks <= 16 ? { quickArgs: [...QUICK_SWEEP, "8", OPERATIONS.join(), CACHE] } : {}),
  rounds: 3,
  quickRounds: 1,
  axis: "ranks",
  x: ranks,
  figures: OPERATIONS.map((operation) => ({
    name: `growth-${operation}`,
    title: `${operation}${operation === "barrier" ? "" : " of 8 B"}`,
    of: operation,
    unit: "ns",
    against: [{ peer: "c" }],
    value: time,
  })),
});

const jitByRanks = (ranks: number): Case => ({
  name: `growth-jit-${ranks}`,
  chapter,
  program: "jit-on-comm-many",
  ranks,
  mpis,
  args: [5, CACHE],
  ...(ranks <= 8 ? { quickArgs: [3, CACHE] } : {}),
  rounds: 1,
  quickRounds: 1,
  axis: "ranks",
  x: ranks,
  figures: [
    {
      name: "growth-jit-warm",
      title: "jitOnComm, all have the library",
      of: "warm",
      unit: "ns",
      against: [],
      value: time,
    },
    {
      name: "growth-jit-build",
      title: "jitOnComm, nobody has it",
      of: "build",
      unit: "ns",
      against: [],
      value: time,
    },
  ],
});

const MOST_ENTRIES = 10_000;

const byEntries: Case = {
  name: "growth-cache",
  chapter,
  program: "jit-crowd",
  ranks: 0,
  args: [15, "10,100,1000,10000", CACHE],
  quickArgs: [5, String(MOST_ENTRIES), CACHE],
  rounds: 3,
  quickRounds: 1,
  axis: "entries",
  figures: Object.entries({ cold: "a build", hit: "a hit on disk", memory: "a hit in memory" }).map(
    ([what, title]): Figure => ({
      name: `growth-cache-${what}`,
      title: `jit: ${title} beside other entries, times that of an empty cache`,
      of: what,
      unit: "x",
      limit: 1,
      against: [{ peer: "limit", atMost: 1.2, at: [MOST_ENTRIES] }],
      value: times,
    }),
  ),
};

export const growthCases: readonly Case[] = [
  ...[2, 4, 8, 16, 32, 64].flatMap((ranks) => [byRanks(ranks), jitByRanks(ranks)]),
  byEntries,
];

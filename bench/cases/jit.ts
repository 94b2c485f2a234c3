/** The jit floor: what a library costs that is built, found on disk or in memory, alone and together. */
import { type Against, CACHE, type Case, type Figure, time, times, withOneFigure } from "./case.js";

const chapter = "jit";

const aloneCases: readonly Case[] = [
  withOneFigure({
    name: "jit-cold",
    chapter,
    program: "jit-cold",
    ranks: 0,
    args: [15, CACHE],
    quickArgs: [5, CACHE],
    title: "jit: generate, compile, store, load, with an empty cache",
    unit: "ns",
    against: [{ peer: "dijitso", atMost: 1.1 }],
    value: time,
  }),
  {
    name: "jit-hit",
    chapter,
    program: "jit-hit",
    ranks: 0,
    args: [1, CACHE],
    quickArgs: [1, CACHE],
    samples: 5,
    quickRounds: 5,
    warmUp: ["typed-mpi", "dijitso"],
    figures: [
      {
        name: "jit-hit",
        title: "jit: a hit on disk in a new process, verified",
        unit: "ns",
        limit: 1e6,
        against: [{ peer: "limit", atMost: 1 }, { peer: "dijitso" }],
        value: time,
      },
      {
        name: "jit-process",
        title: "jit: a whole process: start, import, hit, call",
        unit: "ns",
        against: [{ peer: "dijitso", atMost: 0.7 }],
        value: ({ wall }) => wall as number,
      },
    ],
  },
  withOneFigure({
    name: "jit-memory",
    chapter,
    program: "jit-memory",
    ranks: 0,
    args: [200_000, 15, CACHE],
    quickArgs: [100_000, 5, CACHE],
    title: "jit: a hit in memory",
    unit: "ns",
    limit: 1000,
    against: [{ peer: "limit", atMost: 1 }, { peer: "dijitso" }],
    value: time,
  }),
];

const STATES = {
  cold: "nobody has the library",
  warm: "all have it in memory, and agree",
  // As dijitso, which asks nobody.
  local: 'all have it in memory, agree "local"',
} as const;

const againstDijitso: readonly Against[] = [{ peer: "dijitso", atMost: 1 }];

const onComm: Case = {
  name: "jit-on-comm",
  chapter,
  program: "jit-on-comm",
  ranks: 4,
  // Those that dijitso takes part under; and four ranks of MPICH, which never sleep, take minutes on two cores.
  mpis: ["openmpi"],
  args: [9, 1000, CACHE],
  quickArgs: [3, 200, CACHE],
  figures: (["root", "node", "process"] as const).flatMap((buildon) =>
    Object.entries(STATES).map(
      ([state, title]): Figure => ({
        name: `jit-on-comm-${buildon}-${state}`,
        title: `jitOnComm, buildon "${buildon}": ${title}`,
        of: `${buildon}-${state}`,
        unit: "ns",
        against: againstDijitso,
        value: time,
      }),
    ),
  ),
};

/** The limit is the sum that the title says, measured in the same run. */
const together = (ranks: number): Case =>
  withOneFigure({
    name: `jit-on-comm-${ranks}`,
    chapter,
    program: "jit-on-comm-many",
    ranks,
    // The same: each of many ranks of MPICH waits for its turn.
    ...(ranks > 16 ? { mpis: ["openmpi"] } : {}),
    args: [5, CACHE],
    ...(ranks === 16 ? { quickArgs: [3, CACHE] } : {}),
    rounds: 3,
    quickRounds: 1,
    title: `jitOnComm of ${ranks} ranks in one directory, times one compile and 3 barriers and broadcasts of its bytes`,
    of: "build",
    unit: "x",
    limit: 1,
    against: [{ peer: "limit", atMost: 1 }],
    value: times,
  });

export const jitCases: readonly Case[] = [...aloneCases, onComm, together(16), together(64)];

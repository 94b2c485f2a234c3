/** The jit floor: what a library costs that is built, found on disk or in memory, alone and together. */
import { CACHE, type Case, time } from "./case.js";

const aloneCases: readonly Case[] = [
  {
    name: "jit-cold",
    title: "jit: generate, compile, store, load, with an empty cache",
    program: "jit-cold",
    ranks: 0,
    unit: "ns",
    args: [15, CACHE],
    quickCalls: 5,
    against: [{ peer: "dijitso", atMost: 1.1 }],
    value: time,
  },
  {
    name: "jit-hit",
    title: "jit: a hit on disk in a new process, verified",
    program: "jit-hit",
    ranks: 0,
    unit: "ns",
    args: [1, CACHE],
    quickCalls: 1,
    limit: 1e6,
    samples: 5,
    warmUp: true,
    against: [{ peer: "limit", atMost: 1 }, { peer: "dijitso" }],
    value: time,
  },
  {
    name: "jit-process",
    title: "jit: a whole process: start, import, hit, call",
    program: "jit-hit",
    ranks: 0,
    unit: "ns",
    args: [1, CACHE],
    quickCalls: 1,
    samples: 5,
    warmUp: true,
    against: [{ peer: "dijitso", atMost: 0.7 }],
    value: ({ wall }) => wall as number,
  },
  {
    name: "jit-memory",
    title: "jit: a hit in memory",
    program: "jit-memory",
    ranks: 0,
    unit: "ns",
    args: [200_000, 15, CACHE],
    quickCalls: 100_000,
    limit: 1000,
    against: [{ peer: "limit", atMost: 1 }, { peer: "dijitso" }],
    value: time,
  },
  ...(["cold", "hit", "memory"] as const).map(
    (what): Case => ({
      name: `jit-crowd-${what}`,
      title: `jit: ${what === "cold" ? "a build" : `a hit ${what === "hit" ? "on disk" : "in memory"}`} beside 10 000 other entries, times that of an empty cache`,
      program: "jit-crowd",
      ranks: 0,
      unit: "x",
      args: [10_000, what, CACHE],
      quickCalls: 10_000,
      quickRounds: 1,
      limit: 1.2,
      against: [{ peer: "limit", atMost: 1 }],
      value: ({ times }) => times as number,
    }),
  ),
];

const ON_COMM = {
  cold: { title: "nobody has the library", calls: 9, quickCalls: 3 },
  warm: { title: "all have it in memory, and agree", calls: 2000, quickCalls: 200 },
  // As dijitso, which asks nobody.
  local: { title: 'all have it in memory, agree "local"', calls: 2000, quickCalls: 200 },
} as const;

const onCommCases: readonly Case[] = [
  ...(["root", "node", "process"] as const).flatMap((buildon) =>
    Object.entries(ON_COMM).map(
      ([what, { title, calls, quickCalls }]): Case => ({
        name: `jit-on-comm-${buildon}-${what}`,
        title: `jitOnComm, buildon "${buildon}": ${title}`,
        program: "jit-on-comm",
        ranks: 4,
        unit: "ns",
        args: [calls, what, buildon, CACHE],
        quickCalls,
        against: [{ peer: "dijitso", atMost: 1 }],
        value: time,
      }),
    ),
  ),
  ...[16, 64].map(
    (ranks): Case => ({
      name: `jit-on-comm-${ranks}`,
      title: `jitOnComm of ${ranks} ranks in one directory, times one compile and 3 barriers and broadcasts of its bytes`,
      program: "jit-on-comm-many",
      ranks,
      unit: "x",
      args: [5, CACHE],
      quickCalls: 3,
      quickRounds: 1,
      limit: 1,
      against: [{ peer: "limit", atMost: 1 }],
      value: ({ times }) => times as number,
    }),
  ),
];

export const jitCases: readonly Case[] = [...aloneCases, ...onCommCases];

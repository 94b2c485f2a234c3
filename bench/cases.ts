/**
 * What is measured: one entry per piece of work. A new one needs its entry here and a program of the same
 * name in the folder of each peer under `programs/`.
 */
import type { PeerName } from "./peers.js";

/** What a program prints as one JSON line. */
export interface Measurement {
  readonly name: string;
  /** Time per call. */
  readonly ns?: number;
  /** Time of the whole process, start and end included; the harness adds it. */
  readonly wall?: number;
  /** What is compared if it is neither: how many times as long something takes under other conditions. */
  readonly times?: number;
  /** Bytes of V8's heap per call, and how many of them are the value that the call returns. */
  readonly bytes?: number;
  readonly returned?: number;
}

/** One peer that typed-mpi is compared with, and what the comparison must come to. */
export interface Against {
  readonly peer: PeerName;
  /** Bound of typed-mpi / peer, or of typed-mpi - peer if the unit compares by difference. */
  readonly atMost?: number;
  readonly atLeast?: number;
}

export interface Case {
  readonly name: string;
  readonly title: string;
  /** The program's name in each peer's folder. */
  readonly program: string;
  /** 0: no MPI job, but a process of its own. */
  readonly ranks: number;
  readonly unit: "ns" | "GB/s" | "B" | "x";
  readonly args: readonly (string | number)[];
  /** The first argument, the number of calls, under `--quick`. */
  readonly quickCalls: number;
  readonly against: readonly Against[];
  readonly nodeOptions?: readonly string[];
  /** What the peer "limit" has, in `unit`: a bar that is no ratio. */
  readonly limit?: number;
  /** How many times each program is run in a round, of which the median counts. Default 1. */
  readonly samples?: number;
  /** Whether each program is run once before the rounds, to fill a cache. Default false. */
  readonly warmUp?: boolean;
  /** The number that is compared, in `unit`. */
  readonly value: (measurement: Measurement) => number;
}

const time = ({ ns }: Measurement): number => ns as number;

const latency = (name: string, title: string, bytes: number): Case => ({
  name: `latency-${name}`,
  title: `ping-pong of ${title}, half a round trip`,
  program: "pingpong",
  ranks: 2,
  unit: "ns",
  args: [20_000, 15, bytes],
  quickCalls: 20_000,
  against: [{ peer: "mpi4py", atMost: 0.7 }, { peer: "koffi" }, { peer: "c" }],
  value: time,
});

/** Large enough that nothing is collected in a million calls of up to a kilobyte. */
const UNCOLLECTED = ["--expose-gc", "--min-semi-space-size=1024", "--max-semi-space-size=1024"];

const allocation = (operation: string, ranks: number): Case => ({
  name: `allocation-${operation}`,
  title: `heap allocated per ${operation}, beyond what it returns`,
  program: "allocation",
  ranks,
  unit: "B",
  args: [1_000_000, operation],
  quickCalls: 200_000,
  // A byte per call is an object in every twelfth call at least: noise of V8's own is far below.
  against: [{ peer: "koffi", atMost: 1 }],
  nodeOptions: UNCOLLECTED,
  value: ({ bytes, returned }) => (bytes as number) - (returned as number),
});

/** Where the programs of the jit floor keep their caches: the harness puts its temporary folder there. */
const CACHE = "{temporary}";

const jitCases: readonly Case[] = [
  {
    name: "jit-cold",
    title: "jit: generate, compile, store, load, with an empty cache",
    program: "jit-cold",
    ranks: 0,
    unit: "ns",
    args: [15, CACHE],
    quickCalls: 9,
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
      limit: 1.2,
      against: [{ peer: "limit", atMost: 1 }],
      value: ({ times }) => times as number,
    }),
  ),
];

const ON_COMM = {
  cold: { title: "nobody has the library", calls: 9, quickCalls: 5 },
  warm: { title: "all have it in memory, and agree", calls: 2000, quickCalls: 1000 },
  // As dijitso, which asks nobody.
  local: { title: 'all have it in memory, agree "local"', calls: 2000, quickCalls: 1000 },
} as const;

const jitOnCommCases: readonly Case[] = [
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
      limit: 1,
      against: [{ peer: "limit", atMost: 1 }],
      value: ({ times }) => times as number,
    }),
  ),
];

export const cases: readonly Case[] = [
  {
    name: "bcast",
    title: "bcast(Float64Array(8)) on COMM_SELF",
    program: "bcast",
    ranks: 1,
    unit: "ns",
    args: [200_000, 15],
    quickCalls: 100_000,
    against: [{ peer: "koffi", atMost: 1.25 }, { peer: "mpi4py", atMost: 0.5 }, { peer: "c" }],
    value: time,
  },
  {
    name: "rank",
    title: "rank(), free of calls",
    program: "rank",
    ranks: 1,
    unit: "ns",
    args: [1_000_000, 15],
    quickCalls: 500_000,
    // One call into C would make it 1; half of one call is less than any call.
    against: [{ peer: "koffi", atMost: 0.5 }],
    value: time,
  },
  latency("8B", "8 B", 8),
  latency("1KiB", "1 KiB", 1024),
  {
    name: "bandwidth-4MiB",
    title: "bandwidth of a ping-pong of 4 MiB",
    program: "pingpong",
    ranks: 2,
    unit: "GB/s",
    args: [60, 15, 4 * 1024 * 1024],
    quickCalls: 30,
    against: [{ peer: "c", atLeast: 0.95 }, { peer: "mpi4py" }, { peer: "koffi" }],
    value: ({ ns }) => (4 * 1024 * 1024) / (ns as number),
  },
  {
    name: "await-iallreduce",
    title: "await iallreduce of a double, against the blocking call in bare koffi",
    program: "allreduce",
    ranks: 2,
    unit: "ns",
    args: [5000, 15],
    quickCalls: 2000,
    against: [{ peer: "koffi", atMost: 3 }],
    value: time,
  },
  {
    name: "await-late-message",
    title: "from sending a message to its awaited receive, 5 ms after the receive began (bar: 50 us)",
    program: "late-message",
    ranks: 2,
    unit: "ns",
    args: [300],
    quickCalls: 100,
    against: [{ peer: "koffi" }],
    value: time,
  },
  {
    name: "bcast-object",
    title: "bcastObject of a nested structure of 10 MB, against mpi4py's bcast of the equal one",
    program: "bcast-object",
    ranks: 2,
    unit: "ns",
    args: [1, 9],
    quickCalls: 1,
    against: [{ peer: "mpi4py", atMost: 1 }],
    value: time,
  },
  {
    name: "array-in-object",
    title: "bandwidth of a Float64Array of 64 MiB inside an object, against sending it bare",
    program: "array-in-object",
    ranks: 2,
    unit: "GB/s",
    args: [3, 9],
    quickCalls: 2,
    against: [{ peer: "koffi", atLeast: 0.7 }],
    value: ({ ns }) => (64 * 1024 * 1024) / (ns as number),
  },
  allocation("send", 2),
  allocation("recv", 2),
  allocation("bcast", 1),
  allocation("allreduce", 1),
  ...jitCases,
  ...jitOnCommCases,
];

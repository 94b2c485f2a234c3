/** What a call costs without communication, objects, what is awaited and what is allocated. */
import { type Case, type Figure, type Measurement, MIB, time, times, withOneFigure } from "./case.js";

const chapter = "calls";

/** Large enough that nothing is collected in a million calls of up to a kilobyte. */
const UNCOLLECTED = ["--expose-gc", "--min-semi-space-size=1024", "--max-semi-space-size=1024"];

const beyondReturned = ({ bytes, returned }: Measurement): number => (bytes as number) - (returned as number);

const allocation = (operation: string, ranks: number): Case =>
  withOneFigure({
    name: `allocation-${operation}`,
    chapter,
    program: "allocation",
    ranks,
    args: [1_000_000, operation],
    quickArgs: [200_000, operation],
    // A count, not a time: it comes to the same in every round.
    rounds: 3,
    quickRounds: 1,
    nodeOptions: UNCOLLECTED,
    title: `heap allocated per ${operation}, beyond what it returns`,
    unit: "B",
    // A byte per call is an object in every twelfth call at least: noise of V8's own is far below.
    against: [{ peer: "koffi", atMost: 1 }],
    value: beyondReturned,
  });

const costCases: readonly Case[] = [
  withOneFigure({
    name: "bcast-self",
    chapter,
    program: "bcast",
    ranks: 1,
    args: [100_000, 15],
    quickArgs: [30_000, 7],
    title: "bcast(Float64Array(8)) on COMM_SELF",
    unit: "ns",
    against: [
      { peer: "koffi", atMost: 1.25 },
      { peer: "mpi4py", atMost: 0.5 },
      { peer: "c" },
      { peer: "ffi-rs" },
      { peer: "node-ffi" },
    ],
    value: time,
  }),
  withOneFigure({
    name: "rank",
    chapter,
    program: "rank",
    ranks: 1,
    args: [1_000_000, 15],
    quickArgs: [500_000, 5],
    title: "rank(), free of calls",
    unit: "ns",
    // One call into C would make it 1; half of one call is less than any call.
    against: [{ peer: "koffi", atMost: 0.5 }],
    value: time,
  }),
];

/** Where the time of two small operations goes, by V8's profiler. */
const profileCase: Case = {
  name: "profile",
  chapter,
  program: "profile",
  ranks: 2,
  args: [1_000_000],
  quickArgs: [200_000],
  rounds: 3,
  figures: Object.entries({
    "ping-pong": "half a ping-pong of 1 KiB",
    allreduce: "an allreduce of a double",
  }).flatMap(([operation, what]) =>
    Object.entries({
      native: "in the FFI engine and MPI",
      javascript: "in JavaScript",
    }).map(
      ([part, where]): Figure => ({
        name: `profile-${operation}-${part}`,
        title: `of ${what}, ${where}`,
        of: `${operation}-${part}`,
        unit: "ns",
        against: [{ peer: "koffi" }],
        value: time,
      }),
    ),
  ),
};

const awaitedCases: readonly Case[] = [
  withOneFigure({
    name: "await-iallreduce",
    chapter,
    program: "iallreduce-and-allreduce",
    ranks: 2,
    args: [5000, 5],
    quickArgs: [2000, 3],
    title: "await iallreduce of a double that is already complete, times the blocking allreduce",
    unit: "x",
    limit: 1,
    against: [{ peer: "limit", atMost: 3 }],
    value: times,
  }),
  withOneFigure({
    name: "await-iallreduce-blocking-koffi",
    chapter,
    program: "allreduce-late",
    ranks: 2,
    args: [20_000],
    quickArgs: [5000],
    title: "await iallreduce of a double that is already complete, against the blocking call in bare koffi",
    unit: "ns",
    against: [{ peer: "koffi" }],
    value: time,
  }),
  withOneFigure({
    name: "await-iallreduce-koffi",
    chapter,
    program: "iallreduce-late",
    ranks: 2,
    args: [20_000],
    quickArgs: [5000],
    title: "the same against MPI_Iallreduce and MPI_Test in bare koffi, behind the smallest thenable",
    unit: "ns",
    against: [{ peer: "koffi" }],
    value: time,
  }),
  withOneFigure({
    name: "await-iallreduce-each",
    chapter,
    program: "allreduce",
    ranks: 2,
    args: [5000, 15],
    quickArgs: [2000, 5],
    title:
      "await iallreduce one after the other, so that each rank waits for the other, against the blocking call",
    unit: "ns",
    against: [{ peer: "koffi" }],
    value: time,
  }),
  withOneFigure({
    name: "await-late-message",
    chapter,
    program: "late-message",
    ranks: 2,
    args: [300],
    quickArgs: [60],
    title: "from sending a message to its awaited receive, 5 ms after the receive began",
    unit: "ns",
    limit: 50_000,
    against: [{ peer: "limit", atMost: 1 }, { peer: "koffi" }],
    value: time,
  }),
  withOneFigure({
    name: "await-idle",
    chapter,
    program: "idle",
    ranks: 1,
    args: [2000],
    quickArgs: [500],
    quickRounds: 1,
    title: "share of a core that an awaited receive takes, 100 ms after it began",
    unit: "%",
    limit: 10,
    against: [{ peer: "limit", atMost: 1 }],
    value: ({ times }) => 100 * (times as number),
  }),
];

const objectCases: readonly Case[] = [
  withOneFigure({
    name: "bcast-object",
    chapter,
    program: "bcast-object",
    ranks: 2,
    args: [1, 5],
    quickArgs: [1, 2],
    quickRounds: 1,
    title: "bcastObject of a nested structure of 10 MB, against mpi4py's bcast of the equal one",
    unit: "ns",
    against: [{ peer: "mpi4py", atMost: 1 }],
    value: time,
  }),
  withOneFigure({
    name: "array-in-object",
    chapter,
    program: "array-in-object",
    ranks: 2,
    args: [3, 9],
    quickArgs: [1, 5],
    title: "bandwidth of a Float64Array of 64 MiB inside an object, against sending it bare into new memory",
    unit: "GB/s",
    against: [{ peer: "koffi", atLeast: 0.7 }],
    value: ({ ns }) => (64 * MIB) / (ns as number),
  }),
];

export const callCases: readonly Case[] = [
  ...costCases,
  profileCase,
  ...awaitedCases,
  ...objectCases,
  allocation("send", 2),
  allocation("recv", 2),
  allocation("bcast", 1),
  allocation("allreduce", 1),
];

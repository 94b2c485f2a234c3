/** MPI: the cost of a call, messages, objects, what is awaited and what is allocated. */
import { type Case, time } from "./case.js";

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

export const mpiCases: readonly Case[] = [
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
    args: [1, 5],
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
];

/** Messages between two ranks: latency, bandwidth both ways, message rate. */
import { CACHE, type Case, type Measurement, MIB, powers, QUICK_SWEEP, SWEEP, time } from "./case.js";

const OPERATIONS = "latency,bandwidth,bidirectional";

/** Gigabytes a second, if as many bytes travel in a call as the message has, times `ways`. */
const gigabytes =
  (ways: number) =>
  ({ x, ns }: Measurement): number =>
    (ways * (x as number)) / (ns as number);

const againstAll = [{ peer: "mpi4py" }, { peer: "c" }] as const;

/** The engines that are not the default. */
const ENGINES = ["ffi-rs", "node-ffi"] as const;

export const pointToPointCases: readonly Case[] = [
  {
    name: "point-to-point",
    chapter: "point-to-point",
    program: "point-to-point",
    ranks: 2,
    args: [...SWEEP, powers(2, 1, 4 * MIB).join(), OPERATIONS, CACHE],
    quickArgs: [...QUICK_SWEEP, [8, 1024, 65_536, 4 * MIB].join(), OPERATIONS, CACHE],
    warmUp: ["njit"],
    rounds: 3,
    quickRounds: 2,
    axis: "bytes",
    figures: [
      {
        name: "latency",
        title: "latency: half a ping-pong",
        of: "latency",
        unit: "ns",
        against: [
          { peer: "mpi4py", atMost: 0.7, at: [8, 1024] },
          { peer: "c" },
          { peer: "koffi" },
          { subject: "njit", peer: "c" },
        ],
        beside: ENGINES,
        value: time,
      },
      {
        name: "latency-small",
        title: "latency of small messages, the goal",
        of: "latency",
        at: [8],
        unit: "ns",
        against: [{ peer: "mpi4py", atMost: 0.5 }],
        value: time,
      },
      {
        name: "bandwidth-pingpong",
        title: "bandwidth of a ping-pong",
        of: "latency",
        at: [4 * MIB],
        unit: "GB/s",
        against: [{ peer: "c", atLeast: 0.95 }, { peer: "mpi4py" }, { peer: "koffi" }],
        value: gigabytes(1),
      },
      {
        name: "bandwidth",
        title: "bandwidth: 64 isends in flight",
        of: "bandwidth",
        unit: "GB/s",
        against: againstAll,
        beside: ENGINES,
        value: gigabytes(1),
      },
      {
        name: "bandwidth-bidirectional",
        title: "bandwidth both ways: 64 isends each in flight",
        of: "bidirectional",
        unit: "GB/s",
        against: againstAll,
        beside: ENGINES,
        value: gigabytes(2),
      },
      {
        name: "message-rate",
        title: "messages a second, millions, 64 in flight",
        of: "bandwidth",
        at: powers(2, 1, 1024),
        unit: "M/s",
        against: againstAll,
        beside: ENGINES,
        value: ({ ns }) => 1000 / (ns as number),
      },
    ],
  },
];

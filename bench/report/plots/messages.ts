/** Messages and collectives against their size. */
import type { TopLevelSpec } from "vega-lite";
import type { PeerName } from "../../peers/index.js";
import type { Point } from "../../results.js";
import { type Datum, dataOf, timesC } from "./data.js";
import { baseline, bytesAxis, logarithmic, peerColour } from "./draw.js";

const TRANSFER: readonly PeerName[] = ["typed-mpi", "njit", "mpi4py", "ffi-rs", "c"];

const transferPanel = (values: readonly Datum[], title: string, unit: string) => ({
  title: { text: title, fontSize: 13, offset: 4 },
  width: 330,
  height: 240,
  data: { values: [...values] },
  mark: { type: "line", point: true } as const,
  encoding: {
    x: { field: "x", type: "quantitative", scale: logarithmic, axis: bytesAxis },
    y: {
      field: "y",
      type: "quantitative",
      scale: { type: "log" },
      axis: { title: unit, values: [-4, -3, -2, -1, 0, 1, 2, 3, 4].map((power) => 10 ** power) as number[] },
    },
    color: peerColour(TRANSFER),
  } as const,
});

export function pointToPoint(points: readonly Point[], mpi: string): TopLevelSpec | undefined {
  const latency = dataOf(points, "latency", "", TRANSFER, (ns) => ns / 1000);
  const bandwidth = dataOf(points, "bandwidth", "", TRANSFER);
  if (latency.length < 2) return undefined;
  return {
    title: { text: "Messages between two ranks", subtitle: `${mpi}; all axes logarithmic` },
    hconcat: [
      transferPanel(latency, "Latency: half a ping-pong", "microseconds"),
      transferPanel(bandwidth, "Bandwidth: 64 isends in flight", "GB/s"),
    ],
  };
}

const COLLECTIVES = ["bcast", "reduce", "allreduce", "gather", "scatter", "allgather", "alltoall", "scan"];
const AGAINST_C: readonly PeerName[] = ["typed-mpi", "njit", "mpi4py"];

export function collectives(points: readonly Point[], mpi: string): TopLevelSpec | undefined {
  const values = COLLECTIVES.flatMap((name) => dataOf(points, `${name}-2`, name, AGAINST_C, timesC));
  if (values.length < 2) return undefined;
  return {
    title: {
      text: "Collectives of two ranks: time, in times that of C",
      subtitle: `${mpi}; against the message size; all axes logarithmic`,
    },
    data: { values },
    facet: { field: "panel", type: "nominal", title: null, sort: COLLECTIVES },
    columns: 4,
    spec: {
      width: 165,
      height: 130,
      layer: [
        { mark: baseline, encoding: { y: { datum: 1 } } },
        {
          mark: { type: "line", point: true },
          encoding: {
            x: {
              field: "x",
              type: "quantitative",
              scale: logarithmic,
              axis: { ...bytesAxis, title: null, values: [1, 256, 65_536] },
            },
            y: {
              field: "y",
              type: "quantitative",
              scale: { ...logarithmic, padding: 6 },
              axis: { title: null, values: [0.5, 1, 2, 5, 10, 20, 50, 100] },
            },
            color: peerColour(AGAINST_C),
          },
        },
      ],
    },
  };
}

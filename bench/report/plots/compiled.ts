/** Compiled functions and libraries beside their peers. */
import type { TopLevelSpec } from "vega-lite";
import type { PeerName } from "../../peers/index.js";
import type { Point } from "../../results.js";
import { titleOf } from "../text.js";
import { dataOf, medianOf, njitTitle, timesC } from "./data.js";
import { baseline, logarithmic, peerColour } from "./draw.js";

const PI: readonly PeerName[] = ["typed-mpi", "numba-mpi", "numba-mpi4py", "v8", "c"];

/** The plot of numba-mpi's README, with more peers. */
export function pi(points: readonly Point[], mpi: string): TopLevelSpec | undefined {
  const values = dataOf(points, "njit-pi-mpi", "", PI, timesC, njitTitle);
  if (values.length < 2) return undefined;
  return {
    title: {
      text: "pi by 10 000 allreduces, as numba-mpi's README has it",
      subtitle: `${mpi}, 2 ranks; 10 000 / x intervals between two allreduces`,
    },
    width: 620,
    height: 240,
    data: { values },
    mark: { type: "line", point: true },
    encoding: {
      x: {
        field: "x",
        type: "quantitative",
        axis: { title: "x: allreduces for the same work", grid: false, tickCount: 10 },
        scale: { domain: [1, 10], nice: false },
      },
      y: { field: "y", type: "quantitative", axis: { title: "time, in times that of C" } },
      color: peerColour(PI, njitTitle),
    },
  };
}

const DOTS = { orient: "top", symbolType: "circle" } as const;

const KERNEL = "njit-kernel-";
const NUMERIC: readonly PeerName[] = ["typed-mpi", "numba", "v8"];

export function kernels(points: readonly Point[]): TopLevelSpec | undefined {
  const values = points
    .filter(({ figure }) => figure.startsWith(KERNEL))
    .flatMap((point) =>
      NUMERIC.flatMap((name) => {
        const times = timesC(medianOf(point, name) ?? Number.NaN, point);
        if (times === undefined || Number.isNaN(times)) return [];
        return [{ kernel: point.figure.slice(KERNEL.length), y: times, peer: njitTitle(name) }];
      }),
    );
  if (values.length < 2) return undefined;
  return {
    title: {
      text: "Numeric kernels: time, in times that of C",
      subtitle: "indexes are checked in njit and V8; logarithmic",
    },
    width: 560,
    height: { step: 24 },
    data: { values },
    layer: [
      { mark: baseline, encoding: { x: { datum: 1 } } },
      {
        mark: { type: "point", size: 90 },
        encoding: {
          y: { field: "kernel", type: "nominal", sort: null, axis: { title: null, grid: true } },
          x: {
            field: "y",
            type: "quantitative",
            scale: { ...logarithmic, padding: 12 },
            axis: { title: null, values: [0.5, 1, 2, 5, 10, 20, 50] },
          },
          color: { ...peerColour(NUMERIC, njitTitle), legend: DOTS },
        },
      },
    ],
  };
}

const LIBRARIES: readonly PeerName[] = ["typed-mpi", "dijitso"];

/** What a library costs, beside dijitso, which asks nobody whether all have it. */
export function libraries(points: readonly Point[]): TopLevelSpec | undefined {
  const values = points
    .filter(({ chapter, outcomes }) => chapter === "jit" && outcomes.dijitso !== undefined)
    .flatMap((point) =>
      LIBRARIES.flatMap((name) => {
        const median = medianOf(point, name);
        return median === undefined ? [] : [{ work: point.title, y: median / 1000, peer: titleOf(name) }];
      }),
    );
  if (values.length < 2) return undefined;
  return {
    title: { text: "A library from generated code: microseconds", subtitle: "logarithmic" },
    width: 420,
    height: { step: 24 },
    data: { values },
    mark: { type: "point", size: 90 },
    encoding: {
      y: { field: "work", type: "nominal", sort: null, axis: { title: null, grid: true, labelLimit: 0 } },
      x: {
        field: "y",
        type: "quantitative",
        scale: { ...logarithmic, padding: 12 },
        axis: { title: null, values: [-1, 0, 1, 2, 3, 4, 5, 6].map((power) => 10 ** power) },
      },
      color: { ...peerColour(LIBRARIES), legend: DOTS },
    },
  };
}

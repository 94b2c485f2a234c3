/** How costs grow, by the fits of the models that they should follow. */
import { byRanks, bySize, type Fit, fit, logarithmic, type Model, perDecade } from "../fit.js";
import type { PeerName } from "../peers/index.js";
import type { Point } from "../results.js";
import { table } from "./tables.js";
import { bytesText, quantity, titleOf } from "./text.js";

/** One peer's figure along its axis, under one MPI. */
export interface Growth {
  readonly figure: string;
  readonly title: string;
  readonly mpi: string;
  readonly peer: PeerName;
  readonly model: Model;
  readonly points: readonly { readonly x: number; readonly y: number }[];
  readonly fitted: Fit;
}

/** The peers whose growth is shown. */
const SHOWN: readonly PeerName[] = ["typed-mpi", "njit", "mpi4py", "c"];

/** Along sizes, the figures that are fitted: a time is latency and bytes over bandwidth. */
const BY_SIZE = ["latency", "bcast-2", "allreduce-2", "alltoall-2"];

/**
 * What a rank has to do grows as log2 p. Ranks that share cores wait for one another's turn, so that the time of all is the
 * p / cores times of each: that of each is what is fitted.
 */
const perRank = ({ x, y }: { x: number; y: number }, cores: number): { x: number; y: number } => ({
  x,
  y: y / Math.max(1, x / cores),
});

/** Most of a build is a compile, which is the same for any number; what is left is each rank's own. */
const BUILD = "growth-jit-build";

function modelOf({ axis, figure }: Point): Model | undefined {
  if (figure === BUILD) return byRanks;
  if (axis === "ranks") return logarithmic;
  if (axis === "entries") return perDecade;
  return BY_SIZE.includes(figure) ? bySize : undefined;
}

/** All fits that a run has the points for. */
export function growths(points: readonly Point[], cores: number): Growth[] {
  const groups = new Map<string, Point[]>();
  for (const point of points) {
    const key = `${point.figure} ${point.mpi}`;
    if (modelOf(point) !== undefined) groups.set(key, [...(groups.get(key) ?? []), point]);
  }
  return [...groups.values()].flatMap((group) => {
    const first = group[0] as Point;
    const model = modelOf(first) as Model;
    return SHOWN.flatMap((peer): Growth[] => {
      const taken = group.flatMap(({ x, outcomes }) => {
        const outcome = outcomes[peer];
        if (x === undefined || outcome === undefined || !("summary" in outcome)) return [];
        const measured = { x, y: outcome.summary.median };
        return [model === logarithmic ? perRank(measured, cores) : measured];
      });
      if (taken.length < 2) return [];
      const { figure, title, mpi } = first;
      return [{ figure, title, mpi, peer, model, points: taken, fitted: fit(taken, model) }];
    });
  });
}

/** What the two numbers of a fit are, as people say it. */
function numbers({ model, fitted: { a, b } }: Growth): [string, string] {
  if (model === bySize) return [`${quantity(a, "ns")}`, `${(1 / b).toPrecision(3)} GB/s`];
  if (model === logarithmic) return [`${quantity(a, "ns")}`, `${quantity(b, "ns")} per doubling`];
  if (model === byRanks) return [quantity(a, "ns"), `${quantity(b, "ns")} per rank`];
  return [quantity(a, "x"), `${(100 * (b / a)).toFixed(1)} % per decade`];
}

/** Deviations as large say that the model is not the one. */
export function growthTable(found: readonly Growth[]): string {
  const rows = found.map((growth) => {
    const { title, mpi, peer, model, points, fitted } = growth;
    const place = model === bySize ? bytesText : String;
    const places = `${place(points[0]?.x ?? 0)} to ${place(points.at(-1)?.x ?? 0)}`;
    const off = `${(100 * fitted.deviation).toFixed(0)} %`;
    return [title, mpi, titleOf(peer), model.title, places, ...numbers(growth), off];
  });
  return table(
    ["work", "MPI", "", "model", "places", "a", "b", "off by"],
    ["l", "l", "l", "l", "l", "r", "r", "r"],
    rows,
  );
}

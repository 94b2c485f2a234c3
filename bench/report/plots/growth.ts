/** How costs grow: what is measured as points, what is fitted as lines. */
import type { TopLevelSpec } from "vega-lite";
import { bySize, logarithmic as logarithmicModel, perDecade } from "../../fit.js";
import type { PeerName } from "../../peers/index.js";
import type { Growth } from "../growth.js";
import { titleOf } from "../text.js";
import { bytesAxis, logarithmic, peerColour } from "./draw.js";

interface Look {
  readonly text: string;
  readonly subtitle: string;
  readonly peers: readonly PeerName[];
  /** What one of the axis' units is in the measured ones. */
  readonly unit: number;
  readonly x: Readonly<Record<string, unknown>>;
  readonly y: Readonly<Record<string, unknown>>;
}

function fitted(
  found: readonly Growth[],
  { text, subtitle, peers, unit, x, y }: Look,
): TopLevelSpec | undefined {
  const values = found
    .filter(({ peer }) => peers.includes(peer))
    .flatMap(({ title, peer, points, fitted }) =>
      points.map((point) => ({
        x: point.x,
        y: point.y / unit,
        fit: fitted.at(point.x) / unit,
        peer: titleOf(peer),
        panel: title,
      })),
    );
  if (values.length < 2) return undefined;
  const place = { field: "x", type: "quantitative", ...x } as const;
  const cost = (field: string) => ({ field, type: "quantitative", axis: { title: null }, ...y }) as const;
  const color = peerColour(peers);
  return {
    title: { text, subtitle },
    data: { values },
    facet: { field: "panel", type: "nominal", title: null, sort: found.map(({ title }) => title) },
    columns: 4,
    spacing: 24,
    spec: {
      width: 165,
      height: 150,
      layer: [
        { mark: { type: "line", opacity: 0.6 }, encoding: { x: place, y: cost("fit"), color } },
        { mark: { type: "point", size: 40 }, encoding: { x: place, y: cost("y"), color } },
      ],
    },
    resolve: { scale: { y: "independent" } },
  };
}

const PEERS: readonly PeerName[] = ["typed-mpi", "c"];

export const withRanks = (found: readonly Growth[], mpi: string, cores: number): TopLevelSpec | undefined =>
  fitted(
    found.filter(({ model }) => model === logarithmicModel),
    {
      text: "Growth with the ranks of a job: microseconds of a core per rank",
      subtitle: `${mpi}, ${cores} cores; points are measured, lines a + b log2 p`,
      peers: PEERS,
      unit: 1000,
      x: {
        scale: { type: "log", base: 2 },
        axis: { title: null, values: [2, 4, 8, 16, 32, 64], grid: false },
      },
      y: {},
    },
  );

export const withSize = (found: readonly Growth[], mpi: string): TopLevelSpec | undefined =>
  fitted(
    found.filter(({ model }) => model === bySize),
    {
      text: "Growth with the size of a message: microseconds",
      subtitle: `${mpi}, 2 ranks; points are measured, lines a + b n; all axes logarithmic`,
      peers: PEERS,
      unit: 1000,
      x: { scale: logarithmic, axis: { ...bytesAxis, title: null, values: [1, 256, 65_536] } },
      y: { scale: { type: "log" }, axis: { title: null, values: [0.1, 1, 10, 100, 1000] } },
    },
  );

export const withEntries = (found: readonly Growth[]): TopLevelSpec | undefined =>
  fitted(
    found
      .filter(({ model }) => model === perDecade)
      .map((growth) => ({ ...growth, title: growth.title.replace(/ beside.*/, "") })),
    {
      text: "Growth with the entries of a cache: times an empty one",
      subtitle: "points are measured, lines a + b log10 N, which should be level",
      peers: ["typed-mpi"],
      unit: 1,
      x: { scale: { type: "log" }, axis: { title: null, values: [10, 100, 1000, 10_000], grid: false } },
      y: { scale: { domain: [0, 1.5] } },
    },
  );

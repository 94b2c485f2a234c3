/** What of the results is drawn. */
import type { PeerName } from "../../peers/index.js";
import type { Point } from "../../results.js";
import { titleOf } from "../text.js";

export interface Datum {
  readonly x: number;
  readonly y: number;
  readonly peer: string;
  readonly panel: string;
}

/** The median of a peer at a point. */
export function medianOf({ outcomes }: Point, peer: PeerName): number | undefined {
  const outcome = outcomes[peer];
  return outcome !== undefined && "summary" in outcome ? outcome.summary.median : undefined;
}

/** How many times as long as the same in C. */
export function timesC(median: number, point: Point): number | undefined {
  const c = medianOf(point, "c");
  return c === undefined ? undefined : median / c;
}

/** In the chapters on compiled functions typed-mpi is njit. */
export const njitTitle = (name: PeerName): string => (name === "typed-mpi" ? "njit" : titleOf(name));

/** The values of some peers at the points of a figure, for a panel. */
export const dataOf = (
  points: readonly Point[],
  figure: string,
  panel: string,
  names: readonly PeerName[],
  value: (median: number, point: Point) => number | undefined = (median) => median,
  title: (name: PeerName) => string = titleOf,
): Datum[] =>
  points
    .filter((point) => point.figure === figure && point.x !== undefined)
    .flatMap((point) =>
      names.flatMap((name): Datum[] => {
        const median = medianOf(point, name);
        const y = median === undefined ? undefined : value(median, point);
        return y === undefined ? [] : [{ x: point.x as number, y, peer: title(name), panel }];
      }),
    );

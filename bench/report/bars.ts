/** Every speed that is promised, and whether it holds. */
import type { Comparison, Point } from "../results.js";
import { table } from "./tables.js";
import {
  barText,
  holdsText,
  jobText,
  limitText,
  outcomeText,
  placeText,
  ratioText,
  titleOf,
} from "./text.js";

/** A bar at one place. */
interface Bar {
  readonly point: Point;
  readonly comparison: Comparison;
}

/** One line for each promise: of one that is made for several places the worst, with how many there are. */
export function barSummary(points: readonly Point[]): string[] {
  const groups = new Map<string, Bar[]>();
  for (const bar of points.flatMap(barsOf)) {
    const { point, comparison } = bar;
    const key = [point.figure, point.mpi, comparison.subject, comparison.peer].join();
    groups.set(key, [...(groups.get(key) ?? []), bar]);
  }
  const all = [...groups.values()];
  const measured = all.filter((bars) => bars.some(({ comparison }) => comparison.holds !== undefined));
  const held = measured.filter((bars) => bars.every(({ comparison }) => comparison.holds ?? true));
  // A bar without figures neither holds nor fails; how many there are is said.
  const missing = all.length - measured.length;
  const unmeasured = missing === 0 ? "" : `; ${missing} more could not be measured`;
  return [
    `${held.length} of ${measured.length} bars hold${unmeasured}.`,
    table(
      ["work", "job", "rounds", "typed-mpi", "against", "", "ratio", "bar", "holds"],
      ["l", "l", "r", "r", "l", "r", "r", "l", "l"],
      all.map(barRow),
    ),
  ];
}

const barsOf = (point: Point): Bar[] =>
  point.comparisons
    .filter(({ atMost, atLeast }) => atMost !== undefined || atLeast !== undefined)
    .map((comparison) => ({ point, comparison }));

/** How far a ratio is from its bar: more than 1 is too far. */
function excess({ comparison: { ratio, atMost, atLeast } }: Bar): number {
  if (ratio === undefined) return -Infinity;
  return atMost !== undefined ? ratio.median / atMost : (atLeast as number) / ratio.median;
}

function barRow(bars: readonly Bar[]): string[] {
  const worst = bars.reduce((a, b) => (excess(b) > excess(a) ? b : a));
  const { point, comparison } = worst;
  const place = placeText(point);
  const at = place === "" ? "" : `, ${point.axis === "x" ? `x = ${place}` : place}`;
  const of = bars.length === 1 ? "" : ` (the worst of ${bars.length})`;
  return [
    `${point.title}${at}${of}`,
    jobText(point),
    comparison.ratio === undefined ? "" : String(comparison.ratio.values.length),
    outcomeText(point, point.outcomes[comparison.subject]),
    comparison.peer === "limit" ? "a limit" : titleOf(comparison.peer),
    comparison.peer === "limit" ? limitText(point) : outcomeText(point, point.outcomes[comparison.peer]),
    ratioText(point, comparison),
    barText(point, comparison),
    holdsText(comparison),
  ];
}

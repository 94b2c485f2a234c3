/** Tables in Markdown: of comparisons at one place, and of figures along an axis. */
import { markdownTable } from "markdown-table";
import type { PeerName } from "../peers/index.js";
import type { Comparison, Point } from "../results.js";
import {
  barText,
  holdsText,
  jobText,
  limitText,
  outcomeText,
  placeText,
  quantity,
  ratioText,
  shortOutcome,
  titleOf,
} from "./text.js";

/** A line for each comparison. */
export function comparisonTable(points: readonly Point[]): string {
  const rows = points.flatMap((point) =>
    point.comparisons.map((comparison) => comparisonRow(point, comparison)),
  );
  return table(
    ["work", "job", "", "", "against", "", "ratio", "bar", "holds"],
    ["l", "l", "l", "r", "l", "r", "r", "l", "l"],
    rows,
  );
}

function comparisonRow(point: Point, comparison: Comparison): string[] {
  const { subject, peer } = comparison;
  const place = placeText(point);
  return [
    place === "" ? point.title : `${point.title}, ${point.axis === "x" ? `x = ${place}` : place}`,
    jobText(point),
    titleOf(subject),
    outcomeText(point, point.outcomes[subject]),
    peer === "limit" ? "a limit" : titleOf(peer),
    peer === "limit" ? limitText(point) : outcomeText(point, point.outcomes[peer]),
    ratioText(point, comparison),
    barText(point, comparison),
    holdsText(comparison),
  ];
}

/** Points along an axis: tables of those of the same job and the same peers, a line for each place. */
export function sweepTables(points: readonly Point[], cores: number): string[] {
  const groups = new Map<string, Point[]>();
  for (const point of points) {
    const job = [point.mpi, point.axis, point.axis !== "ranks" && point.ranks];
    const key = JSON.stringify([job, columnsOf(point), ratiosOf(point)]);
    groups.set(key, [...(groups.get(key) ?? []), point]);
  }
  return [...groups.values()].map((group) => sweepTable(group, cores));
}

const columnsOf = (point: Point): PeerName[] =>
  (Object.keys(point.outcomes) as PeerName[]).filter((name) => name !== "limit");

const ratiosOf = ({ comparisons }: Point): (readonly [PeerName, PeerName])[] =>
  comparisons.map(({ subject, peer }) => [subject, peer] as const);

const AXES = { bytes: "size", ranks: "ranks", entries: "entries", x: "x" } as const;

function sweepTable(points: readonly Point[], cores: number): string {
  const first = points[0] as Point;
  const [columns, ratios] = [columnsOf(first), ratiosOf(first)];
  const titles = ratios.map(([subject, peer]) =>
    peer === "limit" ? "bar" : `${titleOf(subject)} / ${titleOf(peer)}`,
  );
  const rows = points.map((point) => [
    point.title,
    placeText(point),
    ...columns.map((name) => shortOutcome(point, point.outcomes[name])),
    ...point.comparisons.map((comparison) => shortRatio(comparison)),
  ]);
  const head = ["work", AXES[first.axis ?? "x"], ...columns.map(titleOf), ...titles];
  return `${headingOf(first, cores)}\n\n${table(head, ["l", ...head.slice(1).map(() => "r")], rows)}`;
}

/** Under which MPI, on how many ranks, and whether they share cores. */
function headingOf(point: Point, cores: number): string {
  const { mpi, ranks, axis } = point;
  if (mpi === "-") return "**In one process**";
  if (axis === "ranks") return `**${mpi}**`;
  const shared =
    ranks > cores ? `, oversubscribed: they share ${cores} cores, so a time is mostly waiting for one` : "";
  return `**${jobText(point)}**${shared}`;
}

function shortRatio(comparison: Comparison): string {
  const { ratio, holds, atMost, atLeast } = comparison;
  if (ratio === undefined) return "";
  const text = quantity(ratio.median, "x");
  if (holds === undefined) return text;
  return `${holds ? text : `**${text}**`} (bar ${atMost ?? atLeast})`;
}

export const table = (head: readonly string[], align: readonly string[], rows: readonly string[][]): string =>
  markdownTable([[...head], ...rows], { align: [...align], alignDelimiters: false });

/** Figures, bars and names as people read them. */
import type { Unit } from "../cases/index.js";
import { type PeerName, peers } from "../peers/index.js";
import { type Comparison, comparesByDifference, type Outcome, type Point } from "../results.js";
import type { Summary } from "../statistics.js";

export const titleOf = (name: PeerName): string => peers.find((peer) => peer.name === name)?.title ?? name;

const TIMES: readonly (readonly [least: number, unit: string])[] = [
  [1e9, "s"],
  [1e6, "ms"],
  [1e3, "us"],
  [0, "ns"],
];

/** Repeats of a timing agree in three digits at best. */
function threeDigits(value: number): string {
  const size = Math.abs(value);
  if (size > 0 && size < 0.1) return value.toPrecision(2);
  return value.toFixed(size < 10 ? 2 : size < 100 ? 1 : 0);
}

/** A number of a unit; times in the unit that suits them. */
export function quantity(value: number, unit: Unit): string {
  // A difference of -0.001 is none, and allocations are whole numbers.
  if (unit === "B") return `${value.toFixed(1).replace(/^-(0(\.0+)?)$/, "$1")} B`;
  if (unit === "x") return threeDigits(value);
  if (unit !== "ns") return `${threeDigits(value)} ${unit}`;
  const [scale, name] = TIMES.find(([least]) => Math.abs(value) >= least) ?? [0, "ns"];
  return `${threeDigits(value / (scale || 1))} ${name}`;
}

const isMany = ({ values }: Summary): boolean => values.length > 1;

/** Median, least and most. */
const spread = (summary: Summary, unit: Unit): string =>
  isMany(summary)
    ? `${quantity(summary.median, unit)} (${quantity(summary.least, unit)} to ${quantity(summary.most, unit)})`
    : quantity(summary.median, unit);

/** What came of a peer, at length. */
export function outcomeText({ unit }: Point, outcome: Outcome | undefined): string {
  if (outcome === undefined) return "";
  if ("missing" in outcome) return "missing";
  if ("failed" in outcome) return `**failed**: ${outcome.failed}`;
  const returned = outcome.returned ? `, ${outcome.returned} B returned` : "";
  return `${spread(outcome.summary, unit)}${returned}`;
}

/** What a limit is, without a spread. */
export function limitText({ outcomes, unit }: Point): string {
  const { limit } = outcomes;
  return limit !== undefined && "summary" in limit ? quantity(limit.summary.median, unit) : "";
}

/** In short, for a table with many. */
export function shortOutcome({ unit }: Point, outcome: Outcome | undefined): string {
  if (outcome === undefined || "missing" in outcome) return "-";
  return "failed" in outcome ? "**failed**" : quantity(outcome.summary.median, unit);
}

export function ratioText({ unit }: Point, { ratio }: Comparison): string {
  if (ratio === undefined) return "";
  return comparesByDifference(unit) ? `difference ${spread(ratio, "B")}` : spread(ratio, "x");
}

export function barText({ unit }: Point, { atMost, atLeast }: Comparison): string {
  const suffix = comparesByDifference(unit) ? " B" : "";
  if (atMost !== undefined) return `at most ${atMost}${suffix}`;
  return atLeast === undefined ? "" : `at least ${atLeast}${suffix}`;
}

export const holdsText = ({ holds }: Comparison): string =>
  holds === undefined ? "" : holds ? "yes" : "**no**";

/** The job that a point is of. */
export const jobText = ({ mpi, ranks }: Point): string =>
  mpi === "-" ? "-" : `${mpi}, ${ranks} rank${ranks === 1 ? "" : "s"}`;

/** Where on its axis a point is. */
export function placeText({ axis, x }: Point): string {
  if (x === undefined) return "";
  return axis === "bytes" ? bytesText(x) : String(x);
}

export function bytesText(bytes: number): string {
  if (bytes >= 2 ** 20) return `${bytes / 2 ** 20} MiB`;
  return bytes >= 1024 ? `${bytes / 1024} KiB` : `${bytes} B`;
}

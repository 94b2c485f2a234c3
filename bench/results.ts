/** What a run comes to, as it is written for programs. */
import type { Against, Case, Chapter, Figure, Unit } from "./cases/index.js";
import type { Machine } from "./machine.js";
import type { PeerName } from "./peers/index.js";
import { pairwise, type Summary, summarize } from "./statistics.js";

/** What came of a peer: figures, or why there are none. */
export type Outcome =
  | { readonly summary: Summary; readonly returned?: number }
  | { readonly missing: string }
  | { readonly failed: string };

export interface Comparison {
  readonly subject: PeerName;
  readonly peer: PeerName;
  /** subject / peer; for bytes subject - peer. */
  readonly ratio?: Summary;
  readonly atMost?: number;
  readonly atLeast?: number;
  /** Whether the median of the ratio is within the bar; absent without a bar or without figures. */
  readonly holds?: boolean;
}

/** A figure at one place, under one MPI, of all peers that were asked. */
export interface Point {
  readonly figure: string;
  readonly chapter: Chapter;
  readonly title: string;
  /** "-" for what is no job. */
  readonly mpi: string;
  readonly ranks: number;
  readonly unit: Unit;
  readonly axis?: NonNullable<Case["axis"]>;
  readonly x?: number;
  readonly outcomes: Readonly<Partial<Record<PeerName, Outcome>>>;
  readonly comparisons: readonly Comparison[];
}

export interface Results {
  readonly date: string;
  readonly quick: boolean;
  readonly seconds: number;
  readonly machine: Machine;
  /** What share of the cores others used before the rounds, 0 to 1. */
  readonly busy: Summary;
  /** For each MPI, the version of each peer or why it is missing. */
  readonly peers: Readonly<
    Record<string, Readonly<Record<string, { version: string } | { missing: string }>>>
  >;
  readonly points: readonly Point[];
}

/** Whether peers are compared by difference because a figure may be zero. */
export const comparesByDifference = (unit: Unit): boolean => unit === "B";

/** Compares what came of two peers, and holds it against the bar. */
export function comparisonOf(
  against: Against,
  { unit }: Pick<Figure, "unit">,
  x: number | undefined,
  outcomes: Point["outcomes"],
): Comparison {
  const { subject = "typed-mpi", peer, at } = against;
  // Without any figures there is no place: the bar is still one that was not measured.
  const isBarred = at === undefined || x === undefined || at.includes(x);
  const { atMost, atLeast } = isBarred ? against : {};
  const bar = { ...(atMost === undefined ? {} : { atMost }), ...(atLeast === undefined ? {} : { atLeast }) };
  const [one, other] = [outcomes[subject], outcomes[peer]];
  if (one === undefined || other === undefined || !("summary" in one) || !("summary" in other))
    return { subject, peer, ...bar };
  const combine = comparesByDifference(unit)
    ? (a: number, b: number): number => a - b
    : (a: number, b: number): number => a / b;
  const ratio = summarize(pairwise(one.summary.values, other.summary.values, combine));
  if (atMost === undefined && atLeast === undefined) return { subject, peer, ratio };
  const holds = ratio.median <= (atMost ?? Infinity) && ratio.median >= (atLeast ?? -Infinity);
  return { subject, peer, ratio, ...bar, holds };
}

/** What is said of repeated measurements: the middle, and how far they lie apart. */
import { max, median, min } from "simple-statistics";

export interface Summary {
  readonly median: number;
  readonly least: number;
  readonly most: number;
  /** Every measurement, in the order in which it was taken. */
  readonly values: readonly number[];
}

/** @throws RangeError for no values at all */
export function summarize(values: readonly number[]): Summary {
  if (values.length === 0) throw new RangeError("no values to summarize");
  const all = [...values];
  return { median: median(all), least: min(all), most: max(all), values: all };
}

/**
 * `combine(subject, peer)` of each round that both have. Pairs of one round were measured one after the other, so what the
 * machine did meanwhile weighs on both.
 */
export function pairwise(
  subject: readonly number[],
  peer: readonly number[],
  combine: (subject: number, peer: number) => number,
): number[] {
  return subject.slice(0, peer.length).map((value, round) => combine(value, peer[round] as number));
}

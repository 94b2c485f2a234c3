/** Measuring typed-mpi and its peers in turn, and holding the figures against the bars. */
import type { Against, Case, Measurement } from "./cases/index.js";
import { launch, type Mpi, mpiTitle } from "./launch.js";
import { type Missing, type Peer, type PeerName, type Places, peers, type Ready } from "./peers.js";
import type { Quiet } from "./quiet.js";
import { pairwise, type Summary, summarize } from "./statistics.js";

export type Found = ReadonlyMap<PeerName, Ready | Missing>;

/** One piece of work under one MPI, against one peer. */
export interface Row {
  readonly case: string;
  readonly title: string;
  readonly mpi: string;
  readonly unit: Case["unit"];
  readonly peer: PeerName;
  readonly typedMpi: Outcome;
  readonly other: Outcome;
  /** typed-mpi / peer; for bytes typed-mpi - peer. */
  readonly comparison?: Summary;
  readonly atMost?: number;
  readonly atLeast?: number;
  /** Whether the median of the comparison is within the bar; absent without a bar or without figures. */
  readonly holds?: boolean;
}

/** What came of a peer: figures, or why there are none. */
export type Outcome =
  | { readonly summary: Summary; readonly returned?: number }
  | { readonly missing: string }
  | { readonly failed: string };

export interface Effort {
  readonly rounds: number;
  readonly quick: boolean;
  readonly quiet: Quiet;
  /** A folder that is removed after the bench. */
  readonly temporary: string;
  /** Told before each round. */
  readonly progress: (text: string) => void;
}

/** Which peers there are under one MPI. */
export async function findPeers(mpi: Mpi, places: Places): Promise<Found> {
  const entries = peers.map(async (peer: Peer) => [peer.name, await peer.find(mpi, places)] as const);
  return new Map(await Promise.all(entries));
}

/** Whether typed-mpi is compared by difference because the peer's figure may be zero. */
export const comparesByDifference = (unit: Case["unit"]): boolean => unit === "B";

/**
 * The MPIs that a case is measured under. Without a job it is the same under each; and a quick run leaves out those under
 * which it would be alone, if some peer takes part under another.
 */
export function placesOf(
  work: Case,
  found: ReadonlyMap<Mpi, Found>,
  quick: boolean,
): readonly (readonly [Mpi, Found])[] {
  const all = [...found];
  if (work.ranks === 0) return all.slice(0, 1);
  const takesPart = (peer: Ready | Missing | undefined): boolean =>
    peer !== undefined && !("missing" in peer) && peer.withoutJobs === undefined;
  const accompanied = all.filter(([, peers]) =>
    work.against.some(({ peer }) => peer === "limit" || takesPart(peers.get(peer))),
  );
  return quick && accompanied.length > 0 ? accompanied : all;
}

/** Measures one case: every peer once in each round, so that the peers alternate. */
export async function compare(work: Case, mpi: Mpi, found: Found, effort: Effort): Promise<Row[]> {
  const against = work.against.map(({ peer }) => peer).filter((peer) => peer !== "limit");
  const names: PeerName[] = ["typed-mpi", ...against];
  const rounds = effort.quick ? (work.quickRounds ?? effort.rounds) : effort.rounds;
  const taken = new Map<PeerName, Measurement[]>();
  const reasons = new Map<PeerName, Outcome>();
  let expected: number | undefined;
  for (let round = work.warmUp ? -1 : 0; round < rounds; round++) {
    await effort.quiet.wait();
    const where = work.ranks === 0 ? "" : `, ${mpiTitle(mpi)}`;
    effort.progress(`${work.name}${where}: round ${round + 1} of ${rounds}`);
    for (const name of names) {
      const peer = found.get(name) as Ready | Missing;
      if (reasons.has(name)) continue;
      if ("missing" in peer) {
        reasons.set(name, peer);
        continue;
      }
      if (work.ranks > 0 && peer.withoutJobs !== undefined) {
        reasons.set(name, { missing: peer.withoutJobs });
        continue;
      }
      try {
        const measurement = await once(work, mpi, peer, effort);
        expected ??= measurement.result;
        if (!isSame(measurement.result, expected))
          throw new Error(`${work.name}: ${name} came to ${measurement.result}, typed-mpi to ${expected}`);
        if (round < 0) continue;
        taken.set(name, [...(taken.get(name) ?? []), measurement]);
      } catch (error) {
        effort.progress((error as Error).message);
        reasons.set(name, { failed: `its program failed in round ${round + 1}` });
      }
    }
  }
  const limits = new Array(rounds).fill(work.limit);
  const outcomeOf = (name: PeerName): Outcome =>
    name === "limit"
      ? { summary: summarize(limits) }
      : (reasons.get(name) ?? outcome(work, taken.get(name) ?? []));
  return work.against.map((against) =>
    row(work, mpi, against, outcomeOf("typed-mpi"), outcomeOf(against.peer)),
  );
}

/** C's compiler may round a product and a sum at once, and a sum of many numbers is taken in another order. */
const ROUNDING = 1e-6;

/** Whether a peer did the same work. */
const isSame = (result: number | undefined, expected: number | undefined): boolean =>
  result === expected ||
  (result !== undefined &&
    expected !== undefined &&
    Math.abs(result - expected) <= ROUNDING * Math.abs(expected));

/** The median of the samples of one round. */
async function once(work: Case, mpi: Mpi, peer: Ready, { quick, temporary }: Effort): Promise<Measurement> {
  const given = quick ? [work.quickCalls, ...work.args.slice(1)] : work.args;
  const args = given.map((arg) => String(arg).replace("{temporary}", temporary));
  const program = await peer.program(work.program, work.nodeOptions ?? []);
  const measurements: Measurement[] = [];
  for (let sample = 0; sample < (quick ? 1 : (work.samples ?? 1)); sample++) {
    measurements.push(await launch(mpi, work.ranks, { ...program, command: [...program.command, ...args] }));
  }
  measurements.sort((a, b) => work.value(a) - work.value(b));
  return measurements[measurements.length >> 1] as Measurement;
}

function outcome(work: Case, measurements: readonly Measurement[]): Outcome {
  const summary = summarize(measurements.map(work.value));
  const returned = measurements[0]?.returned;
  return returned === undefined ? { summary } : { summary, returned };
}

function row(work: Case, mpi: Mpi, against: Against, typedMpi: Outcome, other: Outcome): Row {
  const { name, title, unit } = work;
  const labels = {
    case: name,
    title,
    mpi: work.ranks === 0 ? "-" : mpiTitle(mpi),
    unit,
    ...against,
    typedMpi,
    other,
  };
  if (!("summary" in typedMpi && "summary" in other)) return labels;
  const combine = comparesByDifference(unit)
    ? (a: number, b: number): number => a - b
    : (a: number, b: number): number => a / b;
  const comparison = summarize(pairwise(typedMpi.summary.values, other.summary.values, combine));
  const { atMost = Infinity, atLeast = -Infinity } = against;
  if (atMost === Infinity && atLeast === -Infinity) return { ...labels, comparison };
  return { ...labels, comparison, holds: comparison.median <= atMost && comparison.median >= atLeast };
}

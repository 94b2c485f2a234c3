/** Measuring typed-mpi and its peers in turn. */
import { median } from "simple-statistics";
import type { Case, Figure, Measurement } from "./cases/index.js";
import { launch, type Mpi, mpiTitle, TIME_LIMIT_MS } from "./launch.js";
import { type Missing, type Peer, type PeerName, type Places, peers, type Ready } from "./peers/index.js";
import type { Quiet } from "./quiet.js";
import { comparisonOf, type Outcome, type Point } from "./results.js";
import { summarize } from "./statistics.js";

export type Found = ReadonlyMap<PeerName, Ready | Missing>;

export interface Effort {
  readonly rounds: number;
  readonly quick: boolean;
  readonly quiet: Quiet;
  /** When the time is over, in milliseconds since the start: no round is begun, and what runs has a moment left. */
  readonly deadline: number;
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

/** Whom a figure asks. */
const askedFor = (figure: Figure): PeerName[] => [
  ...new Set<PeerName>([
    "typed-mpi",
    ...figure.against.flatMap(({ subject = "typed-mpi", peer }): PeerName[] => [subject, peer]),
    ...(figure.beside ?? []),
  ]),
];

/** Whom a case asks, typed-mpi first. */
const asked = ({ figures }: Case): PeerName[] => [
  ...new Set<PeerName>(["typed-mpi", ...figures.flatMap(askedFor)]),
];

/**
 * The MPIs that a case is measured under. Without a job it is the same under each; and a quick run leaves out those under
 * which it would be alone, if some peer takes part under another.
 */
export function placesOf(
  work: Case,
  found: ReadonlyMap<Mpi, Found>,
  quick: boolean,
): readonly (readonly [Mpi, Found])[] {
  const all = [...found].filter(([{ name }]) => work.mpis?.includes(name) ?? true);
  if (work.ranks === 0) return all.slice(0, 1);
  const takesPart = (peer: Ready | Missing | undefined): boolean =>
    peer !== undefined && !("missing" in peer) && peer.withoutJobs === undefined;
  const others = asked(work).slice(1);
  const accompanied = all.filter(([, peers]) =>
    others.some((peer) => peer === "limit" || takesPart(peers.get(peer))),
  );
  return quick && accompanied.length > 0 ? accompanied : all;
}

/** What a peer's programs printed, round by round; or why there is nothing. */
type Taken = readonly (readonly Measurement[])[] | { missing: string } | { failed: string };

const NO_TIME = { missing: "the time was over" };

/** How long a round goes on when the time is over, and how long a program has in any case. */
const GRACE_MS = 15_000;
const LEAST_MS = 5000;

const isSpared = ({ slow }: Case, name: PeerName, round: number): boolean =>
  slow?.peers.includes(name) === true && round >= slow.rounds;

/** Measures one case: every peer once in each round, so that the peers alternate. */
export async function compare(work: Case, mpi: Mpi, found: Found, effort: Effort): Promise<Point[]> {
  const names = asked(work).filter((name) => name !== "limit");
  const given = effort.quick ? work.quickRounds : work.rounds;
  const rounds = given ?? effort.rounds;
  const taken = new Map<PeerName, Measurement[][]>();
  const reasons = new Map<PeerName, { missing: string } | { failed: string }>();
  const expected = new Map<string, number | undefined>();
  for (let round = work.warmUp === undefined ? 0 : -1; round < rounds; round++) {
    if (performance.now() > effort.deadline) {
      if (round <= 0) return pointsOf(work, mpi, new Map(names.map((name) => [name, NO_TIME])), rounds);
      break;
    }
    await effort.quiet.wait();
    const where = work.ranks === 0 ? "" : `, ${mpiTitle(mpi)}`;
    effort.progress(`${work.name}${where}: ${round < 0 ? "warm-up" : `round ${round + 1} of ${rounds}`}`);
    for (const name of names) {
      if (reasons.has(name) || isSpared(work, name, round)) continue;
      const peer = found.get(name) as Ready | Missing;
      const reason = "missing" in peer ? peer.missing : work.ranks > 0 ? peer.withoutJobs : undefined;
      if (reason !== undefined || "missing" in peer) {
        reasons.set(name, { missing: reason as string });
        continue;
      }
      if (round < 0 && !work.warmUp?.includes(name)) continue;
      if (performance.now() > effort.deadline + GRACE_MS) {
        if (!taken.has(name)) reasons.set(name, NO_TIME);
        continue;
      }
      try {
        const measurements = await once(work, mpi, peer, effort, round < 0);
        assertSame(name, measurements, expected);
        if (round >= 0) taken.set(name, [...(taken.get(name) ?? []), measurements]);
      } catch (error) {
        effort.progress((error as Error).message);
        if (performance.now() <= effort.deadline)
          reasons.set(name, { failed: `its program failed in round ${round + 1}` });
        else if (!taken.has(name)) reasons.set(name, NO_TIME);
      }
    }
  }
  const all = new Map(
    names.map((name): [PeerName, Taken] => [name, reasons.get(name) ?? taken.get(name) ?? []]),
  );
  return pointsOf(work, mpi, all, rounds);
}

/** C's compiler may round a product and a sum at once, and a sum of many numbers is taken in another order. */
const ROUNDING = 1e-6;

const keyOf = ({ name, x }: Measurement): string => `${name} ${x}`;

/** @throws Error unless a peer did the same work as the first */
function assertSame(
  peer: PeerName,
  measurements: readonly Measurement[],
  expected: Map<string, number | undefined>,
): void {
  for (const measurement of measurements) {
    const { result } = measurement;
    const key = keyOf(measurement);
    if (!expected.has(key)) expected.set(key, result);
    const first = expected.get(key);
    const isSame =
      result === first ||
      (result !== undefined && first !== undefined && Math.abs(result - first) <= ROUNDING * Math.abs(first));
    if (!isSame) throw new Error(`${key}: ${peer} came to ${result}, the first to ${first}`);
  }
}

/** What the samples of one round printed. */
async function once(
  work: Case,
  mpi: Mpi,
  peer: Ready,
  { quick, temporary, deadline }: Effort,
  isWarmUp: boolean,
): Promise<Measurement[]> {
  const args = (quick ? (work.quickArgs ?? work.args) : work.args).map((arg) =>
    String(arg).replace("{temporary}", temporary),
  );
  const program = await peer.program(work.program, work.nodeOptions ?? []);
  const measurements: Measurement[] = [];
  for (let sample = 0; sample < (quick || isWarmUp ? 1 : (work.samples ?? 1)); sample++) {
    const left = Math.ceil(deadline + GRACE_MS - performance.now());
    const limit = Math.min(TIME_LIMIT_MS, Math.max(LEAST_MS, left));
    const command = [...program.command, ...args];
    const printed = await launch(mpi, work.ranks, { ...program, command }, limit);
    measurements.push(...printed);
  }
  return measurements;
}

const pointsOf = (work: Case, mpi: Mpi, taken: ReadonlyMap<PeerName, Taken>, rounds: number): Point[] =>
  work.figures.flatMap((figure) => pointsOfFigure(work, figure, mpi, taken, rounds));

function pointsOfFigure(
  work: Case,
  figure: Figure,
  mpi: Mpi,
  taken: ReadonlyMap<PeerName, Taken>,
  rounds: number,
): Point[] {
  const isOf = ({ name, x }: Measurement): boolean =>
    (figure.of === undefined || name === figure.of) &&
    (figure.at === undefined || (x !== undefined && figure.at.includes(x)));
  const printed = [...taken.values()].flatMap((each) => ("length" in each ? each.flat() : []));
  const places = [...new Set(printed.filter(isOf).map(({ x }) => x))];
  // Of what failed everywhere there is still a row that says so.
  return (places.length === 0 ? [undefined] : places).map((x): Point => {
    const outcomeOf = (each: Taken): Outcome => {
      if (!("length" in each)) return each;
      const values = each.map((round) => round.filter((one) => isOf(one) && one.x === x));
      if (values.length === 0 || values.some((round) => round.length === 0))
        return { missing: "its program has no such figure" };
      const summary = summarize(values.map((round) => median(round.map(figure.value))));
      const returned = values[0]?.[0]?.returned;
      return returned === undefined ? { summary } : { summary, returned };
    };
    const outcomes: Partial<Record<PeerName, Outcome>> = {};
    for (const name of askedFor(figure)) {
      outcomes[name] =
        name === "limit"
          ? { summary: summarize(new Array(rounds).fill(figure.limit)) }
          : outcomeOf(taken.get(name) as Taken);
    }
    const place = work.x ?? x;
    return {
      figure: figure.name,
      chapter: work.chapter,
      title: figure.title,
      mpi: work.ranks === 0 ? "-" : mpiTitle(mpi),
      ranks: work.ranks,
      unit: figure.unit,
      ...(work.axis === undefined ? {} : { axis: work.axis }),
      ...(place === undefined ? {} : { x: place }),
      outcomes,
      comparisons: figure.against.map((against) => comparisonOf(against, figure, place, outcomes)),
    };
  });
}

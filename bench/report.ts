/** The results as Markdown for people and JSON for programs; neither holds a path or the name of a host. */
import { comparesByDifference, type Found, type Outcome, type Row } from "./compare.js";
import type { Machine } from "./machine.js";
import { type PeerName, peers } from "./peers.js";
import { QUIET_SHARE } from "./quiet.js";
import type { Summary } from "./statistics.js";

export interface Results {
  readonly date: string;
  readonly quick: boolean;
  readonly rounds: number;
  readonly machine: Machine;
  /** What share of the cores others used before the rounds, 0 to 1. */
  readonly busy: Summary;
  /** For each MPI, the version of each peer or why it is missing. */
  readonly peers: Readonly<
    Record<string, Readonly<Record<string, { version: string } | { missing: string }>>>
  >;
  readonly rows: readonly Row[];
}

const titleOf = (name: PeerName): string => peers.find((peer) => peer.name === name)?.title ?? name;

/** What of the peers belongs into the results. */
export function describePeers(found: Found): Results["peers"][string] {
  const entries = [...found].map(([name, peer]) => [
    name,
    "missing" in peer ? { missing: peer.missing } : { version: peer.version },
  ]);
  return Object.fromEntries(entries);
}

export function toMarkdown(results: Results): string {
  const { machine, busy, rows } = results;
  const barred = rows.filter((row) => row.holds !== undefined);
  const lines = [
    "# Bench",
    "",
    `Measured ${results.date} by \`npm run bench${results.quick ? " -- --quick" : ""}\`:`,
    `median of ${results.rounds} rounds`,
    "(least to most), the peers alternating in each round; every ratio is the median of the rounds' ratios.",
    "All ask for MPI_THREAD_MULTIPLE, poll without yielding while each rank has a core, and are not bound.",
    "",
    `- CPU: ${machine.cpu}, ${machine.cores} cores`,
    `- Others' use of it before a round: ${percentages(busy)}`,
    `- System: ${machine.system}`,
    `- Node ${machine.node}, V8 ${machine.v8}`,
    ...Object.entries(results.peers).flatMap(([mpi, found]) => peerLines(mpi, found)),
    "",
    "| work | MPI | typed-mpi | peer | | typed-mpi / peer | bar | holds |",
    "|---|---|--:|---|--:|--:|---|---|",
    ...rows.map(rowLine),
    "",
    `${barred.filter((row) => row.holds).length} of ${barred.length} bars hold${unmeasured(rows)}.`,
    ...(busy.median > QUIET_SHARE ? ["", "**Others used the cores meanwhile: measure again.**"] : []),
    "",
  ];
  return lines.join("\n");
}

function percentages({ median, least, most }: Summary): string {
  const text = (share: number): string => `${Math.round(100 * share)} %`;
  return `${text(median)} (${text(least)} to ${text(most)})`;
}

function peerLines(mpi: string, found: Results["peers"][string]): string[] {
  const described = Object.entries(found).map(([name, peer]) => {
    const title = titleOf(name as PeerName);
    return "missing" in peer ? `  - ${title}: **missing**, ${peer.missing}` : `  - ${title}: ${peer.version}`;
  });
  return [`- MPI: ${mpi}`, ...described];
}

/** A bar without figures neither holds nor fails; how many there are is said. */
function unmeasured(rows: readonly Row[]): string {
  const count = rows.filter((row) => barOf(row) !== "" && row.holds === undefined).length;
  return count === 0 ? "" : `; ${count} more could not be measured`;
}

function rowLine(row: Row): string {
  const cells = [
    row.title,
    row.mpi,
    outcomeText(row, row.typedMpi),
    titleOf(row.peer),
    outcomeText(row, row.other),
    row.comparison === undefined ? "" : comparisonText(row, row.comparison),
    barOf(row),
    row.holds === undefined ? "" : row.holds ? "yes" : "**no**",
  ];
  return `| ${cells.join(" | ")} |`;
}

function outcomeText({ unit }: Row, outcome: Outcome): string {
  if ("missing" in outcome) return "missing";
  if ("failed" in outcome) return `**failed**: ${outcome.failed}`;
  const returned = outcome.returned ? `, ${outcome.returned} B returned` : "";
  return `${spread(outcome.summary, digitsFor(outcome.summary.median, unit))} ${unit}${returned}`;
}

function comparisonText({ unit }: Row, comparison: Summary): string {
  return comparesByDifference(unit) ? `difference ${spread(comparison, 1)} B` : spread(comparison, 2);
}

function barOf({ atMost, atLeast, unit }: Row): string {
  const suffix = comparesByDifference(unit) ? " B" : "";
  if (atMost !== undefined) return `at most ${atMost}${suffix}`;
  return atLeast === undefined ? "" : `at least ${atLeast}${suffix}`;
}

/** Repeats of a timing agree in three digits at best; an allocation is a whole number of bytes. */
const digitsFor = (value: number, unit: Row["unit"]): number =>
  unit === "B" ? 1 : value < 10 ? 2 : value < 100 ? 1 : 0;

function spread({ median, least, most }: Summary, digits: number): string {
  // A difference of -0.001 is none.
  const text = (value: number): string => value.toFixed(digits).replace(/^-(0(\.0+)?)$/, "$1");
  return `${text(median)} (${text(least)} to ${text(most)})`;
}

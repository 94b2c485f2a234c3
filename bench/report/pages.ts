/** The pages of a run: a summary with the bars, and one for each chapter. None holds a path or the name of a host. */
import type { Chapter } from "../cases/index.js";
import type { Found } from "../compare.js";
import type { PeerName } from "../peers/index.js";
import { QUIET_SHARE } from "../quiet.js";
import type { Point, Results } from "../results.js";
import type { Summary } from "../statistics.js";
import { barSummary } from "./bars.js";
import { growths, growthTable } from "./growth.js";
import { comparisonTable, sweepTables } from "./tables.js";
import { titleOf } from "./text.js";

const CHAPTERS: Readonly<Record<Chapter, { readonly title: string; readonly intro: string }>> = {
  calls: {
    title: "Calls",
    intro: "What a call costs without communication; objects; what is awaited; what is allocated.",
  },
  "point-to-point": {
    title: "Point-to-point",
    intro:
      "Two ranks, counted as osu_latency, osu_bw and osu_bibw do: half a round trip; windows of 64 nonblocking messages, " +
      "which also give the rate of small ones. All sizes are measured in one process.",
  },
  collectives: {
    title: "Collectives",
    intro:
      "Every blocking collective. A size is what one rank has for another, or gets; the ranks take turns as root, as in " +
      "Intel's MPI Benchmarks. Reductions add floats.",
  },
  jit: {
    title: "Libraries from generated code",
    intro: "What a library costs that is built, found on disk or in memory.",
  },
  njit: {
    title: "Compiled functions",
    intro:
      "The same kernels in C (-O3 -march=native), in V8, by numba and by njit, whose indexes are checked.",
  },
  growth: {
    title: "Growth",
    intro:
      "How costs grow, against the model that they should follow, fitted by the squares of the relative errors. By ranks " +
      "the time of one rank is fitted: when p ranks share the cores, that of all is p / cores times as long.",
  },
};

/** What of the peers belongs into the results. */
export function describePeers(found: Found): Results["peers"][string] {
  const entries = [...found].map(([name, peer]) => [
    name,
    "missing" in peer ? { missing: peer.missing } : { version: peer.version },
  ]);
  return Object.fromEntries(entries);
}

/** The pages by the names of their files. */
export function pagesOf(results: Results, plots: readonly string[]): Map<string, string> {
  const chapters = (Object.keys(CHAPTERS) as Chapter[]).filter(
    (chapter) => chapterPoints(results, chapter).length > 0,
  );
  return new Map([
    ["README.md", summaryPage(results, chapters, plots)],
    ...chapters.map((chapter) => [`${chapter}.md`, chapterPage(results, chapter, plots)] as const),
  ]);
}

const chapterPoints = ({ points }: Results, chapter: Chapter): Point[] =>
  points.filter((point) => point.chapter === chapter);

function summaryPage(results: Results, chapters: readonly Chapter[], plots: readonly string[]): string {
  return page([
    "# Bench",
    ...header(results),
    `${"Chapters: "}${chapters.map((chapter) => `[${CHAPTERS[chapter].title}](${chapter}.md)`).join(", ")}.`,
    "## Bars",
    ...barSummary(results.points),
    ...(plots.length > 0 ? ["## Plots", ...plots.map(image)] : []),
  ]);
}

function chapterPage(results: Results, chapter: Chapter, plots: readonly string[]): string {
  const { title, intro } = CHAPTERS[chapter];
  const points = chapterPoints(results, chapter);
  const isAlong = (point: Point): boolean =>
    points.some((other) => other.figure === point.figure && other.x !== point.x);
  const [single, along] = [points.filter((point) => !isAlong(point)), points.filter(isAlong)];
  const { cores } = results.machine;
  return page([
    `# ${title}`,
    intro,
    `${howMeasured(results)} [Machine, versions and bars](README.md).`,
    ...plots.filter((plot) => plot.startsWith(chapter)).map(image),
    ...(chapter === "growth" ? [growthTable(growths(results.points, cores))] : []),
    ...(single.length > 0 ? [comparisonTable(single)] : []),
    ...sweepTables(along, cores),
  ]);
}

const page = (parts: readonly string[]): string => `${parts.join("\n\n")}\n`;

const image = (file: string): string => `![${file.replace(/\.svg$/, "").replaceAll("-", " ")}](${file})`;

const howMeasured = ({ date, quick, points }: Results): string =>
  `Measured ${date} by \`npm run bench${quick ? " -- --quick" : ""}\`: medians of ${roundsText(points)} (least to most), ` +
  "the peers alternating in each; a ratio is the median of the rounds' ratios." +
  (quick ? " **A quick run: few rounds and short ones, so that small differences mean nothing.**" : "");

function roundsText(points: readonly Point[]): string {
  const counts = points.flatMap(({ outcomes }) =>
    Object.values(outcomes).flatMap((each) => ("summary" in each ? [each.summary.values.length] : [])),
  );
  const [least, most] = [Math.min(...counts), Math.max(...counts)];
  return `${least === most ? least : `${least} to ${most}`} round${most === 1 ? "" : "s"}`;
}

function header(results: Results): string[] {
  const { machine, busy, seconds } = results;
  return [
    howMeasured(results),
    "All ask for MPI_THREAD_MULTIPLE, poll without yielding while each rank has a core, and are not bound.",
    [
      `- CPU: ${machine.cpu}, ${machine.cores} cores`,
      `- Others' use of it before a round: ${percentages(busy)}`,
      `- System: ${machine.system}`,
      `- Node ${machine.node}, V8 ${machine.v8}`,
      `- The run took ${(seconds / 60).toFixed(1)} minutes`,
      ...Object.entries(results.peers).flatMap(([mpi, found]) => peerLines(mpi, found)),
    ].join("\n"),
    ...(busy.median > QUIET_SHARE ? ["**Others used the cores meanwhile: measure again.**"] : []),
  ];
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

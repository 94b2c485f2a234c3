/**
 * npm run bench [-- NAME... --quick --list --mpi NAME]
 *
 * typed-mpi beside what a user would pick instead, on the same work, alternated in one run. Prints the tables; a run of
 * everything writes them to `bench/results/`, with plots, and the README's part on speed; a quick one to the folder `quick`.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, relative, sep } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { type Case, cases, type Figure } from "./cases/index.js";
import { compare, type Effort, findPeers, placesOf } from "./compare.js";
import { installedMpis, type Mpi, mpiTitle } from "./launch.js";
import { describeMachine } from "./machine.js";
import type { Places } from "./peers/index.js";
import { Quiet } from "./quiet.js";
import { describePeers, pagesOf } from "./report/pages.js";
import { plotsOf } from "./report/plots/index.js";
import { withSpeed } from "./report/readme.js";
import type { Point, Results } from "./results.js";
import { summarize } from "./statistics.js";

const USAGE = `npm run bench -- [NAME...] [options]
  NAME          only the work whose name contains it
  --quick       fewer and shorter rounds
  --mpi NAME    only under this MPI: openmpi, mpich, ...
  --list        list the work and its bars, measure nothing
  --output DIR  write the results there, those of a part too
  --pages       write tables and plots again from the last results, measure nothing`;

const ROUNDS = 5;
const QUICK_ROUNDS = 2;

/** After this no further round is begun: a quick run takes 5 minutes with its set-up, another 40. */
const TIME_MS = 37 * 60_000;
const QUICK_TIME_MS = 260_000;

/** How long others on the machine are waited for, in all. */
const PATIENCE_MS = 600_000;
const QUICK_PATIENCE_MS = 30_000;

/** This file is compiled to build/bench/main.js. */
const root = fileURLToPath(new URL("../../", import.meta.url));
const compiled = fileURLToPath(new URL(".", import.meta.url));

/** What the pages are made of. */
const DATA = "results.json";

/** What the README shows: the last run of everything. */
const RESULTS = join(root, "bench", "results");
const QUICK_RESULTS = join(RESULTS, "quick");

async function main(): Promise<number> {
  const parsed = parseCommandLine();
  if (parsed === undefined) return refuse(USAGE);
  const { values: options, positionals: names } = parsed;
  if (options.help) return say(USAGE);
  const all = options.quick ? cases.filter(({ quickArgs }) => quickArgs !== undefined) : cases;
  const chosen = all.filter((work) => names.length === 0 || names.some((part) => isNamed(work, part)));
  if (chosen.length === 0) return refuse(`no work is named ${names.join(" or ")}; see --list`);
  if (options.list) return say(chosen.map(listed).join("\n"));
  // A quick run has a folder of its own: it must not replace figures that are better.
  const folder = options.output ?? (options.quick ? QUICK_RESULTS : RESULTS);
  if (options.pages) return write(folder, JSON.parse(await readFile(join(folder, DATA), "utf8")) as Results);

  const installed = await installedMpis(root);
  const mpis = installed.filter(({ name }) => options.mpi === undefined || name === options.mpi);
  if (mpis.length === 0) {
    const known = installed.map(({ name }) => name).join(", ") || "none";
    return refuse(`there is no MPI ${options.mpi ?? ""} here; installed: ${known}`);
  }

  const results = await measureAll(chosen, mpis, options.quick);
  for (const page of pagesOf(results, []).values()) say(`\n${page}`);
  const isPart = chosen.length < all.length || mpis.length < installed.length;
  if (isPart && options.output === undefined) say("A part only: nothing was written.");
  else await write(folder, results);
  say(`The run took ${Math.round(results.seconds)} s.`);
  return results.points.some(hasFailed) ? 1 : 0;
}

/** Whether a part of a name is in a case's or in one of its figures'. */
const isNamed = ({ name, figures }: Case, part: string): boolean =>
  [name, ...figures.map((figure) => figure.name)].some((each) => each.includes(part));

const OPTIONS = {
  quick: { type: "boolean", default: false },
  list: { type: "boolean", default: false },
  mpi: { type: "string" },
  output: { type: "string" },
  pages: { type: "boolean", default: false },
  help: { type: "boolean", short: "h", default: false },
} as const;

/** The command line, or undefined after saying what is wrong with it. */
function parseCommandLine() {
  try {
    return parseArgs({ allowPositionals: true, options: OPTIONS });
  } catch (error) {
    refuse((error as Error).message);
    return undefined;
  }
}

async function measureAll(chosen: readonly Case[], mpis: readonly Mpi[], quick: boolean): Promise<Results> {
  const rounds = quick ? QUICK_ROUNDS : ROUNDS;
  const progress = (text: string): void => console.error(text);
  const quiet = new Quiet(quick ? QUICK_PATIENCE_MS : PATIENCE_MS, progress);
  const machine = await describeMachine();
  const temporary = mkdtempSync(join(tmpdir(), "typed-mpi-bench-"));
  const deadline = quick ? QUICK_TIME_MS : TIME_MS;
  const effort: Effort = { rounds, quick, quiet, deadline, temporary, progress };
  process.once("exit", () => rmSync(temporary, { recursive: true, force: true }));
  const places: Places = { root, compiled, temporary };
  const found = new Map(
    await Promise.all(mpis.map(async (mpi) => [mpi, await findPeers(mpi, places)] as const)),
  );
  const points: Point[] = [];
  for (const work of chosen) {
    const start = performance.now();
    for (const [mpi, peers] of placesOf(work, found, quick))
      points.push(...(await compare(work, mpi, peers, effort)));
    progress(`${work.name} took ${((performance.now() - start) / 1000).toFixed(1)} s`);
  }
  const peers = Object.fromEntries([...found].map(([mpi, list]) => [mpiTitle(mpi), describePeers(list)]));
  return {
    date: new Date().toISOString().slice(0, 10),
    quick,
    seconds: performance.now() / 1000,
    machine,
    busy: summarize(quiet.shares),
    peers,
    points,
  };
}

/** No more digits than a measurement has. */
const rounded = (_key: string, value: unknown): unknown =>
  typeof value === "number" ? Number(value.toPrecision(6)) : value;

async function write(folder: string, results: Results): Promise<number> {
  await mkdir(folder, { recursive: true });
  const plots = await plotsOf(results);
  const files = new Map([
    ...pagesOf(results, [...plots.keys()]),
    ...plots,
    [DATA, `${JSON.stringify(results, rounded)}\n`],
  ]);
  for (const [name, text] of files) await writeFile(join(folder, name), text);
  if (folder === RESULTS) {
    const readme = join(root, "README.md");
    const place = relative(root, folder).replaceAll(sep, "/");
    const text = withSpeed(await readFile(readme, "utf8"), results, new Set(plots.keys()), place);
    await writeFile(readme, text);
  }
  return say(`Written: ${[...files.keys()].join(", ")}`);
}

const listed = ({ name, ranks, figures }: Case): string =>
  [
    `${name} (${ranks === 0 ? "no job" : ranks === 1 ? "1 rank" : `${ranks} ranks`})`,
    ...figures.map(listedFigure),
  ].join("\n");

function listedFigure({ title, against }: Figure): string {
  const bars = against.map(({ subject, peer, atMost, atLeast }) => {
    const bar =
      atMost !== undefined ? ` at most ${atMost}` : atLeast !== undefined ? ` at least ${atLeast}` : "";
    return `${subject === undefined ? "" : `${subject} / `}${peer}${bar}`;
  });
  return `    ${title} (${bars.join(", ")})`;
}

const hasFailed = ({ outcomes }: Point): boolean => Object.values(outcomes).some((each) => "failed" in each);

function say(text: string): number {
  console.log(text);
  return 0;
}

function refuse(text: string): number {
  console.error(text);
  return 2;
}

// An interrupted run ends like any other: the 'exit' handlers stop the job and remove the binaries.
process.on("SIGINT", () => process.exit(130));
process.on("SIGTERM", () => process.exit(143));

process.exitCode = await main();

/**
 * npm run bench [-- NAME... --quick --list --mpi NAME]
 *
 * typed-mpi beside what a user would pick instead, on the same work, alternated in one run. Prints a table;
 * a run of everything also writes it to `bench/results/`.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { mkdir, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { type Case, cases } from "./cases/index.js";
import { compare, type Effort, findPeers, placesOf, type Row } from "./compare.js";
import { installedMpis, type Mpi, mpiTitle } from "./launch.js";
import { describeMachine } from "./machine.js";
import type { Places } from "./peers.js";
import { Quiet } from "./quiet.js";
import { describePeers, type Results, toMarkdown } from "./report.js";
import { summarize } from "./statistics.js";

const USAGE = `npm run bench -- [NAME...] [options]
  NAME          only the work whose name contains it
  --quick       fewer and shorter rounds
  --mpi NAME    only under this MPI: openmpi, mpich, ...
  --list        list the work and its bars, measure nothing`;

const ROUNDS = 7;
const QUICK_ROUNDS = 3;

/** How long others on the machine are waited for, in all. */
const PATIENCE_MS = 600_000;
const QUICK_PATIENCE_MS = 60_000;

/** This file is compiled to build/bench/main.js. */
const root = fileURLToPath(new URL("../../", import.meta.url));
const compiled = fileURLToPath(new URL(".", import.meta.url));

async function main(): Promise<number> {
  const parsed = parseCommandLine();
  if (parsed === undefined) return refuse(USAGE);
  const { values: options, positionals: names } = parsed;
  if (options.help) return say(USAGE);
  const chosen = cases.filter(({ name }) => names.length === 0 || names.some((part) => name.includes(part)));
  if (chosen.length === 0) return refuse(`no work is named ${names.join(" or ")}; see --list`);
  if (options.list) return say(chosen.map(listed).join("\n"));

  const installed = await installedMpis(root);
  const mpis = installed.filter(({ name }) => options.mpi === undefined || name === options.mpi);
  if (mpis.length === 0) {
    const known = installed.map(({ name }) => name).join(", ") || "none";
    return refuse(`there is no MPI ${options.mpi ?? ""} here; installed: ${known}`);
  }

  const results = await measureAll(chosen, mpis, options.quick);
  const table = toMarkdown(results);
  say(`\n${table}`);
  if (chosen.length < cases.length || mpis.length < installed.length)
    say("A part only: nothing was written.");
  else await write(results, table);
  return results.rows.some(hasFailed) ? 1 : 0;
}

const OPTIONS = {
  quick: { type: "boolean", default: false },
  list: { type: "boolean", default: false },
  mpi: { type: "string" },
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
  const effort: Effort = { rounds, quick, quiet, temporary, progress };
  process.once("exit", () => rmSync(temporary, { recursive: true, force: true }));
  const places: Places = { root, compiled, temporary };
  const found = new Map(
    await Promise.all(mpis.map(async (mpi) => [mpi, await findPeers(mpi, places)] as const)),
  );
  const rows: Row[] = [];
  for (const work of chosen) {
    const start = performance.now();
    for (const [mpi, peers] of placesOf(work, found, quick))
      rows.push(...(await compare(work, mpi, peers, effort)));
    progress(`${work.name} took ${((performance.now() - start) / 1000).toFixed(1)} s`);
  }
  const peers = Object.fromEntries([...found].map(([mpi, list]) => [mpiTitle(mpi), describePeers(list)]));
  return {
    date: new Date().toISOString().slice(0, 10),
    quick,
    rounds,
    machine,
    busy: summarize(quiet.shares),
    peers,
    rows,
  };
}

/** A quick run has a file of its own: it must not replace figures that are better. */
async function write(results: Results, table: string): Promise<void> {
  const folder = join(root, "bench", "results");
  const name = results.quick ? "mpi-quick" : "mpi";
  await mkdir(folder, { recursive: true });
  await writeFile(join(folder, `${name}.md`), table);
  await writeFile(join(folder, `${name}.json`), `${JSON.stringify(results, null, 2)}\n`);
  say(`Written: bench/results/${name}.md and .json`);
}

function listed({ name, title, against }: Case): string {
  const bars = against.map(({ peer, atMost, atLeast }) => {
    const bar =
      atMost !== undefined ? ` at most ${atMost}` : atLeast !== undefined ? ` at least ${atLeast}` : "";
    return `${peer}${bar}`;
  });
  return `${name.padEnd(22)}${title} (${bars.join(", ")})`;
}

const hasFailed = ({ typedMpi, other }: Row): boolean => "failed" in typedMpi || "failed" in other;

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

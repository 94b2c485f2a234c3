// npm test [-- NAME... --mpi NAME --ranks N --engine NAME --no-coverage]
//
// Runs every test file: those in a folder `ranks` as ranks, under each installed MPI, at 1 to 4 ranks with koffi
// and at 3 with ffi-rs, but for OTHER_SIZES; all others once, each in a process of its own, two at a time. A NAME
// selects the files whose path contains it. Ends with the line `N passed, N failed`.

import { chmodSync, existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { parseArgs } from "node:util";
import { buildAll } from "./build.mjs";
import { setUpCompilers } from "./compilers.mjs";
import { keepCoverage, reportCoverage, startCoverage } from "./coverage.mjs";
import { runJob, stopJobsWithUs } from "./job.mjs";
import { installedMpis, launchCommand } from "./mpis.mjs";
import { rankResults, uvuResults } from "./results.mjs";
import { ROOT, setUpMpis, setUpPackages } from "./setup.mjs";
import { StepError } from "./system.mjs";

/** Numbers of ranks with each FFI engine: what may differ between engines does not differ between sizes. */
const SIZES = { koffi: [1, 2, 3, 4], "ffi-rs": [3] };

/** Files whose matter is who of many ranks does what, and those about messages to oneself. */
const OTHER_SIZES = {
  "jit/ranks/strategies": { koffi: [1, 2, 3, 4, 8] },
  "mpi/ranks/completions": { koffi: [1, 2], "ffi-rs": [2] },
  "mpi/ranks/using": { koffi: [1, 2], "ffi-rs": [2] },
};

/** Single processes that take long: begun first, so that none of them is left alone at the end. */
const LONGEST = ["mpi/lifecycle", "njit/fuzz/fuzz", "njit/sanitized", "jit/lost-ranks", "cli/run"];

/** Single processes at a time: they compute on one core, or wait for what they start. */
const AT_A_TIME = 2;

/** Seconds for a job. A single process may compile a C program for every MPI. */
const RANKS_LIMIT = 60;
const SINGLE_LIMIT = 240;

/** A library that hangs everywhere would take hours to say so. */
const TIME_OUTS_BORNE = 5;

const { values: options, positionals: names } = parseArgs({
  allowPositionals: true,
  options: {
    mpi: { type: "string" },
    ranks: { type: "string", short: "n" },
    engine: { type: "string" },
    "no-coverage": { type: "boolean", default: false },
    // For this runner's own test: a folder of compiled tests to run as it is, and seconds for each job.
    built: { type: "string" },
    limit: { type: "string" },
  },
});
const narrowed = Boolean(options.mpi ?? options.ranks ?? options.engine);
const whole = !narrowed && names.length === 0 && options.built === undefined;
const directory = resolve(options.built ?? join(ROOT, "build/test"));
const totals = { passed: 0, failed: 0, timedOut: 0 };

stopJobsWithUs();
try {
  await main();
} catch (error) {
  console.log(error instanceof StepError ? error.message : error);
  totals.failed++;
}
console.log(`${totals.passed} passed, ${totals.failed} failed`);
process.exitCode = totals.failed > 0 || totals.passed === 0 ? 1 : 0;

async function main() {
  const mpis = options.built === undefined ? await prepare() : installedMpis();
  const isCovered = whole && !options["no-coverage"];
  if (isCovered) startCoverage();
  const env = jobEnvironment(mpis);
  const runShown = async (job) => show(job, await outcomeOf(job, env, isCovered));
  const { single, ranks } = plan(mpis);
  const next = single.values();
  const inTurn = async () => {
    for (const job of next) if (!isHopeless()) await runShown(job);
  };
  await Promise.all(Array.from({ length: AT_A_TIME }, inTurn));
  for (const jobs of ranks) if (!isHopeless()) await Promise.all(jobs.map(runShown));
  if (isHopeless()) throw new StepError("too many jobs timed out: the rest is not run");
  const shortfall = isCovered ? await reportCoverage() : null;
  // With a single MPI there is much that cannot happen, such as the wrong launcher.
  if (shortfall === null || mpis.length < 2) return;
  console.log(`FAILED  ${shortfall}`);
  totals.failed++;
}

function isHopeless() {
  return totals.timedOut >= TIME_OUTS_BORNE;
}

/** Set-up and build; returns the MPIs to test under. */
async function prepare() {
  setUpPackages();
  const mpis = setUpMpis();
  setUpCompilers();
  console.log(`testing under ${mpis.map(({ name, version }) => `${name} ${version}`).join(" and ")}`);
  await buildAll();
  return mpis;
}

/**
 * The single processes, which come first since they tell sooner and plainer what is broken; and the jobs of ranks, in
 * lists of what is run side by side.
 */
function plan(mpis) {
  const files = readdirSync(directory, { recursive: true }).map((path) => path.replaceAll("\\", "/"));
  const tests = files.filter((path) => path.endsWith(".test.js") && !path.startsWith("harness/fixtures/"));
  const wanted = tests.map((path) => path.replace(/\.test\.js$/, "")).sort();
  const selected =
    names.length === 0 ? wanted : wanted.filter((path) => names.some((name) => path.includes(name)));
  const order = (name) => (LONGEST.includes(name) ? 0 : 1);
  const single = selected.filter((name) => !isRanks(name)).sort((a, b) => order(a) - order(b));
  const ranks = selected.filter(isRanks).flatMap((name) => rankJobs(name, mpis));
  return { single: narrowed ? [] : single.map((name) => ({ name })), ranks };
}

function isRanks(name) {
  return name.split("/").slice(0, -1).includes("ranks");
}

/**
 * One file under every MPI, with every engine, at every size, as far as the options do not say otherwise. Jobs of one
 * rank, who has nobody to wait for, share the two cores that there are at least.
 */
function rankJobs(name, mpis) {
  const chosen = mpis.filter((mpi) => (options.mpi ?? mpi.name) === mpi.name);
  const engines = Object.keys(SIZES).filter((engine) => (options.engine ?? engine) === engine);
  return engines.flatMap((engine) => {
    const usual = { ...SIZES, ...OTHER_SIZES[name] }[engine];
    const sizes = options.ranks === undefined ? usual : [Number(options.ranks)];
    const [alone, together] = [sizes.filter((size) => size === 1), sizes.filter((size) => size > 1)];
    return [
      ...alone.map((size) => chosen.map((mpi) => ({ name, mpi, engine, size }))),
      ...chosen.flatMap((mpi) => together.map((size) => [{ name, mpi, engine, size }])),
    ].filter((jobs) => jobs.length > 0);
  });
}

/** Nothing of the user's own choices, but what every MPI needs, since single processes start jobs as well. */
function jobEnvironment(mpis) {
  const { TYPED_MPI_LIB, TYPED_MPI_FFI, FORCE_COLOR, NODE_V8_COVERAGE, ...env } = process.env;
  return Object.assign(env, ...mpis.map((mpi) => mpi.env));
}

/** What came of a job; what goes wrong here is a failure of the job, and no reason not to run the others. */
async function outcomeOf(job, env, isCovered) {
  let outcome = { passed: 0, failed: 0, report: "", skipped: [], seconds: 0, timedOut: false };
  try {
    const folder = mkdtempSync(join(tmpdir(), "typed-mpi-test-"));
    // Some tests look at their files as another user.
    chmodSync(folder, 0o755);
    outcome = await run(job, env, folder, isCovered);
    // Not if a file system that it mounted is still there, or a process that it started: these are left over.
    rmSync(folder, { recursive: true, force: true, maxRetries: 3 });
  } catch (error) {
    outcome.failed++;
    outcome.report += `\n${error.stack}\n`;
  }
  return outcome;
}

/** Runs a job, with a folder of its own for what it and its coverage write. */
async function run(job, environment, folder, isCovered) {
  const coverage = join(folder, "coverage");
  const env = { ...environment, ...(isCovered ? { NODE_V8_COVERAGE: coverage } : {}) };
  const outcome = await (job.mpi === undefined ? runSingle(job, env, folder) : runRanks(job, env, folder));
  // A job that was killed wrote none, or half of it.
  if (existsSync(coverage) && !outcome.timedOut) keepCoverage(coverage);
  return outcome;
}

function programOf(name) {
  return [process.execPath, "--enable-source-maps", join(directory, `${name}.test.js`)];
}

/** Its temporary files are where no other test looks for what is left over. */
async function runSingle({ name }, env, folder) {
  const temporary = join(folder, "tmp");
  mkdirSync(temporary);
  const limit = Number(options.limit ?? SINGLE_LIMIT);
  const ended = await runJob(programOf(name), { env: { ...env, TMPDIR: temporary }, limit });
  return { ...uvuResults(ended), ...ended };
}

async function runRanks({ name, mpi, engine, size }, env, folder) {
  const results = join(folder, "results");
  mkdirSync(results);
  const ended = await runJob(launchCommand(mpi, size, programOf(name)), {
    env: { ...env, TYPED_MPI_FFI: engine, TYPED_MPI_TEST_RESULTS: results },
    limit: Number(options.limit ?? RANKS_LIMIT),
  });
  return { ...rankResults(ended, results, size), ...ended };
}

/** Prints a job's line, and its failures at once; adds to the totals. */
function show({ name, mpi, engine, size }, { passed, failed, report, skipped, seconds, timedOut }) {
  const where = mpi === undefined ? "" : `  ${mpi.name} x${size}${engine === "koffi" ? "" : ` ${engine}`}`;
  const counts = failed === 0 ? `${passed} tests` : `${passed} passed, ${failed} failed`;
  console.log(`${failed === 0 ? "ok" : "FAILED"}  ${name}${where}  ${counts}  ${seconds.toFixed(1)} s`);
  for (const what of skipped) console.log(`    skipped  ${what}`);
  if (failed > 0) console.log(report.trimEnd().replaceAll(/^/gm, "    "));
  totals.passed += passed;
  totals.failed += failed;
  totals.timedOut += Number(timedOut);
}

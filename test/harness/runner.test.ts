import { spawnSync } from "node:child_process";
import { rmSync } from "node:fs";
import { dirname } from "node:path";
import { fileURLToPath } from "node:url";
import { suite } from "uvu";
import * as assert from "uvu/assert";

// The runner itself, started on the fixtures: whatever goes wrong in a job must be counted and shown.

const FIXTURES = fileURLToPath(new URL("fixtures", import.meta.url));
const RUNNER = fileURLToPath(new URL("../../../ci/test.mjs", import.meta.url));

interface Outcome {
  readonly code: number | null;
  /** All but the last line. */
  readonly output: string;
  readonly lastLine: string;
}

function run(fixture: string, limit = 30, ...options: string[]): Outcome {
  const command = [RUNNER, "--built", FIXTURES, "--limit", String(limit), ...options, fixture];
  const { status, stdout } = spawnSync(process.execPath, command, { encoding: "utf8", timeout: 60_000 });
  const lines = stdout.trimEnd().split("\n");
  return { code: status, lastLine: lines.pop() ?? "", output: lines.join("\n") };
}

/** Options for one small job under each MPI. */
const JOB = ["--ranks", "2", "--engine", "koffi"];

/** The MPIs that the runner finds here, by the jobs that it starts. */
const { output } = run("mpi/ranks/passes", 30, ...JOB);
const mpis = [...output.matchAll(/^\w+ {2}\S+ {2}(\w+) x2 /gm)].map(([, name]) => String(name));

interface Expected {
  readonly fixture: string;
  readonly lastLine: RegExp;
  /** Seconds for the job; short where it is expected to use them up. */
  readonly limit?: number;
  /** What a reader has to find in the output. */
  readonly shows: readonly RegExp[];
}

const RANKS: readonly Expected[] = [
  {
    fixture: "passes",
    lastLine: /^2 passed, 0 failed$/,
    shows: [/^ok {2}mpi\/ranks\/passes {2}\w+ x2 {2}2 tests/m, /skipped {2}cannot run: for this reason/],
  },
  {
    fixture: "fails",
    // MPICH's launcher lets the others live as long as none has called MPI_Init, and rank 1 may be the first.
    lastLine: /^[01] passed, 1 failed$/,
    limit: 5,
    shows: [/rank 1: the last rank differs/, /element 1: expected 0, got -0/, /at .*fails\.test\.ts:\d+/],
  },
  {
    fixture: "hangs",
    lastLine: /^1 passed, 1 failed$/,
    limit: 5,
    shows: [/timed out after 5 s/, /rank 0: in "waits for nobody"/, /rank 1: in "waits for nobody"/],
  },
  {
    fixture: "dies",
    lastLine: /^[01] passed, 1 failed$/,
    shows: [/ended with exit code|killed by/, /rank 1: in "loses a rank"/],
  },
  {
    fixture: "import-throws",
    lastLine: /^0 passed, 1 failed$/,
    shows: [/thrown while loading/, /at .*import-throws\.test\.ts:\d+/, /rank 1: no test had begun/],
  },
  { fixture: "leaves", lastLine: /^1 passed, 1 failed$/, shows: [/rank 0: in "awaits what nobody settles"/] },
  { fixture: "differs", lastLine: /^1 passed, 1 failed$/, shows: [/ranks 0 and 1 ran different tests/] },
];

const SINGLE: readonly Expected[] = [
  { fixture: "passes", lastLine: /^2 passed, 0 failed$/, shows: [/^ok {2}single\/passes {2}2 tests/m] },
  { fixture: "fails", lastLine: /^1 passed, 1 failed$/, shows: [/is wrong/, /at .*fails\.test\.ts:\d+/] },
  { fixture: "hangs", lastLine: /^0 passed, 1 failed$/, limit: 5, shows: [/timed out after 5 s/] },
  {
    fixture: "import-throws",
    lastLine: /^0 passed, 1 failed$/,
    shows: [/thrown while loading/, /at .*import-throws\.test\.ts:\d+/],
  },
  { fixture: "dies-at-exit", lastLine: /^1 passed, 1 failed$/, shows: [/killed by SIGKILL/] },
  { fixture: "silent", lastLine: /^0 passed, 1 failed$/, shows: [/no tests ran/] },
];

function check(folder: string, { fixture, lastLine, limit, shows }: Expected, ...options: string[]): void {
  const outcome = run(`${folder}/${fixture}`, limit, ...options);
  assert.match(outcome.lastLine, lastLine, outcome.output);
  assert.is(outcome.code, outcome.lastLine.endsWith(" 0 failed") ? 0 : 1);
  for (const pattern of shows) assert.match(outcome.output, pattern);
}

const single = suite("single processes");
for (const expected of SINGLE) single(expected.fixture, () => check("single", expected));
single("nothing selected", () => {
  const { code, lastLine } = run("no such test");
  assert.is(lastLine, "0 passed, 0 failed");
  assert.is(code, 1);
});
single("all of them, two at a time", () => {
  const { output, lastLine } = run("single/", 5);
  assert.is(output.match(/^(ok|FAILED) {2}single\//gm)?.length, SINGLE.length);
  assert.is(lastLine, "4 passed, 5 failed");
});
single("what cannot be cleaned up", () => {
  if (process.getuid?.() !== 0) return;
  const { output, lastLine } = run("left-over/mount");
  const [, path = ""] = output.match(/EBUSY.* '(.*\/mount-\w+)'/) ?? [];
  assert.is(spawnSync("umount", [path]).status, 0, output);
  rmSync(dirname(dirname(path)), { recursive: true });
  assert.match(output, /^FAILED {2}left-over\/mount {2}1 passed, 1 failed/m);
  assert.is(lastLine, "1 passed, 1 failed");
});
single.run();

const ranks = suite("ranks");
ranks("an MPI is installed", () => assert.ok(mpis.length > 0, output));
for (const mpi of mpis) {
  for (const expected of RANKS) {
    const { fixture } = expected;
    ranks(`${fixture} under ${mpi}`, () => check("mpi/ranks", expected, "--mpi", mpi, ...JOB));
  }
}
ranks.run();

import { suite } from "uvu";
import * as assert from "uvu/assert";
import { installedMpis, type Job, launch, type Mpi, runAlone } from "./lifecycle/launch.js";

// How MPI begins and ends with the process: real jobs under each launcher of this machine, and one without any.

/** Milliseconds in which a job has to end when a rank is lost: 5 s, twice that on a busy machine. */
const END = 10_000;

/** Those whose launchers are known to end with the code of the rank that ended the job. */
const PASSING_CODES = ["openmpi", "mpich"];

const WINDOWS = process.platform === "win32";

const mpis = await installedMpis();

/** How often a text is there. */
const count = (text: string, part: string): number => text.split(part).length - 1;

const shown = ({ code, signal, stdout, stderr }: Job): string =>
  `ended with ${code ?? signal}\n${stdout}${stderr}`;

/** The exit code, others than 0 as far as the launcher passes them on; and nobody is left behind. */
function assertEnd(mpi: Mpi | null, job: Job, code: number | "failure"): void {
  assert.equal(job.orphans, [], "processes outlive the job");
  assert.is(job.signal, null, shown(job));
  const exact = code === 0 || mpi === null || PASSING_CODES.includes(mpi.name);
  if (exact && code !== "failure") assert.is(job.code, code, shown(job));
  else assert.is.not(job.code, 0, shown(job));
}

/** Programs that end well, with what each rank prints. */
const GOOD: readonly {
  readonly scenario: string;
  readonly ranks: number;
  readonly lines: readonly string[];
}[] = [
  {
    scenario: "lazy",
    ranks: 2,
    lines: ["initialized false\n", "initialized true, finalized false\n", "at exit: finalized true\n"],
  },
  { scenario: "init", ranks: 1, lines: ["main true, initialized true"] },
  { scenario: "init single", ranks: 2, lines: ["main true, initialized true"] },
  { scenario: "init funneled", ranks: 1, lines: ["main true, initialized true"] },
  { scenario: "init serialized", ranks: 1, lines: ["main true, initialized true"] },
  {
    scenario: "wrong order",
    ranks: 2,
    lines: [
      "level: ERR_INVALID_ARG_",
      "finalize before init: ERR_MPI_NOT_INITIALIZED\n",
      "init twice: ERR_MPI_INITIALIZED\n",
      "finalize twice: ERR_MPI_FINALIZED\n",
      "rank after finalize: ERR_MPI_FINALIZED\n",
      "send after finalize: ERR_MPI_FINALIZED\n",
      "init after finalize: ERR_MPI_FINALIZED\n",
      "abort after finalize: ERR_MPI_FINALIZED\n",
      "initialized true, finalized true\n",
      "version returned ",
    ],
  },
  { scenario: "exit(0)", ranks: 3, lines: ["at exit: finalized true\n"] },
  { scenario: "finalize, then end", ranks: 2, lines: ["at exit: finalized true\n"] },
  { scenario: "exit(0) without MPI", ranks: 2, lines: [] },
  { scenario: "uncaughtException handled", ranks: 2, lines: ["handled: the sky", "sum 2 of 2\n"] },
  { scenario: "uncaughtException captured", ranks: 2, lines: ["handled: the sky", "sum 2 of 2\n"] },
  { scenario: "unhandledRejection handled", ranks: 2, lines: ["handled: the sky", "sum 2 of 2\n"] },
  { scenario: "traps", ranks: 2, lines: ["caught unreachable\n", "caught memory access", "sum 2 of 2\n"] },
  { scenario: "import in a worker", ranks: 1, lines: ["initialized false\n", "worker ended with 0\n"] },
  {
    scenario: "MPI in a worker only",
    ranks: 2,
    lines: ["worker: 2 of 2, main true\n", "worker ended with 0\n"],
  },
  {
    scenario: "MPI in a worker after the main thread",
    ranks: 2,
    lines: ["worker: 2 of 2, main false\n", "worker ended with 0\n", "sum 2 of 2\n"],
  },
  {
    // A worker that began MPI ends it when it ends.
    scenario: "MPI in the main thread after a worker",
    ranks: 2,
    lines: ["worker: 2 of 2, main true\n", "worker ended with 0\n", "main: ERR_MPI_FINALIZED\n"],
  },
];

const good = suite("life cycle: programs that end well");
good("an MPI is installed", () => assert.ok(mpis.length > 0));
for (const mpi of mpis) {
  good(`import loads, starts and prints nothing under ${mpi.name}`, async () => {
    const job = await launch(mpi, 1, "import");
    assertEnd(mpi, job, 0);
    assert.is(job.stdout, "libmpi false, ffi false\ninitialized false, finalized false\n");
    assert.is(job.stderr, "");
  });
  for (const { scenario, ranks, lines } of GOOD) {
    good(`${scenario} under ${mpi.name}`, async () => {
      const job = await launch(mpi, ranks, scenario);
      assertEnd(mpi, job, 0);
      for (const line of lines) assert.is(count(job.stdout, line), ranks, `${line.trim()}: ${shown(job)}`);
      assert.not.match(job.stderr, /Error|Uncaught/);
    });
  }
}
good.run();

interface Loss {
  readonly scenario: string;
  /** The job's exit code; "failure" where the rank cannot tell the launcher. */
  readonly code: number | "failure";
  /** What stderr says, once and with the rank. */
  readonly error?: string;
  /** What stdout says before. */
  readonly output?: string;
}

/** Programs in which rank 1 of 3 is lost while the others wait for it. */
const LOSSES: readonly Loss[] = [
  { scenario: "throw, others in recv", code: 1, error: "Error: the sky is falling" },
  { scenario: "throw, others in barrier", code: 1, error: "Error: the sky is falling" },
  { scenario: "throw in a timer", code: 1, error: "Error: the sky is falling" },
  { scenario: "throw in a promise", code: 1, error: "Error: the sky is falling" },
  { scenario: "reject with no error", code: 1, error: "just words" },
  { scenario: "throw after an await", code: 1, error: "Error: the sky is falling" },
  { scenario: "error of an argument", code: 1, error: "RangeError: dest: expected a rank from 0 to 2" },
  { scenario: "throw in a worker", code: 1, error: "Error: the sky is falling" },
  { scenario: "exit(7)", code: 7 },
  { scenario: "exitCode 3", code: 3 },
  { scenario: "abort(5)", code: 5 },
  // Node's code for a program whose top-level await never ends.
  { scenario: "never settled", code: 13 },
  // Node ends at once, without the rest of the 'exit' handlers.
  { scenario: "throw in the handler of errors", code: "failure" },
  { scenario: "throw in an exit handler", code: "failure" },
  { scenario: "last words, then exit(7)", code: 7, output: "last words\n" },
  { scenario: "last words, then abort(5)", code: 5, output: "last words\n" },
];

/** That the job ended soon after rank 1 said that it acts, and that nobody had what it waited for. */
function assertEndsSoon(job: Job): void {
  const acts = Number(/^acts at (\d+)$/m.exec(job.stdout)?.[1]);
  assert.ok(job.ended - acts < END, `it took ${job.ended - acts} ms\n${shown(job)}`);
  assert.is(count(job.stdout, "waited no longer"), 0, shown(job));
}

const losses = suite("life cycle: a rank is lost");
for (const mpi of mpis) {
  for (const { scenario, code, error, output } of LOSSES) {
    losses(`${scenario} under ${mpi.name}`, async () => {
      const job = await launch(mpi, 3, scenario);
      assertEnd(mpi, job, code);
      assertEndsSoon(job);
      if (output !== undefined) assert.is(count(job.stdout, output), 1, shown(job));
      if (error === undefined) return;
      assert.is(count(job.stderr, "[rank 1] Uncaught "), 1, shown(job));
      assert.is(count(job.stderr, error), 1, shown(job));
      assert.match(job.stderr, /^ {4}at .*(program\.js|node:internal)/m);
    });
  }
  losses(`what was thrown is not called a rejected promise under ${mpi.name}`, async () => {
    const job = await launch(mpi, 2, "throw, others in recv");
    assert.not.match(job.stderr, /promise|reject/i, shown(job));
  });

  const signals = WINDOWS ? losses.skip : losses;
  signals(`SIGTERM to a rank under ${mpi.name}`, async () => {
    const job = await launch(mpi, 3, "SIGTERM");
    assert.equal(job.orphans, []);
    assert.is.not(job.code, 0, shown(job));
    assertEndsSoon(job);
  });
  for (const signal of ["SIGINT", "SIGTERM"] as const) {
    signals(`${signal} to the launcher under ${mpi.name}`, async () => {
      const start = Date.now();
      const job = await launch(mpi, 3, "all wait", { after: "ready", signal });
      // Its code is its own affair: MPICH's is 0 now and then after SIGINT.
      assert.equal(job.orphans, []);
      assert.is(count(job.stdout, "ready"), 1, shown(job));
      assert.ok(job.ended - start < END, `it took ${job.ended - start} ms\n${shown(job)}`);
    });
  }
}
losses.run();

/** Programs whose exit code is Node's own, because MPI does not run. */
const ENDS: readonly { readonly scenario: string; readonly code: number; readonly error?: string }[] = [
  { scenario: "finalize, then exit(4)", code: 4 },
  { scenario: "finalize, then throw", code: 1, error: "Error: the sky is falling" },
  { scenario: "exit(6) without MPI", code: 6 },
  { scenario: "throw without MPI", code: 1, error: "Error: the sky is falling" },
];

const ends = suite("life cycle: MPI does not run");
for (const mpi of mpis) {
  for (const { scenario, code, error } of ENDS) {
    ends(`${scenario} under ${mpi.name}`, async () => {
      const job = await launch(mpi, 1, scenario);
      assertEnd(mpi, job, code);
      // Node prints its source line, too.
      if (error !== undefined) assert.is(count(job.stderr, `\n${error}`), 1, shown(job));
      assert.not.match(job.stderr, /\[rank |MPI_ABORT|MPI_Abort/, shown(job));
    });
  }
}
ends.run();

/** Programs without a launcher: rank 0 of 1. */
const ALONE: readonly { readonly scenario: string; readonly code: number; readonly output: string }[] = [
  { scenario: "alone", code: 0, output: "rank 0 of 1\nreceived 4, sum 2, gathered 3\n" },
  { scenario: "lazy", code: 0, output: "at exit: finalized true\n" },
  {
    scenario: "traps",
    code: 0,
    output: "caught unreachable\ncaught memory access out of bounds\nsum 1 of 1\n",
  },
  { scenario: "alone, exit(7)", code: 7, output: "" },
  { scenario: "alone, throw", code: 1, output: "" },
];

const alone = suite("life cycle: without a launcher");
for (const mpi of mpis) {
  for (const { scenario, code, output } of ALONE) {
    alone(`${scenario} with the library of ${mpi.name}`, async () => {
      const job = await runAlone(await libraryOf(mpi), scenario);
      assertEnd(null, job, code);
      assert.ok(job.stdout.endsWith(output), shown(job));
      assert.is(count(job.stderr, "Uncaught Error: the sky is falling"), Number(scenario.endsWith("throw")));
    });
  }
}
alone.run();

const libraries = new Map<string, Promise<string>>();

/** The library that a launcher's programs open. */
function libraryOf(mpi: Mpi): Promise<string> {
  const known = libraries.get(mpi.name);
  if (known !== undefined) return known;
  const asked = launch(mpi, 1, "lazy").then((job) => /^library (.+)$/m.exec(job.stdout)?.[1] ?? shown(job));
  libraries.set(mpi.name, asked);
  return asked;
}

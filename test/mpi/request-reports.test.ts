import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { installedMpis, type Mpi } from "./lifecycle/launch.js";

// What is said of requests that nobody waits for, and how processes end that awaited some: real jobs.

const PROGRAM = fileURLToPath(new URL("request-reports/program.js", import.meta.url));

/** What the library says of a request that was dropped. */
const DROPPED = "a request was dropped while active";
/** What it says at the end. */
const UNFINISHED = "MPI ends while requests are active";

interface Job {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

function run({ launcher, env }: Mpi, ranks: number, scenario: string, debug?: string): Job {
  const [command = "", ...options] = launcher;
  const args = [...options, "-n", String(ranks), process.execPath, PROGRAM, scenario];
  const own = debug === undefined ? {} : { TYPED_MPI_DEBUG: debug };
  const { TYPED_MPI_DEBUG: _, NODE_OPTIONS: __, ...inherited } = process.env;
  const { status, stdout, stderr } = spawnSync(command, args, {
    encoding: "utf8",
    env: { ...inherited, ...env, ...own },
    timeout: 30_000,
  });
  return { code: status, stdout, stderr };
}

const count = (text: string, part: string): number => text.split(part).length - 1;

const mpis = await installedMpis();
const reports = suite("reports of requests");

reports("an MPI is installed", () => assert.ok(mpis.length > 0));

for (const mpi of mpis) {
  reports(`${mpi.name}: one that was dropped, once, with where it was made`, () => {
    const { code, stderr } = run(mpi, 2, "dropped", "other,requests");
    assert.is(count(stderr, DROPPED), 2, stderr);
    assert.match(stderr, /MPI_Irecv, made\n\s+at forgetReceive .*program\.[jt]s/);
    assert.is(code, 0, stderr);
  });

  reports(`${mpi.name}: one that was dropped and never ends, once in all`, () => {
    const { code, stderr } = run(mpi, 1, "dropped for good", "requests");
    assert.is(count(stderr, DROPPED), 1, stderr);
    assert.is(count(stderr, "MPI_Irecv"), 1, stderr);
    assert.is(code, 0, stderr);
    const plain = run(mpi, 1, "dropped for good");
    assert.is(count(plain.stderr, UNFINISHED), 1, plain.stderr);
  });

  reports(`${mpi.name}: nothing unless TYPED_MPI_DEBUG asks for it`, () => {
    for (const debug of [undefined, "", "request"]) {
      const { stderr } = run(mpi, 1, "dropped", debug);
      assert.is(count(stderr, DROPPED), 0, stderr);
    }
  });

  for (const scenario of ["waited for", "awaited", "freed", "nothing awaited", "given up"]) {
    reports(`${mpi.name}: nothing of one that was ${scenario}, and the process ends by itself`, () => {
      const { code, stdout, stderr } = run(mpi, 2, scenario, "requests");
      assert.is(code, 0, stderr);
      assert.is(count(stderr, "typed-mpi:"), 0, stderr);
      assert.is(count(stdout, "ended after"), 2, stdout);
    });
  }

  reports(`${mpi.name}: those that go on when MPI ends, and where they were begun if asked`, () => {
    const plain = run(mpi, 1, "unfinished");
    assert.is(count(plain.stderr, UNFINISHED), 1, plain.stderr);
    assert.match(plain.stderr, /TYPED_MPI_DEBUG=requests/);
    assert.match(plain.stderr, /MPI_Irecv/);
    assert.is(plain.code, 0, plain.stderr);
    const debugged = run(mpi, 1, "unfinished", "requests");
    assert.match(debugged.stderr, /MPI_Irecv, made\n.*program\.[jt]s/);
  });

  reports(
    `${mpi.name}: one that a loop over completions left does not keep the process, and is told of`,
    () => {
      const { code, stdout, stderr } = run(mpi, 1, "left by a loop");
      assert.is(code, 0, stderr);
      assert.is(count(stdout, "ended after"), 1, stdout);
      assert.is(count(stderr, UNFINISHED), 1, stderr);
    },
  );

  reports(`${mpi.name}: an error that leaves receives to the end of their block ends the job`, () => {
    const { code, stderr } = run(mpi, 1, "an error in a block");
    assert.is.not(code, 0);
    assert.is.not(code, null, "it hangs");
    assert.match(stderr, /Error: out of the block/);
  });

  reports(`${mpi.name}: a rejection that nobody handles ends the job with its error`, () => {
    const { code, stderr } = run(mpi, 1, "a rejection that nobody handles");
    assert.is.not(code, 0);
    assert.match(stderr, /ERR_MPI_TRUNCATE/);
  });
}

reports.run();

import { closeSync, openSync, writeSync } from "node:fs";
import { join } from "node:path";

export { assertArray, assertRejects, assertThrows } from "./assert.js";

/**
 * Tests that run as the ranks of an MPI job: every rank runs the same tests in the same order.
 *
 * Under `npm test` each rank writes what happens to a file of its own, since the launcher mixes the ranks'
 * output; ci/results.mjs reads them. Started by hand (`mpirun -n 2 node build/test/mpi/ranks/x.test.js`),
 * rank 0 prints the names of the tests, and every rank its failure.
 */
export type Body = () => void | Promise<void>;

/** Options of one test. */
export interface TestOptions {
  /** Why the test cannot run here, the same on all ranks; it is printed and not counted. */
  readonly skip?: string | false | undefined;
}

/** One line of a rank's result file. */
interface Result {
  readonly event: "begin" | "pass" | "fail" | "skip" | "end";
  readonly test?: string;
  readonly stack?: string;
  readonly reason?: string;
}

interface Registered {
  readonly name: string;
  readonly body: Body;
  readonly skip: string | false;
}

// The launcher's word for it: the harness works without MPI, so that it can report that MPI does not.
const rank =
  process.env["OMPI_COMM_WORLD_RANK"] ?? process.env["PMIX_RANK"] ?? process.env["PMI_RANK"] ?? "0";
const directory = process.env["TYPED_MPI_TEST_RESULTS"];
const file = directory === undefined ? undefined : openSync(join(directory, `rank-${rank}.jsonl`), "a");

const tests: Registered[] = [];
const names = new Set<string>();
let state: "registering" | "running" | "ended" = "registering";

/**
 * Registers a test. All of a file's tests start once the file has been loaded, in the order of registration.
 * A failure ends the job at once, because the other ranks would wait for this one forever.
 */
export function test(name: string, body: Body, options: TestOptions = {}): void {
  if (state === "ended") throw new Error(`test "${name}" was registered after the tests had ended`);
  if (names.has(name)) throw new Error(`two tests are named "${name}"`);
  if (tests.length === 0) setImmediate(run);
  names.add(name);
  tests.push({ name, body, skip: options.skip ?? false });
}

async function run(): Promise<void> {
  state = "running";
  // A promise that nobody settles would let Node leave with code 0.
  process.once("exit", () => {
    if (state === "running" && process.exitCode === undefined) process.exitCode = 1;
  });
  for (const { name, body, skip } of tests) {
    if (skip !== false) {
      report({ event: "skip", test: name, reason: skip });
      continue;
    }
    report({ event: "begin", test: name });
    try {
      await body();
    } catch (error) {
      report({ event: "fail", test: name, stack: stackOf(error) });
      process.exit(1);
    }
    report({ event: "pass", test: name });
  }
  state = "ended";
  report({ event: "end" });
  if (file !== undefined) closeSync(file);
}

function report(result: Result): void {
  if (file !== undefined) {
    writeSync(file, `${JSON.stringify(result)}\n`);
  } else if (result.event === "fail") {
    writeSync(2, `rank ${rank}: FAILED ${result.test}\n${result.stack}\n`);
  } else if (rank === "0" && result.event === "pass") {
    writeSync(1, `ok  ${result.test}\n`);
  } else if (rank === "0" && result.event === "skip") {
    writeSync(1, `skipped  ${result.test}: ${result.reason}\n`);
  }
}

/** The stack with its causes, and what an assertion compared. */
function stackOf(error: unknown): string {
  if (!(error instanceof Error)) return `thrown: ${String(error)}`;
  const details = "details" in error && typeof error.details === "string" ? `\n${error.details}` : "";
  const cause = error.cause === undefined ? "" : `\ncaused by ${stackOf(error.cause)}`;
  return `${error.stack ?? error.message}${details}${cause}`;
}

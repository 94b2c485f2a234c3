import { outOfRange } from "../../argument-error.js";

/* What OpenMP is told before it runs a prange. */

/**
 * How many threads a prange has: what the options say, else `$TYPED_MPI_NUM_THREADS`.
 * @returns 0 for what OpenMP's environment says
 * @throws RangeError
 */
export function threadsOf(given: unknown): number {
  const environment = process.env["TYPED_MPI_NUM_THREADS"];
  const [value, name] =
    given === undefined ? [environment, "TYPED_MPI_NUM_THREADS"] : [given, "options.parallel"];
  if (value === undefined || value === "") return 0;
  const count = Number(value);
  if (Number.isInteger(count) && count >= 1 && count <= 1024) return count;
  throw outOfRange(name, "a number of threads from 1 to 1024", value);
}

/**
 * Lets threads that wait for others sleep, after some tens of microseconds: to wake them takes more. OpenMP's own choice is to
 * spin for some milliseconds, for which the core may be needed: by another rank, by V8's threads, or by the thread that is
 * waited for. Its library looks at the environment once, when it is loaded with the first function that has threads; what
 * the user says there is left as it is.
 */
export function letWaitersSleep(): void {
  const { env } = process;
  if (env["OMP_WAIT_POLICY"] || env["GOMP_SPINCOUNT"] || env["KMP_BLOCKTIME"]) return;
  env["OMP_WAIT_POLICY"] = "passive";
  env["GOMP_SPINCOUNT"] = "1000";
}

import type { LauncherFamily } from "../../src/mpi/library/launcher.js";

/** An MPI of this machine, as the test runner finds it: independently of the code under test. */
export interface Installed {
  readonly name: string;
  readonly family: LauncherFamily;
  readonly version: string;
  /** The launcher's command. */
  readonly launcher: readonly string[];
  /** What its jobs need on a machine with few cores, and as root. */
  readonly env: NodeJS.ProcessEnv;
}

const RUNNER = new URL("../../../ci/mpis.mjs", import.meta.url).href;

const { installedMpis } = (await import(RUNNER)) as {
  installedMpis(): Omit<Installed, "family">[];
};

const mpis: readonly Installed[] = installedMpis().map((mpi) => ({
  ...mpi,
  family: mpi.name === "intelmpi" ? "mpich" : (mpi.name as LauncherFamily),
}));
if (mpis.length === 0) throw new Error("no MPI is installed here: npm test installs one where it may");

/** One entry for each MPI. */
export const installed = (): readonly Installed[] => mpis;

/** `items`, or a line that says what could not be tested because there are none. */
export function only<T>(items: Iterable<T>, needed: string): T[] {
  const all = [...items];
  if (all.length === 0) console.log(`    not tested here: ${needed} is missing`);
  return all;
}

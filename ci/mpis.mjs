// The MPI implementations of this machine, and how to launch a job with each.

import { execFileSync } from "node:child_process";

/**
 * @typedef {object} Mpi
 * @property {string} name      "openmpi", "mpich", "intelmpi" or "msmpi", as mpi4py/setup-mpi calls them
 * @property {string} version   first line of what the launcher says about itself that has a number in it
 * @property {string[]} launcher command and its fixed arguments; `-n N program` follows
 * @property {string} compiler  the C compiler wrapper that goes with it; it may be missing
 * @property {Record<string, string>} env what a job needs on a machine with fewer cores than ranks, and as root
 */

/**
 * Launchers by the names they have where several MPIs are installed side by side (Debian's alternatives, the
 * folders of Fedora's modules), then the plain names, whose owner only their `--version` text tells.
 */
const CANDIDATES = [
  { launcher: "mpirun.openmpi", compiler: "mpicc.openmpi" },
  { launcher: "mpirun.mpich", compiler: "mpicc.mpich" },
  { launcher: "/usr/lib64/openmpi/bin/mpirun", compiler: "/usr/lib64/openmpi/bin/mpicc" },
  { launcher: "/usr/lib64/mpich/bin/mpirun", compiler: "/usr/lib64/mpich/bin/mpicc" },
  { launcher: "mpirun", compiler: "mpicc" },
  { launcher: "mpiexec", compiler: "mpicc" },
];

/** Whose launcher it is, by what it prints. Intel's is Hydra as well, so it is asked for first. */
const FAMILIES = [
  { name: "openmpi", says: /Open MPI|OpenRTE|PRRTE|prterun/i },
  { name: "intelmpi", says: /Intel\(R\) MPI/i },
  { name: "mpich", says: /HYDRA|MPICH/i },
  { name: "msmpi", says: /Microsoft MPI/i },
];

const ENVIRONMENTS = {
  openmpi: {
    // Open MPI 4, then 5 and later, whose launcher is PRRTE.
    OMPI_ALLOW_RUN_AS_ROOT: "1",
    OMPI_ALLOW_RUN_AS_ROOT_CONFIRM: "1",
    OMPI_MCA_rmaps_base_oversubscribe: "1",
    OMPI_MCA_mpi_yield_when_idle: "1",
    PRTE_ALLOW_RUN_AS_ROOT: "1",
    PRTE_ALLOW_RUN_AS_ROOT_CONFIRM: "1",
    PRTE_MCA_rmaps_default_mapping_policy: ":oversubscribe",
  },
  mpich: {},
  intelmpi: {},
  msmpi: {},
};

/** The MPIs of this machine, one entry for each implementation. @returns {Mpi[]} */
export function installedMpis() {
  const found = new Map();
  for (const { launcher, compiler } of CANDIDATES) {
    const text = printedVersion(launcher);
    const name = FAMILIES.find(({ says }) => says.test(text))?.name;
    if (name === undefined || found.has(name)) continue;
    const version = text.match(/\d+\.\d+[\w.]*/)?.[0] ?? "of unknown version";
    found.set(name, { name, version, launcher: [launcher], compiler, env: ENVIRONMENTS[name] });
  }
  return [...found.values()];
}

/** The command line that runs `program` (a command with its arguments) as `ranks` ranks. */
export const launchCommand = (mpi, ranks, program) => [...mpi.launcher, "-n", String(ranks), ...program];

/** Whether the C compiler wrapper can compile a program that includes mpi.h. */
export function hasHeaders(mpi) {
  // MS-MPI has no wrapper; its headers are where the SDK's variable says.
  if (mpi.name === "msmpi") return process.env.MSMPI_INC !== undefined;
  try {
    const input = "#include <mpi.h>\n#include <stdio.h>\n";
    execFileSync(mpi.compiler, ["-x", "c", "-fsyntax-only", "-"], { input, stdio: "pipe" });
    return true;
  } catch {
    return false;
  }
}

/** What a launcher says about itself, empty if there is none. MS-MPI's knows no `--version` and prints its help. */
function printedVersion(launcher) {
  try {
    return execFileSync(launcher, ["--version"], { encoding: "utf8", stdio: "pipe", timeout: 20_000 });
  } catch (error) {
    return `${error.stdout ?? ""}${error.stderr ?? ""}`;
  }
}

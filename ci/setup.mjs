// What every command does first: npm packages, and MPI from the system's package manager. Needs nothing but
// Node and npm, since it is what installs the rest; silent when there is nothing to do.

import { statSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { hasHeaders, installedMpis } from "./mpis.mjs";
import { install, installCommand, packageManager, run, StepError, say } from "./system.mjs";

/** Root of the repository: commands may be called from anywhere. */
export const ROOT = fileURLToPath(new URL("..", import.meta.url));

/** Packages of each MPI, with its headers and a C compiler: tests compare our tables with mpi.h. */
const PACKAGES = {
  "apt-get": {
    openmpi: ["openmpi-bin", "libopenmpi-dev", "gcc", "libc6-dev"],
    mpich: ["mpich", "libmpich-dev", "gcc", "libc6-dev"],
  },
  dnf: { openmpi: ["openmpi", "openmpi-devel", "gcc"], mpich: ["mpich", "mpich-devel", "gcc"] },
  brew: { openmpi: ["open-mpi"], mpich: ["mpich"] },
};

/** Installs the npm packages if node_modules is missing or older than the lock file. */
export function setUpPackages() {
  const installed = modified("node_modules/.package-lock.json");
  if (installed >= modified("package-lock.json")) return;
  say(`npm packages (node_modules is ${installed === 0 ? "missing" : "older than package-lock.json"})`);
  // The development packages too, whatever NODE_ENV says. npm is a .cmd file on Windows, which needs a shell.
  const npm = (...args) =>
    run("npm", [...args, "--include=dev", "--no-audit", "--no-fund"], {
      cwd: ROOT,
      shell: process.platform === "win32",
    });
  try {
    npm("ci");
  } catch {
    // `ci` refuses a lock file that was written where the registry has no binaries for other systems; `install`
    // takes what it says and adds what is missing, without writing to it.
    say("npm ci refused; npm install");
    npm("install", "--no-save");
  }
}

/**
 * Installs what is missing of Open MPI and MPICH (or of TYPED_MPI_CI_MPIS, a list of names) where that is
 * possible and permitted, says so where it is not, and returns the MPIs to use.
 *
 * @returns {import("./mpis.mjs").Mpi[]} at least one
 * @throws {StepError} with the command to run: there is no MPI at all, or, on CI, not each that is expected
 */
export function setUpMpis() {
  const manager = packageManager();
  let missing = missingMpis(manager);
  if (missing.length > 0 && manager !== undefined) {
    install(manager, packagesOf(manager, missing));
    missing = missingMpis(manager);
  }
  const mpis = installedMpis().filter(({ name }) => namedMpis()?.includes(name) ?? true);
  if (missing.length === 0) return mpis;
  const remedy = remedyFor(manager, missing);
  if (mpis.length === 0)
    throw new StepError(`There is no MPI on this machine. Run\n\n  ${remedy}\n\nand try again.`);
  const lack = `${missing.join(" and ")}, with headers and a C compiler, not found; to have it: ${remedy}`;
  if (process.env.CI) throw new StepError(lack);
  say(lack);
  say(`going on with ${mpis.map(({ name, version }) => `${name} ${version}`).join(" and ")}`);
  return mpis;
}

/** Those that are expected, but not here or without the headers and the compiler that the tests need. */
function missingMpis(manager) {
  const complete = installedMpis().filter(hasHeaders);
  const named = namedMpis();
  // Homebrew's two MPIs exclude each other, and Windows has but one.
  if (named === null && manager?.command === "brew") return complete.length > 0 ? [] : ["openmpi"];
  const expected = named ?? (process.platform === "win32" ? ["msmpi"] : ["openmpi", "mpich"]);
  return expected.filter((name) => !complete.some((mpi) => mpi.name === name));
}

/** The names in TYPED_MPI_CI_MPIS, null without it. A job of the workflow's matrix has one MPI. */
const namedMpis = () => process.env.TYPED_MPI_CI_MPIS?.split(/[\s,]+/).filter((name) => name !== "") ?? null;

const packagesOf = (manager, names) => [
  ...new Set(names.flatMap((name) => PACKAGES[manager.command]?.[name] ?? [])),
];

/** What a person has to do to have these MPIs. */
function remedyFor(manager, names) {
  if (process.platform === "win32") return "winget install Microsoft.msmpi Microsoft.msmpisdk";
  const packages = manager === undefined ? [] : packagesOf(manager, names);
  if (packages.length > 0) return installCommand(manager, packages);
  return `install ${names.join(" and ")}, with development files and a C compiler, and put mpiexec on the PATH`;
}

/** Time of a file's last change, 0 if there is no such file. */
const modified = (path) => statSync(`${ROOT}/${path}`, { throwIfNoEntry: false })?.mtimeMs ?? 0;

/** Runs a whole command: its exit code is what `main` returns, 1 after an error. */
export async function command(main) {
  try {
    process.exitCode = await main();
  } catch (error) {
    console.error(error instanceof StepError ? error.message : error);
    process.exitCode = 1;
  }
}

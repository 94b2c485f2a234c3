// What the benchmark compares us with: mpi4py and dijitso of the system's Python, numba and numba-mpi in an environment of
// their own, C by the MPI's compiler wrapper; and for typed-mpi on node:ffi a Node that has it.

import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { hasHeaders } from "./mpis.mjs";
import { ROOT } from "./setup.mjs";
import { install, packageManager } from "./system.mjs";

/** The system's interpreter, not one of a virtual environment: it is the one that the packages are for. */
const PYTHON = "/usr/bin/python3";

const PACKAGES = {
  "apt-get": ["python3-mpi4py", "python3-numpy", "python3-dijitso", "python3-venv"],
  dnf: ["python3-mpi4py-openmpi", "python3-numpy"],
};

/** Where PyPI's packages go: out of the way of the system's, and nothing that is published or committed. */
const ENVIRONMENT = join(ROOT, "node_modules/.cache/bench-python");

/** numba-mpi finds MPI by mpi4py, whose wheel takes the MPI that is there; it is also the mpi4py for MPICH. */
const WHEELS = ["numba", "numba-mpi", "mpi4py"];

/** Where the Node is that has node:ffi, if this one has not; bench/peers/node.ts looks for it there. */
const NODE = join(ROOT, "node_modules/.cache/bench-node");

/** What is slower than this is not reachable. */
const INSTALL_MS = 600_000;

/**
 * Installs mpi4py and dijitso if they are missing and it is permitted, and says which peers will not take part. Never fails: a table with
 * fewer columns is better than none. A system's mpi4py is linked to one MPI and runs under that one's launcher only.
 *
 * @param {import("./mpis.mjs").Mpi[]} mpis
 */
export function setUpPeers(mpis) {
  const manager = packageManager();
  const isComplete = hasMpi4py() && hasDijitso();
  if (!isComplete && manager !== undefined) install(manager, PACKAGES[manager.command] ?? []);
  if (!hasMpi4py()) console.log(`peers: no mpi4py in ${PYTHON}; it is left out`);
  if (!hasDijitso()) console.log(`peers: no dijitso in ${PYTHON}; it is left out`);
  if (!hasNumba()) setUpNumba();
  if (!hasNumba()) console.log("peers: no numba and numba-mpi; they are left out");
  else nameMpich();
  if (!hasNodeFfi()) setUpNode();
  if (!hasNodeFfi()) console.log("peers: no Node with node:ffi; it is left out");
  for (const mpi of mpis.filter((mpi) => !hasHeaders(mpi))) {
    console.log(`peers: ${mpi.compiler} cannot compile MPI programs; C under ${mpi.name} is left out`);
  }
}

const hasDijitso = () => spawnSync(PYTHON, ["-c", "import dijitso"], { stdio: "ignore" }).status === 0;

const hasMpi4py = () => spawnSync(PYTHON, ["-c", "import mpi4py, numpy"], { stdio: "ignore" }).status === 0;

/** Whether the environment is there and whole: an import would take a second. */
const hasNumba = () =>
  spawnSync(
    join(ENVIRONMENT, "bin/python3"),
    ["-c", "from importlib.metadata import version; version('numba-mpi')"],
    {
      stdio: "ignore",
    },
  ).status === 0;

/** Wheels alone: to compile numba takes longer than the bench. */
function setUpNumba() {
  const options = { stdio: "ignore", timeout: INSTALL_MS };
  console.log(`peers: installing ${WHEELS.join(", ")} from PyPI`);
  if (spawnSync(PYTHON, ["-m", "venv", "--clear", ENVIRONMENT], options).status !== 0) return;
  const pip = ["-m", "pip", "install", "--quiet", "--only-binary", ":all:", ...WHEELS];
  spawnSync(join(ENVIRONMENT, "bin/python3"), pip, options);
}

const hasNodeFfi = () =>
  process.getBuiltinModule?.("node:ffi") !== undefined ||
  spawnSync(join(NODE, "node_modules/.bin/node"), ["--version"], { stdio: "ignore" }).status === 0;

/** npm has Node as a package, for any Node to run beside. */
function setUpNode() {
  console.log("peers: installing Node 26 from npm, for node:ffi");
  mkdirSync(NODE, { recursive: true });
  const npm = ["install", "--prefix", NODE, "--no-save", "--no-audit", "--no-fund", "node@26"];
  spawnSync("npm", npm, { stdio: "ignore", timeout: INSTALL_MS, shell: process.platform === "win32" });
}

/** mpi4py's wheel looks for MPICH under the name of MPICH's own builds, which is not that of Debian's. */
function nameMpich() {
  const folder = join(ENVIRONMENT, "lib/mpich");
  const link = join(folder, "libmpi.so.12");
  const library = spawnSync("ldconfig", ["-p"], { encoding: "utf8" }).stdout?.match(
    /libmpich\.so\.12 .*=> (.*)/,
  )?.[1];
  if (library === undefined || existsSync(link)) return;
  mkdirSync(folder, { recursive: true });
  symlinkSync(library, link);
}

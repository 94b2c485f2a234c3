// What the benchmark compares us with: mpi4py and dijitso of the system's Python, and C by the MPI's compiler
// wrapper.

import { spawnSync } from "node:child_process";
import { hasHeaders } from "./mpis.mjs";
import { install, packageManager } from "./system.mjs";

/** The system's interpreter, not one of a virtual environment: it is the one that the packages are for. */
const PYTHON = "/usr/bin/python3";

const PACKAGES = {
  "apt-get": ["python3-mpi4py", "python3-numpy", "python3-dijitso"],
  dnf: ["python3-mpi4py-openmpi", "python3-numpy"],
};

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
  for (const mpi of mpis.filter((mpi) => !hasHeaders(mpi))) {
    console.log(`peers: ${mpi.compiler} cannot compile MPI programs; C under ${mpi.name} is left out`);
  }
}

const hasDijitso = () => spawnSync(PYTHON, ["-c", "import dijitso"], { stdio: "ignore" }).status === 0;

const hasMpi4py = () => spawnSync(PYTHON, ["-c", "import mpi4py, numpy"], { stdio: "ignore" }).status === 0;

/** The peers that run in Python: mpi4py, numba with and without MPI, dijitso. */
import { delimiter } from "node:path";
import { type Mpi, mpiName, run } from "../launch.js";
import type { Missing, Peer, PeerName, Places, Ready } from "./peer.js";

/** The one that system packages are for: Debian's mpi4py and dijitso. */
const SYSTEM_PYTHON = "/usr/bin/python3";

/** That of the environment with PyPI's packages, which `ci/peers.mjs` makes. */
const environmentOf = (root: string): string => `${root}/node_modules/.cache/bench-python`;
const wheelPython = (root: string): string => `${environmentOf(root)}/bin/python3`;

/**
 * What makes the mpi4py of PyPI take an MPI: its wheel has a module for each ABI, which look for the library by the name
 * that the MPI's own project gives it. `ci/peers.mjs` links it under that name where the system has another.
 */
const wheelEnvironment = ({ name }: Mpi, root: string): Record<string, string> => ({
  MPI4PY_MPIABI: name,
  ...(name === "mpich" ? { LD_LIBRARY_PATH: `${environmentOf(root)}/lib/mpich` } : {}),
});

/** Prints, in lower case without blanks, the MPI that mpi4py is linked to, and versions. */
const MPI4PY_PROBE = `
import platform, numpy, mpi4py
mpi4py.rc.initialize = False
from mpi4py import MPI
vendor, version = MPI.get_vendor()
print(vendor.lower().replace(" ", ""), mpi4py.__version__, numpy.__version__, platform.python_version())
`;

interface Mpi4py {
  readonly python: string;
  readonly env: Record<string, string>;
  readonly version: string;
}

/** The first Python whose mpi4py is for this MPI: one that the user names, the first found, the system's, PyPI's. */
async function findMpi4py(mpi: Mpi, root: string): Promise<Mpi4py | Missing> {
  const named = process.env["TYPED_MPI_BENCH_PYTHON"]?.split(delimiter).filter(Boolean) ?? [];
  const candidates = [
    ...[...named, "python3", SYSTEM_PYTHON].map((python) => ({ python, env: {} })),
    { python: wheelPython(root), env: wheelEnvironment(mpi, root) },
  ];
  const reasons = new Set<string>();
  for (const candidate of candidates) {
    const answer = await probeMpi4py(candidate.python, candidate.env);
    if ("missing" in answer) reasons.add(answer.missing);
    else if (answer.linked === mpi.name) return { ...candidate, version: answer.version };
    else reasons.add(`the mpi4py found is linked to ${mpiName(answer.linked)}`);
  }
  return { missing: [...reasons].join("; ") };
}

async function probeMpi4py(
  python: string,
  env: Record<string, string>,
): Promise<{ linked: string; version: string } | Missing> {
  const answer = await runOrReason([python, "-c", MPI4PY_PROBE], env);
  const [linked = "", ...versions] = answer.split(" ");
  if (versions.length !== 3) return { missing: answer };
  return { linked, version: `${versions[0]}, numpy ${versions[1]}, Python ${versions[2]}` };
}

/** Programs in a folder, without leaving bytecode beside the sources. */
const programsIn =
  (python: string, root: string, folder: string, env: Record<string, string> = {}): Ready["program"] =>
  async (program) => ({
    command: [python, `${root}/bench/programs/${folder}/${program}.py`],
    env: { PYTHONDONTWRITEBYTECODE: "1", ...env },
  });

export const mpi4py: Peer = {
  name: "mpi4py",
  title: "mpi4py",
  async find(mpi, { root }) {
    const found = await findMpi4py(mpi, root);
    if ("missing" in found) return found;
    return { version: found.version, program: programsIn(found.python, root, "mpi4py", found.env) };
  },
};

/** What numba's programs need: their common module, and a cache that is removed with the bench. */
const numbaEnvironment = ({ root, temporary }: Places): Record<string, string> => ({
  PYTHONPATH: `${root}/bench/programs/numba`,
  NUMBA_CACHE_DIR: `${temporary}/numba`,
});

const NUMBA_PROBE = "import numba, platform; print(numba.__version__, platform.python_version())";

export const numba: Peer = {
  name: "numba",
  title: "numba",
  async find(_mpi, places) {
    const { root } = places;
    const reasons: string[] = [];
    for (const python of [wheelPython(root), SYSTEM_PYTHON]) {
      const answer = await runOrReason([python, "-c", NUMBA_PROBE]);
      const versions = answer.split(" ");
      if (versions.length === 2) {
        return {
          version: `${versions[0]}, Python ${versions[1]}`,
          withoutJobs: "its programs do not use MPI",
          program: programsIn(python, root, "numba", numbaEnvironment(places)),
        };
      }
      reasons.push(answer);
    }
    return { missing: reasons.at(-1) as string };
  },
};

/** numba in MPI jobs, with packages of PyPI's that have to be there. */
const numbaInJobs = (name: PeerName, title: string, module: string, versions: string): Peer => ({
  name,
  title,
  async find(mpi, places) {
    const { root } = places;
    const python = wheelPython(root);
    const env = wheelEnvironment(mpi, root);
    const answer = await probeMpi4py(python, env);
    if ("missing" in answer) return answer;
    if (answer.linked !== mpi.name)
      return { missing: `PyPI's mpi4py takes ${mpiName(answer.linked)} for it` };
    const version = await runOrReason(
      [python, "-c", `import ${module}; from importlib.metadata import version as v; print(${versions})`],
      env,
    );
    if (!/^\d/.test(version)) return { missing: version };
    return { version, program: programsIn(python, root, name, { ...env, ...numbaEnvironment(places) }) };
  },
});

export const numbaMpi: Peer = numbaInJobs(
  "numba-mpi",
  "numba-mpi",
  "numba_mpi",
  "v('numba-mpi'), 'with numba', v('numba')",
);

export const numbaMpi4py: Peer = numbaInJobs(
  "numba-mpi4py",
  "numba + mpi4py",
  "numba",
  "v('numba'), 'with mpi4py', v('mpi4py')",
);

export const dijitso: Peer = {
  name: "dijitso",
  title: "dijitso",
  async find({ name }, { root }) {
    const probe = "import dijitso, platform; print(dijitso.__version__, platform.python_version())";
    const versions = (await runOrReason([SYSTEM_PYTHON, "-c", probe])).split(" ");
    if (versions.length !== 2) return { missing: versions.join(" ") };
    const answer = await probeMpi4py(SYSTEM_PYTHON, {});
    return {
      version: `${versions[0]}, Python ${versions[1]}`,
      withoutJobs:
        "missing" in answer
          ? answer.missing
          : answer.linked === name
            ? undefined
            : `the mpi4py of its Python is linked to ${mpiName(answer.linked)}`,
      program: programsIn(SYSTEM_PYTHON, root, "dijitso"),
    };
  },
};

/** A reason as the results may hold it: files by their names alone. */
export const withoutFolders = (text: string): string => text.replace(/(?:\/[\w.+@-]+)+\/([\w.+@-]+)/g, "$1");

/** What it prints, or else the last line of why it does not. */
async function runOrReason(
  command: readonly string[],
  env: Readonly<Record<string, string>> = {},
): Promise<string> {
  try {
    // What lies in the folder in which the bench is run is no module: `coverage/`, which the tests leave, would be taken for one.
    return (await run(command, { PYTHONSAFEPATH: "1", ...env })).trim();
  } catch (error) {
    return withoutFolders((error as Error).message.trim().split("\n").at(-1) as string);
  }
}

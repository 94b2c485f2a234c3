/**
 * Who is measured. Each peer has a folder of programs; one that cannot take part under some MPI says why, and
 * is listed as missing.
 */
import { access, readFile } from "node:fs/promises";
import { delimiter } from "node:path";
import { type Mpi, mpiName, type Program, run } from "./launch.js";

export type PeerName =
  | "typed-mpi"
  | "koffi"
  | "v8"
  | "mpi4py"
  | "numba"
  | "numba-mpi"
  | "c"
  | "dijitso"
  | "limit";

/** Where things are: the sources of the bench, its compiled programs, and a folder to be removed after it. */
export interface Places {
  readonly root: string;
  readonly compiled: string;
  readonly temporary: string;
}

/** A peer that is there, for one MPI. */
export interface Ready {
  /** What exactly it is, for the header of the results. */
  readonly version: string;
  /** Why it can take no part in jobs of this MPI, if it cannot. */
  readonly withoutJobs?: string | undefined;
  /** @param nodeOptions those of the case; for peers that run in Node. */
  program(name: string, nodeOptions: readonly string[]): Promise<Program>;
}

export interface Missing {
  readonly missing: string;
}

export interface Peer {
  readonly name: PeerName;
  readonly title: string;
  find(mpi: Mpi, places: Places): Promise<Ready | Missing>;
}

/** A peer whose programs are JavaScript in `programs/<name>`, with the environment that they need. */
const inNode = (name: PeerName, title: string, version: (root: string) => Promise<string>): Peer => ({
  name,
  title,
  find: async (mpi, { root, compiled }) => ({
    version: await version(root),
    program: async (program, nodeOptions) => ({
      command: [process.execPath, ...nodeOptions, `${compiled}/programs/${name}/${program}.js`],
      env: { BENCH_MPI: mpi.name },
    }),
  }),
});

const packageVersion = async (file: string): Promise<string> =>
  JSON.parse(await readFile(file, "utf8")).version;

const compilerFlags = ["-O3", "-march=native"];

const c: Peer = {
  name: "c",
  title: "C",
  async find({ compiler }, { root, temporary }) {
    try {
      const [version] = (await run([compiler, "--version"])).split("\n");
      return {
        version: `${version}, ${compilerFlags.join(" ")}`,
        async program(program) {
          const binary = `${temporary}/${program}-${compiler.replaceAll("/", "_")}`;
          const isBuilt = await access(binary).then(
            () => true,
            () => false,
          );
          const source = `${root}/bench/programs/c/${program}.c`;
          if (!isBuilt) await run([compiler, ...compilerFlags, source, "-o", binary]);
          return { command: [binary] };
        },
      };
    } catch {
      return { missing: `${compiler} does not run` };
    }
  },
};

/** Each prints its versions and, in lower case without blanks, the MPI it is linked to. */
const PYTHON_PROBE = `
import platform, numpy, mpi4py
mpi4py.rc.initialize = False
from mpi4py import MPI
vendor, version = MPI.get_vendor()
print(vendor.lower().replace(" ", ""), mpi4py.__version__, numpy.__version__, platform.python_version())
`;

/** Why a Python that answered so does not do for an MPI. */
const otherwiseLinked = (linked: string, versions: readonly string[]): string =>
  versions.length === 3
    ? `the mpi4py found is linked to ${mpiName(linked)}`
    : [linked, ...versions].join(" ");

/** Pythons that may have mpi4py: those that the user names, the one found first, the system's. */
const pythons = (): string[] => [
  ...(process.env["TYPED_MPI_BENCH_PYTHON"]?.split(delimiter).filter(Boolean) ?? []),
  "python3",
  "/usr/bin/python3",
];

const mpi4py: Peer = {
  name: "mpi4py",
  title: "mpi4py",
  async find({ name }, { root }) {
    const reasons = new Set<string>();
    for (const python of pythons()) {
      const [linked, ...versions] = (await runOrReason([python, "-c", PYTHON_PROBE])).split(" ");
      if (linked === name) {
        return {
          version: `${versions[0]}, numpy ${versions[1]}, Python ${versions[2]}`,
          program: async (program) => ({
            command: [python, `${root}/bench/programs/mpi4py/${program}.py`],
            // The sources' folder stays as it is.
            env: { PYTHONDONTWRITEBYTECODE: "1" },
          }),
        };
      }
      reasons.add(otherwiseLinked(linked as string, versions));
    }
    return { missing: [...reasons].join("; ") };
  },
};

/** The interpreters that may have numba: that of the environment that `ci/peers.mjs` makes, and the system's. */
const numbaPythons = (root: string): string[] => [
  `${root}/node_modules/.cache/bench-python/bin/python3`,
  "/usr/bin/python3",
];

const NUMBA_PROBE = "import numba, platform; print(numba.__version__, platform.python_version())";

/** What numba's programs need: their common module, and a cache that is removed with the bench. */
const numbaEnvironment = ({ root, temporary }: Places): Record<string, string> => ({
  PYTHONDONTWRITEBYTECODE: "1",
  PYTHONPATH: `${root}/bench/programs/numba`,
  NUMBA_CACHE_DIR: `${temporary}/numba`,
});

const numba: Peer = {
  name: "numba",
  title: "numba",
  async find(_mpi, places) {
    const { root } = places;
    const reasons: string[] = [];
    for (const python of numbaPythons(root)) {
      const answer = await runOrReason([python, "-c", NUMBA_PROBE]);
      const versions = answer.split(" ");
      if (versions.length === 2) {
        return {
          version: `${versions[0]}, Python ${versions[1]}`,
          withoutJobs: "its programs do not use MPI",
          program: async (program) => ({
            command: [python, `${root}/bench/programs/numba/${program}.py`],
            env: numbaEnvironment(places),
          }),
        };
      }
      reasons.push(answer);
    }
    return { missing: reasons.at(-1) as string };
  },
};

const NUMBA_MPI_PROBE = `${PYTHON_PROBE.trim()}
import numba_mpi
`;

const numbaMpi: Peer = {
  name: "numba-mpi",
  title: "numba-mpi",
  async find({ name }, places) {
    const { root } = places;
    const version =
      "from importlib.metadata import version; print(version('numba-mpi'), 'with numba', version('numba'))";
    const reasons: string[] = [];
    for (const python of numbaPythons(root)) {
      const answer = await runOrReason([python, "-c", NUMBA_MPI_PROBE]);
      const [linked, ...versions] = answer.split(" ");
      if (linked === name) {
        return {
          version: await runOrReason([python, "-c", version]),
          program: async (program) => ({
            command: [python, `${root}/bench/programs/numba-mpi/${program}.py`],
            env: numbaEnvironment(places),
          }),
        };
      }
      reasons.push(versions.length === 3 ? otherwiseLinked(linked as string, versions) : answer);
    }
    return { missing: reasons[0] as string };
  },
};

/** The system's: dijitso is a package of Debian's, and of no registry that is kept. */
const DIJITSO_PYTHON = "/usr/bin/python3";

const dijitso: Peer = {
  name: "dijitso",
  title: "dijitso",
  async find({ name }, { root }) {
    const probe = "import dijitso, platform; print(dijitso.__version__, platform.python_version())";
    const versions = (await runOrReason([DIJITSO_PYTHON, "-c", probe])).split(" ");
    if (versions.length !== 2) return { missing: versions.join(" ") };
    const [linked, ...others] = (await runOrReason([DIJITSO_PYTHON, "-c", PYTHON_PROBE])).split(" ");
    return {
      version: `${versions[0]}, Python ${versions[1]}`,
      withoutJobs: linked === name ? undefined : otherwiseLinked(linked as string, others),
      program: async (program) => ({
        command: [DIJITSO_PYTHON, `${root}/bench/programs/dijitso/${program}.py`],
        env: { PYTHONDONTWRITEBYTECODE: "1" },
      }),
    };
  },
};

/** What it prints, or else the last line of why it does not. */
async function runOrReason(command: readonly string[]): Promise<string> {
  try {
    return (await run(command)).trim();
  } catch (error) {
    return (error as Error).message.trim().split("\n").at(-1) as string;
  }
}

/** The subject comes first. */
export const peers: readonly Peer[] = [
  inNode("typed-mpi", "typed-mpi", (root) => packageVersion(`${root}/package.json`)),
  inNode("koffi", "bare koffi", (root) => packageVersion(`${root}/node_modules/koffi/package.json`)),
  inNode("v8", "V8", async () => process.versions.v8),
  mpi4py,
  numba,
  numbaMpi,
  c,
  dijitso,
];

import { readdirSync, readFileSync, statSync } from "node:fs";
import { basename, delimiter, dirname, join, resolve } from "node:path";
import { familyOfExecutable, type Launch, type LauncherFamily } from "./launcher.js";
import { findInPath, realFile } from "./mpiexec.js";

/** One place where an MPI library may be. */
export interface Candidate {
  /** What the loader is given: a path, a name that it looks up itself, or null for the program that runs. */
  readonly name: string | null;
  /** Why it is a candidate: `"TYPED_MPI_LIB"`, `"already loaded"`, `"LD_LIBRARY_PATH"`, ... */
  readonly origin: string;
  /** The file behind it, links resolved. Undefined where only the loader knows, or where there is none. */
  readonly path: string | undefined;
  /** Whose launcher starts it, where its file name tells. */
  readonly family: LauncherFamily | undefined;
  /** Why it need not be opened: `"no such file"`. */
  readonly missing: string | undefined;
}

/** Where to look for what. The system's own places are {@link systemPlaces}. */
export interface Places {
  /**
   * The names that libraries have, each with the family that it tells, native ABIs before the standard one.
   */
  readonly names: readonly (readonly [name: string, family: LauncherFamily | undefined])[];
  /** Directories that the user or the launcher points at, with what points there; then the others. */
  readonly chosen: readonly (readonly [directory: string, origin: string])[];
  readonly usual: readonly string[];
}

const NAMES: Readonly<Record<string, Places["names"]>> = {
  linux: [
    ["libmpi.so.40", "openmpi"],
    ["libmpi.so.12", "mpich"],
    ["libmpich.so.12", "mpich"], // the only name that MPICH has on Debian <= 12 and Ubuntu <= 22.04
    ["libmpi_ibm.so", "openmpi"],
    ["libmpi_cray.so", "mpich"],
    ["libmpi.so.0", "openmpi"], // Fujitsu MPI
    ["libmpi.so", undefined],
    ["libmpi_abi_openmpi.so.1.0.0", "openmpi"], // these two: Debian's files behind libmpi_abi.so.1
    ["libmpi_abi_mpich.so.1.0.0", "mpich"],
    ["libmpi_abi.so.1", undefined],
  ],
  darwin: [
    ["libmpi.40.dylib", "openmpi"],
    ["libmpi.12.dylib", "mpich"],
    ["libmpi.dylib", undefined],
    ["libmpi_abi.1.dylib", undefined],
  ],
  win32: [
    ["msmpi.dll", "msmpi"],
    ["impi.dll", "mpich"],
    ["mpi_abi.dll", undefined],
  ],
};

const GNU_ARCHITECTURES: Partial<Record<NodeJS.Architecture, string>> = {
  x64: "x86_64",
  arm64: "aarch64",
  ppc64: "powerpc64le",
  loong64: "loongarch64",
};

/** The multiarch directory of Debian and its kin, below `lib`. */
const MULTIARCH = `${GNU_ARCHITECTURES[process.arch] ?? process.arch}-linux-gnu`;

const USUAL: Readonly<Record<string, readonly string[]>> = {
  linux: [
    "/usr/local/lib",
    "/usr/lib64/openmpi/lib",
    "/usr/lib64/mpich/lib",
    "/usr/lib/openmpi/lib",
    "/usr/lib/mpich/lib",
    `/usr/lib/${MULTIARCH}`,
    "/usr/lib64",
    "/usr/lib",
  ],
  darwin: ["/usr/local/lib", "/opt/homebrew/lib", "/opt/local/lib"],
  win32: [],
};

/** Directories that variables of the environment point at: variable, then what is appended to its value. */
const POINTERS: Readonly<
  Record<string, readonly (readonly [variable: string, directories: readonly string[]])[]>
> = {
  linux: [
    ["CONDA_PREFIX", ["lib"]],
    ["I_MPI_ROOT", ["lib", "lib/release"]],
    ["CRAY_MPICH_DIR", ["lib"]],
  ],
  darwin: [["CONDA_PREFIX", ["lib"]]],
  win32: [
    ["I_MPI_ROOT", ["bin", "bin/release"]],
    ["CONDA_PREFIX", ["Library/bin"]],
  ],
};

/** The loader's own list of directories, set by the user: it precedes the launcher's own directory. */
const LOADER_PATHS: Readonly<Record<string, string>> = {
  linux: "LD_LIBRARY_PATH",
  darwin: "DYLD_LIBRARY_PATH",
};

/** Where this system, this environment and the launcher of this process keep MPI libraries. */
function systemPlaces(env: NodeJS.ProcessEnv = process.env, launch?: Launch): Places {
  const system = process.platform in NAMES ? process.platform : "linux";
  const chosen: (readonly [string, string])[] = [];
  const loaderPath = LOADER_PATHS[system];
  if (loaderPath !== undefined) {
    for (const directory of (env[loaderPath] ?? "").split(delimiter)) {
      if (directory !== "") chosen.push([directory, loaderPath]);
    }
  }
  const mpiexec = realFile(launch?.executable ?? findInPath("mpiexec", env) ?? "");
  if (mpiexec !== undefined && system !== "win32") {
    const prefix = dirname(dirname(mpiexec));
    // The loader knows the system's own directories, and may have been told of others: it is asked before
    // them.
    if (prefix !== "/usr" && prefix !== "/") {
      const origin = launch?.executable === undefined ? "beside mpiexec in PATH" : "beside the launcher";
      for (const lib of ["lib", "lib64", `lib/${MULTIARCH}`, "lib/release"])
        chosen.push([join(prefix, lib), origin]);
    }
  }
  for (const [variable, directories] of POINTERS[system] ?? []) {
    const root = env[variable];
    if (root) for (const directory of directories) chosen.push([join(root, directory), variable]);
  }
  const liked = launch?.starts[0] ?? (mpiexec === undefined ? undefined : familyOfExecutable(mpiexec));
  const names = (NAMES[system] as Places["names"]).toSorted((a, b) => likes(b, liked) - likes(a, liked));
  return { names, chosen, usual: USUAL[system] ?? [] };
}

/** 1 for the native names of the family, 0 for others: the sort is stable. */
const likes = ([name, family]: Places["names"][number], liked: LauncherFamily | undefined): number =>
  family !== undefined && family === liked && !name.includes("_abi") ? 1 : 0;

/**
 * Every place where an MPI library is looked for, in the order of the search, those that are missing
 * included; a file that several names lead to is there once.
 *
 * `TYPED_MPI_LIB` leaves only what it names. Otherwise: the program itself (an MPI that is linked or
 * preloaded), the directories the user and the launcher point at, the names that the loader knows, the usual
 * directories. Under a launcher the libraries that it starts come first, those that only opening can tell
 * next. Nothing is opened: two MPIs in one process do not work.
 */
export function discover(
  env: NodeJS.ProcessEnv = process.env,
  launch?: Launch,
  places: Places = systemPlaces(env, launch),
): Candidate[] {
  const named = env["TYPED_MPI_LIB"]?.split(delimiter).filter(Boolean) ?? [];
  const found = new Set<string>();
  const candidates = (named.length > 0 ? namedByUser(named, places) : searched(places)).filter(({ path }) => {
    if (path === undefined) return true;
    return !found.has(path) && found.add(path);
  });
  if (launch === undefined) return candidates;
  const distance = ({ name, family }: Candidate): number =>
    name === null || (family !== undefined && launch.starts.includes(family))
      ? 0
      : family === undefined
        ? 1
        : 2;
  return candidates.toSorted((a, b) => distance(a) - distance(b));
}

function namedByUser(entries: readonly string[], places: Places): Candidate[] {
  const origin = "TYPED_MPI_LIB";
  return entries.flatMap((entry) => {
    if (/[\\/]/.test(entry) || realFile(entry) !== undefined || isDirectory(entry)) {
      const path = resolve(entry);
      return isDirectory(path) ? inDirectory(path, origin, places) : [atPath(path, origin)];
    }
    return [byLoader(entry, origin)];
  });
}

function searched(places: Places): Candidate[] {
  return [
    { name: null, origin: "already loaded", path: undefined, family: undefined, missing: undefined },
    ...places.chosen.flatMap(([directory, origin]) => inDirectory(directory, origin, places)),
    ...places.names.map(([name]) => byLoader(name, "known to the loader")),
    ...places.usual.flatMap((directory) => inDirectory(directory, "usual directory", places)),
  ];
}

const byLoader = (name: string, origin: string): Candidate => ({
  name,
  origin,
  path: undefined,
  family: familyOfName(name),
  missing: undefined,
});

function inDirectory(directory: string, origin: string, places: Places): Candidate[] {
  if (!isDirectory(directory)) {
    return [{ name: directory, origin, path: undefined, family: undefined, missing: "no such directory" }];
  }
  const files = new Set(readNames(directory));
  return places.names.map(([name]) => {
    const path = join(directory, name);
    return files.has(name)
      ? atPath(path, origin)
      : { name: path, origin, path: undefined, family: familyOfName(name), missing: "no such file" };
  });
}

function atPath(name: string, origin: string): Candidate {
  const path = realFile(name);
  const missing = path === undefined ? "no such file" : undefined;
  return { name, origin, path, family: familyOfName(path ?? name) ?? familyOfName(name), missing };
}

function isDirectory(path: string): boolean {
  try {
    return statSync(path).isDirectory();
  } catch {
    return false;
  }
}

/** One read of a directory instead of a look for each name in it. */
function readNames(directory: string): string[] {
  try {
    return readdirSync(directory);
  } catch {
    return [];
  }
}

/** Whose launcher starts the library, if its name says so: `libmpi.so.40.30.4` is Open MPI's. */
function familyOfName(path: string): LauncherFamily | undefined {
  const file = basename(path);
  return Object.values(NAMES)
    .flat()
    .find(([name, family]) => family !== undefined && (file === name || file.startsWith(`${name}.`)))?.[1];
}

/**
 * Whose launcher starts the library in this file, by the symbols named in it. It reads the whole file (tens
 * of megabytes for some): only for a name that does not tell.
 */
export function familyOfFile(path: string): LauncherFamily | undefined {
  const bytes = readFileSync(path);
  if (bytes.includes("ompi_mpi_")) return "openmpi";
  if (bytes.includes("MSMPI_Get_version")) return "msmpi";
  return bytes.includes("MPI_Init") ? "mpich" : undefined;
}

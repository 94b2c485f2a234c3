import { readFileSync, realpathSync } from "node:fs";
import { join } from "node:path";
import { isMainThread } from "node:worker_threads";
import { engine, type Library } from "../../ffi/index.js";
import { MpiError } from "../error.js";
import { type Candidate, discover, familyOfFile } from "./discover.js";
import { detectLaunch, type Launch, type LauncherFamily } from "./launcher.js";
import { launcherMismatch } from "./mpiexec.js";

/** The MPI library of this process. */
export interface OpenedLibrary {
  readonly library: Library;
  /** Its file, symbolic links resolved; the name it was opened by where the system does not tell. */
  readonly path: string;
  /** Whose launcher starts it. */
  readonly family: LauncherFamily;
  /**
   * Why this one: `"TYPED_MPI_LIB"`, `"already loaded"`, `"mpirun of Open MPI (PMIX_RANK=0)"`, `"first
   * found"`.
   */
  readonly reason: string;
  /** The launcher that started this process, if one did. */
  readonly launch: Launch | undefined;
}

let opened: OpenedLibrary | undefined;

/**
 * Finds and opens the MPI library of this process; later calls return the same one. MPI_Init is not called.
 *
 * In order: what `TYPED_MPI_LIB` names (a path or a name, a directory, or a list of them), an MPI that is
 * already in the process, the libraries of the launcher that started it, the usual names in the usual places.
 *
 * @param env Where `TYPED_MPI_LIB`, `LD_LIBRARY_PATH` and the launcher's marks are read.
 * @throws MpiError `ERR_MPI_LIBRARY_NOT_FOUND` with every path tried and how to install an MPI;
 *   `ERR_MPI_LAUNCHER_MISMATCH` if only libraries were found that cannot join the launcher's job.
 */
export function openLibrary(env: NodeJS.ProcessEnv = process.env): OpenedLibrary {
  opened ??= findLibrary(env);
  return opened;
}

interface Attempt {
  readonly candidate: Candidate;
  readonly problem: string;
}

function findLibrary(env: NodeJS.ProcessEnv): OpenedLibrary {
  const launch = detectLaunch(env);
  prepareUcx();
  const strangers: Candidate[] = [];
  const attempts: Attempt[] = [];
  for (const candidate of discover(env, launch)) {
    const family = candidate.family ?? (launch && candidate.path ? familyOfFile(candidate.path) : undefined);
    if (candidate.missing !== undefined) attempts.push({ candidate, problem: candidate.missing });
    else if (launch && family && !launch.starts.includes(family)) strangers.push({ ...candidate, family });
    else {
      const result = open(candidate, launch);
      if ("library" in result) return result;
      attempts.push({ candidate, problem: result.problem });
    }
  }
  // Only what the launcher does not start is left: say so before its MPI_Init makes every process rank 0 of
  // 1.
  for (const { name, path, family, ...rest } of strangers) {
    if (launch && path && family) throw launcherMismatch(launch, path, family);
    const candidate = { ...rest, name, path, family };
    const result = open(candidate, launch);
    if ("problem" in result) attempts.push({ candidate, problem: result.problem });
  }
  throw libraryNotFound(attempts);
}

function open(candidate: Candidate, launch: Launch | undefined): OpenedLibrary | { problem: string } {
  const { name, origin } = candidate;
  let library: Library;
  try {
    if (name === null) library = engine().load(null);
    else library = withLevelZero(() => load(name));
  } catch (cause) {
    return { problem: (cause as Error).message };
  }
  if (!library.has("MPI_Init")) {
    library.close();
    return { problem: name === null ? "no MPI in it" : "not an MPI library: it exports no MPI_Init" };
  }
  const path = fileOf(library) ?? candidate.path ?? name ?? process.execPath;
  const family = familyOf(library);
  if (launch && !launch.starts.includes(family)) throw launcherMismatch(launch, path, family);
  const explicit = origin === "TYPED_MPI_LIB" || origin === "already loaded";
  const reason = explicit ? origin : launch ? `${launch.name} (${launch.mark})` : "first found";
  return { library, path, family, reason, launch };
}

/**
 * Global scope: plugins of Open MPI use its symbols without linking to it (mca_pml_ob1 on Debian), and
 * libpmpi on macOS is not self-contained.
 */
function load(name: string): Library {
  if (process.platform === "win32" && /impi\.dll$/i.test(name)) loadLibfabric();
  const library = engine().load(name, { global: true });
  if (process.platform !== "win32") pin(name);
  return library;
}

/**
 * Takes one more reference, which nobody gives back: the engine closes its own when a worker thread ends, and an
 * MPI that was unloaded would start again in the main thread, and fail.
 */
function pin(name: string): void {
  const RTLD_LAZY = 1;
  engine().load(null).func("dlopen", "pointer", ["pointer", "int32"])(Buffer.from(`${name}\0`), RTLD_LAZY);
}

/** Intel MPI finds libfabric.dll by PATH, which only its setvars.bat sets, but uses one that is loaded. */
function loadLibfabric(): void {
  const root = process.env["I_MPI_ROOT"];
  if (!root) return;
  for (const directory of ["opt/mpi/libfabric/bin", "libfabric/bin", "bin/libfabric"]) {
    try {
      engine().load(join(root, directory, "libfabric.dll"), { global: true });
      return;
    } catch {
      // Its place differs between versions. If it is nowhere, opening impi.dll says so.
    }
  }
}

/**
 * Whose launcher starts the open library, whatever its ABI. Data symbols tell, a call could already crash.
 */
function familyOf(library: Library): LauncherFamily {
  if (library.has("ompi_mpi_comm_world")) return "openmpi";
  return library.has("MSMPI_Get_version") ? "msmpi" : "mpich";
}

/** The file that the library was loaded from, as dladdr(3) knows it; undefined where there is no dladdr. */
function fileOf(library: Library): string | undefined {
  if (process.platform === "win32") return undefined;
  try {
    const program = engine().load(null);
    const info = new BigUint64Array(4); // Dl_info: file name, base, symbol name, symbol address
    const dladdr = program.func("dladdr", "int32", ["pointer", "pointer"]);
    // Not MPI_Init: profilers that are preloaded wrap that one.
    if (dladdr(library.symbol("MPI_Get_version"), info) === 0 || info[0] === undefined) return undefined;
    const length = Number(program.func("strlen", "uint64", ["pointer"])(info[0]));
    return realpathSync(Buffer.from(engine().bytesAt(info[0], length)).toString());
  } catch {
    return undefined;
  }
}

/**
 * Some builds clash with Intel's Level Zero, which they load, unless it is told so before; it is told only
 * then, so that the user's other programs do not inherit it.
 */
function withLevelZero<T>(load: () => T): T {
  const added = setUnlessSet("ZES_ENABLE_SYSMAN", "1");
  try {
    return load();
  } finally {
    if (added) unset("ZES_ENABLE_SYSMAN");
  }
}

/**
 * What UCX, the transport inside of many MPIs, must find when it is loaded so that Node survives MPI_Init.
 */
function prepareUcx(): void {
  if (process.platform === "win32") return;
  // UCX catches SIGSEGV and ends the process, with which V8 implements its WebAssembly traps: one trap after
  // MPI_Init of Debian's MPICH kills Node. The variable stays, because UCX reads it as late as in MPI_Init.
  setUnlessSet("UCX_ERROR_SIGNALS", "SIGILL,SIGBUS,SIGFPE");
  if (process.platform === "linux" && !ownHeapEnd()) setUnlessSet("UCX_MEM_EVENTS", "no");
}

/**
 * Makes the last pages of the C heap nobody's. UCX tests its memory hooks in MPI_Init by sbrk(+page),
 * sbrk(-page) without looking at the first result. In about 1 of 100 processes V8 has put its code right
 * behind the heap, which then cannot grow: the first call fails, the second takes a page from whoever has it,
 * and Node crashes a little later. With pages of ours at the end the second call takes one of those.
 * @returns false if the heap cannot grow even now: then UCX must not test.
 */
function ownHeapEnd(): boolean {
  const program = engine().load(null);
  return program.has("sbrk") && program.func("sbrk", "int64", ["int64"])(HEAP_END_BYTES) !== -1n;
}

const HEAP_END_BYTES = 65536n;

/**
 * Sets a variable where C sees it, unless it is set; says whether it did. In a worker thread process.env is a
 * copy that getenv(3) does not see.
 */
function setUnlessSet(name: string, value: string): boolean {
  if (isMainThread || process.platform === "win32") {
    if (process.env[name] !== undefined) return false;
    process.env[name] = value;
    return true;
  }
  const c = engine().load(null);
  if (c.func("getenv", "pointer", ["pointer"])(cString(name)) !== 0n) return false;
  const own = process.env[name];
  c.func("setenv", "int32", ["pointer", "pointer", "int32"])(cString(name), cString(own ?? value), 0);
  return true;
}

function unset(name: string): void {
  if (isMainThread || process.platform === "win32") delete process.env[name];
  else engine().load(null).func("unsetenv", "int32", ["pointer"])(cString(name));
}

const cString = (text: string): Uint8Array => new TextEncoder().encode(`${text}\0`);

/** The error of a search that found nothing, with all that was tried. */
export function libraryNotFound(attempts: readonly Attempt[]): MpiError {
  const tried = attempts.map(({ candidate: { name, origin }, problem }) => {
    const text = problem.startsWith(`${name}: `) ? problem.slice(`${name}: `.length) : problem;
    return `  ${name ?? "(this program)"} [${origin}]: ${text}`;
  });
  return new MpiError(
    `No MPI library was found. Tried:\n${tried.join("\n")}\n` +
      `Install one, for example with \`${installCommand()}\`, or set TYPED_MPI_LIB to the path of a library.`,
    { code: "ERR_MPI_LIBRARY_NOT_FOUND" },
  );
}

/** What installs an MPI, by the ID or ID_LIKE of os-release(5). */
const INSTALL_COMMANDS: readonly (readonly [system: string, command: string])[] = [
  ["debian", "apt-get install openmpi-bin"],
  ["ubuntu", "apt-get install openmpi-bin"],
  ["fedora", "dnf install openmpi"],
  ["rhel", "dnf install openmpi"],
  ["centos", "dnf install openmpi"],
  ["arch", "pacman -S openmpi"],
  ["suse", "zypper install openmpi4"],
  ["opensuse", "zypper install openmpi4"],
  ["alpine", "apk add openmpi"],
];

/** The command that installs an MPI on this system. */
export function installCommand(): string {
  if (process.platform === "darwin") return "brew install open-mpi";
  if (process.platform === "win32") return "winget install Microsoft.MSMPI";
  const systems = [...osRelease().matchAll(/^ID(?:_LIKE)?="?([^"\n]*)"?$/gm)].flatMap(
    (line) => line[1]?.split(" ") ?? [],
  );
  const known = INSTALL_COMMANDS.find(([system]) => systems.includes(system));
  const command = known?.[1] ?? "conda install -c conda-forge openmpi";
  return process.getuid?.() === 0 || known === undefined ? command : `sudo ${command}`;
}

function osRelease(): string {
  try {
    return readFileSync("/etc/os-release", "utf8");
  } catch {
    return "";
  }
}

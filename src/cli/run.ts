import { spawn } from "node:child_process";
import { constants } from "node:os";
import { delimiter, resolve } from "node:path";
import { type Candidate, discover } from "../mpi/library/discover.js";
import { familyName, type LauncherFamily, withoutLaunch } from "../mpi/library/launcher.js";
import { findInPath, findLauncher, launchEnvironment, realFile } from "../mpi/library/mpiexec.js";
import { libraryNotFound, openLibrary } from "../mpi/library/open.js";
import { CommandError, usageError } from "./error.js";

export const usage: string = `Usage: typed-mpi run -n N [--mpi MPI] [launcher options] program [args]

Runs N processes of the program as one MPI job, with the launcher that belongs to
the MPI library. N may exceed the number of cores. The program is a script, which
this Node runs (.js, .mjs, .cjs; .ts, .mts, .cts from Node 22.6 on), or any other
program.

Options:
  -n, -np N             number of processes
  --mpi openmpi|mpich   use a library of this family
  --mpi PATH            use this library, as TYPED_MPI_LIB=PATH does
  --                    ends the options: for launcher options that typed-mpi does
                        not know, with a value that looks like the program
Every other option goes to the launcher as it is.
`;

/** What the command line asks for. */
export interface RunOptions {
  readonly processes: number;
  readonly mpi: string | undefined;
  readonly launcherOptions: readonly string[];
  readonly program: readonly [string, ...string[]];
}

/** How many values the launchers' options take: all others take none, or have it after a "=". */
const VALUES: ReadonlyMap<string, number> = new Map([
  ...["mca", "gmca", "pmixmca", "prtemca", "gpmixmca", "gprtemca", "env", "genv"].map(
    (name) => [name, 2] as const,
  ),
  ...["H", "host", "hosts", "hostfile", "machinefile", "f", "hostlist"].map((name) => [name, 1] as const),
  ...["x", "envlist", "genvlist", "wd", "wdir", "path", "prefix", "timeout"].map(
    (name) => [name, 1] as const,
  ),
  ...["map-by", "bind-to", "rank-by", "N", "npernode", "ppn", "perhost", "cpus-per-proc"].map(
    (name) => [name, 1] as const,
  ),
  ...["launcher", "launcher-exec", "bootstrap", "bootstrap-exec", "iface", "rmk"].map(
    (name) => [name, 1] as const,
  ),
  ...["output", "output-filename", "outfile-pattern", "errfile-pattern"].map((name) => [name, 1] as const),
  ...["prepend-pattern", "stdin", "topolib", "app", "configfile", "ckpoint-prefix"].map(
    (name) => [name, 1] as const,
  ),
]);

/** @throws CommandError `ERR_USAGE` */
export function parseRun(args: readonly string[]): RunOptions {
  let processes: string | undefined;
  let mpi: string | undefined;
  const launcherOptions: string[] = [];
  let i = 0;
  for (; i < args.length && args[i]?.startsWith("-") && args[i] !== "--"; i++) {
    const option = args[i] as string;
    const [name, inline] = splitOption(option);
    if (["n", "np", "mpi"].includes(name)) {
      const value = inline ?? args[++i];
      if (value === undefined) throw usageError(`${option} needs a value\n\n${usage}`);
      if (name === "mpi") mpi = value;
      else processes = value;
    } else {
      const values = inline === undefined ? (VALUES.get(name) ?? 0) : 0;
      launcherOptions.push(...args.slice(i, i + 1 + values));
      i += values;
    }
  }
  const [program, ...rest] = args.slice(args[i] === "--" ? i + 1 : i);
  if (processes === undefined) throw usageError(`-n, the number of processes, is missing\n\n${usage}`);
  if (!/^[1-9]\d*$/.test(processes)) {
    throw usageError(`-n: expected a positive integer, got "${processes}"\n\n${usage}`);
  }
  if (program === undefined) throw usageError(`the program to run is missing\n\n${usage}`);
  return { processes: Number(processes), mpi, launcherOptions, program: [program, ...rest] };
}

/** `--np=4` is ["np", "4"], `-n` is ["n", undefined]. */
function splitOption(option: string): [name: string, value: string | undefined] {
  const [, name = "", value] = /^--?([^=]*)(?:=(.*))?$/s.exec(option) ?? [];
  return [name, value];
}

/**
 * Runs a program as an MPI job and waits for its end.
 * @returns the launcher's exit code, or 128 and the number of the signal that ended it
 * @throws CommandError, MpiError `ERR_MPI_LIBRARY_NOT_FOUND`
 */
export async function run(args: string[]): Promise<number> {
  if (args[0] === "--help" || args[0] === "-h") {
    process.stdout.write(usage);
    return 0;
  }
  const { processes, mpi, launcherOptions, program } = parseRun(args);
  // This is a new job, also if the command itself is a process of another one.
  const env = withoutLaunch(process.env);
  const command = commandOf(program, workingDirectory(launcherOptions));
  const library = chooseLibrary(mpi, env);
  if (mpi !== undefined) env["TYPED_MPI_LIB"] = library.path;
  const launcher = findLauncher(library.path, library.family, env);
  if (launcher === undefined) {
    const name = familyName(library.family);
    throw new CommandError(
      "ERR_LAUNCHER_NOT_FOUND",
      `There is no launcher (mpiexec) of ${name} for ${library.path}, neither beside it nor in PATH: ` +
        "install it, or choose another MPI with --mpi.",
    );
  }
  const { family, version } = launcher;
  return await launch(launcher.path, [...launcher.arguments(processes, launcherOptions), ...command], {
    ...launchEnvironment(family, version, env),
  });
}

const FAMILY_NAMES: readonly string[] = ["openmpi", "mpich", "msmpi"] satisfies LauncherFamily[];

/** The library that the processes will open, found as they find it. */
function chooseLibrary(
  mpi: string | undefined,
  env: NodeJS.ProcessEnv,
): { path: string; family: LauncherFamily } {
  if (mpi === undefined) return openLibrary(env);
  if (!FAMILY_NAMES.includes(mpi)) return openLibrary({ ...env, TYPED_MPI_LIB: mpi });
  const { TYPED_MPI_LIB: _, ...free } = env;
  const candidates = discover(free).filter(({ family }: Candidate) => family === mpi);
  const names = candidates.filter(({ missing }) => missing === undefined).map(({ name }) => name);
  if (names.length === 0) {
    throw libraryNotFound(
      candidates.map((candidate) => ({ candidate, problem: candidate.missing ?? "not of this family" })),
    );
  }
  return openLibrary({ ...env, TYPED_MPI_LIB: names.join(delimiter) });
}

/** Where the launcher starts the program: a relative path is meant from there. */
function workingDirectory(launcherOptions: readonly string[]): string {
  const i = launcherOptions.findIndex((option) => /^--?(?:wdir|wd)$/.test(option));
  return i < 0 ? "." : (launcherOptions[i + 1] ?? ".");
}

/** The command that each process runs. @throws CommandError `ERR_PROGRAM_NOT_FOUND`, `ERR_NODE_VERSION` */
function commandOf([program, ...args]: RunOptions["program"], directory: string): string[] {
  const script = /\.[cm]?([jt])s$/.exec(program);
  const isPath = script !== null || /[\\/]/.test(program);
  if (isPath ? realFile(resolve(directory, program)) === undefined : findInPath(program) === undefined) {
    const where = isPath ? "there is no such file" : "it is not in PATH";
    throw new CommandError("ERR_PROGRAM_NOT_FOUND", `cannot run "${program}": ${where}`);
  }
  if (script === null) return [program, ...args];
  const options = script[1] === "t" ? typeScriptOptions(program) : [];
  return [process.execPath, ...options, program, ...args];
}

/**
 * The options with which Node runs a TypeScript file: it strips types by itself since 22.18 and 23.6.
 * @throws CommandError `ERR_NODE_VERSION`
 */
export function typeScriptOptions(program: string, node: string = process.versions.node): string[] {
  const [major = 0, minor = 0] = node.split(".").map(Number);
  const since = (firstMajor: number, firstMinor: number): boolean =>
    major === firstMajor && minor >= firstMinor;
  if (major >= 24 || since(23, 6) || since(22, 18)) return [];
  if (major === 23 || since(22, 6)) return ["--experimental-strip-types"];
  throw new CommandError(
    "ERR_NODE_VERSION",
    `Node ${node} cannot run "${program}": TypeScript files need Node 22.6 or later. ` +
      "Compile it to JavaScript, or use a newer Node.",
  );
}

const PASSED_ON: readonly NodeJS.Signals[] = ["SIGINT", "SIGTERM", "SIGHUP"];

/**
 * Open MPI kills processes 2 s after it passed a signal on; Hydra would wait for ever for those that ignore
 * it.
 */
const GRACE_SECONDS = 5;

/** Starts the launcher on this process's own stdin, stdout and stderr, and passes signals on to it. */
function launch(path: string, args: readonly string[], env: NodeJS.ProcessEnv): Promise<number> {
  return new Promise((done, fail) => {
    const child = spawn(path, args, { env, stdio: "inherit" });
    let received: NodeJS.Signals | undefined;
    let timer: NodeJS.Timeout | undefined;
    const passOn = (signal: NodeJS.Signals): void => {
      received = signal;
      // The terminal sends Ctrl-C to the launcher as well, and launchers take a second one for "at once,
      // whatever is left behind".
      if (signal !== "SIGINT" || !process.stdin.isTTY) child.kill(signal);
      // Without their launcher the processes on its hosts are killed by its proxies there.
      timer ??= setTimeout(() => child.kill("SIGKILL"), GRACE_SECONDS * 1000);
    };
    for (const signal of PASSED_ON) process.on(signal, passOn);
    child.on("error", fail);
    child.on("exit", (code, signal) => {
      clearTimeout(timer);
      for (const name of PASSED_ON) process.off(name, passOn);
      const last = received ?? signal;
      done(last === null ? (code ?? 1) : 128 + constants.signals[last]);
    });
  });
}

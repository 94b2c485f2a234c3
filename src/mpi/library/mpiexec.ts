import { execFileSync } from "node:child_process";
import { realpathSync, statSync } from "node:fs";
import { delimiter, dirname, join } from "node:path";
import { MpiError } from "../error.js";
import { familyName, type Launch, type LauncherFamily, withoutLaunch } from "./launcher.js";

interface Command {
  /** The launcher's file names, those of one family only first. */
  readonly names: readonly string[];
  readonly versionOption: string;
  /** What the launcher says of itself, with its version. */
  readonly says: RegExp;
}

const COMMANDS: Readonly<Record<LauncherFamily, Command>> = {
  openmpi: {
    names: ["mpirun.openmpi", "mpiexec.openmpi", "mpirun", "mpiexec"],
    versionOption: "--version",
    says: /\((?:OpenRTE|Open MPI|IBM Spectrum MPI)\)\s+(\d\S*)/,
  },
  mpich: {
    names: ["mpirun.mpich", "mpiexec.mpich", "mpiexec.hydra", "mpiexec", "mpirun"],
    versionOption: "--version",
    says: /(?:HYDRA build details:\s+Version:|Intel\(R\) MPI Library[^\n]*Version)\s+(\d\S*)/,
  },
  msmpi: { names: ["mpiexec"], versionOption: "/?", says: /Microsoft MPI[^\n]*Version\s+(\d[\d.]*)/ },
};

/** An mpiexec. */
export interface Launcher {
  readonly path: string;
  readonly family: LauncherFamily;
  readonly version: string;
  /** Its own arguments, before the program, for `n` processes. */
  arguments(n: number, options?: readonly string[]): string[];
}

/** The file that `path` leads to, through symbolic links; undefined if there is none. */
export function realFile(path: string): string | undefined {
  try {
    return statSync(path).isFile() ? realpathSync(path) : undefined;
  } catch {
    return undefined;
  }
}

/** A program by its name, as the shell looks it up: the first file of that name in PATH. */
export function findInPath(name: string, env: NodeJS.ProcessEnv = process.env): string | undefined {
  return inDirectories(searchPath(env), [name])[0];
}

/** The directories of PATH, which Windows writes Path: a copy of process.env tells the two apart. */
function searchPath(env: NodeJS.ProcessEnv): string[] {
  const name = Object.keys(env).find((key) => key.toUpperCase() === "PATH") ?? "PATH";
  return (env[name] ?? "").split(delimiter).filter(Boolean);
}

function inDirectories(directories: readonly string[], names: readonly string[]): string[] {
  const suffix = process.platform === "win32" ? ".exe" : "";
  return directories
    .flatMap((directory) => names.map((name) => join(directory, name + suffix)))
    .filter((path) => realFile(path) !== undefined);
}

/**
 * The launcher that belongs to a library: the one installed beside it, else the one of its family in PATH.
 * @param library Path of the library's file.
 * @returns undefined if there is none that says of itself that it is of this family.
 */
export function findLauncher(
  library: string,
  family: LauncherFamily,
  env: NodeJS.ProcessEnv = process.env,
): Launcher | undefined {
  const { names } = COMMANDS[family];
  const own = prefixesOf(realFile(library) ?? library).flatMap((prefix) => [join(prefix, "bin"), prefix]);
  const inPath = [...(env["MSMPI_BIN"] ? [env["MSMPI_BIN"]] : []), ...searchPath(env)];
  for (const path of [...inDirectories(own, names), ...inDirectories(inPath, names)]) {
    const version = versionOf(path, family, env);
    if (version !== undefined) {
      return { path, family, version, arguments: (n, options = []) => ["-n", String(n), ...options] };
    }
  }
  return undefined;
}

/**
 * `/opt/x/lib/release/libmpi.so` may be of `/opt/x/lib/release`, `/opt/x/lib` or `/opt/x`, never of the root.
 */
function prefixesOf(library: string): string[] {
  const prefixes: string[] = [];
  let directory = dirname(library);
  while (prefixes.length < 4 && dirname(directory) !== directory) {
    prefixes.push(directory);
    directory = dirname(directory);
  }
  return prefixes;
}

/** The version of the launcher at `path` if it is of `family`, which `mpiexec` by its name may be of any. */
function versionOf(path: string, family: LauncherFamily, env: NodeJS.ProcessEnv): string | undefined {
  const { versionOption, says } = COMMANDS[family];
  try {
    const text = execFileSync(path, [versionOption], {
      encoding: "utf8",
      env,
      stdio: ["ignore", "pipe", "ignore"],
      timeout: 10_000,
      killSignal: "SIGKILL",
    });
    return says.exec(text)?.[1];
  } catch {
    return undefined;
  }
}

/**
 * `env` with what lets a launcher start more processes than there are cores, and start them as root where the
 * user is root. What the user has set stays.
 */
export function launchEnvironment(
  family: LauncherFamily,
  version: string,
  env: NodeJS.ProcessEnv,
): NodeJS.ProcessEnv {
  if (family !== "openmpi") return { ...env }; // Hydra and smpd ask for neither.
  const added: NodeJS.ProcessEnv = {};
  const runtime = Number.parseInt(version, 10) >= 5 ? "PRTE" : "OMPI";
  if (runtime === "PRTE") added["PRTE_MCA_rmaps_default_mapping_policy"] = ":oversubscribe";
  else added["OMPI_MCA_rmaps_base_oversubscribe"] = "1";
  if (process.getuid?.() === 0) {
    added[`${runtime}_ALLOW_RUN_AS_ROOT`] = "1";
    added[`${runtime}_ALLOW_RUN_AS_ROOT_CONFIRM`] = "1";
  }
  return { ...added, ...env };
}

/** The error of a job whose processes could not find each other. */
export function launcherMismatch(launch: Launch, library: string, family: LauncherFamily): MpiError {
  const belongs = familyName(family);
  const own = findLauncher(library, family, withoutLaunch(process.env))?.path ?? `the mpiexec of ${belongs}`;
  const wanted = launch.starts.map(familyName).join(" or ");
  return new MpiError(
    `The launcher and the MPI library do not belong together: ${launch.name} started this process ` +
      `(${launch.mark}), but the library is ${belongs}'s ${library}. Every process would be rank 0 of 1. ` +
      `Start the program with ${own}, or install ${wanted}; if TYPED_MPI_LIB is set, it must name ` +
      `a library of ${wanted}.`,
    { code: "ERR_MPI_LAUNCHER_MISMATCH" },
  );
}

/** Running one program of a peer as an MPI job, and reading the JSON lines that it prints. */
import { type ChildProcess, spawn } from "node:child_process";
import { availableParallelism } from "node:os";
import { pathToFileURL } from "node:url";
import type { Measurement } from "./cases/index.js";

/** An MPI implementation of this machine, as `ci/mpis.mjs` finds it. */
export interface Mpi {
  readonly name: string;
  readonly version: string;
  readonly launcher: readonly string[];
  readonly compiler: string;
  readonly env: Readonly<Record<string, string>>;
}

export interface Program {
  readonly command: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
}

const NAMES: Readonly<Record<string, string>> = {
  openmpi: "Open MPI",
  mpich: "MPICH",
  intelmpi: "Intel MPI",
  msmpi: "Microsoft MPI",
};

/** The name people use for the implementation that `ci/mpis.mjs` calls `name`. */
export const mpiName = (name: string): string => NAMES[name] ?? name;

/** That name with the version. */
export const mpiTitle = ({ name, version }: Mpi): string => `${mpiName(name)} ${version}`;

/** A job that takes longer hangs. */
export const TIME_LIMIT_MS = 180_000;

export async function installedMpis(root: string): Promise<Mpi[]> {
  const module = await import(pathToFileURL(`${root}/ci/mpis.mjs`).href);
  return module.installedMpis();
}

/**
 * What all peers get alike: ranks that have a core each poll without yielding it, and nobody is bound.
 * UCX neither catches SIGSEGV, which typed-mpi forbids it too, nor tests its memory hooks by shrinking the
 * heap under Node's other threads, of which one bare koffi program in some fifty died.
 */
const launchEnvironment = (ranks: number, limitMs: number): Record<string, string> => ({
  OMPI_MCA_mpi_yield_when_idle: ranks > availableParallelism() ? "1" : "0",
  OMPI_MCA_hwloc_base_binding_policy: "none",
  PRTE_MCA_hwloc_default_binding_policy: "none",
  UCX_ERROR_SIGNALS: "SIGILL,SIGBUS,SIGFPE",
  UCX_MEM_EVENTS: "no",
  MPIEXEC_TIMEOUT: String(Math.ceil(limitMs / 1000)),
});

/**
 * Runs `program` on that many ranks; on 0 as a process that is no job.
 * @param limitMs It is ended if it takes longer.
 * @returns the lines it printed that are JSON, each with the time of the whole
 * @throws Error with what it wrote to stderr, if it fails, hangs or prints no such line
 */
export async function launch(
  mpi: Mpi,
  ranks: number,
  program: Program,
  limitMs: number,
): Promise<Measurement[]> {
  const start = performance.now();
  const output =
    ranks === 0
      ? await run(program.command, program.env, limitMs)
      : await run(
          [...mpi.launcher, "-n", String(ranks), ...program.command],
          { ...mpi.env, ...launchEnvironment(ranks, limitMs), ...program.env },
          limitMs,
        );
  const wall = (performance.now() - start) * 1e6;
  const measurements = parseOutput(output, wall);
  if (measurements.length === 0) throw new Error(`no result was printed, but:\n${output}`);
  return measurements;
}

/** The lines that are JSON, among what launchers and libraries say; each with the time of the whole. */
export const parseOutput = (output: string, wall: number): Measurement[] =>
  output
    .split("\n")
    .filter((line) => line.startsWith("{"))
    .map((line) => ({ ...(JSON.parse(line) as Measurement), wall }));

/** What runs at the moment: none of it outlives the bench. */
const children = new Set<ChildProcess>();

process.once("exit", () => {
  for (const child of children) child.kill();
});

/** What a command prints. @throws Error with its stderr if it fails or takes longer than the time limit */
export function run(
  command: readonly string[],
  env: Readonly<Record<string, string>> = {},
  limitMs = TIME_LIMIT_MS,
): Promise<string> {
  const [file, ...args] = command as [string, ...string[]];
  const options = { env: { ...process.env, ...env }, timeout: limitMs, stdio: "pipe" } as const;
  return new Promise((resolve, reject) => {
    const child = spawn(file, args, options);
    children.add(child);
    let stdout = "";
    let stderr = "";
    child.stdin.end();
    child.stdout.setEncoding("utf8").on("data", (text) => {
      stdout += text;
    });
    child.stderr.setEncoding("utf8").on("data", (text) => {
      stderr += text;
    });
    child.on("error", reject);
    child.on("close", (code, signal) => {
      children.delete(child);
      if (code === 0) resolve(stdout);
      else reject(new Error(`${command.join(" ")}: ${signal ?? `exit code ${code}`}\n${stderr}`));
    });
  });
}

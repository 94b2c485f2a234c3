import { spawn } from "node:child_process";
import { randomUUID } from "node:crypto";
import { once } from "node:events";
import { readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

/** An MPI of this machine, as ci/mpis.mjs describes it. */
export interface Mpi {
  readonly name: string;
  readonly launcher: readonly string[];
  readonly env: NodeJS.ProcessEnv;
}

/** How a job ended. */
export interface Job {
  readonly code: number | null;
  readonly signal: string | null;
  readonly stdout: string;
  readonly stderr: string;
  /** When the launcher ended, as Date.now() counts. */
  readonly ended: number;
  /** Processes of the job that outlived it; their ids. Found on Linux only. */
  readonly orphans: readonly number[];
}

/** What to do with the launcher while the job runs. */
export interface Intervention {
  /** Something that the program prints when it is ready. */
  readonly after: string;
  readonly signal: NodeJS.Signals;
}

/** Milliseconds after which a job that does not end is ended. */
const LIMIT = 20_000;

/** Milliseconds that a rank may take to die after its launcher. */
const GRACE = 3000;

const PROGRAM = fileURLToPath(new URL("program.js", import.meta.url));

/** The set-up's own search: the tests run with the MPIs that it finds. */
export async function installedMpis(): Promise<readonly Mpi[]> {
  const search = new URL("../../../../ci/mpis.mjs", import.meta.url);
  return (await import(search.href)).installedMpis();
}

/** Runs a scenario of program.ts as the ranks of a job. */
export const launch = (mpi: Mpi, ranks: number, scenario: string, act?: Intervention): Promise<Job> =>
  launchProgram(mpi, ranks, [PROGRAM, scenario], act);

/** Runs a program of Node, with its arguments, as the ranks of a job. */
export function launchProgram(
  mpi: Mpi,
  ranks: number,
  program: readonly string[],
  act?: Intervention,
): Promise<Job> {
  const [launcher = "", ...options] = mpi.launcher;
  const marker = randomUUID();
  const args = [...options, "-n", String(ranks), process.execPath, ...program, marker];
  return run(launcher, args, { ...environment(), ...mpi.env }, marker, act);
}

/** Runs a scenario without a launcher, with the MPI library given. */
export function runAlone(library: string, scenario: string): Promise<Job> {
  const marker = randomUUID();
  const env = { ...environment(), TYPED_MPI_LIB: library };
  return run(process.execPath, [PROGRAM, scenario, marker], env, marker);
}

/** Without the user's choices: what holds must hold without any option. */
function environment(): NodeJS.ProcessEnv {
  const own = /^(TYPED_MPI_|NODE_OPTIONS$|FORCE_COLOR$|UCX_)/;
  return Object.fromEntries(Object.entries(process.env).filter(([name]) => !own.test(name)));
}

async function run(
  command: string,
  args: readonly string[],
  env: NodeJS.ProcessEnv,
  marker: string,
  act?: Intervention,
): Promise<Job> {
  const child = spawn(command, args, { env, stdio: ["ignore", "pipe", "pipe"], timeout: LIMIT });
  const output = { stdout: "", stderr: "" };
  let acted = false;
  for (const stream of ["stdout", "stderr"] as const) {
    child[stream].setEncoding("utf8").on("data", (text: string) => {
      output[stream] += text;
      if (act === undefined || acted || !output.stdout.includes(act.after)) return;
      acted = true;
      child.kill(act.signal);
    });
  }
  const left = once(child, "exit").then(async () => {
    const ended = Date.now();
    const orphans = await waitForOrphans(marker);
    // They hold the pipes open, and with them the job.
    for (const pid of orphans) process.kill(pid, "SIGKILL");
    return { ended, orphans };
  });
  const [code, signal] = await once(child, "close");
  return { code, signal, ...output, ...(await left) };
}

/** The processes of a job that are still there after a while. */
async function waitForOrphans(marker: string): Promise<readonly number[]> {
  const deadline = Date.now() + GRACE;
  for (;;) {
    const pids = processesWith(marker);
    if (pids.length === 0 || Date.now() > deadline) return pids;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

function processesWith(argument: string): readonly number[] {
  if (process.platform !== "linux") return [];
  const pids = readdirSync("/proc").filter((name) => /^\d+$/.test(name));
  return pids.filter((pid) => argumentsOf(pid).includes(argument)).map(Number);
}

function argumentsOf(pid: string): readonly string[] {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, "utf8").split("\0");
  } catch {
    return []; // it has just ended
  }
}

import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { withoutLaunch } from "../../src/mpi/library/launcher.js";

/** The command as it is published. */
export const MAIN: string = fileURLToPath(new URL("../../../dist/cli/main.js", import.meta.url));

/** The program that the jobs run. */
export const PROGRAM: string = fileURLToPath(new URL("program.js", import.meta.url));

/** What the test runner sets for its own jobs, which `typed-mpi run` must do without. */
const SET_BY_RUNNER = /^(TYPED_MPI_|(OMPI|PRTE)_(ALLOW_RUN_AS_ROOT|MCA_(rmaps|mpi_yield)))/;

/** The environment of a user who has chosen nothing. */
export const PLAIN: NodeJS.ProcessEnv = Object.fromEntries(
  Object.entries(withoutLaunch(process.env)).filter(([name]) => !SET_BY_RUNNER.test(name)),
);

/** How the command ended. */
export interface Ended {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface CommandOptions {
  readonly env?: NodeJS.ProcessEnv;
  readonly input?: string;
  /** Another Node than this one. */
  readonly node?: string;
  readonly directory?: string;
}

/** Runs `typed-mpi` with these arguments. */
export function typedMpi(args: readonly string[], options: CommandOptions = {}): Ended {
  const { env = {}, input = "", node = process.execPath, directory } = options;
  const { status, signal, stdout, stderr } = spawnSync(node, [MAIN, ...args], {
    env: { ...PLAIN, ...env },
    input,
    cwd: directory,
    encoding: "utf8",
    timeout: 60_000,
  });
  return { code: status, signal, stdout, stderr };
}

/** Starts `typed-mpi`; `until` awaits `count` lines of its output that contain `text`. */
export function startTypedMpi(args: readonly string[]): {
  child: ChildProcess;
  until(text: string, count: number): Promise<void>;
  ended: Promise<Ended>;
} {
  const child = spawn(process.execPath, [MAIN, ...args], { env: PLAIN, stdio: ["ignore", "pipe", "pipe"] });
  let stdout = "";
  let stderr = "";
  let check = (): void => undefined;
  child.stdout.setEncoding("utf8").on("data", (text: string) => {
    stdout += text;
    check();
  });
  child.stderr.setEncoding("utf8").on("data", (text: string) => {
    stderr += text;
  });
  const ended = new Promise<Ended>((resolve) => {
    child.on("exit", (code, signal) => resolve({ code, signal, stdout, stderr }));
  });
  const until = (text: string, count: number): Promise<void> =>
    new Promise((resolve, reject) => {
      check = () => {
        if (stdout.split(text).length > count) resolve();
      };
      check();
      ended.then(() => reject(new Error(`it ended before: ${stdout}${stderr}`)));
    });
  return { child, until, ended };
}

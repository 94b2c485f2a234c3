import { JitError } from "../error.js";

/** What became of a compiler that was run. */
export interface Compilation {
  /** null if it was killed. */
  readonly exitCode: number | null;
  /** What killed it, `"SIGSEGV"`. */
  readonly signal: string | null;
  /** Whether it was killed because its time was over. */
  readonly timedOut: boolean;
  /** Whether it was killed because it wrote more than 64 MiB. */
  readonly flooded: boolean;
  /** What it wrote to stdout and stderr: of more than 1 MiB the start and the end. */
  readonly output: string;
  readonly seconds: number;
}

/** How to run a compiler. */
export interface RunOptions {
  /** Its current directory, where its temporary files go, too. */
  readonly cwd: string;
  /** Seconds after which it is killed. */
  readonly timeout: number;
  /** What it builds, for a line on the terminal after a second; "" for no such line. */
  readonly label: string;
}

/** The environment of a compiler: diagnostics in English, temporary files in `cwd`. */
export function compilerEnvironment(cwd: string): NodeJS.ProcessEnv {
  const { LANGUAGE: _, ...environment } = process.env;
  return { ...environment, LC_ALL: "C.UTF-8", TMPDIR: cwd, TMP: cwd, TEMP: cwd };
}

/** The error for a compiler that the system does not start. */
export function notStarted(command: readonly string[], cause: Error & { code?: string }): JitError {
  const absent = ["ENOENT", "EACCES", "ENOEXEC", "ENOTDIR"].includes(cause.code ?? "");
  const code = absent ? "ERR_JIT_COMPILER_NOT_FOUND" : "ERR_JIT_COMPILE";
  return new JitError(code, `The compiler ${command[0]} cannot be run: ${cause.code ?? cause.message}`, {
    cause,
    command,
  });
}

import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { chmodSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { PLAIN } from "../cli/command.js";
import { newFolder } from "./caches.js";
import type { Answer, Request } from "./program.js";

const PROGRAM = fileURLToPath(new URL("program.js", import.meta.url));

/** A process that is under way. */
export interface Running {
  readonly child: ChildProcess;
  readonly ended: Promise<Ended>;
}

export interface Ended {
  /** What it printed; undefined if it was killed before. */
  readonly answer: Answer | undefined;
  readonly signal: NodeJS.Signals | null;
  readonly stderr: string;
}

const running = new Set<ChildProcess>();

// A failed test must not leave its processes behind, nor wait for them.
process.on("exit", () => {
  for (const child of running) child.kill("SIGKILL");
});

const environment = (env: NodeJS.ProcessEnv): NodeJS.ProcessEnv => ({ ...PLAIN, ...env });

/** Starts a process that does what `request` says. */
export function start(request: Request, env: NodeJS.ProcessEnv = {}): Running {
  const child = spawn(process.execPath, [PROGRAM, JSON.stringify(request)], {
    env: environment(env),
    stdio: ["ignore", "pipe", "pipe"],
  });
  let stdout = "";
  let stderr = "";
  child.stdout.on("data", (data) => (stdout += data));
  child.stderr.on("data", (data) => (stderr += data));
  const ended = new Promise<Ended>((resolve) => {
    child.on("close", (_code, signal) => {
      resolve({ answer: stdout === "" ? undefined : (JSON.parse(stdout) as Answer), signal, stderr });
    });
  });
  running.add(child);
  child.on("close", () => running.delete(child));
  return { child, ended };
}

/** Runs such a process to its end. */
export function runProgram(
  request: Request,
  env: NodeJS.ProcessEnv = {},
): Ended & { readonly answer: Answer } {
  const { stdout, stderr, signal } = spawnSync(process.execPath, [PROGRAM, JSON.stringify(request)], {
    env: environment(env),
    encoding: "utf8",
    timeout: 60_000,
  });
  return { answer: stdout === "" ? { generated: -1, calls: 0 } : JSON.parse(stdout), signal, stderr };
}

/** How many lines a file has; 0 if there is none. */
export function linesOf(file: string): number {
  try {
    return readFileSync(file, "utf8").split("\n").length - 1;
  } catch {
    return 0;
  }
}

/** Resolves when `condition` holds. @throws Error after 20 seconds */
export async function until(condition: () => boolean, what: string): Promise<void> {
  const deadline = Date.now() + 20_000;
  while (!condition()) {
    if (Date.now() > deadline) throw new Error(`waited in vain for ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

/** A compiler that first runs a line of shell. */
export function compilerThat(line: string, compiler = "c++"): string {
  const file = join(newFolder(), "compiler");
  writeFileSync(file, `#!/bin/sh\n${line}\nexec ${compiler} "$@"\n`);
  chmodSync(file, 0o755);
  return file;
}

/** The processes that have `text` in their command lines. */
export const processesWith = (text: string): string[] =>
  readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name))
    .filter((pid) => {
      try {
        return pid !== String(process.pid) && readFileSync(`/proc/${pid}/cmdline`, "utf8").includes(text);
      } catch {
        return false;
      }
    });

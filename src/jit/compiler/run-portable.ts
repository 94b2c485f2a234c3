import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { type Compilation, compilerEnvironment, notStarted, type RunOptions } from "./compilation.js";
import { Output } from "./output.js";

/* Running a compiler by Node's own means, where process.ts cannot: slower, and without a guard. */

/** Runs the command and waits. Only the compiler itself is killed when its time is over. */
export function runPortablySync(command: readonly string[], { cwd, timeout }: RunOptions): Compilation {
  const [program, ...args] = command as [string, ...string[]];
  const started = performance.now();
  const result = spawnSync(program, args, {
    cwd,
    env: compilerEnvironment(cwd),
    stdio: ["ignore", "pipe", "pipe"],
    timeout: timeout * 1000,
    killSignal: "SIGKILL",
    maxBuffer: 2 ** 26,
    windowsHide: true,
  });
  const { code } = (result.error ?? {}) as { code?: string };
  const timedOut = code === "ETIMEDOUT";
  const flooded = code === "ENOBUFS";
  if (result.error !== undefined && !timedOut && !flooded) throw notStarted(command, result.error);
  const output = new Output();
  output.add(result.stdout);
  output.add(result.stderr);
  const seconds = (performance.now() - started) / 1000;
  return {
    exitCode: result.status,
    signal: result.signal,
    timedOut,
    flooded,
    output: output.text,
    seconds,
  };
}

/** Runs the command in a process group of its own, which is killed when its time is over and when this process exits. */
export function runPortably(command: readonly string[], { cwd, timeout }: RunOptions): Promise<Compilation> {
  const [program, ...args] = command as [string, ...string[]];
  const started = performance.now();
  const output = new Output();
  const detached = process.platform !== "win32";
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, {
      cwd,
      env: compilerEnvironment(cwd),
      stdio: ["ignore", "pipe", "pipe"],
      detached,
      windowsHide: true,
    });
    let timedOut = false;
    const kill = (): void => killTree(child, detached);
    const timer = setTimeout(
      () => {
        timedOut = true;
        kill();
      },
      Math.min(timeout * 1000, 2 ** 31 - 1),
    );
    const take = (chunk: Buffer): void => {
      output.add(chunk);
      if (output.flooded) kill();
    };
    child.stdout.on("data", take);
    child.stderr.on("data", take);
    process.once("exit", kill);
    const done = (): void => {
      clearTimeout(timer);
      process.off("exit", kill);
    };
    child.once("error", (error) => {
      done();
      reject(notStarted(command, error));
    });
    child.once("exit", kill); // Nothing of it stays, and nobody else holds its output open.
    child.once("close", (exitCode, signal) => {
      done();
      const seconds = (performance.now() - started) / 1000;
      const { flooded, text } = output;
      resolve({ exitCode, signal, timedOut, flooded, output: text, seconds });
    });
  });
}

function killTree(child: ChildProcess, detached: boolean): void {
  if (child.pid === undefined) return;
  try {
    if (detached) process.kill(-child.pid, "SIGKILL");
    else child.kill("SIGKILL");
  } catch {
    // It has ended.
  }
}

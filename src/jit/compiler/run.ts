import { readSync, writeSync } from "node:fs";
import { createRequire } from "node:module";
import type { Socket } from "node:net";
import { invalidType, invalidValue } from "../../argument-error.js";
import type { Effect } from "../steps.js";
import { type Compilation, compilerEnvironment, notStarted, type RunOptions } from "./compilation.js";
import { Output } from "./output.js";
import {
  awaitEnd,
  closeEnd,
  type Ended,
  endOf,
  killGroup,
  makePipe,
  pauseBriefly,
  startProcess,
  waitReadable,
} from "./process.js";
import { runPortably, runPortablySync } from "./run-portable.js";

export type { Compilation, RunOptions } from "./compilation.js";

/** A compiler that runs. Somebody has to wait for its end or to abandon it. */
export interface Started {
  readonly ended: Effect<Compilation>;
  /** Kills it. */
  abandon(): void;
}

/**
 * Runs a compiler without a shell, in a process group that is killed when its time is over, when it floods its output,
 * and whenever this process ends, even by SIGKILL.
 * @param command The compiler's absolute path and its arguments.
 * @returns An effect that comes to the exit code and the output; a compiler that fails is no exception.
 * @throws JitError (the effect does) `ERR_JIT_COMPILER_NOT_FOUND` if it is not there or no program,
 *   `ERR_JIT_COMPILE` if the system cannot start it for another reason. TypeError if the command is none.
 */
export function runCompiler(command: readonly string[], options: RunOptions): Effect<Compilation> {
  assertCommand(command);
  if (process.platform !== "linux") return portable(command, options);
  return {
    sync: () => buried(waitSync(new Running(command, options))),
    async: async () => buried(await waitAsync(new Running(command, options))),
  };
}

function buried(compilation: Compilation): Compilation {
  buryGuards();
  return compilation;
}

/**
 * The same in two steps, so that other work can be done meanwhile, and before `buryGuards`, which is for the caller.
 * Where Node has to run it, it starts in the second.
 * @throws as {@link runCompiler}, at once or by the effect
 */
export function startCompiler(command: readonly string[], options: RunOptions): Started {
  assertCommand(command);
  if (process.platform !== "linux") return { ended: portable(command, options), abandon: () => {} };
  const running = new Running(command, options);
  return {
    ended: { sync: () => waitSync(running), async: () => waitAsync(running) },
    abandon: () => running.abandon(),
  };
}

const portable = (command: readonly string[], options: RunOptions): Effect<Compilation> => ({
  sync: () => runPortablySync(command, options),
  async: () => runPortably(command, options),
});

function assertCommand(command: readonly string[]): void {
  if (!Array.isArray(command) || command.length === 0 || !command.every((word) => typeof word === "string")) {
    throw invalidType("command", "a program and its arguments", command);
  }
  if (command.some((word) => word.includes("\0"))) {
    throw invalidValue("command", "an argument cannot contain a NUL", command);
  }
}

/**
 * Reads until the end of its input, which comes when the only process that can write to it is no more, and then kills
 * the group that it leads. Its last words are for those who find it in a list of processes.
 */
const guardCommand = (cwd: string): string[] => [
  "/bin/sh",
  "-c",
  "read -r _; kill -9 0",
  "typed-mpi: ends the compiler with its parent",
  cwd,
];

/** Milliseconds between looks at the clock and at a compiler whose output somebody else holds open. */
const SLICE = 20;

/** Milliseconds that a killed process may take to end; one that hangs in the kernel may never do so. */
const LAST_MOMENTS = 5000;

/** A compiler that was started. */
class Running {
  readonly out: number;
  readonly output: Output = new Output();
  readonly #started: number = performance.now();
  readonly #options: RunOptions;
  readonly #leash: number;
  readonly #guard: number;
  readonly #pid: number;
  readonly #progress: Progress;
  #killed: number | undefined;
  #timedOut = false;

  constructor(command: readonly string[], options: RunOptions) {
    this.#options = options;
    this.#progress = new Progress(options.label);
    const environment = Object.entries(compilerEnvironment(options.cwd)).map(
      ([name, value]) => `${name}=${value}`,
    );
    const opened: number[] = [];
    let guard = 0;
    try {
      const [guarded, leash] = makePipe();
      opened.push(guarded, leash);
      const [out, input] = makePipe();
      opened.push(out, input);
      const { cwd } = options;
      guard = startProcess(guardCommand(cwd), { cwd: "/", environment: [], input: guarded, group: 0 });
      this.#pid = startProcess(command, { cwd, environment, output: input, group: guard });
      this.#guard = guard;
      this.#leash = leash;
      this.out = out;
      closeEnd(guarded);
      closeEnd(input);
    } catch (error) {
      for (const descriptor of opened) closeEnd(descriptor);
      if (guard !== 0) endGroup(guard);
      buryGuards();
      throw notStarted(command, error as Error);
    }
  }

  /** How it ended, if it did; kills it if it should have. */
  check(): Ended | undefined {
    const now = performance.now();
    const elapsed = now - this.#started;
    if (this.#killed === undefined && (this.output.flooded || elapsed > this.#options.timeout * 1000)) {
      this.#timedOut = !this.output.flooded;
      this.#killed = now;
      killGroup(this.#guard);
    }
    this.#progress.show(elapsed);
    const ended = endOf(this.#pid);
    if (ended !== undefined || this.#killed === undefined || now - this.#killed < LAST_MOMENTS) return ended;
    return { exitCode: null, signal: "SIGKILL" };
  }

  /** Ends what is left of the group. The reading end is for the caller to close. */
  finish(ended: Ended): Compilation {
    const seconds = (performance.now() - this.#started) / 1000;
    closeEnd(this.#leash);
    endGroup(this.#guard);
    this.#progress.clear();
    const { flooded, text } = this.output;
    return { ...ended, timedOut: this.#timedOut, flooded, output: text, seconds };
  }

  /** Ends it before its time, for nobody to hear of. */
  abandon(): void {
    killGroup(this.#guard);
    awaitEnd(this.#pid);
    this.finish({ exitCode: null, signal: "SIGKILL" });
    buryGuards();
    closeEnd(this.out);
  }
}

/** Guards that were killed, and take a moment to die. */
const dying = new Set<number>();

/** Kills the group, whose leader nobody has waited for yet: its number cannot be that of another by now. */
function endGroup(guard: number): void {
  killGroup(guard);
  dying.add(guard);
}

/** Waits until the guards of compilers that have ended are no more. */
export function buryGuards(): void {
  for (const guard of dying) awaitEnd(guard);
  dying.clear();
}

function waitSync(running: Running): Compilation {
  const { out, output } = running;
  try {
    let open = true;
    let rest = 0.05;
    for (;;) {
      if (open && waitReadable(out, SLICE)) {
        open = readChunk(out, output);
      } else if (!open) {
        // The output has ended, so the compiler is about to exit.
        pauseBriefly(rest);
        rest = Math.min(2 * rest, SLICE);
      }
      const ended = running.check();
      if (ended === undefined) continue;
      while (open && !output.flooded && waitReadable(out, 0)) open = readChunk(out, output);
      return running.finish(ended);
    }
  } finally {
    closeEnd(out);
  }
}

const CHUNK = 65536;

/** Reads what there is; false at the end. */
function readChunk(descriptor: number, output: Output): boolean {
  const chunk = Buffer.allocUnsafeSlow(CHUNK);
  const length = readSync(descriptor, chunk);
  // What is kept does not keep the rest of a buffer.
  output.add(length < CHUNK / 2 ? Buffer.from(chunk.subarray(0, length)) : chunk.subarray(0, length));
  return length > 0;
}

/** Loaded only when it is needed. */
const openSocket = (descriptor: number): Socket => {
  const net = createRequire(import.meta.url)("node:net") as typeof import("node:net");
  return new net.Socket({ fd: descriptor, readable: true, writable: false });
};

async function waitAsync(running: Running): Promise<Compilation> {
  const { out, output } = running;
  const socket = openSocket(out);
  return new Promise((resolve) => {
    let timer: NodeJS.Timeout | undefined;
    let over = false;
    const look = (): void => {
      clearTimeout(timer);
      if (over) return;
      const ended = running.check();
      if (ended === undefined) {
        timer = setTimeout(look, socket.readableEnded || socket.destroyed ? 1 : SLICE);
        return;
      }
      over = true;
      if (socket.readableEnded || socket.destroyed) close(ended);
      else setImmediate(close, ended); // What has been written before the end is read by then.
    };
    const close = (ended: Ended): void => {
      const compilation = running.finish(ended);
      socket.once("close", () => resolve(compilation));
      if (socket.closed) resolve(compilation);
      socket.destroy();
    };
    socket.on("data", (chunk: Buffer) => {
      output.add(chunk);
      if (output.flooded) look();
    });
    socket.on("error", look);
    socket.on("end", look);
    look();
  });
}

/** A line on the terminal that says what takes so long, and goes away in the end. */
class Progress {
  readonly #label: string;
  #shown = 0;

  constructor(label: string) {
    this.#label = label;
  }

  /** @param elapsed In milliseconds. */
  show(elapsed: number): void {
    const seconds = Math.floor(elapsed / 1000);
    if (seconds <= this.#shown || this.#label === "" || !process.stderr.isTTY) return;
    this.#shown = seconds;
    this.#write(`\r\x1b[Ktyped-mpi: compiling ${this.#label} (${seconds} s)`);
  }

  clear(): void {
    if (this.#shown > 0) this.#write("\r\x1b[K");
  }

  #write(text: string): void {
    try {
      writeSync(process.stderr.fd, text);
    } catch {
      this.#shown = Infinity; // The terminal is gone, or full.
    }
  }
}

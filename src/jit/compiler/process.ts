import { constants } from "node:os";
import { getSystemErrorName } from "node:util";
import { engine, type NativeFunction } from "../../ffi/index.js";

/*
 * Child processes by the calls of the C library. Unlike Node's spawnSync they tell the number of a process while it
 * runs, and put it into the group of another one. For Linux.
 */

/** How a process ended. */
export interface Ended {
  readonly exitCode: number | null;
  readonly signal: string | null;
}

/** What a child process is started with. */
export interface ChildOptions {
  readonly cwd: string;
  /** `NAME=value`. */
  readonly environment: readonly string[];
  /** Descriptors that it has as 0 and as 1 and 2; default /dev/null. */
  readonly input?: number;
  readonly output?: number;
  /** The process group it joins; 0 to lead one of its own. */
  readonly group: number;
}

const O_CLOEXEC = 0o2000000;
const O_RDWR = 2;
const SETPGROUP = 2;
const SETSIGDEF = 4;
const SETSIGMASK = 8;
const POLLIN = 1;
const WNOHANG = 1;

/** What Node ignores, which programs would inherit: a signal set of the C library. */
const IGNORED: BigUint64Array = new BigUint64Array(16);
IGNORED[0] = (1n << BigInt(constants.signals.SIGPIPE - 1)) | (1n << BigInt(constants.signals.SIGXFSZ - 1));

interface Calls {
  readonly pipe2: NativeFunction<"int32">;
  readonly close: NativeFunction<"int32">;
  readonly poll: NativeFunction<"int32">;
  readonly usleep: NativeFunction<"int32">;
  readonly kill: NativeFunction<"int32">;
  readonly waitpid: NativeFunction<"int32">;
  readonly spawn: NativeFunction<"int32">;
  readonly initActions: NativeFunction<"int32">;
  readonly destroyActions: NativeFunction<"int32">;
  readonly addDup2: NativeFunction<"int32">;
  readonly addOpen: NativeFunction<"int32">;
  /** Newer than some systems that are still in use. */
  readonly addChdir: NativeFunction<"int32"> | undefined;
  readonly initAttributes: NativeFunction<"int32">;
  readonly setFlags: NativeFunction<"int32">;
  readonly setGroup: NativeFunction<"int32">;
  readonly setDefault: NativeFunction<"int32">;
}

let bound: Calls | undefined;

function calls(): Calls {
  if (bound !== undefined) return bound;
  const program = engine().load(null);
  const chdir = "posix_spawn_file_actions_addchdir_np";
  bound = {
    pipe2: program.func("pipe2", "int32", ["pointer", "int32"]),
    close: program.func("close", "int32", ["int32"]),
    poll: program.func("poll", "int32", ["pointer", "uint64", "int32"]),
    usleep: program.func("usleep", "int32", ["uint32"]),
    kill: program.func("kill", "int32", ["int32", "int32"]),
    waitpid: program.func("waitpid", "int32", ["int32", "pointer", "int32"]),
    spawn: program.func("posix_spawn", "int32", [
      ...(["pointer", "pointer", "pointer", "pointer", "pointer", "pointer"] as const),
    ]),
    initActions: program.func("posix_spawn_file_actions_init", "int32", ["pointer"]),
    destroyActions: program.func("posix_spawn_file_actions_destroy", "int32", ["pointer"]),
    addDup2: program.func("posix_spawn_file_actions_adddup2", "int32", ["pointer", "int32", "int32"]),
    addOpen: program.func("posix_spawn_file_actions_addopen", "int32", [
      ...(["pointer", "int32", "pointer", "int32", "uint32"] as const),
    ]),
    addChdir: program.has(chdir) ? program.func(chdir, "int32", ["pointer", "pointer"]) : undefined,
    initAttributes: program.func("posix_spawnattr_init", "int32", ["pointer"]),
    setFlags: program.func("posix_spawnattr_setflags", "int32", ["pointer", "int16"]),
    setGroup: program.func("posix_spawnattr_setpgroup", "int32", ["pointer", "int32"]),
    setDefault: program.func("posix_spawnattr_setsigdefault", "int32", ["pointer", "pointer"]),
  };
  return bound;
}

const cString = (text: string): Buffer => Buffer.from(`${text}\0`);

/** An array of C strings; the second view holds the text and has to live as long. */
function cStrings(texts: readonly string[]): [BigUint64Array, Buffer] {
  const bytes = cString(texts.join("\0"));
  const pointers = new BigUint64Array(texts.length + 1);
  let address = engine().addressOf(bytes);
  texts.forEach((text, i) => {
    pointers[i] = address;
    address += BigInt(Buffer.byteLength(text) + 1);
  });
  return [pointers, bytes];
}

/**
 * A pipe that no child process inherits.
 * @returns Descriptors of the end to read and of the end to write.
 * @throws Error if there are too many open files.
 */
export function makePipe(): [number, number] {
  const ends = new Int32Array(2);
  if (calls().pipe2(ends, O_CLOEXEC) !== 0) throw new Error("No pipe can be made: too many open files?");
  return [ends[0] as number, ends[1] as number];
}

/** Closes an end of a pipe. In a worker thread Node warns of descriptors that it did not open itself. */
export function closeEnd(descriptor: number): void {
  calls().close(descriptor);
}

/**
 * Starts a program, without a shell.
 * @param command Its absolute path and arguments.
 * @returns Its process id.
 * @throws Error with Node's `code` for what the system says, such as ENOENT.
 */
export function startProcess(command: readonly string[], options: ChildOptions): number {
  const { initActions, addDup2, addOpen, addChdir, destroyActions, ...c } = calls();
  const { cwd, environment, input, output, group } = options;
  // Larger than the structures of any C library.
  const [actions, attributes] = [new BigUint64Array(128), new BigUint64Array(128)];
  const nothing = cString("/dev/null");
  const directory = cString(cwd);
  initActions(actions);
  try {
    if (input === undefined) addOpen(actions, 0, nothing, O_RDWR, 0);
    else addDup2(actions, input, 0);
    if (output === undefined) addOpen(actions, 1, nothing, O_RDWR, 0);
    else addDup2(actions, output, 1);
    addDup2(actions, 1, 2);
    addChdir?.(actions, directory);
    c.initAttributes(attributes);
    c.setFlags(attributes, SETPGROUP | SETSIGDEF | SETSIGMASK);
    c.setGroup(attributes, group);
    c.setDefault(attributes, IGNORED);
    const run = addChdir ? command : ["/bin/sh", "-c", 'cd "$0" && exec "$@"', cwd, ...command];
    const [argv, argvText] = cStrings(run);
    const [envp, envpText] = cStrings(environment);
    const held = [argvText, envpText]; // Used after the call, which has but their addresses.
    const pid = new Int32Array(1);
    const error = c.spawn(pid, cString(run[0] as string), actions, attributes, argv, envp);
    held.length = 0;
    if (error !== 0) {
      const code = getSystemErrorName(-error);
      throw Object.assign(new Error(`${command[0]} cannot be run: ${code}`), { code });
    }
    return pid[0] as number;
  } finally {
    destroyActions(actions);
  }
}

const signalNames: ReadonlyMap<number, string> = new Map(
  Object.entries(constants.signals).map(([name, number]) => [number, name]),
);

/** How the child ended, or undefined if it has not; it is asked for once. */
export function endOf(pid: number): Ended | undefined {
  const status = new Int32Array(1);
  const answer = calls().waitpid(pid, status, WNOHANG);
  if (answer === 0) return undefined;
  if (answer < 0) return { exitCode: null, signal: null }; // Somebody else has waited for it.
  const [bits] = status as unknown as [number];
  const signal = bits & 0x7f;
  return signal === 0
    ? { exitCode: (bits >> 8) & 0xff, signal: null }
    : { exitCode: null, signal: signalNames.get(signal) ?? `signal ${signal}` };
}

/** Waits until the child, which was killed, is no more. */
export function awaitEnd(pid: number): void {
  // A signal may interrupt it.
  for (let tries = 0; tries < 10 && calls().waitpid(pid, null, 0) < 0; tries++);
}

/** Kills all processes of a group. */
export function killGroup(group: number): void {
  calls().kill(-group, constants.signals.SIGKILL);
}

const polled = new Int32Array(2);
const polledEvents = new Int16Array(polled.buffer);

/**
 * Waits until there is something to be read, or the other end is closed.
 * @param duration In milliseconds.
 */
export function waitReadable(descriptor: number, duration: number): boolean {
  polled[0] = descriptor;
  polledEvents[2] = POLLIN;
  polledEvents[3] = 0;
  return calls().poll(polled, 1, Math.ceil(duration)) > 0; // A signal ends it, too.
}

/** A pause, which a signal may end. @param duration In milliseconds, with fractions. */
export function pauseBriefly(duration: number): void {
  calls().usleep(Math.round(duration * 1000));
}

import { writeSync } from "node:fs";
import { inspect } from "node:util";
import type { EngineName } from "../ffi/index.js";
import type { AbiFamily } from "./abi/abi.js";
import { vendorOf } from "./abi/detect.js";
import { tuneAllocator } from "./allocator.js";
import { type Binding, binding, native } from "./bindings/bind.js";
import { check } from "./bindings/check.js";
import { addresses, ints } from "./bindings/scratch.js";
import { invalidType, MpiError, outOfRange } from "./error.js";

/** How MPI may be called from threads. MPI 4.0 section 11.6. */
export type ThreadLevel = "single" | "funneled" | "serialized" | "multiple";

const THREAD_LEVELS: readonly ThreadLevel[] = ["single", "funneled", "serialized", "multiple"];

const levelConstant = (level: ThreadLevel): string => `MPI_THREAD_${level.toUpperCase()}`;

type Phase = "before" | "running" | "finalized";

let phase: Phase = "before";
let granted: ThreadLevel = "single";
/** Another copy of this package, or a library in this process, called MPI_Init: theirs is the MPI_Finalize. */
let adopted = false;

/** What is to be looked at before MPI ends. */
const farewells: (() => void)[] = [];

/** Calls `action` before MPI is finalized, by the user or at the end of the process. */
export function beforeFinalize(action: () => void): void {
  farewells.push(action);
}

/** Makes sure that MPI runs: every operation begins with this. @throws MpiError `ERR_MPI_FINALIZED` */
export function ensureRunning(): void {
  if (phase !== "running") start("multiple");
}

function start(level: ThreadLevel): void {
  const bound = binding();
  if (phase === "finalized" || outFlag(native.MPI_Finalized, "MPI_Finalized")) {
    phase = "finalized";
    throw new MpiError("MPI is finalized: it can be initialized only once in a process", {
      code: "ERR_MPI_FINALIZED",
    });
  }
  adopted = outFlag(native.MPI_Initialized, "MPI_Initialized");
  if (adopted) check(native.MPI_Query_thread(addresses().int), "MPI_Query_thread");
  else {
    const required = bound.abi.integer(levelConstant(level));
    check(native.MPI_Init_thread(null, null, required, addresses().int), "MPI_Init_thread");
  }
  granted = threadLevelOf(bound, ints[0] as number);
  phase = "running";
  tuneAllocator(bound);
  // The default handler ends the process; derived communicators inherit this one.
  for (const name of ["MPI_COMM_WORLD", "MPI_COMM_SELF"]) {
    const code = native.MPI_Comm_set_errhandler(
      bound.abi.handle(name),
      bound.abi.handle("MPI_ERRORS_RETURN"),
    );
    check(code, "MPI_Comm_set_errhandler");
  }
  if (!adopted) followProcess();
}

function outFlag(fn: (out: bigint) => number, operation: string): boolean {
  check(fn(addresses().int), operation);
  return ints[0] !== 0;
}

const threadLevelOf = ({ abi }: Binding, value: number): ThreadLevel =>
  THREAD_LEVELS.find((level) => abi.integer(levelConstant(level)) === value) ?? "single";

/**
 * Ends the job as Node ends this process: a normal exit finalizes; any other exit aborts, because the other
 * ranks would wait for this one for ever. MPI_Finalize would wait as well.
 */
function followProcess(): void {
  process.on("exit", (given) => {
    if (phase !== "running") return;
    // For a top-level await that nothing settles, the event says 0 although the process will end with 13.
    const code = Number(process.exitCode ?? given);
    if (code === 0) return finalize();
    if (code === UNSETTLED && given === 0)
      writeSync(2, `${rankLabel()}a top-level await was never settled\n`);
    abort(code);
  });
  // Node prints an uncaught error only after the 'exit' handlers, which end in MPI_Abort: print it before.
  process.on("uncaughtExceptionMonitor", (error) => {
    if (phase !== "running" || isCaughtElsewhere()) return;
    writeSync(2, `${rankLabel()}Uncaught ${describe(error)}\n`);
  });
}

/** Node's exit code for it. */
const UNSETTLED = 13;

const isCaughtElsewhere = (): boolean =>
  process.listenerCount("uncaughtException") > 0 || process.hasUncaughtExceptionCaptureCallback();

const describe = (error: unknown): string => inspect(error, { colors: false });

function rankLabel(): string {
  const { abi } = binding();
  native.MPI_Comm_rank(abi.handle("MPI_COMM_WORLD"), addresses().int);
  return `[rank ${ints[0]}] `;
}

/**
 * Initializes MPI. Calling it is optional: the first operation does it.
 * @param level The thread support asked for. Default `"multiple"`, as the first operation asks.
 * @returns The level that the library grants, which may be lower.
 * @throws MpiError `ERR_MPI_INITIALIZED` if MPI runs already, `ERR_MPI_FINALIZED` after `finalize`,
 *   `ERR_MPI_LIBRARY_NOT_FOUND`, `ERR_MPI_LAUNCHER_MISMATCH`
 * @see MPI_Init_thread, MPI 4.0 section 11.2.1
 */
export function init(level: ThreadLevel = "multiple"): ThreadLevel {
  if (!THREAD_LEVELS.includes(level)) throw invalidType("level", `one of ${THREAD_LEVELS.join(", ")}`, level);
  if (phase === "running") {
    throw new MpiError("MPI is initialized already: init() must be called once, before any operation", {
      code: "ERR_MPI_INITIALIZED",
      operation: "MPI_Init_thread",
    });
  }
  start(level);
  return granted;
}

/**
 * Ends MPI: complete all communication first. A normal exit of the process does it if nobody did.
 * Collective over all processes.
 * @throws MpiError `ERR_MPI_NOT_INITIALIZED` before MPI was initialized, `ERR_MPI_FINALIZED` if it is done
 * @see MPI_Finalize, MPI 4.0 section 11.2.2
 */
export function finalize(): void {
  if (phase === "before") {
    throw new MpiError("MPI was not initialized, so that there is nothing to finalize", {
      code: "ERR_MPI_NOT_INITIALIZED",
      operation: "MPI_Finalize",
    });
  }
  ensureRunning();
  try {
    for (const action of farewells) action();
  } finally {
    phase = "finalized";
    check(native.MPI_Finalize(), "MPI_Finalize");
  }
}

/** Milliseconds for a launcher on a busy machine to read what was written. */
const LAST_WORDS = 100;

/**
 * Ends all processes of the job at once, without the 'exit' handlers of Node.
 * @param code The exit code that the launcher is told. Default 1.
 * @see MPI_Abort, MPI 4.0 section 9.2
 */
export function abort(code = 1): never {
  if (typeof code !== "number") throw invalidType("code", "an integer", code);
  if (!(Number.isInteger(code) && Math.abs(code) < 2 ** 31)) throw outOfRange("code", "a C int", code);
  ensureRunning();
  phase = "finalized";
  // MPICH's launcher drops what it has not read yet, often the very words that tell why.
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, LAST_WORDS);
  native.MPI_Abort(binding().abi.handle("MPI_COMM_WORLD"), code);
  process.exit(code); // Not reached: MPI_Abort does not return.
}

/** Whether MPI was initialized, by the first operation or by `init`. Loads nothing. @see MPI_Initialized */
export const initialized = (): boolean => phase !== "before";

/** Whether MPI was finalized. Loads nothing. @see MPI_Finalized */
export const finalized = (): boolean => phase === "finalized";

/** The thread support that the library granted. @see MPI_Query_thread, MPI 4.0 section 11.6 */
export function threadLevel(): ThreadLevel {
  ensureRunning();
  return granted;
}

/** Whether this is the thread that initialized MPI. @see MPI_Is_thread_main */
export function isThreadMain(): boolean {
  ensureRunning();
  return outFlag(native.MPI_Is_thread_main, "MPI_Is_thread_main");
}

/** Seconds since some moment in the past, the same moment during one run. @see MPI_Wtime, MPI 4.0 section 9.6 */
export function wtime(): number {
  ensureRunning();
  return native.MPI_Wtime();
}

/** The resolution of `wtime`, in seconds. @see MPI_Wtick */
export function wtick(): number {
  ensureRunning();
  return native.MPI_Wtick();
}

const decoder = new TextDecoder();

/** The text that a C function wrote, with its length, into a buffer of `capacity` bytes. */
function outText(
  fn: (buffer: Uint8Array, length: bigint) => number,
  capacity: number,
  operation: string,
): string {
  const bytes = new Uint8Array(capacity);
  check(fn(bytes, addresses().int), operation);
  return decoder.decode(bytes.subarray(0, ints[0])).replace(/\0.*$/s, "").trim();
}

/** The name of the host, as the library tells it. @see MPI_Get_processor_name, MPI 4.0 section 9.1.2 */
export function processorName(): string {
  ensureRunning();
  const capacity = binding().abi.integer("MPI_MAX_PROCESSOR_NAME") + 1;
  return outText(native.MPI_Get_processor_name, capacity, "MPI_Get_processor_name");
}

/** The version of the standard that the library implements, `[3, 1]`. Does not initialize MPI. @see MPI_Get_version */
export function version(): readonly [major: number, minor: number] {
  check(native.MPI_Get_version(addresses().int, addresses().int2), "MPI_Get_version");
  return [ints[0] as number, ints[1] as number];
}

/** What the library says of itself. Does not initialize MPI. @see MPI_Get_library_version, MPI 4.0 section 9.1.1 */
export function libraryVersion(): string {
  // The headers' maximum differs between versions of one library: take the largest.
  return outText(native.MPI_Get_library_version, 8192, "MPI_Get_library_version");
}

/** The MPI library in use and how it was found. */
export interface LibraryInfo {
  /** The file it was loaded from. */
  readonly path: string;
  /** Why this one. */
  readonly reason: string;
  readonly abi: AbiFamily;
  /** `"Open MPI"`, `"MPICH"`, ... */
  readonly vendor: string;
  /** The vendor's version, `"4.1.4"`. */
  readonly version: string;
  /** The FFI engine that calls it. */
  readonly ffi: EngineName;
}

/** The MPI library in use. Opens it if no operation has, but does not initialize MPI. */
export function library(): LibraryInfo {
  const { path, reason, abi, engine } = binding();
  const { vendor, version: vendorVersion } = vendorOf(libraryVersion());
  return { path, reason, abi: abi.table.family, vendor, version: vendorVersion, ffi: engine.name };
}

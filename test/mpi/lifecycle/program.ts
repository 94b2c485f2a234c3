import { existsSync, readFileSync, writeSync } from "node:fs";
import { isMainThread, Worker, workerData } from "node:worker_threads";
import { mpi } from "../../../src/index.js";

// What lifecycle.test.ts runs as ranks of a job: `node program.js SCENARIO`.

const say = (what: string): void => console.log(what);

/** The code of what `fn` throws. */
function codeOf(fn: () => unknown): unknown {
  try {
    return `returned ${fn()}`;
  } catch (error) {
    return (error as { code?: unknown }).code;
  }
}

const number = new Float64Array(1);

/** All other ranks wait for rank 1, which acts once they do. */
function whileOthersWait(wait: () => void, act: () => unknown): unknown {
  if (mpi.rank() !== 1) {
    mpi.send(number, 1);
    wait();
    return say("waited no longer");
  }
  for (let others = mpi.size() - 1; others > 0; others--) mpi.recv(number);
  writeSync(1, `acts at ${Date.now()}\n`); // in a worker, console.log would come too late
  return act();
}

const inRecv = (): void => void mpi.recv(number, 1, 99);
const inBarrier = (): void => mpi.barrier();

const sum = (): void => say(`sum ${mpi.allreduce(1)} of ${mpi.size()}`);

function fail(): never {
  throw new Error("the sky is falling");
}

/** The user's program goes on after an error that it handles; MPI, too. */
function goesOn(): void {
  setTimeout(fail);
  setTimeout(() => sum(), 100);
}

/** (module (memory 1) (func (export "trap") unreachable) (func (export "load") i32.const -4 i32.load drop)) */
const TRAPS = new Uint8Array([
  0, 0x61, 0x73, 0x6d, 1, 0, 0, 0, 1, 4, 1, 0x60, 0, 0, 3, 3, 2, 0, 0, 5, 3, 1, 0, 1, 7, 15, 2, 4, 0x74, 0x72,
  0x61, 0x70, 0, 0, 4, 0x6c, 0x6f, 0x61, 0x64, 0, 1, 10, 14, 2, 3, 0, 0, 0x0b, 8, 0, 0x41, 0x7c, 0x28, 2, 0,
  0x1a, 0x0b,
]);

/** Of the DOM's library, which we compile without. */
declare const WebAssembly: {
  instantiate(bytes: Uint8Array): Promise<{ instance: { exports: Record<string, () => void> } }>;
};

/** Libraries that this process has mapped. */
const mapped = (pattern: RegExp): boolean =>
  existsSync("/proc/self/maps") && pattern.test(readFileSync("/proc/self/maps", "utf8"));

const inWorker = (scenario: string): Worker => new Worker(new URL(import.meta.url), { workerData: scenario });

const scenarios: Readonly<Record<string, () => unknown>> = {
  import() {
    say(`libmpi ${mapped(/libmpi|libmpich/)}, ffi ${mapped(/koffi|ffi-rs/)}`);
    say(`initialized ${mpi.initialized()}, finalized ${mpi.finalized()}`);
  },
  lazy() {
    say(`library ${mpi.library().path}`);
    say(`initialized ${mpi.initialized()}`);
    say(`rank ${mpi.rank()} of ${mpi.size()}`);
    say(`initialized ${mpi.initialized()}, finalized ${mpi.finalized()}`);
    process.on("exit", () => say(`at exit: finalized ${mpi.finalized()}`));
  },
  init: () => explicitInit("multiple"),
  "init single": () => explicitInit("single"),
  "init funneled": () => explicitInit("funneled"),
  "init serialized": () => explicitInit("serialized"),
  "wrong order"() {
    say(`level: ${codeOf(() => mpi.init("double" as "single"))}`);
    say(`finalize before init: ${codeOf(mpi.finalize)}`);
    mpi.rank();
    say(`init twice: ${codeOf(mpi.init)}`);
    mpi.finalize();
    say(`finalize twice: ${codeOf(mpi.finalize)}`);
    say(`rank after finalize: ${codeOf(mpi.rank)}`);
    say(`send after finalize: ${codeOf(() => mpi.send(number, 0))}`);
    say(`init after finalize: ${codeOf(mpi.init)}`);
    say(`abort after finalize: ${codeOf(mpi.abort)}`);
    say(`initialized ${mpi.initialized()}, finalized ${mpi.finalized()}`);
    say(`version ${codeOf(mpi.version)}`);
  },

  "throw, others in recv": () => whileOthersWait(inRecv, fail),
  "throw, others in barrier": () => whileOthersWait(inBarrier, fail),
  "throw in a timer": () => whileOthersWait(inRecv, () => setTimeout(fail)),
  "throw in a promise": () => whileOthersWait(inRecv, () => void Promise.resolve().then(fail)),
  "reject with no error": () => whileOthersWait(inRecv, () => void Promise.reject("just words")),
  "throw after an await": () => whileOthersWait(inRecv, () => Promise.resolve().then(fail)),
  "error of an argument": () => whileOthersWait(inRecv, () => mpi.send(number, 99)),
  "exit(7)": () => whileOthersWait(inBarrier, () => process.exit(7)),
  "exitCode 3": () => whileOthersWait(inBarrier, () => (process.exitCode = 3)),
  "abort(5)": () => whileOthersWait(inBarrier, () => mpi.abort(5)),
  SIGTERM: () => whileOthersWait(inBarrier, () => process.kill(process.pid, "SIGTERM")),
  "all wait": () => {
    mpi.barrier();
    if (mpi.rank() === 0) say("ready");
    mpi.recv(number, mpi.rank(), 99);
  },

  "uncaughtException handled"() {
    process.on("uncaughtException", ({ message }) => say(`handled: ${message}`));
    mpi.barrier();
    goesOn();
  },
  "uncaughtException captured"() {
    process.setUncaughtExceptionCaptureCallback(({ message }) => say(`handled: ${message}`));
    mpi.barrier();
    goesOn();
  },
  "unhandledRejection handled"() {
    process.on("unhandledRejection", (error) => say(`handled: ${(error as Error).message}`));
    mpi.barrier();
    void Promise.resolve().then(fail);
    setTimeout(() => sum(), 100);
  },

  "exit(0)"() {
    mpi.barrier();
    process.on("exit", () => say(`at exit: finalized ${mpi.finalized()}`));
    process.exit(0);
  },
  "finalize, then end"() {
    mpi.barrier();
    process.on("exit", () => say(`at exit: finalized ${mpi.finalized()}`));
    mpi.finalize();
  },
  "finalize, then exit(4)"() {
    mpi.barrier();
    mpi.finalize();
    process.exit(4);
  },
  "finalize, then throw"() {
    mpi.barrier();
    mpi.finalize();
    fail();
  },
  "exit(0) without MPI": () => process.exit(0),
  "exit(6) without MPI": () => process.exit(6),
  "throw without MPI": fail,

  "last words, then exit(7)": () =>
    whileOthersWait(inBarrier, () => {
      lastWords();
      process.exit(7);
    }),
  "last words, then abort(5)": () =>
    whileOthersWait(inBarrier, () => {
      lastWords();
      mpi.abort(5);
    }),
  "throw in the handler of errors": () =>
    whileOthersWait(inBarrier, () => {
      process.on("uncaughtException", fail);
      throw new Error("first");
    }),
  "throw in an exit handler": () => {
    process.on("exit", () => mpi.rank() === 1 && fail());
    return whileOthersWait(inBarrier, () => {});
  },
  "never settled": () => whileOthersWait(inBarrier, () => new Promise(() => {})),

  async traps() {
    mpi.barrier();
    const { trap, load } = (await WebAssembly.instantiate(TRAPS)).instance.exports;
    for (const fn of [trap, load]) {
      try {
        fn?.();
      } catch (error) {
        say(`caught ${(error as Error).message}`);
      }
    }
    sum();
  },

  "MPI in a worker only"() {
    inWorker("uses MPI").on("exit", (code) => say(`worker ended with ${code}`));
  },
  "MPI in a worker after the main thread"() {
    mpi.barrier();
    inWorker("uses MPI").on("exit", (code) => {
      say(`worker ended with ${code}`);
      sum();
    });
  },
  "MPI in the main thread after a worker"() {
    inWorker("uses MPI").on("exit", (code) => {
      say(`worker ended with ${code}`);
      say(`main: ${codeOf(mpi.barrier)}`);
    });
  },
  "import in a worker": () => inWorker("imports").on("exit", (code) => say(`worker ended with ${code}`)),
  "throw in a worker"() {
    inWorker("throws").on("error", () => say("the main thread hears of it"));
  },

  alone() {
    say(`rank ${mpi.rank()} of ${mpi.size()}`);
    const received = new Float64Array(1);
    mpi.sendrecv(Float64Array.of(4), 0, 1, received, 0, 1);
    const [all, gathered] = [mpi.allreduce(2), mpi.allgather(Float64Array.of(3), new Float64Array(1))];
    say(`received ${received}, sum ${all}, gathered ${gathered}`);
    mpi.barrier();
    mpi.bcast(received, 0);
  },
  "alone, throw"() {
    mpi.barrier();
    fail();
  },
  "alone, exit(7)"() {
    mpi.barrier();
    process.exit(7);
  },
};

function explicitInit(level: mpi.ThreadLevel): void {
  const granted = mpi.init(level);
  const library = `${mpi.threadLevel()}, main ${mpi.isThreadMain()}, initialized ${mpi.initialized()}`;
  say(`asked ${level}, granted ${granted}, ${library}`);
}

function lastWords(): void {
  for (let line = 0; line < 500; line++) say(`line ${line} ${"x".repeat(60)}`);
  say("last words");
}

const inThread: Readonly<Record<string, () => unknown>> = {
  imports: () => say(`initialized ${mpi.initialized()}`),
  "uses MPI": () => say(`worker: ${mpi.allreduce(1)} of ${mpi.size()}, main ${mpi.isThreadMain()}`),
  throws: () => whileOthersWait(inBarrier, fail),
};

if (!isMainThread) inThread[workerData as string]?.();
else if (["throw after an await", "never settled"].includes(process.argv[2] ?? ""))
  await scenarios[process.argv[2] ?? ""]?.();
else scenarios[process.argv[2] ?? ""]?.();

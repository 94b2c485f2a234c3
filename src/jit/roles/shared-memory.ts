import { hash } from "node:crypto";
import { closeSync, fstatSync, ftruncateSync, openSync, readFileSync, readlinkSync } from "node:fs";
import { cpus } from "node:os";
import { engine, type NativeFunction } from "../../ffi/index.js";
import type { Communicator } from "../../mpi/index.js";
import type { Steps } from "../steps.js";
import type { Notice } from "./notice.js";
import { gathered, type Operation, type Patience, type PendingSum, Sum, waited } from "./waiting.js";

/*
 * Sums over the processes of one host by memory that they share: a call that all have made before is made of little
 * else, and takes half as long as by a nonblocking collective operation of MPI. Linux only; MPI does the same elsewhere, and
 * across hosts.
 */

const LINE = 64;

/**
 * Words of the first line: how many sleep; how many sums have been begun, by all processes together; and the number of
 * the last sum that all have begun, which those who sleep wait for: each is woken once, whoever is late.
 */
const [SLEEPERS, BEGUN, OVER] = [0, 1, 2];

/** Looks before the processor is left to others, who may be what is waited for. */
const SPINS = 8;

/** Looks before the first sleep, if each process has a core; where they share one, each looks at the expense of the others. */
const EAGER = 800;

/** Looks before MPI is asked as well: what others send to this process, or get from it, may need that. */
const ALONE = 64;

/** How often MPI is asked at once by whoever slept in vain: at first; and one more each millisecond, to so many. */
const [FEW_ASKS, ASKS] = [2, 20];

/** While somebody compiles: how long that takes as a rule, in milliseconds, after which MPI is asked more. */
const COMPILING = 200;

/** Milliseconds of each sleep then: the shortest, for each process of those that share a core, and the longest. */
const [SHORTEST_IF_COMPILING, OF_EACH_IF_COMPILING, LONGEST_IF_COMPILING] = [20, 8, 200];

/** Otherwise: the shortest, for each process of those that share a core, and the longest unless that is longer. */
const [SHORTEST_OF_EACH, LONGEST] = [2, 5];

/** Of the time that was waited, the part to sleep. */
const SHARE = 1 / 4;

/** The largest tag that every MPI has, and how many tags below it are asked for in turn. */
const [LEAST_TAG_UB, TAGS] = [32767, 1024];

/** The functions of C, which only Linux has all of. */
interface System {
  readonly create: NativeFunction<"int32">;
  readonly map: NativeFunction<"pointer">;
  readonly unmap: NativeFunction<"int32">;
  readonly yield: NativeFunction<"int32">;
  readonly call: NativeFunction<"int64">;
}

/** futex(2), which is no function of C; by the names of `process.arch`. */
const FUTEX: Readonly<Record<string, number>> = {
  x64: 202,
  arm64: 98,
  riscv64: 98,
  loong64: 98,
  ppc64: 221,
  s390x: 238,
};
const [FUTEX_WAIT, FUTEX_WAKE] = [0, 1];
const ALL = 2 ** 31 - 1;

let system: System | null | undefined;

function loadSystem(): System | null {
  if (process.platform !== "linux" || FUTEX[process.arch] === undefined) return null;
  const libc = engine().load(null);
  if (!["memfd_create", "mmap", "munmap", "sched_yield", "syscall"].every((name) => libc.has(name)))
    return null;
  return {
    create: libc.func("memfd_create", "int32", ["pointer", "uint32"]),
    map: libc.func("mmap", "pointer", ["pointer", "uint64", "int32", "int32", "int32", "int64"]),
    unmap: libc.func("munmap", "int32", ["pointer", "uint64"]),
    yield: libc.func("sched_yield", "int32", []),
    call: libc.func("syscall", "int64", [
      "int64",
      "pointer",
      "int32",
      "int32",
      "pointer",
      "pointer",
      "int32",
    ]),
  };
}

/** What the kernel shows of the file. */
const NAME = "typed-mpi";
const CLOSE_ON_EXEC = 1;
const READ_AND_WRITE = 3;
const SHARED = 1;
const MAP_FAILED = 2n ** 64n - 1n;

/** What is mapped, by the object that nobody has any more. */
const mapped = new FinalizationRegistry(({ address, bytes }: Memory) => {
  system?.unmap(address, BigInt(bytes));
});

interface Memory {
  readonly address: bigint;
  readonly bytes: number;
}

/**
 * Numbers of each process, which all others see. One sum at a time: a process is at most one ahead of the others, so that
 * each has two places.
 */
export class SharedSums implements Operation, PendingSum {
  readonly comm: Communicator;
  readonly eagerLooks: number;
  readonly fewLooks: number = 1;
  readonly #system: System;
  readonly #address: bigint;
  readonly #size: number;
  /** Processes that share a core, if they are spread evenly. */
  readonly #perCore: number;
  readonly #words: Int32Array;
  /** By the last bit of the number of the sum, and by process. */
  readonly #places: readonly (readonly BigInt64Array[])[];
  readonly #bytes: readonly (readonly Buffer[])[];
  #current = 0;
  /** How many numbers are added up this time. */
  #length = 0;
  #looks = 0;
  #asked = 0;

  /** @param length How many numbers are added up, at most. */
  constructor(comm: Communicator, { address, bytes }: Memory, length: number, calls: System) {
    this.comm = comm;
    this.#system = calls;
    this.#address = address;
    this.#size = comm.size;
    this.#perCore = Math.max(1, comm.size / cores());
    this.eagerLooks = EAGER / this.#perCore ** 2;
    const { buffer, byteOffset } = engine().bytesAt(address, bytes);
    const starts = Array.from({ length: comm.size }, (_, rank) => LINE + rank * strideOf(length));
    this.#words = new Int32Array(buffer, byteOffset, bytes / 4);
    this.#places = [0, placeOf(length)].map((place) =>
      starts.map((start) => new BigInt64Array(buffer, byteOffset + start + place, length)),
    );
    this.#bytes = this.#places.map((each) => each.map(bytesOf));
  }

  /** Adds what this process brings. Not before the last sum has ended. */
  begin(values: BigInt64Array): this {
    if (this.#isBefore(Atomics.load(this.#words, OVER))) throw new Error("the last sum is not over");
    this.#current = (this.#current + 1) | 0;
    this.#looks = 0;
    this.#length = values.length;
    (this.#here[this.comm.rank] as BigInt64Array).set(values);
    const begun = (Atomics.add(this.#words, BEGUN, 1) + 1) | 0;
    if (begun === Math.imul(this.#current, this.#size)) {
      Atomics.store(this.#words, OVER, this.#current);
      if (Atomics.load(this.#words, SLEEPERS) > 0) this.#futex(OVER, FUTEX_WAKE, ALL);
    }
    return this;
  }

  get #here(): readonly BigInt64Array[] {
    return this.#places[this.#current & 1] as readonly BigInt64Array[];
  }

  #futex(word: number, action: number, value: number, timeout: BigInt64Array | null = null): void {
    const address = this.#address + BigInt(4 * word);
    this.#system.call(FUTEX[process.arch] as number, address, action, value, timeout, null, 0);
  }

  isOver(): boolean {
    if (!this.#isBefore(Atomics.load(this.#words, OVER))) return true;
    if (++this.#looks > SPINS) this.#pass();
    return false;
  }

  #isBefore(over: number): boolean {
    return ((over - this.#current) | 0) < 0;
  }

  #pass(): void {
    if (this.#looks > ALONE) this.#ask();
    this.#system.yield();
  }

  /**
   * Lets MPI go on. It does so while it looks for a message in vain: for none that is there, as one of any tag might be,
   * and from another process, for messages to oneself are another matter.
   */
  #ask(): void {
    const { comm } = this;
    comm.iprobe((comm.rank + 1) % comm.size, LEAST_TAG_UB - (this.#asked++ % TAGS));
  }

  /** It ends when the last process begins; what needs looks is MPI, and the end of all patience. */
  sleep(waited: number, whileCompiling: boolean): void {
    // Not before the first sleep, which as a rule is the last: to ask takes longer than all else that is done here.
    if (waited > 0) {
      const longer = Math.max(0, whileCompiling ? waited - COMPILING : waited);
      const asks = Math.min(ASKS, FEW_ASKS + longer / this.#perCore);
      for (let i = 0; i < asks; i++) this.#ask();
    }
    const over = Atomics.load(this.#words, OVER);
    if (!this.#isBefore(over)) return;
    const nanoseconds = BigInt(Math.round(1e6 * this.#duration(waited, whileCompiling)));
    Atomics.add(this.#words, SLEEPERS, 1);
    this.#futex(OVER, FUTEX_WAIT, over, BigInt64Array.of(0n, nanoseconds));
    Atomics.sub(this.#words, SLEEPERS, 1);
  }

  /** How long to sleep, in milliseconds. The more share a core, the less is gained by a look, and the more it takes. */
  #duration(waited: number, whileCompiling: boolean): number {
    if (whileCompiling) {
      const ofAll = OF_EACH_IF_COMPILING * this.#perCore;
      return Math.min(LONGEST_IF_COMPILING, Math.max(SHORTEST_IF_COMPILING, ofAll));
    }
    return Math.max(SHORTEST_OF_EACH * this.#perCore, Math.min(LONGEST, waited * SHARE));
  }

  async promise(signal: AbortSignal): Promise<void> {
    const start = performance.now();
    while (!this.isOver()) {
      for (let i = 0; i < ASKS; i++) this.#ask();
      const pause = Math.min(5, (performance.now() - start) / 20);
      await new Promise((resolve) => (pause < 1 ? setImmediate(resolve) : setTimeout(resolve, pause)));
      signal.throwIfAborted();
    }
  }

  /** Nothing is under way: the others see it. */
  advance(): void {}

  endedOr(notice: Notice | undefined, patience: Patience): Steps<boolean> {
    return waited(this, patience, notice);
  }

  *ended(patience: Patience): Steps<BigInt64Array> {
    yield* waited(this, patience);
    return this.sums();
  }

  /** After the end: whether all have brought the same; of fewer numbers than there may be, also what they had brought before. */
  isUnanimous(): boolean {
    const bytes = this.#bytes[this.#current & 1] as readonly Buffer[];
    const first = bytes[0] as Buffer;
    for (let rank = 1; rank < this.#size; rank++) if (!first.equals(bytes[rank] as Buffer)) return false;
    return true;
  }

  /** After the end: the sum of each number. */
  sums(): BigInt64Array {
    const [first, ...others] = this.#here as [BigInt64Array, ...BigInt64Array[]];
    const sums = first.slice(0, this.#length);
    // As a rule, and in a tenth of the time.
    if (this.isUnanimous()) return sums.map((each) => each * BigInt(this.#size));
    for (const values of others)
      for (let i = 0; i < sums.length; i++) sums[i] = (sums[i] as bigint) + (values[i] as bigint);
    return sums;
  }
}

let coreCount: number | undefined;

/** Of this host, whatever this process is bound to. */
function cores(): number {
  coreCount ??= Math.max(1, cpus().length);
  return coreCount;
}

const bytesOf = ({ buffer, byteOffset, byteLength }: BigInt64Array): Buffer =>
  Buffer.from(buffer, byteOffset, byteLength);

const placeOf = (length: number): number => Math.ceil((8 * length) / LINE) * LINE;

/** Bytes of each process. */
const strideOf = (length: number): number => 2 * placeOf(length);

/** By communicator; null if they do not share memory. */
const known = new WeakMap<Communicator, SharedSums | null>();

/** The memory that the processes of a communicator share; undefined before `share`, null if they share none. */
export const sharedBy = (comm: Communicator): SharedSums | null | undefined => known.get(comm);

/**
 * Makes the processes of a communicator share memory, if they can. Collective.
 * @param length How many numbers are added up.
 */
export function* share(comm: Communicator, length: number, patience: Patience): Steps<void> {
  known.set(comm, null);
  if (comm.size === 1) return;
  const bytes = LINE + comm.size * strideOf(length);
  const file = comm.rank === 0 ? create(bytes) : -1;
  let address = 0n;
  let isShared = false;
  try {
    const own = Int32Array.of(...neighbourhood(), process.pid, file);
    const all = yield* gathered(comm, own, patience);
    address = areNeighbours(all, own.length) ? map(all[PID] as number, all[PID + 1] as number, bytes) : 0n;
    const [count] = yield* new Sum(comm, BigInt64Array.of(address === 0n ? 0n : 1n)).ended(patience);
    isShared = count === BigInt(comm.size);
  } finally {
    if (file >= 0) closeSync(file);
    if (!isShared && address !== 0n) system?.unmap(address, BigInt(bytes));
  }
  if (!isShared) return;
  const sums = new SharedSums(comm, { address, bytes }, length, system as System);
  mapped.register(sums, { address, bytes });
  known.set(comm, sums);
}

/** Where the process and its file follow what `neighbourhood` tells. */
const PID = 4;

/** Four numbers that are the same where one process sees another's files by its pid; zeros where none does. */
function neighbourhood(): readonly number[] {
  try {
    system ??= loadSystem();
    if (system === null) return [0, 0, 0, 0];
    const boot = readFileSync("/proc/sys/kernel/random/boot_id", "latin1");
    const where = `${boot} ${readlinkSync("/proc/self/ns/pid")} ${process.getuid?.()}`;
    const digest = hash("sha256", where, "buffer");
    return [0, 4, 8, 12].map((at) => digest.readInt32LE(at) | 1);
  } catch {
    return [0, 0, 0, 0];
  }
}

function areNeighbours(all: Int32Array, each: number): boolean {
  if ((all[PID + 1] as number) < 0 || all[0] === 0) return false;
  for (let at = each; at < all.length; at += each) {
    for (let i = 0; i < PID; i++) if (all[at + i] !== all[i]) return false;
  }
  return true;
}

/** A file in memory alone, which is gone with the last process that has it. @returns -1 if there can be none */
function create(bytes: number): number {
  let file = -1;
  try {
    system ??= loadSystem();
    file = system?.create(Buffer.from(`${NAME}\0`), CLOSE_ON_EXEC) ?? -1;
    if (file >= 0) ftruncateSync(file, bytes);
    return file;
  } catch {
    if (file >= 0) closeSync(file);
    return -1;
  }
}

/** @returns The address of the file of that process, 0 if it cannot be had. */
function map(pid: number, theirs: number, bytes: number): bigint {
  try {
    const path = `/proc/${pid}/fd/${theirs}`;
    if (!readlinkSync(path).startsWith(`/memfd:${NAME}`)) return 0n;
    const file = openSync(path, "r+");
    try {
      if (fstatSync(file).size !== bytes) return 0n;
      const address = (system as System).map(null, BigInt(bytes), READ_AND_WRITE, SHARED, file, 0n);
      return address === MAP_FAILED ? 0n : address;
    } finally {
      closeSync(file);
    }
  } catch {
    return 0n;
  }
}

/** Begins to add up numbers of all processes. */
export const beginSum = (comm: Communicator, values: BigInt64Array): PendingSum =>
  sharedBy(comm)?.begin(values) ?? new Sum(comm, values);

import { engine } from "../../ffi/index.js";
import type { JitLibrary } from "../../jit/index.js";
import { failure as mpiFailure } from "../../mpi/bindings/check.js";
import { ensureRunning } from "../../mpi/environment.js";
import type { Failure } from "../emit/library.js";
import { SLOTS, valueSlot } from "../emit/slots.js";
import { F64, I64, type Type } from "../types.js";
import { isOfFixedLength, Shared, type Writer, writer } from "./arguments.js";
import { callOf } from "./call.js";
import type { Translation } from "./compile.js";
import { mpiTable } from "./mpi-table.js";
import { RandomStates } from "./random.js";

/** A value from outside that is passed at each call. */
interface Capture {
  readonly value: unknown;
  readonly write: Writer;
}

/** Elements of the largest array that may be kept alive for long by having been passed last. */
const SMALL = 8192;

/** For how long a larger one is, in milliseconds. */
const SOON = 1000;

/** What one call at a time has: the slots that it shares with C, and what writes its arguments there. */
class Frame {
  readonly shared: Shared;
  readonly #numbers: Float64Array;
  readonly #areNumbers: readonly boolean[];
  readonly #areArrays: readonly boolean[];
  /**
   * The arrays that were passed last: their addresses are where they belong. None that resize: where V8 has compiled
   * `length` for both kinds, a detached array is as long as it was (Node 20).
   */
  readonly #last: unknown[];
  #isForgetting = false;
  readonly #writers: readonly Writer[];
  /** Where C finds it. */
  readonly address: bigint;

  /** @param stack Bytes that a call may use. */
  constructor(types: readonly Type[], captures: number, stack: number) {
    this.shared = new Shared(types.length + captures);
    this.#numbers = this.shared.numbers;
    this.address = engine().addressOf(this.#numbers);
    this.#numbers[SLOTS.stack] = STACK_SHARE * stack;
    this.#areNumbers = types.map(({ kind }) => kind === "f64");
    this.#areArrays = types.map(({ kind }) => kind === "array");
    this.#last = types.map(() => undefined);
    this.#writers = types.map(writer);
  }

  #forgetSoon(): void {
    this.#isForgetting = true;
    setTimeout(() => {
      this.#isForgetting = false;
      this.#last.fill(undefined);
    }, SOON).unref();
  }

  /** Takes the arguments. @returns whether they are of the types */
  accepts(args: readonly unknown[]): boolean {
    const count = this.#areNumbers.length;
    if (args.length !== count) return false;
    for (let i = 0; i < count; i++) if (!this.takes(i, args[i])) return false;
    return true;
  }

  /** Takes one of them. @returns whether it is of the type */
  takes(i: number, value: unknown): boolean {
    const numbers = this.#numbers;
    if (typeof value === "number") {
      if (!this.#areNumbers[i]) return false;
      numbers[valueSlot(i)] = value;
    } else if (value !== undefined && value === this.#last[i]) {
      // Nothing, if it was detached.
      numbers[valueSlot(i) + 1] = (value as Uint8Array).length;
    } else {
      return this.#takesAnother(i, value);
    }
    return true;
  }

  #takesAnother(i: number, value: unknown): boolean {
    if (!(this.#writers[i] as Writer)(this.shared, value)) return false;
    // An empty one may be detached, or grow: it is looked at each time.
    const size = this.#areArrays[i] ? (this.#numbers[valueSlot(i) + 1] as number) : 0;
    this.#last[i] = size > 0 && isOfFixedLength(value as ArrayBufferView) ? value : undefined;
    if (size > SMALL && !this.#isForgetting) this.#forgetSoon();
    return true;
  }
}

/** Of the stack: the rest is for the functions of C and MPI that compiled functions call. */
const STACK_SHARE = 0.5;

/** A function compiled for certain types of arguments, loaded. */
export class Specialisation {
  readonly types: readonly Type[];
  readonly translation: Translation;
  readonly #threads: number;
  readonly #random: RandomStates;
  readonly #captured: readonly Capture[];
  readonly #library: JitLibrary;
  /** Of the calls that JavaScript waits for. */
  readonly #frame: Frame;
  #isReady = false;
  /** Runs it with the slots of `#frame`. */
  readonly #call: () => void;
  readonly #read: (shared: Shared) => unknown;
  /** Kept, since C reads it. */
  readonly #table: BigInt64Array | undefined;

  /**
   * @param threads Of a prange; 0 for what OpenMP's environment says.
   * @param random Of Math.random.
   */
  constructor(
    types: readonly Type[],
    translation: Translation,
    library: JitLibrary,
    threads: number,
    random: RandomStates = new RandomStates(undefined),
  ) {
    this.#random = random;
    this.types = types;
    this.translation = translation;
    this.#library = library;
    this.#threads = threads;
    const { values, types: captured } = translation.program.captured;
    this.#captured = values.map((value, i) => ({
      value,
      write: writer(captured[i] as Type, types.length + i),
    }));
    const { mpi } = translation.library;
    if (mpi.length > 0) this.#table = mpiTable(mpi);
    this.#frame = new Frame(types, values.length, engine().stackSize.sync);
    this.#call = callOf(library, translation.library.isLeaf, this.#frame.address);
    this.#read = reader(translation.program.entry.result as Type);
  }

  /** Takes the arguments of the next `run`. @returns whether they are of its types */
  accepts(args: readonly unknown[]): boolean {
    return this.#frame.accepts(args);
  }

  /** Takes one of the arguments of the next `run`; none may be left out. @returns whether it is of its type */
  takes(i: number, value: unknown): boolean {
    return this.#frame.takes(i, value);
  }

  /** Runs it with the arguments that were accepted last. */
  run(): unknown {
    const frame = this.#frame;
    if (!this.#isReady) {
      this.#prepare(frame, this.#random.address);
      this.#isReady = true;
    }
    // C would end the process.
    if (this.#table !== undefined) ensureRunning();
    if (this.#captured.length > 0) this.#capture(frame.shared);
    this.#call();
    return this.#finish(frame.shared);
  }

  /** @param random Where the state of Math.random is. */
  #prepare({ shared: { numbers, bigints } }: Frame, random: bigint): void {
    numbers[SLOTS.threads] = this.#threads;
    bigints[SLOTS.random] = random;
    if (this.#table !== undefined) bigints[SLOTS.mpi] = engine().addressOf(this.#table);
  }

  /** Takes what the function captures, as it is now. */
  #capture(shared: Shared): void {
    for (let i = 0; i < this.#captured.length; i++) {
      const { value, write } = this.#captured[i] as Capture;
      write(shared, value);
    }
  }

  /** Runs it on another thread. Its arrays must not be used before that has ended. */
  async runAsync(args: readonly unknown[]): Promise<unknown> {
    const frame = new Frame(this.types, this.#captured.length, engine().stackSize.async);
    // What else runs at the same time draws from its own.
    const random = this.#random.next();
    this.#prepare(frame, engine().addressOf(random));
    if (this.#table !== undefined) ensureRunning();
    frame.accepts(args);
    this.#capture(frame.shared);
    const call = this.#library.asyncNative("njit_call", "void", ["pointer"]);
    await call(frame.address);
    // Until here the arrays are C's.
    return this.#finish(frame.shared, [args, random]);
  }

  #finish(shared: Shared, _kept?: readonly unknown[]): unknown {
    const status = shared.numbers[SLOTS.status] as number;
    if (status !== 0) throw errorOf(this.translation.library.failures[status - 1] as Failure, shared);
    return this.#read(shared);
  }
}

/** How the result of a type is read. */
function reader(type: Type): (shared: Shared) => unknown {
  if (type.kind === "void") return () => undefined;
  if (type.kind !== "tuple") return itemReader(type, SLOTS.result);
  const readers = type.items.map((item, i) => itemReader(item, SLOTS.result + i));
  const { names } = type;
  if (names === undefined) return (shared) => readers.map((read) => read(shared));
  return (shared) => Object.fromEntries(readers.map((read, i) => [names[i], read(shared)]));
}

function itemReader(type: Type, at: number): (shared: Shared) => unknown {
  if (type.kind === "null") return () => null;
  if (type.kind === "maybe") {
    const read = itemReader(type.of === "i64" ? I64 : F64, at);
    const bit = 1 << (at - SLOTS.result);
    return (shared) => (((shared.numbers[SLOTS.info] as number) & bit) === 0 ? read(shared) : null);
  }
  if (type.kind === "i64") return ({ bigints }) => bigints[at];
  if (type.kind === "bool") return ({ numbers }) => numbers[at] !== 0;
  return ({ numbers }) => numbers[at];
}

function errorOf(failure: Failure, { numbers }: Shared): Error {
  const { source, start, end } = failure.site;
  const [info, more] = [numbers[SLOTS.info] as number, numbers[SLOTS.more] as number];
  const outOfRange = (message: string): Error =>
    Object.assign(new RangeError(source.located(message, start, end)), { code: "ERR_OUT_OF_RANGE" });
  switch (failure.is) {
    case "stack":
      return new RangeError("Maximum call stack size exceeded");
    case "index":
      return outOfRange(`index ${info} is outside of an array of ${more} elements`);
    case "throw": {
      const { error, message } = failure;
      const made = typeof error === "string" ? globalThis[error] : error;
      return message === undefined ? new made() : new made(message);
    }
    case "no integer":
      return new RangeError(
        `The number ${info} cannot be converted to a BigInt because it is not an integer`,
      );
    case "mpi":
      return mpiFailure(info, failure.operation);
    case "argument":
      return outOfRange(failure.message.replace("%1", String(info)).replace("%2", String(more)));
    case "kind":
    case "value": {
      const code = failure.is === "kind" ? "ERR_INVALID_ARG_TYPE" : "ERR_INVALID_ARG_VALUE";
      return Object.assign(new TypeError(source.located(failure.message, start, end)), { code });
    }
  }
}

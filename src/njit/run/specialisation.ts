import { randomFillSync } from "node:crypto";
import { engine, type NativeFunction } from "../../ffi/index.js";
import type { JitLibrary } from "../../jit/index.js";
import { failure as mpiFailure } from "../../mpi/bindings/check.js";
import type { Failure } from "../emit/library.js";
import { SLOTS } from "../emit/prelude.js";
import type { Type } from "../types.js";
import { Shared, type Writer, writer } from "./arguments.js";
import type { Translation } from "./compile.js";
import { mpiTable } from "./mpi-table.js";

/** A value from outside that is passed at each call. */
interface Capture {
  readonly value: unknown;
  readonly write: Writer;
}

/** A function compiled for certain types of arguments, loaded. */
export class Specialisation {
  readonly types: readonly Type[];
  readonly translation: Translation;
  readonly #shared: Shared;
  readonly #writers: readonly Writer[];
  readonly #captured: readonly Capture[];
  readonly #call: NativeFunction<"int32">;
  readonly #read: (shared: Shared) => unknown;
  /** Kept, since C reads them. */
  readonly #table: BigInt64Array | undefined;

  constructor(types: readonly Type[], translation: Translation, library: JitLibrary) {
    const { program } = translation;
    const { values, types: captured } = program.captured;
    this.types = types;
    this.translation = translation;
    this.#shared = new Shared(types.length + values.length);
    this.#writers = types.map(writer);
    this.#captured = values.map((value, i) => ({
      value,
      write: writer(captured[i] as Type, types.length + i),
    }));
    const { mpi } = translation.library;
    if (mpi.length > 0) {
      this.#table = mpiTable(mpi);
      library.native("njit_bind_mpi", "void", ["pointer"])(engine().addressOf(this.#table));
    }
    library.native("njit_bind", "void", ["pointer"])(engine().addressOf(this.#shared.numbers));
    this.#call = library.native("njit_call", "int32", []);
    this.#read = reader(program.entry.result as Type);
    randomFillSync(this.#shared.bigints, SLOTS.random, 2);
  }

  /** Runs it, if the arguments are of its types. @returns whether they are; `result` has what it gives */
  accepts(args: readonly unknown[]): boolean {
    const writers = this.#writers;
    if (args.length !== writers.length) return false;
    for (let i = 0; i < writers.length; i++) {
      if (!(writers[i] as Writer)(this.#shared, args[i])) return false;
    }
    return true;
  }

  /** Runs it with the arguments that were accepted last. */
  run(): unknown {
    for (let i = 0; i < this.#captured.length; i++) {
      const { value, write } = this.#captured[i] as Capture;
      write(this.#shared, value);
    }
    const status = this.#call();
    if (status !== 0) throw errorOf(this.translation.library.failures[status - 1] as Failure, this.#shared);
    return this.#read(this.#shared);
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
  if (type.kind === "i64") return ({ bigints }) => bigints[at];
  if (type.kind === "bool") return ({ numbers }) => numbers[at] !== 0;
  return ({ numbers }) => numbers[at];
}

function errorOf(failure: Failure, { numbers }: Shared): Error {
  const { source, start, end } = failure.site;
  const [info, more] = [numbers[SLOTS.info] as number, numbers[SLOTS.more] as number];
  const where = (message: string): string => source.error("ERR_NJIT_TYPE", message, start, end).message;
  switch (failure.is) {
    case "index":
      return Object.assign(
        new RangeError(where(`index ${info} is outside of an array of ${more} elements`)),
        { code: "ERR_OUT_OF_RANGE" },
      );
    case "throw": {
      const made = (globalThis as unknown as Record<string, ErrorConstructor>)[failure.error] ?? Error;
      return new made(failure.message);
    }
    case "mpi":
      return mpiFailure(info, failure.operation);
    case "argument":
      return Object.assign(new RangeError(where(failure.message)), { code: "ERR_OUT_OF_RANGE" });
  }
}

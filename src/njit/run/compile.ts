import { hash } from "node:crypto";
import {
  type GivenParams,
  getLogger,
  type JitLibrary,
  jit,
  jitAsync,
  jitOnComm,
  jitOnCommAsync,
} from "../../jit/index.js";
import type { Communicator } from "../../mpi/index.js";
import type { Library } from "../emit/library.js";
import { emitLibrary } from "../emit/program.js";
import { type BoundsCheck, infer, inferPlainly, type Program } from "../infer/program.js";
import { Captured } from "../lower/context.js";
import type { FunctionSource } from "../source/source.js";
import type { Type } from "../types.js";
import { letWaitersSleep } from "./threads.js";

/** What decides how a function is compiled. */
export interface CompileOptions {
  readonly fastmath: boolean;
  readonly comm: Communicator | undefined;
  readonly params: GivenParams | undefined;
}

/** A function for arguments of certain types: typed, and as C. */
export interface Translation {
  readonly program: Program;
  readonly code: string;
  readonly library: Library;
}

/** @throws NjitError for what cannot be compiled */
export const translate = (
  source: FunctionSource,
  types: readonly Type[],
  boundscheck: BoundsCheck,
): Translation => timed(source, "translated into C", () => translated(source, types, boundscheck));

/** Tells how long some work takes, if `TYPED_MPI_LOG` or `setLogLevel` ask for it. */
function timed<Result>({ name }: FunctionSource, done: string, work: () => Result): Result {
  const start = performance.now();
  const result = work();
  const end = performance.now();
  getLogger().debug(() => `${name}: ${done} in ${(end - start).toFixed(3)} ms`);
  return result;
}

function translated(source: FunctionSource, types: readonly Type[], boundscheck: BoundsCheck): Translation {
  const captured = new Captured();
  const program = infer(source, types, boundscheck, captured);
  const isAssuming =
    program.integers.size > 0 || types.some(({ kind }) => kind === "array") || captured.types.length > 0;
  const plain = isAssuming ? inferPlainly(source, types, boundscheck, captured) : undefined;
  return { program, ...emitLibrary(program, plain, types) };
}

/**
 * Without contraction, so that results are those of JavaScript to the last bit; arrays of different kinds may share
 * memory.
 */
export const FLAGS: readonly string[] = [
  "-std=gnu11",
  "-shared",
  "-fPIC",
  "-O3",
  // Loops that cannot be vectorized, as those with a break, are up to a sixth faster.
  "-funroll-loops",
  "-march=native",
  "-fno-math-errno",
  "-fno-trapping-math",
  // Without it gcc 12 makes -i of 0.0 - (double)i, which is -0 where i is 0.
  "-frounding-math",
  "-fno-strict-aliasing",
  "-w",
];

export const STRICT: readonly string[] = ["-ffp-contract=off"];
const FAST: readonly string[] = ["-ffast-math", "-ffp-contract=fast"];

/** A library that is unloaded while its threads are there would end the process. */
const THREADS: readonly string[] = ["-fopenmp", "-Wl,-z,nodelete"];

/** What `jit` is asked for: its signature tells the flags, and, since they have `-march=native`, the processor. */
interface Wanted {
  readonly name: string;
  readonly params: GivenParams;
  readonly generate: () => { source: string };
}

function wanted(source: FunctionSource, { code, library }: Translation, options: CompileOptions): Wanted {
  const { params, fastmath } = options;
  if (library.hasThreads) letWaitersSleep();
  const flags = [...FLAGS, ...(fastmath ? FAST : STRICT), ...(library.hasThreads ? THREADS : [])];
  return {
    name: `njit-${source.name.replace(/\W/g, "_")}-${hash("sha256", code).slice(0, 32)}`,
    params: {
      ...params,
      build: { ...params?.build, language: "c", cflags: flags, cxxflagsOpt: [], libs: ["m"] },
    },
    generate: () => ({ source: code }),
  };
}

/** The compiled library, from the cache or built. @throws JitError */
export const compile = (
  source: FunctionSource,
  translation: Translation,
  options: CompileOptions,
): JitLibrary => timed(source, "library loaded", () => compiled(source, translation, options));

function compiled(source: FunctionSource, translation: Translation, options: CompileOptions): JitLibrary {
  const { name, params, generate } = wanted(source, translation, options);
  const { comm } = options;
  const found = comm
    ? jitOnComm(comm, translation.code, name, params, generate)
    : jit(translation.code, name, params, { generate });
  return found.library;
}

/** The same without blocking. */
export async function compileAsync(
  source: FunctionSource,
  translation: Translation,
  options: CompileOptions,
): Promise<JitLibrary> {
  const { name, params, generate } = wanted(source, translation, options);
  const { comm } = options;
  const found = comm
    ? await jitOnCommAsync(comm, translation.code, name, params, generate)
    : await jitAsync(translation.code, name, params, { generate });
  return found.library;
}

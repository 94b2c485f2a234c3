import { channel } from "node:diagnostics_channel";
import { invalidType, invalidValue, outOfRange } from "../argument-error.js";
import { type GivenParams, JitError, type JitLibrary } from "../jit/index.js";
import { adviceFor } from "../jit/params/merge.js";
import type { Communicator } from "../mpi/index.js";
import { NjitError } from "./error.js";
import type { BoundsCheck } from "./infer/program.js";
import { register } from "./lower/registry.js";
import { keyOf, typesOfArguments } from "./run/arguments.js";
import { callable, Initial } from "./run/callable.js";
import { type CompileOptions, compile, compileAsync, type Translation, translate } from "./run/compile.js";
import { RandomStates } from "./run/random.js";
import { Specialisation } from "./run/specialisation.js";
import { threadsOf } from "./run/threads.js";
import { type ParametersOf, parseSignature } from "./signature.js";
import { type AnyFunction, FunctionSource } from "./source/source.js";
import { describeType, type Type, typeName } from "./types.js";

/**
 * How a function is compiled. `boundscheck`, `fastmath`, `parallel` and `seed` hold for all that it calls, whatever other
 * functions of njit that are called were given.
 */
export interface NjitOptions {
  /**
   * What an index outside of an array does: `"throw"` a RangeError that tells where (the default), as in JavaScript
   * (`"js"`: what is read is NaN, what is written is dropped; reading a bigint still throws), or nothing that is
   * defined (`"none"`).
   */
  readonly boundscheck?: BoundsCheck;
  /** Whether results may differ in the last bits from JavaScript's, and NaN and infinities need not be minded. Default false. */
  readonly fastmath?: boolean;
  /** The values of names that the function uses from outside, where they are not to be found or others are meant. */
  readonly captures?: Readonly<Record<string, unknown>>;
  /** The processes that compile it together, once per disk: each first call for new types is collective then. */
  readonly comm?: Communicator;
  /**
   * Whether a call for new types waits for the compiler (`"native"`, the default), or runs the JavaScript until the
   * compiler has ended (`"background"`). Numbers are the same; not with `comm`.
   */
  readonly tier?: "native" | "background";
  /** How many threads a `prange` has. Default `$TYPED_MPI_NUM_THREADS`, else what OpenMP says: as many as processors. */
  readonly parallel?: number;
  /**
   * What `Math.random` begins with, from 0 to 2^53 - 1: the numbers are the same in each run of the program then, and
   * others on each rank. Default: random bits.
   */
  readonly seed?: number;
  /** Of the cache and the compiler, as for `jit`. */
  readonly params?: GivenParams;
}

/** A compiled function. It is called as the original, and throws what that throws. */
export type Compiled<Fn extends AnyFunction> = Fn & {
  /** The original. */
  readonly js: Fn;
  /**
   * Runs it on another thread, where JavaScript does not wait for it. The arrays must not be used until the promise is
   * settled. MPI in it asks for the thread level MULTIPLE.
   */
  async(...args: Parameters<Fn>): Promise<ReturnType<Fn>>;
  /** The types of parameters that it is compiled for, `"f64[], f64"`. */
  readonly signatures: readonly string[];
  /** What the compiler knows of each variable. Default: for all signatures. */
  inspectTypes(signature?: string): string;
  /** The C code. Default: for all signatures. */
  inspectC(signature?: string): string;
};

/**
 * Compiles a numeric function to native code, for the types of the arguments it is called with: once, and from the
 * cache of the disk in later processes. `mpi.*` in it are calls into the MPI library.
 *
 * Results are those of JavaScript to the last bit, but for `**`, `Math.pow`, `atan2`, `hypot`, `sin`, `cos`, `exp` and
 * their like (1 or 2 units in the last place). Values from outside are constants, taken at the first call; arrays from
 * outside are shared.
 *
 * Without a C compiler it warns once and runs the JavaScript.
 *
 * @param fn A plain function over numbers, bigints (64 bits), booleans, TypedArrays and communicators.
 * @throws TypeError, RangeError for `options`, also for names that are none of them
 * @throws NjitError at the first call for new types, before anything is compiled, for what cannot be: it has file, line,
 *   column and the source line; JitError if the compiler fails; the function itself throws RangeError for an index
 *   outside of an array, TypeError for arguments that cannot be passed, MpiError
 */
export function njit<Fn extends AnyFunction>(fn: Fn, options?: NjitOptions): Compiled<Fn>;
/** The same, compiled at once for the signature: `njit(fn, "f64[], f64")`. */
export function njit<Fn extends AnyFunction>(fn: Fn, signature: string, options?: NjitOptions): Compiled<Fn>;
/** The same, where the signature gives the parameters their types: `njit("f64[], f64", (x, a) => ...)`. */
export function njit<const Text extends string, Result>(
  signature: Text,
  fn: (...args: ParametersOf<Text>) => Result,
  options?: NjitOptions,
): Compiled<(...args: ParametersOf<Text>) => Result>;
// biome-ignore lint/suspicious/noExplicitAny: any result fits, whichever overload was meant.
export function njit(first: unknown, second?: unknown, third?: unknown): any {
  const [fn, signature, options] =
    typeof first === "string"
      ? [second, first, third]
      : typeof second === "string"
        ? [first, second, third]
        : [first, undefined, second];
  if (typeof fn !== "function") throw invalidType("fn", "a function", fn);
  if (options !== undefined && (typeof options !== "object" || options === null)) {
    throw invalidType("options", "an object", options);
  }
  checkOptions(options ?? {});
  const dispatcher = new Dispatcher(fn as AnyFunction, (options ?? {}) as NjitOptions);
  if (signature !== undefined) dispatcher.compileFor(parseSignature(signature));
  const { initial } = dispatcher;
  const compiled = callable(dispatcher.source.syntax.params.length, initial, (args) => dispatcher.call(args));
  Object.defineProperty(compiled, "name", { value: (fn as AnyFunction).name });
  Object.defineProperty(compiled, "length", { value: (fn as AnyFunction).length });
  register(compiled as AnyFunction, dispatcher.source);
  return Object.defineProperties(compiled, {
    js: { value: fn, enumerable: true },
    async: { value: (...args: unknown[]) => dispatcher.callAsync(args), enumerable: true },
    signatures: { get: () => dispatcher.signatures, enumerable: true },
    inspectTypes: { value: (which?: string) => dispatcher.inspect(which, typesText), enumerable: true },
    inspectC: { value: (which?: string) => dispatcher.inspect(which, ({ code }) => code), enumerable: true },
  }) as unknown as Compiled<AnyFunction>;
}

const OPTIONS: Readonly<Record<keyof NjitOptions, true>> = {
  boundscheck: true,
  fastmath: true,
  captures: true,
  comm: true,
  tier: true,
  parallel: true,
  seed: true,
  params: true,
};

function checkOptions(given: object): void {
  const names = Object.keys(OPTIONS);
  for (const [name, value] of Object.entries(given)) {
    if (names.includes(name)) continue;
    throw invalidValue(`options.${name}`, `there is no such option; ${adviceFor(name, names)}`, value);
  }
}

const BOUNDS: readonly unknown[] = ["throw", "js", "none"];

/** For who keeps what V8 made of this package's functions meanwhile. */
const COMPILED = channel("typed-mpi:compiled");

/** Finds the version for the arguments of a call, and compiles it if there is none. */
class Dispatcher {
  readonly initial = new Initial();
  readonly source: FunctionSource;
  readonly #options: NjitOptions;
  readonly #boundscheck: BoundsCheck;
  readonly #byKey = new Map<string, Specialisation>();
  #last: Specialisation | undefined;
  #isJavaScript = false;
  readonly #threads: number;
  readonly #random: RandomStates;
  /** The keys that the compiler is at work for. */
  readonly #pending = new Map<string, Promise<Specialisation | undefined>>();
  /** What it did not like of which key, thrown by the calls that come after. */
  readonly #failures = new Map<string, unknown>();

  constructor(fn: AnyFunction, options: NjitOptions) {
    const { boundscheck = "throw", captures = {}, fastmath, tier = "native", parallel, seed } = options;
    if (tier !== "native" && tier !== "background") {
      throw invalidType("options.tier", '"native" or "background"', tier);
    }
    this.#threads = threadsOf(parallel);
    this.#random = new RandomStates(seedOf(seed));
    if (!BOUNDS.includes(boundscheck))
      throw invalidType("options.boundscheck", '"throw", "js" or "none"', boundscheck);
    if (fastmath !== undefined && typeof fastmath !== "boolean")
      throw invalidType("options.fastmath", "true or false", fastmath);
    if (typeof captures !== "object" || captures === null)
      throw invalidType("options.captures", "an object", captures);
    this.source = new FunctionSource(fn, captures);
    this.#options = options;
    this.#boundscheck = boundscheck;
  }

  call(args: readonly unknown[]): unknown {
    const last = this.#last;
    if (last?.accepts(args)) return last.run();
    if (this.#isJavaScript) return this.#callJavaScript(args);
    const types = typesOfArguments(this.source.name, this.#parameters, args);
    const isLater = this.#options.tier === "background" && this.#options.comm === undefined;
    if (isLater && !this.#byKey.has(keyOf(types))) {
      this.#begin(types);
      return this.#callJavaScript(args);
    }
    const specialisation = this.compileFor(types);
    if (specialisation === undefined) return this.#callJavaScript(args);
    specialisation.accepts(args);
    return specialisation.run();
  }

  async callAsync(args: readonly unknown[]): Promise<unknown> {
    const types = typesOfArguments(this.source.name, this.#parameters, args);
    const specialisation = this.#byKey.get(keyOf(types)) ?? (await this.#begin(types));
    return specialisation === undefined ? this.#callJavaScript(args) : await specialisation.runAsync(args);
  }

  /** Compiles without blocking. */
  #begin(types: readonly Type[]): Promise<Specialisation | undefined> {
    const key = keyOf(types);
    if (this.#failures.has(key)) throw this.#failures.get(key);
    let pending = this.#pending.get(key);
    if (pending === undefined) {
      const translation = translate(this.source, types, this.#boundscheck);
      pending = compileAsync(this.source, translation, this.#compileOptions)
        .then((library) => {
          const made = this.#made(types, translation, library);
          this.#byKey.set(key, made);
          return made;
        })
        .catch((error: unknown) => this.#withoutCompiler(error))
        .finally(() => this.#pending.delete(key));
      this.#pending.set(key, pending);
      // Whoever awaits it hears of the failure as well.
      pending.catch((error: unknown) => {
        this.#failures.set(key, error);
      });
    }
    return pending;
  }

  /** @returns undefined if there is no compiler; throws what else it is */
  #withoutCompiler(error: unknown): undefined {
    if (!(error instanceof JitError) || error.code !== "ERR_JIT_COMPILER_NOT_FOUND") throw error;
    this.#isJavaScript = true;
    warnOnce(error);
  }

  get #compileOptions(): CompileOptions {
    const { fastmath = false, comm, params } = this.#options;
    return { fastmath, comm, params };
  }

  #callJavaScript(args: readonly unknown[]): unknown {
    return (this.source.fn as (...all: unknown[]) => unknown)(...args);
  }

  get #parameters(): string[] {
    return this.source.syntax.params.map((each) => (each.type === "Identifier" ? each.name : "an argument"));
  }

  /** @returns undefined if there is no compiler */
  compileFor(types: readonly Type[]): Specialisation | undefined {
    const key = keyOf(types);
    let found = this.#byKey.get(key);
    if (found === undefined) {
      const count = this.source.syntax.params.length;
      if (types.length !== count) {
        throw new NjitError(
          "ERR_NJIT_SIGNATURE",
          `${this.source.name} has ${count} parameters, the signature "${key}" ${types.length}`,
        );
      }
      // What is being compiled for another thread is run as JavaScript until then.
      if (this.#pending.has(key)) return undefined;
      found = this.#compile(types);
      if (found === undefined) return undefined;
      this.#byKey.set(key, found);
    }
    this.initial.version ??= found;
    this.#last = found;
    return found;
  }

  #compile(types: readonly Type[]): Specialisation | undefined {
    const translation = translate(this.source, types, this.#boundscheck);
    let library: JitLibrary;
    try {
      library = compile(this.source, translation, this.#compileOptions);
    } catch (error) {
      return this.#withoutCompiler(error);
    }
    return this.#made(types, translation, library);
  }

  #made(types: readonly Type[], translation: Translation, library: JitLibrary): Specialisation {
    const made = new Specialisation(types, translation, library, this.#threads, this.#random);
    COMPILED.publish(this.source.name);
    return made;
  }

  get signatures(): readonly string[] {
    return [...this.#byKey.keys()];
  }

  inspect(signature: string | undefined, show: (translation: Translation) => string): string {
    const chosen =
      signature === undefined
        ? [...this.#byKey.values()]
        : [this.#byKey.get(keyOf(parseSignature(signature)))];
    return chosen
      .map((each) => {
        if (each === undefined) {
          throw new NjitError(
            "ERR_NJIT_SIGNATURE",
            `${this.source.name} is not compiled for "${signature}", but for "${this.signatures.join('", "')}"`,
          );
        }
        return show(each.translation);
      })
      .join("\n");
  }
}

function seedOf(given: unknown): number | undefined {
  if (given !== undefined && typeof given !== "number")
    throw invalidType("options.seed", "an integer", given);
  if (given === undefined || (Number.isSafeInteger(given) && given >= 0)) return given;
  throw outOfRange("options.seed", "an integer from 0 to 2^53 - 1", given);
}

let hasWarned = false;

function warnOnce(error: JitError): void {
  if (hasWarned) return;
  hasWarned = true;
  process.emitWarning(`${error.message.replace(/[.;]*$/, "")}; functions of njit run as JavaScript`, {
    code: "TYPED_MPI_NJIT_NO_COMPILER",
  });
}

function typesText({ program }: Translation): string {
  return program.instances
    .map(({ name, lowered, parameterTypes, result }) => {
      const parameters = lowered.parameters.map(
        (each, i) => `${each.name}: ${describeType(parameterTypes[i] as Type)}`,
      );
      const head = `${name}(${parameters.join(", ")}): ${result ? describeType(result) : "nothing"}`;
      const locals = lowered.variables
        .filter((each) => !lowered.parameters.includes(each) && each.type !== undefined)
        .map(
          (each) =>
            `  ${each.name}: ${each.type?.kind === "tuple" ? typeName(each.type) : describeType(each.type as Type)}`,
        );
      return [head, ...locals].join("\n");
    })
    .join("\n");
}

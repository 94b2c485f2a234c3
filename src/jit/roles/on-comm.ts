import { AsyncLocalStorage } from "node:async_hooks";
import { invalidType, outOfRange } from "../../argument-error.js";
import type { Communicator } from "../../mpi/index.js";
import { findOrBuild } from "../find.js";
import type { Generate, Jitted } from "../jit.js";
import { gone, loadEntry } from "../loaded.js";
import { type GivenParams, validateParams } from "../params.js";
import { signatureOf } from "../signature.js";
import { runAsync, runSync, type Steps } from "../steps.js";
import { agree } from "./agreement.js";
import { assertBuildOn, type BuildOn, type Role } from "./communicators.js";
import { failTogether } from "./news.js";
import { type Call, positionOf, together } from "./together.js";
import { type Patience, Sum } from "./waiting.js";
import { recall, remember, Warm } from "./warm.js";

/** How the processes of a communicator come to a library. */
export interface OnCommOptions {
  /** Who builds: rank 0 (`"root"`), one process for each disk (`"node"`) or each process (`"process"`). Default `"node"`. */
  readonly buildon?: BuildOn | undefined;
  /** Gives up waiting when it is aborted, with its reason. */
  readonly signal?: AbortSignal | undefined;
  /** How long to wait for the other processes, in seconds. Default: `build.timeout` and `cache.lockTimeout` together. */
  readonly deadline?: number | undefined;
  /**
   * Default `"all"`: the processes agree at each call. `"local"`: a process that has the library asks nobody; right only
   * if all of them have it, as after a first call.
   */
  readonly agree?: "all" | "local" | undefined;
}

/** A library, and what this process did for it. */
export interface JittedOnComm extends Jitted {
  /** `"hit"`: it had the library. */
  readonly role: Role | "hit";
}

/**
 * `jit` for all processes of a communicator together. Collective.
 *
 * They agree on what is there before anyone acts: one small reduction, and nothing else if all have the library. If some
 * have it, the first of these gives it to the others, by MPI; if nobody has, it is built once for each disk, or
 * once in all. What goes wrong on one process is thrown on all of them. `generate` may call it again for dependencies:
 * that is done by the builder alone, and what it depends on travels with the library.
 *
 * @param comm An intracommunicator. Only its collective operations are used: none of them may be pending.
 * @param jitable What `generate` makes code of; used on builders only.
 * @param name The same on all processes, as are `params` but for the directories of the cache.
 * @throws JitError as `jit`, on all processes; `ERR_JIT_MISMATCH` with the ranks that mean something else;
 *   `ERR_JIT_DEADLINE` if another process does not do its part, after which `comm` cannot be used any more
 */
export function jitOnComm<Jitable>(
  comm: Communicator,
  jitable: Jitable,
  name: string,
  params: GivenParams | undefined,
  generate: Generate<Jitable>,
  options: OnCommOptions = {},
): JittedOnComm {
  const warm = recalled(comm, name, params, generate, options);
  if (warm === undefined) return runSync(prepare(comm, jitable, name, params, generate as never, options));
  if (options.agree === "local") return warm.result;
  const { signal, deadline = warm.patience } = options;
  const patience = patienceOf(deadline, signal, warm.what);
  const sums = new Sum(comm, warm.position, warm.sums).wait(patience);
  if (warm.isUnanimous()) return warm.result;
  return runSync(prepare(comm, jitable, name, params, generate as never, options, sums));
}

/** A call like this one that all have agreed on. What is wrong with this one is told elsewhere, to all. */
function recalled(
  comm: Communicator,
  name: string,
  params: GivenParams | undefined,
  generate: unknown,
  options: OnCommOptions,
): Warm | undefined {
  try {
    const { buildon = "node", agree: how = "all", deadline = 1 } = options;
    if (typeof name !== "string" || typeof generate !== "function") return undefined;
    if ((how !== "all" && how !== "local") || !(typeof deadline === "number" && deadline > 0))
      return undefined;
    if (!isSignal(options.signal)) return undefined;
    return building.getStore()?.has(comm) === true ? undefined : recall(comm, name, params, buildon);
  } catch {
    return undefined;
  }
}

/** As `jitOnComm`, without blocking the event loop; `generate` may return a promise. */
export async function jitOnCommAsync<Jitable>(
  comm: Communicator,
  jitable: Jitable,
  name: string,
  params: GivenParams | undefined,
  generate: Generate<Jitable, ReturnType<Generate<Jitable>> | PromiseLike<ReturnType<Generate<Jitable>>>>,
  options: OnCommOptions = {},
): Promise<JittedOnComm> {
  return await runAsync(prepare(comm, jitable, name, params, generate as never, options));
}

/** All that `jitOnComm` takes but what is to be compiled. */
export interface MpiJitOptions<Jitable> extends OnCommOptions {
  readonly comm: Communicator;
  readonly generate: Generate<Jitable>;
  /** The name of the library for `jitable`. Default: its JSON text. */
  readonly name?: ((jitable: Jitable) => string) | undefined;
  readonly params?: GivenParams | undefined;
}

/** `jitOnComm` with all but its first argument given: `const build = mpiJit({ comm, generate }); build(expression)`. */
export function mpiJit<Jitable>(options: MpiJitOptions<Jitable>): (jitable: Jitable) => JittedOnComm {
  const { comm, generate, name = JSON.stringify, params } = options;
  return (jitable) => jitOnComm(comm, jitable, name(jitable), params, generate, options);
}

/** The communicators whose builder this is at the moment: what its generator asks for concerns it alone. */
const building = new AsyncLocalStorage<ReadonlySet<Communicator>>();

/** Seconds to wait for the others, where no parameters tell. */
const DEADLINE = 900;

function* prepare(
  comm: Communicator,
  jitable: unknown,
  name: string,
  given: GivenParams | undefined,
  generate: Generate<unknown>,
  options: OnCommOptions,
  begun?: BigInt64Array,
): Steps<JittedOnComm> {
  if (typeof (comm as Communicator | undefined)?.iallreduce !== "function" || comm.isInter) {
    throw invalidType("comm", "an intracommunicator", comm);
  }
  const inside = building.getStore() ?? new Set<Communicator>();
  let call: Call;
  try {
    call = checked(comm, jitable, name, given, generate, options, inside);
  } catch (error) {
    if (inside.has(comm)) throw error;
    // The others wait for this process, which is to tell them.
    const signal = isSignal(options?.signal) ? options?.signal : undefined;
    const patience = patienceOf(DEADLINE, signal, "jit");
    yield* agree(comm, { asked: "", source: undefined, knowsNodes: false, hasFailed: true }, patience);
    return yield* failTogether(comm, { error }, undefined, patience);
  }
  if (inside.has(comm)) return yield* alone(call);
  const result = yield* together(call, options.agree === "local", begun);
  const position = result.role === "hit" ? positionOf(call) : undefined;
  if (position !== undefined) {
    const { build, cache } = call.params;
    const warm = new Warm(result, build.timeout + cache.lockTimeout, position, comm.size);
    remember(comm, name, given, call.buildon, warm);
  }
  return result;
}

/** @throws TypeError, RangeError, JitError for bad arguments */
function checked(
  comm: Communicator,
  jitable: unknown,
  name: string,
  given: GivenParams | undefined,
  generate: Generate<unknown>,
  { buildon = "node", signal, deadline, agree: how = "all" }: OnCommOptions,
  inside: ReadonlySet<Communicator>,
): Call {
  if (typeof name !== "string") throw invalidType("name", "a string", name);
  if (typeof generate !== "function") throw invalidType("generate", "a function", generate);
  assertBuildOn(buildon);
  if (how !== "all" && how !== "local") throw outOfRange("options.agree", '"all" or "local"', how);
  if (deadline !== undefined && !(typeof deadline === "number" && deadline > 0)) {
    throw outOfRange("options.deadline", "a positive number of seconds", deadline);
  }
  if (!isSignal(signal)) throw invalidType("options.signal", "an AbortSignal", signal);
  const params = validateParams(given);
  const signature = signatureOf(name, params);
  const generator = (): ReturnType<Generate<unknown>> =>
    building.run(new Set([...inside, comm]), () => generate(jitable, name, signature, params.generator));
  const seconds = deadline ?? params.build.timeout + params.cache.lockTimeout;
  const patience = patienceOf(seconds, signal, `jit of ${signature}`);
  return { comm, name, signature, params, generator, buildon, patience };
}

const isSignal = (signal: unknown): boolean => signal === undefined || signal instanceof AbortSignal;

const patienceOf = (seconds: number, signal: AbortSignal | undefined, what: string): Patience => ({
  until: performance.now() + seconds * 1000,
  signal,
  what,
});

/** What a builder's generator asks for: the others know nothing of it, and get it with what depends on it. */
function* alone({ name, signature, params, generator }: Call): Steps<JittedOnComm> {
  const found = yield* findOrBuild(name, signature, params, generator);
  const library = loadEntry(found.entry, found.cache);
  if (library !== undefined) return { library, signature, role: "builder" };
  throw gone(signature);
}

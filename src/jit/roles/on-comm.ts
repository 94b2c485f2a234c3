import { AsyncLocalStorage } from "node:async_hooks";
import { invalidType, outOfRange } from "../../argument-error.js";
import type { Communicator } from "../../mpi/index.js";
import { canonicalText } from "../canonical.js";
import { JitError } from "../error.js";
import { findOrBuild } from "../find.js";
import type { Generate, Jitted } from "../jit.js";
import { gone, loadEntry } from "../loaded.js";
import { type GivenParams, validateParams } from "../params.js";
import { hashit, signatureOf } from "../signature.js";
import { runAsync, runSync, type Steps } from "../steps.js";
import { agree, agreeFaster } from "./agreement.js";
import { assertBuildOn, type BuildOn, type Role } from "./communicators.js";
import { failTogether } from "./news.js";
import { sharedBy } from "./shared-memory.js";
import { type Call, positionOf, together } from "./together.js";
import { assertNotSpent, type Patience, Sum, waitBlocking } from "./waiting.js";
import { recall, remember, Warm } from "./warm.js";

/** How the processes of a communicator come to a library. */
export interface OnCommOptions {
  /** Who builds: rank 0 (`"root"`), one process for each disk (`"node"`) or each process (`"process"`). Default `"node"`. */
  readonly buildon?: BuildOn | undefined;
  /**
   * Gives up waiting when it is aborted, with its reason: the communicator cannot be used any more then. One that is
   * aborted before the call is told to the others, as a bad argument is.
   */
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
 *   `ERR_JIT_DEADLINE` if another process does not do its part, after which `comm` cannot be used any more: each later call
 *   throws the same at once; `ERR_JIT_LOCK_TIMEOUT`, before anything is sent, while `jitOnCommAsync` is at it on `comm`
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
  if (warm !== undefined && options.agree === "local") return warm.result;
  assertNoneUnderWay(comm);
  if (warm === undefined) return runSync(prepare(comm, jitable, name, params, generate as never, options));
  assertNotSpent(comm, warm.what);
  const { signal, deadline = warm.patience } = options;
  const patience = patienceOf(deadline, signal, warm.what);
  const shared = sharedBy(comm);
  let sums: BigInt64Array;
  if (shared) {
    waitBlocking(shared.begin(warm.position), patience);
    if (shared.isUnanimous()) return warm.result;
    sums = shared.sums();
  } else {
    sums = new Sum(comm, warm.position, warm.sums).wait(patience);
    if (warm.isUnanimous()) {
      runSync(agreeFaster(comm, patience));
      return warm.result;
    }
  }
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
    if (typeof name !== "string" || typeof generate !== "function" || typeof options !== "object")
      return undefined;
    if ((how !== "all" && how !== "local") || !isDeadline(deadline)) return undefined;
    if (!isSignal(options.signal) || (how === "all" && options.signal?.aborted)) return undefined;
    return isInside(comm) ? undefined : recall(comm, name, params, buildon);
  } catch {
    return undefined;
  }
}

/**
 * As `jitOnComm`, without blocking the event loop; `generate` may return a promise. Calls on the same communicator are
 * done one after another, in the order in which they were made, which must be the same on all processes.
 */
export async function jitOnCommAsync<Jitable>(
  comm: Communicator,
  jitable: Jitable,
  name: string,
  params: GivenParams | undefined,
  generate: Generate<Jitable, ReturnType<Generate<Jitable>> | PromiseLike<ReturnType<Generate<Jitable>>>>,
  options: OnCommOptions = {},
): Promise<JittedOnComm> {
  const obtain = () => runAsync(prepare(comm, jitable, name, params, generate as never, options));
  assertIntracommunicator(comm);
  return await (isInside(comm) ? obtain() : inTurn(comm, obtain));
}

/** For each communicator the last call that is not over: their messages would be taken for each other's. */
const lastCalls = new WeakMap<Communicator, Promise<unknown>>();

async function inTurn<Result>(comm: Communicator, action: () => Promise<Result>): Promise<Result> {
  const before = lastCalls.get(comm);
  const result = before === undefined ? action() : before.then(action, action);
  lastCalls.set(comm, result);
  try {
    return await result;
  } finally {
    if (lastCalls.get(comm) === result) lastCalls.delete(comm);
  }
}

/** @throws JitError where one would block the other for ever */
function assertNoneUnderWay(comm: Communicator): void {
  if (!lastCalls.has(comm) || isInside(comm)) return;
  throw new JitError(
    "ERR_JIT_LOCK_TIMEOUT",
    "jitOnCommAsync is under way on the same communicator: await that first, or use another communicator",
  );
}

/** All that `jitOnComm` takes but what is to be compiled. */
export interface MpiJitOptions<Jitable> extends OnCommOptions {
  readonly comm: Communicator;
  readonly generate: Generate<Jitable>;
  /**
   * The name of the library for `jitable`. Default: a text that is the same for equal numbers, strings, lists, plain
   * objects, dates, typed arrays, maps and sets, and another for all others; a hash of it if it is long.
   */
  readonly name?: ((jitable: Jitable) => string) | undefined;
  readonly params?: GivenParams | undefined;
}

/**
 * `jitOnComm` with all but its first argument given: `const build = mpiJit({ comm, generate }); build(expression)`.
 * @returns A function that throws as `jitOnComm`, also what `name` throws; by default TypeError for functions, symbols and
 *   instances of classes.
 */
export function mpiJit<Jitable>(options: MpiJitOptions<Jitable>): (jitable: Jitable) => JittedOnComm {
  assertOptions(options);
  const { comm, generate, name = nameOf, params } = options;
  return (jitable) => {
    let text: string;
    try {
      if (typeof name !== "function") throw invalidType("options.name", "a function", name);
      text = name(jitable);
    } catch (error) {
      assertNoneUnderWay(comm);
      return runSync(refuse(comm, error, options));
    }
    return jitOnComm(comm, jitable, text, params, generate, options);
  };
}

/** Nobody reads a name that is longer. */
const longestName = 200;

function nameOf(jitable: unknown): string {
  // Only the text of something within something else needs its end.
  const text = canonicalText(jitable, "jitable").replace(/;$/, "");
  return text.length > longestName ? hashit(jitable) : text;
}

/** The communicators whose builder this is at the moment: what its generator asks for concerns it alone. */
const building = new AsyncLocalStorage<ReadonlySet<Communicator>>();

const isInside = (comm: Communicator): boolean => building.getStore()?.has(comm) === true;

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
  assertIntracommunicator(comm);
  let call: Call;
  let asksNobody: boolean;
  try {
    call = checked(comm, jitable, name, given, generate, options);
    asksNobody = options.agree === "local" && positionOf(call) !== undefined;
    if (options.signal?.aborted && !asksNobody) throw options.signal.reason;
  } catch (error) {
    return yield* refuse(comm, error, options);
  }
  if (isInside(comm)) return yield* alone(call);
  if (!asksNobody) assertNotSpent(comm, call.patience.what);
  const result = yield* together(call, options.agree === "local", begun);
  const position = result.role === "hit" ? positionOf(call) : undefined;
  if (position !== undefined) {
    const { build, cache } = call.params;
    const warm = new Warm(result, build.timeout + cache.lockTimeout, position, comm.size);
    remember(comm, name, given, call.buildon, warm);
  }
  return result;
}

function assertIntracommunicator(comm: unknown): asserts comm is Communicator {
  const given = comm as Communicator | undefined | null;
  if (typeof given?.iallreduce !== "function" || given.isInter) {
    throw invalidType("comm", "an intracommunicator", comm);
  }
}

/** Throws what is wrong with the call of this process, once the others have been told: they wait for it. */
function* refuse(comm: Communicator, error: unknown, options: OnCommOptions | null): Steps<never> {
  assertIntracommunicator(comm);
  if (isInside(comm)) throw error;
  const { signal, deadline } = options ?? {};
  const seconds = isDeadline(deadline) ? deadline : DEADLINE;
  const patience = patienceOf(seconds, isSignal(signal) && !signal?.aborted ? signal : undefined, "jit");
  assertNotSpent(comm, patience.what);
  yield* agree(comm, { asked: "", source: undefined, knowsNodes: false, hasFailed: true }, patience);
  return yield* failTogether(comm, { error }, undefined, patience);
}

/** @throws TypeError, RangeError, JitError for bad arguments */
function checked(
  comm: Communicator,
  jitable: unknown,
  name: string,
  given: GivenParams | undefined,
  generate: Generate<unknown>,
  options: OnCommOptions,
): Call {
  if (typeof name !== "string") throw invalidType("name", "a string", name);
  if (typeof generate !== "function") throw invalidType("generate", "a function", generate);
  assertOptions(options);
  const { buildon = "node", signal, deadline, agree: how = "all" } = options;
  assertBuildOn(buildon);
  if (how !== "all" && how !== "local") throw outOfRange("options.agree", '"all" or "local"', how);
  if (deadline !== undefined && !isDeadline(deadline)) {
    throw outOfRange("options.deadline", "a positive number of seconds", deadline);
  }
  if (!isSignal(signal)) throw invalidType("options.signal", "an AbortSignal", signal);
  const params = validateParams(given);
  const signature = signatureOf(name, params);
  const inside = new Set([...(building.getStore() ?? []), comm]);
  const generator = (): ReturnType<Generate<unknown>> =>
    building.run(inside, () => generate(jitable, name, signature, params.generator));
  const seconds = deadline ?? params.build.timeout + params.cache.lockTimeout;
  const patience = patienceOf(seconds, signal, `jit of ${signature}`);
  return { comm, name, signature, params, generator, buildon, patience };
}

function assertOptions(options: unknown): void {
  if (typeof options !== "object" || options === null) throw invalidType("options", "an object", options);
}

const isDeadline = (deadline: unknown): deadline is number => typeof deadline === "number" && deadline > 0;

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

import { AsyncLocalStorage } from "node:async_hooks";
import { invalidType, outOfRange } from "../../argument-error.js";
import type { Communicator } from "../../mpi/index.js";
import { type BundledError, errorIn, packEntry, packError, unpackEntry } from "../cache/bundle.js";
import { isMiss } from "../cache/entry.js";
import { lookupEntry } from "../cache/lookup.js";
import { JitError, type JitErrorCode } from "../error.js";
import { described } from "../exchange.js";
import { type Found, findOrBuild, privateCache, withOverlay } from "../find.js";
import type { Generate, Jitted } from "../jit.js";
import { loadEntry } from "../loaded.js";
import { type GivenParams, type Params, validateParams } from "../params.js";
import { signatureOf } from "../signature.js";
import { runAsync, runSync, type Steps } from "../steps.js";
import { agree } from "./agreement.js";
import { assertBuildOn, type BuildOn, type Role } from "./communicators.js";
import { partitionBy } from "./partition.js";
import { broadcast, gathered, type Patience } from "./waiting.js";

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
  return runSync(prepare(comm, jitable, name, params, generate as never, options));
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

/** One call, its arguments checked. */
interface Call {
  readonly comm: Communicator;
  readonly name: string;
  readonly signature: string;
  readonly params: Params;
  readonly generator: () => ReturnType<Generate<unknown>>;
  readonly buildon: BuildOn;
  readonly patience: Patience;
  readonly isLocal: boolean;
}

/** Seconds to wait for the others, where the parameters do not tell. */
const DEADLINE = 900;

/** The communicators whose builder this is at the moment: what its generator asks for concerns it alone. */
const building = new AsyncLocalStorage<ReadonlySet<Communicator>>();

function* prepare(
  comm: Communicator,
  jitable: unknown,
  name: string,
  given: GivenParams | undefined,
  generate: Generate<unknown>,
  { buildon = "node", signal, deadline, agree: how = "all" }: OnCommOptions,
): Steps<JittedOnComm> {
  if (typeof (comm as Communicator | undefined)?.iallreduce !== "function" || comm.isInter) {
    throw invalidType("comm", "an intracommunicator", comm);
  }
  if (typeof name !== "string") throw invalidType("name", "a string", name);
  if (typeof generate !== "function") throw invalidType("generate", "a function", generate);
  assertBuildOn(buildon);
  if (how !== "all" && how !== "local") throw outOfRange("options.agree", '"all" or "local"', how);
  if (deadline !== undefined && !(typeof deadline === "number" && deadline > 0)) {
    throw outOfRange("options.deadline", "a positive number of seconds", deadline);
  }
  const inside = building.getStore() ?? new Set<Communicator>();
  let params: Params;
  let signature: string;
  try {
    params = validateParams(given);
    signature = signatureOf(name, params);
  } catch (error) {
    if (inside.has(comm)) throw error;
    // The others are to hear of it.
    const patience = {
      until: performance.now() + (deadline ?? DEADLINE) * 1000,
      signal,
      what: `jit of ${name}`,
    };
    yield* agree(comm, { asked: name, source: undefined, knowsNodes: false, hasFailed: true }, patience);
    return yield* failTogether(comm, { error }, patience);
  }
  const generator = (): ReturnType<Generate<unknown>> =>
    building.run(new Set([...inside, comm]), () => generate(jitable, name, signature, params.generator));
  if (inside.has(comm)) {
    const found = yield* findOrBuild(name, signature, params, generator);
    return { library: load(found, signature), signature, role: "builder" };
  }
  const seconds = deadline ?? params.build.timeout + params.cache.lockTimeout;
  const patience = { until: performance.now() + seconds * 1000, signal, what: `jit of ${signature}` };
  return yield* together({
    comm,
    name,
    signature,
    params,
    generator,
    buildon,
    patience,
    isLocal: how === "local",
  });
}

/** What this process has found or built before, by the cache and the signature. */
const present = new Map<string, Jitted & { readonly source: string }>();

/** For each communicator and cache: for each rank, the lowest rank that shares its disk. */
const nodes = new WeakMap<Communicator, Map<string, Int32Array>>();

function* together(call: Call): Steps<JittedOnComm> {
  const { comm, signature, params, buildon, patience } = call;
  const key = `${params.cache.cacheDir}\0${signature}`;
  const known = present.get(key);
  if (call.isLocal && known !== undefined) return { ...known, role: "hit" };
  const cache = withOverlay(params.cache);
  const found = known === undefined ? lookupEntry(signature, cache) : undefined;
  const own = found === undefined || isMiss(found) ? undefined : { entry: found, cache };
  const knownNodes = nodes.get(comm)?.get(params.cache.cacheDir);
  const source = known?.source ?? own?.entry.manifest.sourceSha256;
  const asked = buildon === "node" ? signature : `${signature}, built on ${buildon}`;
  const isStale = found !== undefined && isMiss(found) && found.stale !== undefined;
  const position = { asked, source, knowsNodes: knownNodes !== undefined, isStale };
  const { hits, allKnowNodes, stale, failed } = yield* agree(comm, position, patience);
  if (failed > 0) return yield* failTogether(comm, undefined, patience);
  if (hits === comm.size) {
    if (known !== undefined) return { ...known, role: "hit" };
    return keep(key, own as Found, signature, "hit");
  }
  const parts = allKnowNodes
    ? (knownNodes as Int32Array)
    : yield* findNodes(comm, params.cache.cacheDir, patience);
  const has = known !== undefined || own !== undefined;
  const outcome =
    // If that of one is out of date, that of another may be as well.
    hits > 0 && stale === 0
      ? yield* shared(call, own ?? reopened(known, signature, params), has, parts)
      : yield* built(call, parts);
  const settled = yield* settle(call, outcome.result);
  if (known !== undefined) return { ...known, role: "hit" };
  return keep(key, settled, signature, outcome.role);
}

function* findNodes(comm: Communicator, cacheDir: string, patience: Patience): Steps<Int32Array> {
  const parts = yield* partitionBy(comm, cacheDir, patience);
  const ofComm = nodes.get(comm) ?? new Map<string, Int32Array>();
  nodes.set(comm, ofComm.set(cacheDir, parts));
  return parts;
}

/** The entry of a library that is loaded, if it is still on the disk. */
function reopened(known: Jitted | undefined, signature: string, params: Params): Found | undefined {
  if (known === undefined) return undefined;
  const cache = withOverlay(params.cache);
  const entry = lookupEntry(signature, cache);
  return isMiss(entry) ? undefined : { entry, cache };
}

/** What came of this process's part: an entry, an error, or nothing yet. */
interface Outcome {
  readonly role: Role | "hit";
  readonly result: Found | Failure | undefined;
}

/** What was thrown, whatever that is. */
interface Failure {
  readonly error: unknown;
}

/** Some have the library: the first of them gives it to all, and one for each disk that lacks it stores it. */
function* shared(call: Call, own: Found | undefined, has: boolean, parts: Int32Array): Steps<Outcome> {
  const { comm, signature, patience, params } = call;
  const having = yield* gathered(comm, Uint8Array.of(own === undefined ? 0 : 1), patience);
  const giver = having.indexOf(1);
  if (giver < 0) return yield* built(call, parts);
  const data = yield* broadcast(
    comm,
    comm.rank === giver ? packed(own as Found, signature) : undefined,
    giver,
    patience,
  );
  if (own !== undefined || has) return { role: "hit", result: own };
  const part = parts[comm.rank] as number;
  const isThere = having.some((each, rank) => each === 1 && parts[rank] === part);
  const storing = Array.from(parts).indexOf(part);
  if (isThere || storing !== comm.rank) return { role: "waiter", result: undefined };
  return { role: "receiver", result: yield* stored(data, giver, signature, params) };
}

/** Nobody has it. */
function* built(call: Call, parts: Int32Array): Steps<Outcome> {
  const { comm, name, signature, params, generator, buildon, patience } = call;
  const isNodeRoot = parts[comm.rank] === comm.rank;
  if (buildon === "process") {
    const sharing = parts.filter((part) => parts.indexOf(part) !== parts.lastIndexOf(part)).length;
    if (sharing > 0) {
      throw new JitError(
        "ERR_JIT_PARAMS",
        `buildon "process" asks for a directory for each process, but ${sharing} of ${comm.size} share theirs`,
      );
    }
  }
  const isBuilder = buildon === "root" ? comm.rank === 0 : isNodeRoot;
  let result: Found | Failure | undefined;
  if (isBuilder) {
    try {
      result = yield* findOrBuild(name, signature, params, generator);
    } catch (error) {
      result = { error };
    }
  }
  if (buildon !== "root") return { role: isBuilder ? "builder" : "waiter", result };
  const message = result === undefined ? undefined : packed(result, signature);
  const data = yield* broadcast(comm, message, 0, patience);
  if (isBuilder) return { role: "builder", result };
  return isNodeRoot
    ? { role: "receiver", result: yield* stored(data, 0, signature, params) }
    : { role: "waiter", result: undefined };
}

/** A failure to pack is news as well, since the others are waiting for it. */
function packed(outcome: Found | Failure, signature: string): Uint8Array {
  if ("error" in outcome) return packError(signature, described(outcome.error));
  try {
    return packEntry(outcome.entry, outcome.cache);
  } catch (error) {
    return packError(signature, described(error));
  }
}

/** Stores what the process of rank `giver` sent. */
function* stored(data: Uint8Array, giver: number, signature: string, params: Params): Steps<Found | Failure> {
  const cache = withOverlay(params.cache);
  try {
    const result = yield* unpackEntry(data, signature, cache);
    return "libFilename" in result ? { entry: result, cache } : { error: errorOf(result, giver, signature) };
  } catch (error) {
    return { error };
  }
}

/** The error that the process of this rank has told. */
const errorOf = (told: BundledError, rank: number, signature: string | undefined): JitError => {
  const { code, message, failDir, output } = told;
  return new JitError(code as JitErrorCode, `Rank ${rank}: ${message}`, { signature, failDir, output });
};

/**
 * After all have done their parts: if one failed, all throw what it threw; who still sees no library, as behind a slow
 * network file system, gets its bytes.
 */
function* settle(call: Call, result: Found | Failure | undefined): Steps<Found> {
  const { comm, signature, params, patience } = call;
  const failure = result !== undefined && "error" in result ? result : undefined;
  const failures = yield* gathered(comm, Uint8Array.of(failure === undefined ? 0 : 1), patience);
  if (failures.includes(1)) return yield* tell(call, failures.indexOf(1), failure);
  const cache = withOverlay(params.cache);
  let found = result as Found | undefined;
  if (found === undefined) {
    const entry = lookupEntry(signature, cache);
    found = isMiss(entry) ? undefined : { entry, cache };
  }
  const source = found?.entry.manifest.sourceSha256;
  const { hits } = yield* agree(comm, { asked: signature, source, knowsNodes: true }, patience);
  if (hits < comm.size) {
    const having = yield* gathered(comm, Uint8Array.of(found === undefined ? 0 : 1), patience);
    const giver = having.indexOf(1);
    const message = comm.rank === giver ? packed(found as Found, signature) : undefined;
    const data = yield* broadcast(comm, message, giver, patience);
    if (found === undefined) {
      const own = privateCache(cache);
      const entry = yield* unpackEntry(data, signature, own);
      if (!("libFilename" in entry)) throw errorOf(entry, giver, signature);
      found = { entry, cache: own };
    }
  }
  return found as Found;
}

/** After it was agreed that somebody cannot even ask. */
function* failTogether(comm: Communicator, failure: Failure | undefined, patience: Patience): Steps<never> {
  const failures = yield* gathered(comm, Uint8Array.of(failure === undefined ? 0 : 1), patience);
  return yield* tell({ comm, patience }, failures.indexOf(1), failure);
}

/** The error of one process, thrown on all; who has one of its own throws that. */
function* tell(
  { comm, patience, signature }: Pick<Call, "comm" | "patience"> & Partial<Call>,
  rank: number,
  own: Failure | undefined,
): Steps<never> {
  const news = comm.rank === rank ? packError("", described((own as Failure).error)) : undefined;
  const data = yield* broadcast(comm, news, rank, patience);
  if (own !== undefined) throw own.error;
  throw errorOf(errorIn(data), rank, signature);
}

function keep(key: string, found: Found, signature: string, role: Role | "hit"): JittedOnComm {
  const library = load(found, signature);
  present.set(key, { library, signature, source: found.entry.manifest.sourceSha256 });
  return { library, signature, role };
}

function load({ entry, cache }: Found, signature: string): Jitted["library"] {
  const library = loadEntry(entry, cache);
  if (library !== undefined) return library;
  throw new JitError("ERR_JIT_NOT_BUILT", `${signature} was removed from the cache as soon as it was there`, {
    signature,
  });
}

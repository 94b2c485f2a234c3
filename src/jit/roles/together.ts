import type { Communicator } from "../../mpi/index.js";
import { isMiss, type Miss } from "../cache/entry.js";
import { JitError } from "../error.js";
import { type Found, findEntry, findOrBuild, type Generator, privateCache } from "../find.js";
import type { Jitted } from "../jit.js";
import { gone, loadEntry } from "../loaded.js";
import type { Params } from "../params.js";
import type { Steps } from "../steps.js";
import { agree, agreeFaster, judge, valuesOf } from "./agreement.js";
import type { BuildOn, Role } from "./communicators.js";
import { type Failure, failTogether, packed, stored } from "./news.js";
import { Notice } from "./notice.js";
import { partitionBy } from "./partition.js";
import { beginSum, sharedBy } from "./shared-memory.js";
import { broadcast, gathered, type Patience, type PendingSum } from "./waiting.js";

/*
 * How the processes of a communicator come to a library: they agree on what is there; who has it gives it, or one for
 * each disk builds it; they agree on what came of that. Each step is collective, whatever a process has or lacks.
 */

/** One call, its arguments checked. */
export interface Call {
  readonly comm: Communicator;
  readonly name: string;
  readonly signature: string;
  readonly params: Params;
  readonly generator: Generator;
  readonly buildon: BuildOn;
  readonly patience: Patience;
}

/** A library that this process has loaded, and the hash of what it was made from. */
interface Present extends Jitted {
  readonly source: string;
}

/** What this process has loaded together with others, by the cache and the signature. */
const present = new Map<string, Present>();

/** For each communicator and cache: for each rank, the lowest rank that shares its disk. */
const nodes = new WeakMap<Communicator, Map<string, Int32Array>>();

/**
 * @param isLocal Whether a process that has the library asks nobody.
 * @param begun What the positions of all add up to, if they have been asked already: this process had the library.
 */
export function* together(
  call: Call,
  isLocal: boolean,
  begun?: BigInt64Array,
): Steps<Jitted & { readonly role: Role | "hit" }> {
  const { comm, signature, params, patience } = call;
  const { cacheDir } = params.cache;
  const key = `${cacheDir}\0${signature}`;
  const known = present.get(key);
  if (isLocal && known !== undefined) return { ...known, role: "hit" };
  const first = known ?? look(call);
  const mine = "library" in first ? first : undefined;
  const failure = "error" in first ? first : undefined;
  const missed = "miss" in first ? first.miss : undefined;
  const knownNodes = nodes.get(comm)?.get(cacheDir);
  const position = {
    asked: askedBy(call),
    source: mine?.source,
    knowsNodes: knownNodes !== undefined,
    isStale: missed?.stale !== undefined,
    hasFailed: failure !== undefined,
  };
  const sums = begun ?? (yield* beginSum(comm, valuesOf(position)).ended(patience));
  const { hits, allKnowNodes, stale, failed } = yield* judge(comm, position, sums, patience);
  if (failed > 0) return yield* failTogether(comm, failure, signature, patience);
  if (mine !== undefined) present.set(key, mine);
  if (hits === comm.size) {
    yield* agreeFaster(comm, patience);
    return { ...(mine as Present), role: "hit" };
  }
  const parts = allKnowNodes ? (knownNodes as Int32Array) : yield* findNodes(call);
  // If that of one is out of date, that of another may be as well.
  const isGiven = hits > 0 && stale === 0;
  const told = new Told(comm);
  const outcome = isGiven ? yield* shared(call, mine, parts, told) : yield* built(call, parts, told, missed);
  const settled = yield* settle(call, outcome.result, mine, told);
  present.set(key, settled);
  return { ...settled, role: mine === undefined ? outcome.role : "hit" };
}

/** What this process brings to the agreement on a library that it has loaded together with others. */
export function positionOf(call: Call): BigInt64Array | undefined {
  const { comm, signature, params } = call;
  const { cacheDir } = params.cache;
  const source = present.get(`${cacheDir}\0${signature}`)?.source;
  if (source === undefined) return undefined;
  return valuesOf({ asked: askedBy(call), source, knowsNodes: nodes.get(comm)?.has(cacheDir) === true });
}

/** Whoever asks for it to be built elsewhere asks for something else. */
const askedBy = ({ signature, buildon }: Call): string =>
  buildon === "node" ? signature : `${signature}, built on ${buildon}`;

/** Nothing that can be loaded. */
interface Lack {
  /** Why; not known of what was removed when it was about to be loaded. */
  readonly miss: Miss | undefined;
}

const LACK: Lack = { miss: undefined };

/** What this process finds on its disk, loaded. */
const look = ({ signature, params }: Call): Present | Lack | Failure =>
  caught(() => {
    const found = findEntry(signature, params.cache);
    return isMiss(found) ? { miss: found } : (open(found) ?? LACK);
  });

/** Between two collective operations nothing may be thrown, or the others would wait. */
function caught<Result>(action: () => Result): Result | Failure {
  try {
    return action();
  } catch (error) {
    return { error };
  }
}

/** Loads an entry. @returns undefined if it was removed since it was found @throws JitError */
function open({ entry, cache }: Found): Present | undefined {
  const { signature, manifest } = entry;
  const library = loadEntry(entry, cache);
  return library && { library, signature, source: manifest.sourceSha256 };
}

function* findNodes({ comm, params, patience }: Call): Steps<Int32Array> {
  const { cacheDir } = params.cache;
  const parts = yield* partitionBy(comm, cacheDir, patience);
  const ofComm = nodes.get(comm) ?? new Map<string, Int32Array>();
  nodes.set(comm, ofComm.set(cacheDir, parts));
  return parts;
}

/** How all processes hear of each other that they have done their parts, or have failed to. */
class Told {
  readonly #comm: Communicator;
  #failures: PendingSum | undefined;

  constructor(comm: Communicator) {
    this.#comm = comm;
  }

  /** This process has done its part. Tells it once. */
  tell(hasFailed: boolean): PendingSum {
    if (this.#failures === undefined) {
      this.#failures = beginSum(this.#comm, BigInt64Array.of(hasFailed ? 1n : 0n));
      this.#failures.advance();
    }
    return this.#failures;
  }
}

/** What came of this process's part: an entry, an error, or nothing yet. */
interface Outcome {
  readonly role: Role;
  readonly result: Found | Failure | undefined;
}

const WAITER: Outcome = { role: "waiter", result: undefined };

/** The entry on the disk of this process, if it is still there. */
function entryOf({ signature, params }: Call): Found | undefined {
  const found = caught(() => findEntry(signature, params.cache));
  return "entry" in found ? found : undefined;
}

/** Some have the library: the first of them gives it to all, and one for each disk that lacks it stores it. */
function* shared(call: Call, mine: Present | undefined, parts: Int32Array, told: Told): Steps<Outcome> {
  const { comm, signature, patience, params } = call;
  const own = mine === undefined ? undefined : entryOf(call);
  const having = yield* gathered(comm, Uint8Array.of(own === undefined ? 0 : 1), patience);
  const giver = having.indexOf(1);
  if (giver < 0) return yield* built(call, parts, told);
  const message = comm.rank === giver ? packed(own as Found, signature) : undefined;
  const data = yield* broadcast(comm, message, giver, patience);
  const part = parts[comm.rank] as number;
  const isThere = having.some((each, rank) => each === 1 && parts[rank] === part);
  if (isThere || part !== comm.rank) return WAITER;
  return { role: "receiver", result: yield* stored(data, giver, signature, params.cache) };
}

/** Nobody has it. */
function* built(call: Call, parts: Int32Array, told: Told, missed?: Miss): Steps<Outcome> {
  const { comm, name, signature, params, generator, buildon, patience } = call;
  if (buildon === "process") assertOwnDirectories(parts);
  const isNodeRoot = parts[comm.rank] === comm.rank;
  const isBuilder = buildon === "root" ? comm.rank === 0 : isNodeRoot;
  const isCopied = buildon === "root" && !parts.every((part) => part === 0);
  // The others need not wait for what is done after that.
  const onPublished = isCopied ? undefined : () => void told.tell(false);
  let result: Found | Failure | undefined;
  if (isBuilder) {
    try {
      result = yield* findOrBuild(name, signature, params, generator, { missed, onPublished });
    } catch (error) {
      result = { error };
    }
  }
  const own: Outcome = isBuilder ? { role: "builder", result } : WAITER;
  if (!isCopied) return own;
  const message = result === undefined ? undefined : packed(result, signature);
  const data = yield* broadcast(comm, message, 0, { ...patience, whileCompiling: true });
  if (isBuilder || !isNodeRoot) return own;
  return { role: "receiver", result: yield* stored(data, 0, signature, params.cache) };
}

function assertOwnDirectories(parts: Int32Array): void {
  const sharing = parts.filter((part) => parts.indexOf(part) !== parts.lastIndexOf(part)).length;
  if (sharing === 0) return;
  throw new JitError(
    "ERR_JIT_PARAMS",
    `buildon "process" asks for a directory for each process, but ${sharing} of ${parts.length} share theirs`,
  );
}

/** Sleeps until the library is there or all have done their parts: who is told by the disk is so before MPI tells. */
function* lookWhenPublished(call: Call, failures: PendingSum): Steps<Present | Lack | Failure> {
  const { comm, signature, params, patience } = call;
  // Where memory is shared, the builder's telling wakes this process.
  const notice = sharedBy(comm) ? undefined : Notice.of(signature, params.cache);
  try {
    const isOver = yield* failures.endedOr(notice, { ...patience, whileCompiling: true });
    return isOver ? LACK : look(call);
  } finally {
    notice?.close();
  }
}

/** Only when all have told it is there for certain. */
const again = (call: Call, before: Present | Lack | Failure): Present | Lack | Failure =>
  "library" in before ? before : look(call);

/**
 * After all have done their parts: if one failed, also to load what came of it, all throw what it threw; who still sees no
 * library, as behind a slow network file system, gets its bytes.
 */
function* settle(
  call: Call,
  result: Found | Failure | undefined,
  mine: Present | undefined,
  told: Told,
): Steps<Present> {
  const { comm, signature, params, patience } = call;
  const failure = result !== undefined && "error" in result ? result : undefined;
  const failures = told.tell(failure !== undefined);
  const waited = mine === undefined && result === undefined ? yield* lookWhenPublished(call, failures) : LACK;
  const [failed] = yield* failures.ended({ ...patience, whileCompiling: true });
  if (failed !== 0n) return yield* failTogether(comm, failure, signature, patience);
  const last =
    mine ??
    failure ??
    (result === undefined ? again(call, waited) : caught(() => open(result as Found) ?? LACK));
  const lateFailure = "error" in last ? last : undefined;
  const have = "library" in last ? last : undefined;
  const agreement = yield* agree(
    comm,
    { asked: signature, source: have?.source, knowsNodes: true, hasFailed: lateFailure !== undefined },
    patience,
  );
  if (agreement.failed > 0) return yield* failTogether(comm, lateFailure, signature, patience);
  if (agreement.hits === comm.size) {
    yield* agreeFaster(comm, patience);
    return have as Present;
  }
  const own = have === undefined ? undefined : entryOf(call);
  const having = yield* gathered(comm, Uint8Array.of(own === undefined ? 0 : 1), patience);
  const giver = having.indexOf(1);
  if (giver < 0) throw gone(signature);
  const message = comm.rank === giver ? packed(own as Found, signature) : undefined;
  const data = yield* broadcast(comm, message, giver, patience);
  if (have !== undefined) return have;
  const received = yield* stored(data, giver, signature, privateCache(params.cache));
  if ("error" in received) throw received.error;
  const opened = open(received);
  if (opened === undefined) throw gone(signature);
  return opened;
}

import { AsyncLocalStorage } from "node:async_hooks";
import { invalidType } from "../argument-error.js";
import type { Generated } from "./build.js";
import { isMiss } from "./cache/entry.js";
import { JitError } from "./error.js";
import { exchange, type Wanted } from "./exchange.js";
import { findEntry, findOrBuild, type Generator } from "./find.js";
import type { JitLibrary } from "./library.js";
import { gone, loadEntry } from "./loaded.js";
import { MemoryCache } from "./memory.js";
import { checkNames } from "./params/merge.js";
import { type GeneratorParams, type GivenParams, validateParams } from "./params.js";
import { signatureOf } from "./signature.js";
import { runAsync, runSync, type Steps } from "./steps.js";

/**
 * Makes the code of a library. Called only if it is in no cache.
 * @param jitable What jit was called with.
 * @param signature Of the library; it may be part of names in C.
 * @param params `params.generator`.
 */
export type Generate<Jitable, Result = Generated> = (
  jitable: Jitable,
  name: string,
  signature: string,
  params: GeneratorParams,
) => Result;

/**
 * What this process does for a library, alone or among others. One with `generate` builds; one with `receive`
 * gets what another one sends; one with neither waits for a process that shares its disk.
 */
export interface Callbacks<Jitable> {
  readonly generate?: Generate<Jitable> | undefined;
  /** Gives the library to the processes that receive, at every call: they may lack what this one has. */
  readonly send?: ((data: Uint8Array) => void) | undefined;
  readonly receive?: (() => Uint8Array) | undefined;
  /** Waits for the other processes. Called exactly once by every call, also by one that fails. */
  readonly wait?: (() => void) | undefined;
}

/** The same for `jitAsync`: each may return a promise. */
export interface AsyncCallbacks<Jitable> {
  readonly generate?: Generate<Jitable, Generated | PromiseLike<Generated>> | undefined;
  readonly send?: ((data: Uint8Array) => void | PromiseLike<void>) | undefined;
  readonly receive?: (() => Uint8Array | PromiseLike<Uint8Array>) | undefined;
  readonly wait?: (() => void | PromiseLike<void>) | undefined;
}

/** A library, and the name by which others may depend on it. */
export interface Jitted {
  readonly library: JitLibrary;
  readonly signature: string;
}

const memory = new MemoryCache<Jitted>();

/** The libraries that `jitAsync` is after, by signature and cache. */
const pending = new Map<string, Promise<Jitted>>();

/** Those whose code is being made where this is asked. */
const generating = new AsyncLocalStorage<ReadonlySet<string>>();

/**
 * A shared library from code that is generated and compiled when it is needed first, and found in memory or on
 * disk from then on.
 *
 * It is found by its signature, which is made of `name`, `params.generator`, `params.build`, the compiler, the
 * machine and the version of this package: `name` must tell what is generated, preferably by a hash of it. The
 * environment and the configuration file are read once per process.
 *
 * @param jitable What `generate` makes code of; anything.
 * @param name Any string that tells what `jitable` is.
 * @param params Overrides the configuration.
 * @throws JitError if the library cannot be built, found or loaded: match on its `code`; TypeError for bad
 *   arguments; what `generate`, `send`, `receive` or `wait` throws
 * @see dijitso, https://fenicsproject.org; Alnæs et al., ACM TOMS 40(2), 2014
 */
export function jit<Jitable>(
  jitable: Jitable,
  name: string,
  params: GivenParams | undefined,
  callbacks: Callbacks<Jitable>,
): Jitted {
  const known = recall(name, params, callbacks);
  if (known !== undefined) return known;
  const want = (): Wanted => wantedBy(jitable, name, params, callbacks);
  if (communicates(callbacks)) return runSync(obtainTogether(want, callbacks));
  const wanted = want();
  if (pending.has(keyOf(wanted))) {
    throw busy(wanted, "is being built by jitAsync in this process: await that first");
  }
  return remember(params, wanted, runSync(obtain(wanted)));
}

/** As `jit`, without blocking the event loop. Calls for the same library at the same time build it once. */
export async function jitAsync<Jitable>(
  jitable: Jitable,
  name: string,
  params: GivenParams | undefined,
  callbacks: AsyncCallbacks<Jitable>,
): Promise<Jitted> {
  const known = recall(name, params, callbacks);
  if (known !== undefined) return known;
  const want = (): Wanted => unlessInside(wantedBy(jitable, name, params, callbacks));
  if (communicates(callbacks)) return await runAsync(obtainTogether(want, callbacks));
  const wanted = want();
  const key = keyOf(wanted);
  const begun = pending.get(key);
  if (begun !== undefined) return await begun;
  const result = runAsync(obtain(wanted));
  pending.set(key, result);
  try {
    return remember(params, wanted, await result);
  } finally {
    pending.delete(key);
  }
}

/** The same for a library that does not wait for itself: `generate` may ask for others. */
function unlessInside(wanted: Wanted): Wanted {
  const { generator } = wanted;
  if (generator === undefined) return wanted;
  const key = keyOf(wanted);
  const outer = generating.getStore() ?? new Set<string>();
  if (outer.has(key)) throw busy(wanted, "waits for itself: its own generate asks for it");
  return { ...wanted, generator: () => generating.run(new Set([...outer, key]), generator) };
}

const busy = ({ signature }: Wanted, what: string): JitError =>
  new JitError("ERR_JIT_LOCK_TIMEOUT", `${signature} ${what}`, { signature });

type AnyCallbacks = AsyncCallbacks<never>;

/** Whether other processes count on this one's part. */
const communicates = ({ send, receive, wait }: AnyCallbacks): boolean =>
  send !== undefined || receive !== undefined || wait !== undefined;

/**
 * What was returned before for the same name and parameters; not if other processes count on this call.
 * @throws TypeError for callbacks that cannot be; JitError `ERR_JIT_PARAMS` for one that there is not
 */
function recall(name: string, params: GivenParams | undefined, callbacks: AnyCallbacks): Jitted | undefined {
  if (typeof name !== "string") throw invalidType("name", "a string", name);
  if (typeof callbacks !== "object" || callbacks === null) {
    throw invalidType("callbacks", "an object with generate, receive or wait", callbacks);
  }
  checkNames(CALLBACKS, callbacks, "callbacks", "callback");
  const known = communicates(callbacks) ? undefined : memory.get(name, params);
  if (known === undefined) checkCallbacks(callbacks);
  return known;
}

const CALLBACKS = { generate: 0, send: 0, receive: 0, wait: 0 } satisfies Record<keyof AnyCallbacks, number>;

function checkCallbacks(callbacks: AnyCallbacks): void {
  const { generate, receive, wait } = callbacks;
  for (const [what, callback] of Object.entries(callbacks)) {
    if (callback !== undefined && typeof callback !== "function")
      throw invalidType(what, "a function", callback);
  }
  if (generate !== undefined && receive !== undefined) {
    throw invalidType("callbacks", "only one of generate (a builder) and receive (a receiver)", callbacks);
  }
  if (generate === undefined && receive === undefined && wait === undefined) {
    throw invalidType("callbacks", "generate, receive or wait", callbacks);
  }
}

/** Not if each call is to look at the source. */
function remember(given: GivenParams | undefined, { name, params }: Wanted, result: Jitted): Jitted {
  if (!params.cache.checkSource) memory.set(name, given, result);
  return result;
}

/** One call, its arguments checked. */
function wantedBy(
  jitable: unknown,
  name: string,
  given: GivenParams | undefined,
  { generate }: AnyCallbacks,
): Wanted {
  const params = validateParams(given);
  const signature = signatureOf(name, params);
  const generator =
    generate === undefined
      ? undefined
      : () => (generate as Generate<unknown>)(jitable, name, signature, params.generator);
  return { name, signature, params, generator };
}

/** Tells the library and where it is kept. */
const keyOf = ({ params, signature }: Wanted): string => `${params.cache.cacheDir}\0${signature}`;

/** How often a library that somebody removes between being found and being loaded is looked for again. */
const ATTEMPTS = 10;

/** Finds or builds the library, and loads it. */
function* obtain({ name, signature, params, generator }: Wanted): Steps<Jitted> {
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    const found = yield* findOrBuild(name, signature, params, generator as Generator);
    const library = loadEntry(found.entry, found.cache);
    if (library !== undefined) return { library, signature };
  }
  throw gone(signature);
}

/** The same with others, who take part once: what is removed after that, this process finds or builds alone. */
function* obtainTogether(want: () => Wanted, callbacks: AnyCallbacks): Steps<Jitted> {
  let wanted: Wanted | undefined;
  const found = yield* exchange(() => {
    wanted = want();
    return wanted;
  }, callbacks);
  const { signature, generator, params } = wanted as unknown as Wanted;
  const library = loadEntry(found.entry, found.cache);
  if (library !== undefined) return { library, signature };
  if (generator !== undefined) return yield* obtain(wanted as unknown as Wanted);
  const next = findEntry(signature, params.cache);
  const again = isMiss(next) ? undefined : loadEntry(next.entry, next.cache);
  if (again === undefined) throw gone(signature);
  return { library: again, signature };
}

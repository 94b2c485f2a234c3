import { hash } from "node:crypto";
import { lstatSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir, userInfo } from "node:os";
import { dirname, join } from "node:path";
import { invalidType } from "../argument-error.js";
import { build, type Generated } from "./build.js";
import { type Entry, isMiss, type Miss } from "./cache/entry.js";
import { entrySize, maybeCollect } from "./cache/eviction.js";
import { withLock } from "./cache/lock.js";
import { lookupEntry } from "./cache/lookup.js";
import type { Manifest } from "./cache/manifest.js";
import { makePrivateDirectory } from "./cache/names.js";
import { dangerOf } from "./cache/owner.js";
import { cleanAbandoned } from "./cache/staging.js";
import { count } from "./cache/statistics.js";
import { JitError } from "./error.js";
import { log } from "./log.js";
import type { CacheParams, Params } from "./params.js";
import { perform, type Steps } from "./steps.js";

/** Makes the code; of `jitAsync` also later. */
export type Generator = () => Generated | PromiseLike<Generated>;

/** An entry, and the cache in which it and what it depends on are. */
export interface Found {
  readonly entry: Entry;
  readonly cache: CacheParams;
}

/** What is special where several processes do it together. */
export interface Circumstances {
  /** What was found a moment ago. It is looked for again once nobody else can build it. */
  readonly missed?: Miss | undefined;
  /** Called as soon as others can find what was built, before this process tidies up. */
  readonly onPublished?: (() => void) | undefined;
}

/**
 * The entry in the cache, built if need be. Only one of all processes builds; the others wait for it.
 * A cache that cannot be written is read, and what is missing is built in an overlay; if that cannot be written
 * either, in a directory of this process alone.
 */
export function* findOrBuild(
  name: string,
  signature: string,
  params: Params,
  generator: Generator,
  { missed, onPublished = () => {} }: Circumstances = {},
): Steps<Found> {
  const code = new Code(generator);
  const found = missed ?? findEntry(signature, params.cache);
  if (!isMiss(found)) {
    count(params.cache, "hits");
    if (params.cache.checkSource) assertSameCode(found.entry.manifest, yield* code.get());
    return found;
  }
  const cache = withOverlay(params.cache);
  count(cache, "misses");
  log.debug(`${signature}: ${found.reason}`);
  let failure: unknown;
  for (const place of places(cache)) {
    try {
      const entry = yield* buildIn(place, name, signature, params, code, found.stale, onPublished);
      return { entry, cache: place };
    } catch (error) {
      if (!(error instanceof JitError) || error.code !== "ERR_JIT_CACHE") throw error;
      failure ??= error;
      log.warning(`${error.message}: building elsewhere`);
    }
  }
  throw failure;
}

/**
 * The entry in a cache that can perhaps be written.
 * @param stale What is told of an entry that is there, but cannot be used.
 */
function* buildIn(
  cache: CacheParams,
  name: string,
  signature: string,
  params: Params,
  code: Code,
  stale: Manifest | undefined,
  onPublished: () => void,
): Steps<Entry> {
  return yield* withLock(signature, cache, function* () {
    // Another process may have built it while this one waited.
    const found = lookupEntry(signature, cache);
    if (!isMiss(found)) return found;
    cleanAbandoned(signature, cache);
    const generated = yield* code.get();
    if (stale !== undefined) assertSameCode(stale, generated);
    try {
      const { entry } = yield* build(signature, name, generated, { ...params, cache }, onPublished);
      count(cache, "builds", 1, entrySize(entry.manifest));
      maybeCollect(cache);
      return entry;
    } catch (error) {
      count(cache, "failures");
      throw error;
    }
  });
}

/** The generated code, made at most once. */
class Code {
  readonly #generator: Generator;
  #generated: Generated | undefined;

  constructor(generator: Generator) {
    this.#generator = generator;
  }

  *get(): Steps<Generated> {
    this.#generated ??= checked(
      yield* perform({
        sync: () => {
          const generated = this.#generator();
          if (isPromise(generated)) {
            throw invalidType("generate", "what it makes, not a promise: use jitAsync", generated);
          }
          return generated;
        },
        async: this.#generator,
      }),
    );
    return this.#generated;
  }
}

const isPromise = (value: unknown): value is PromiseLike<unknown> =>
  typeof (value as PromiseLike<unknown> | null)?.then === "function";

function checked(generated: unknown): Generated {
  const { header, source, dependencies = [] } = (generated ?? {}) as Partial<Generated>;
  if (typeof source !== "string" || source === "") {
    throw invalidType("generate", "it to return { source: string, header?, dependencies? }", generated);
  }
  if (header !== undefined && header !== null && typeof header !== "string") {
    throw invalidType("generate: header", "a string or null", header);
  }
  if (!Array.isArray(dependencies) || dependencies.some((each) => typeof each !== "string")) {
    throw invalidType("generate: dependencies", "an array of signatures", dependencies);
  }
  return { header: header ?? null, source, dependencies: [...new Set(dependencies)] };
}

/** @throws JitError `ERR_JIT_MISMATCH` if what was generated is not what the entry was made from */
function assertSameCode(manifest: Manifest, { source, header, dependencies = [] }: Generated): void {
  const { signature } = manifest;
  const before = manifest.dependencies.map((dependency) => dependency.signature);
  const isSame =
    hash("sha256", source) === manifest.sourceSha256 &&
    (header ? hash("sha256", header) : null) === manifest.headerSha256 &&
    before.length === dependencies.length &&
    before.every((each) => dependencies.includes(each));
  if (isSame) return;
  throw new JitError(
    "ERR_JIT_MISMATCH",
    `${signature} was built from other code than is generated now. The name must tell what is generated; ` +
      `\`typed-mpi cache clean --signature ${signature}\` removes the old library`,
    { signature },
  );
}

/** Finds an entry in the cache, else in its overlay and layers, as {@link lookupEntry}. */
export function findEntry(signature: string, given: CacheParams): Found | Miss {
  let cache = given;
  const found = lookupEntry(signature, given, () => {
    cache = withOverlay(given);
    return cache;
  });
  return isMiss(found) ? found : { entry: found, cache };
}

/** The same cache, which is looked for in its overlay as well. */
export function withOverlay(cache: CacheParams): CacheParams {
  const layers = privateDirectory === undefined ? cache.layers : [...cache.layers, privateDirectory];
  if (cache.overlayDir !== "") return { ...cache, layers };
  // Anybody may have made it, where everybody may write: then there is no overlay.
  if (!isOurs(overlays())) return { ...cache, layers };
  return { ...cache, layers, overlayDir: join(overlays(), hash("sha256", cache.cacheDir).slice(0, 16)) };
}

/** Where the overlays of this user are by default. */
const overlays = (): string => join(tmpdir(), `typed-mpi-${userId()}`);

/** Whether it is a directory that only we can write to, or is not there; a link to one is not. */
function isOurs(directory: string): boolean {
  const stat = lstatSync(directory, { throwIfNoEntry: false });
  return stat === undefined || (stat.isDirectory() && dangerOf(stat) === undefined);
}

const userId = (): string => String(process.getuid?.() ?? userInfo().username);

let privateDirectory: string | undefined;

/** A cache of this process alone, which is removed when it ends. */
export function privateCache(cache: CacheParams): CacheParams {
  if (privateDirectory === undefined) {
    const made = mkdtempSync(join(tmpdir(), "typed-mpi-private-"));
    process.once("exit", () => rmSync(made, { recursive: true, force: true }));
    privateDirectory = made;
  }
  return { ...cache, cacheDir: privateDirectory, tempDirRoot: "", overlayDir: "" };
}

/** Where the library may be built, in this order. */
function* places(cache: CacheParams): globalThis.Generator<CacheParams, void, void> {
  yield cache;
  const below = [cache.cacheDir, ...cache.layers];
  if (cache.overlayDir !== "") {
    const isDefault = dirname(cache.overlayDir) === overlays();
    if (isDefault) makePrivateDirectory(overlays());
    if (!isDefault || isOurs(overlays()))
      yield { ...cache, cacheDir: cache.overlayDir, overlayDir: "", layers: below };
  }
  yield privateCache({ ...cache, layers: below });
}

import { buildSharedLibrary, type CacheParams, defaultCacheParams } from "../../../src/jit/index.js";
import { newFolder } from "../caches.js";

/** The parameters of a new cache. */
export const newCache = (more: Partial<CacheParams> = {}): CacheParams => ({
  ...defaultCacheParams(),
  cacheDir: `${newFolder()}/cache`,
  srcStorage: "compress",
  ...more,
});

export const ONE = `one_${"1".repeat(32)}`;
export const TWO = `two_${"2".repeat(32)}`;

/** Builds `one`, which has a header, and `two`, which is linked with it and includes that. */
export function buildLibraries(cache: CacheParams): void {
  build(ONE, [], "double one(double x);", "double one(double x)\n{\n  return x + 1;\n}", cache);
  const two = `#include "${ONE}.h"\n// twice one\ndouble two(double x) { return 2 * one(x); }`;
  build(TWO, [ONE], undefined, two, cache);
}

export function build(
  signature: string,
  dependencies: string[],
  header: string | undefined,
  source: string,
  cache: CacheParams,
): string {
  const { libFilename, output } = buildSharedLibrary(signature, header, source, dependencies, { cache });
  if (libFilename === undefined) throw new Error(output);
  return libFilename;
}

import { execFileSync } from "node:child_process";
import { chmodSync, readFileSync, rmSync, truncateSync, utimesSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { engine } from "../../../src/ffi/index.js";
import { verifyCache } from "../../../src/jit/cache/verify.js";
import {
  analyseLoadError,
  type CacheParams,
  checkCacheIntegrity,
  createLibFilename,
  createLogFilename,
  createSrcFilename,
  getDependencies,
  reportCacheIntegrity,
} from "../../../src/jit/index.js";
import { setLogHandler } from "../../../src/jit/log.js";
import { assertThrows } from "../../harness/assert.js";
import { filesOf, newFolder } from "../caches.js";
import { build, buildLibraries, newCache, ONE, TWO } from "./libraries.js";

const test = suite("integrity of a cache");

/** A cache with both libraries, and the files of them. */
function filled(): { cache: CacheParams; one: string; two: string } {
  const cache = newCache();
  buildLibraries(cache);
  return { cache, one: createLibFilename(ONE, cache), two: createLibFilename(TWO, cache) };
}

function flip(filename: string): void {
  const bytes = readFileSync(filename);
  const middle = bytes.length >> 1;
  bytes[middle] = (bytes[middle] as number) ^ 1;
  writeFileSync(filename, bytes);
}

test("getDependencies has the cache's own libraries only", () => {
  const { cache, one, two } = filled();
  assert.equal(getDependencies(two, cache), { [basename(one)]: one });
  assert.equal(getDependencies(one, cache), {});
  rmSync(one);
  assert.equal(getDependencies(two, cache), { [basename(one)]: null });
});

test("checkCacheIntegrity finds missing dependencies, and the report names them", () => {
  const { cache, one, two } = filled();
  assert.equal(checkCacheIntegrity(cache), {});
  rmSync(one);
  writeFileSync(join(cache.cacheDir, "lib", `libtyped-mpi-${"3".repeat(5)}.so`), "damaged");
  const missing = checkCacheIntegrity(cache);
  assert.equal(missing, { [two]: [basename(one)] });
  const lines: string[] = [];
  reportCacheIntegrity(missing, (line) => lines.push(line));
  assert.match(lines[0] as string, /^1 library /);
  assert.match(lines[1] as string, two);
  assert.match(lines[2] as string, basename(one));
  reportCacheIntegrity({}, () => assert.unreachable());
  const warnings: string[] = [];
  const before = setLogHandler((level, message) => warnings.push(`${level} ${message}`));
  reportCacheIntegrity(missing);
  setLogHandler(before);
  assert.is(warnings.length, 3);
  assert.match(warnings[0] as string, /^warning /);
  assertThrows(() => reportCacheIntegrity(missing, 1 as never), { code: "ERR_INVALID_ARG_TYPE" });
});

test("a cache that nothing has happened to is whole", () => {
  const { cache } = filled();
  const before = filesOf(cache.cacheDir);
  const found = verifyCache(cache);
  assert.equal(found.problems, []);
  assert.equal(found.outdated, []);
  assert.equal(found.orphans, []);
  assert.is(found.entries, 2);
  assert.is(found.files, 7);
  assert.ok(found.bytes > 10_000);
  assert.equal(filesOf(cache.cacheDir), before);
  assert.is(verifyCache(newCache()).entries, 0);
});

const DAMAGE: Record<string, [file: (cache: CacheParams) => string, (file: string) => void, RegExp]> = {
  "a bit of a library": [(cache) => createLibFilename(TWO, cache), flip, /^has other content/],
  "the end of a library": [
    (cache) => createLibFilename(TWO, cache),
    (file) => truncateSync(file, 100),
    /^has 100 bytes, not \d+$/,
  ],
  "a log": [(cache) => createLogFilename(ONE, cache), flip, /^has other content/],
  "compressed source code": [(cache) => `${createSrcFilename(ONE, cache)}.gz`, flip, /^has other content/],
  "a file that is gone": [(cache) => createLogFilename(TWO, cache), (file) => rmSync(file), /^is missing$/],
  "a torn manifest": [
    (cache) => join(cache.cacheDir, "manifest", `${TWO}.json`),
    (file) => truncateSync(file, 100),
    /^is torn/,
  ],
};

for (const [what, [file, damage, expected]] of Object.entries(DAMAGE)) {
  test(`verifyCache finds ${what}`, () => {
    const { cache } = filled();
    const filename = file(cache);
    damage(filename);
    const { problems } = verifyCache(cache);
    assert.is(problems.length, 1, JSON.stringify(problems));
    assert.is(problems[0]?.filename, filename);
    assert.match(problems[0]?.problem as string, expected);
    assert.is(problems[0]?.signature, filename.includes(ONE) ? ONE : TWO);
  });
}

test("verifyCache tells what will be built anew, and what nobody needs", () => {
  const { cache, one } = filled();
  build(ONE, [], "double one(double x);", "double one(double x) { return x + 2; }", cache);
  const rebuilt = verifyCache(cache);
  assert.equal(rebuilt.problems, []);
  assert.equal(
    rebuilt.outdated.map((each) => each.signature),
    [TWO],
  );

  rmSync(join(cache.cacheDir, "manifest", `${ONE}.json`));
  const removed = verifyCache(cache);
  assert.is(removed.problems.length, 1);
  assert.match(removed.problems[0]?.problem as string, `${TWO} depends on it`);
  assert.ok(removed.orphans.includes(one));
});

test("verifyCache finds a header that has changed since", () => {
  const cache = newCache();
  const header = join(newFolder(), "constant.h");
  writeFileSync(header, "#define N 1\n");
  utimesSync(header, 1_000_000, 1_000_000);
  build(ONE, [], undefined, `#include "${header}"\nint one() { return N; }`, cache);
  assert.equal(verifyCache(cache).outdated, []);
  writeFileSync(header, "#define N 2\n");
  const { outdated, problems } = verifyCache(cache);
  assert.equal(problems, []);
  assert.equal(
    outdated.map((each) => each.filename),
    [header],
  );
});

test("verifyCache tells that others can write to the cache, and refuses what is none", () => {
  const { cache } = filled();
  chmodSync(join(cache.cacheDir, "manifest"), 0o777);
  // What was found to be safe is not looked at again by the same process.
  const script = `
    import { verifyCache } from ${JSON.stringify(new URL("../../../src/jit/cache/verify.js", import.meta.url).href)};
    console.log(JSON.stringify(verifyCache(${JSON.stringify(cache)}).problems));`;
  const output = execFileSync(process.execPath, ["--input-type=module", "-e", script], { encoding: "utf8" });
  assert.match(output, /others can write to \(mode 777\)/);
  const other = newFolder();
  writeFileSync(join(other, "file"), "");
  assertThrows(() => verifyCache({ ...cache, cacheDir: other }), { code: "ERR_JIT_CACHE", message: other });
});

/** What the system's loader says about the library, explained. */
function explained(libFilename: string, cache: CacheParams): string {
  try {
    // Lazy binding does not miss functions before they are called: data are.
    engine().load(libFilename);
  } catch (error) {
    return analyseLoadError(error, libFilename, cache);
  }
  throw new Error("it was loaded");
}

test("analyseLoadError says what the loader means", () => {
  const { cache, one, two } = filled();
  const bare = build(
    "bare",
    [],
    undefined,
    "extern int missing_here; int *f() { return &missing_here; }",
    cache,
  );
  assert.match(explained(bare, cache), /missing_here is defined nowhere/);

  rmSync(one);
  const missing = explained(two, cache);
  assert.ok(missing.startsWith(`${two} cannot be loaded: `));
  assert.match(missing, `It depends on ${one}, which is missing`);
  // In its place, but the loader is asked about a copy that is elsewhere.
  writeFileSync(one, "");
  const copy = join(newFolder(), basename(two));
  writeFileSync(copy, readFileSync(two));
  assert.match(explained(copy, cache), `It depends on ${one}, which is there`);

  rmSync(two);
  assert.match(explained(two, cache), "There is no such file");
  writeFileSync(two, "text");
  assert.match(explained(two, cache), "The file is damaged");
  const elf = readFileSync(bare);
  elf[4] = 1;
  writeFileSync(two, elf);
  assert.match(explained(two, cache), "another kind of processor");
  assert.is(analyseLoadError("odd", bare, cache), `${bare} cannot be loaded: odd`);
});

test.run();

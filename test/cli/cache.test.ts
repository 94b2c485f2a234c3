import { spawn } from "node:child_process";
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { formatBytes, parseBytes } from "../../src/cli/cache/format.js";
import type { CacheParams } from "../../src/jit/index.js";
import { createLibFilename, createSrcFilename, defaultParams } from "../../src/jit/index.js";
import { packageVersion } from "../../src/package.js";
import { assertThrows } from "../harness/assert.js";
import { buildLibraries, newCache, ONE, TWO } from "../jit/cache/libraries.js";
import { filesOf, newFolder } from "../jit/caches.js";
import { type CommandOptions, type Ended, PLAIN, typedMpi } from "./command.js";

const test = suite("typed-mpi cache");

/** Runs the command where no configuration file of the user's is. */
function inCache(cache: CacheParams, args: readonly string[], options: CommandOptions = {}): Ended {
  return typedMpi(["cache", "-r", cache.cacheDir, ...args], { directory: newFolder(), ...options });
}

/** The lines that it prints; it must end well. */
function linesOf(cache: CacheParams, ...args: string[]): string[] {
  const { code, stdout, stderr } = inCache(cache, args);
  assert.is(code, 0, stderr);
  assert.is(stderr, "");
  return stdout === "" ? [] : stdout.replace(/\n$/, "").split("\n");
}

// biome-ignore lint/suspicious/noExplicitAny: each command has a form of its own, which the assertions are about
const jsonOf = (cache: CacheParams, ...args: string[]): any =>
  JSON.parse(inCache(cache, [...args, "--json"]).stdout);

function filled(): CacheParams {
  const cache = newCache();
  buildLibraries(cache);
  return cache;
}

const whole = filled(); // For the tests that change nothing.
const entriesOf = (cache: CacheParams): string[] =>
  filesOf(cache.cacheDir).filter((name) => !/^(stats|compiler)\//.test(name));

test("version, path and config tell what holds", () => {
  assert.equal(linesOf(whole, "version"), [packageVersion()]);
  assert.equal(linesOf(whole, "path"), [whole.cacheDir]);
  assert.equal(linesOf(whole, "config", "--key", "cache.cacheDir"), [`cache.cacheDir: ${whole.cacheDir}`]);
  assert.equal(linesOf(whole, "config", "--key", "build.cxxflags"), [
    `build.cxxflags: ${defaultParams().build.cxxflags.join(" ")}`,
  ]);
  assert.ok(linesOf(whole, "config").includes("    srcStorage: compress"));
  assert.is(jsonOf(whole, "config").build.timeout, 300);
  assert.is(jsonOf(whole, "config", "--key", "build.timeout"), 300);
});

test("the environment and the configuration file choose the cache, the option comes before them", () => {
  const directory = newFolder();
  const at = (env: NodeJS.ProcessEnv, ...args: string[]) =>
    typedMpi(["cache", "path", ...args], { directory, env }).stdout.trim();
  assert.is(at({ TYPED_MPI_CACHE_DIR: "/from/environment" }), "/from/environment");
  assert.is(at({ TYPED_MPI_CACHE_DIR: "/from/environment" }, "--cache-dir", "/from/option"), "/from/option");
  writeFileSync(join(directory, ".typed-mpi.json"), '{ "cache": { "cacheDir": "/from/file" } }');
  assert.is(at({}), "/from/file");
});

test("show counts files by kind", () => {
  const lines = linesOf(whole, "show");
  assert.is(lines[0], `${whole.cacheDir}: 2 libraries`);
  assert.match(lines[1] as string, /^ +inc +1 +\d+ B$/);
  assert.match(lines[3] as string, /^ +lib +2 +\d.* kB$/);
  assert.equal(linesOf(whole, "show", "--no-summary", "--files", "--categories", "lib"), [
    createLibFilename(ONE, whole),
    createLibFilename(TWO, whole),
  ]);
  assert.equal(linesOf(whole, "show", "--no-summary"), []);
  assert.is(linesOf(newCache(), "show")[0]?.endsWith(": 0 libraries"), true);
});

test("show --signatures tells when, how long and by which compiler", () => {
  const lines = linesOf(whole, "show", "--signatures", "--no-summary");
  assert.is(lines[0], ONE);
  assert.match(
    lines[1] as string,
    /^ {4}built 20\d\d-\d\d-\d\d \d\d:\d\d in \d+\.\d\d s on \S+, .* kB, last used 20/,
  );
  assert.match(lines[2] as string, /^ {4}by .*\d/);
  assert.ok(lines.includes(`    depends on ${ONE}`));
  assert.equal(linesOf(whole, "show", "--signatures", "--no-summary", "--signature", "two_")[0], TWO);
  const { signatures, summary } = jsonOf(whole, "show", "--signatures");
  assert.equal(signatures[1].dependencies, [ONE]);
  assert.ok(signatures[0].built.seconds > 0 && signatures[0].bytes > 5000);
  assert.is(summary.src.files, 2);
});

test("grep takes the pattern as it is, or as a regular expression", () => {
  const source = `${createSrcFilename(TWO, whole)}.gz`;
  assert.equal(linesOf(whole, "grep", "--pattern", "2 * one(", "--linenumbers"), [
    `${source}:`,
    "    3:  double two(double x) { return 2 * one(x); }",
  ]);
  assert.equal(linesOf(whole, "grep", "--pattern", "^// .*one$", "--regexmode", "--countonly"), [
    `${source}: 1`,
  ]);
  assert.equal(linesOf(whole, "grep", "--pattern", "double", "--filesonly", "--signature", "two"), [source]);
  assert.is(
    linesOf(whole, "grep", "--pattern", "double one", "--filesonly", "--categories", "all").length,
    2,
  );
  const none = inCache(whole, ["grep", "--pattern", "^// .*one$"]);
  assert.is(none.code, 1);
  assert.is(none.stdout, "");
  assert.equal(jsonOf(whole, "grep", "--pattern", "2 *"), {
    [source]: [{ line: 3, text: "double two(double x) { return 2 * one(x); }" }],
  });
});

test("grepfunction shows definitions, not calls", () => {
  const source = `${createSrcFilename(ONE, whole)}.gz`;
  assert.equal(linesOf(whole, "grepfunction", "--name", "one"), [
    `${source}:1`,
    "double one(double x)",
    "{",
    "  return x + 1;",
    "}",
    "",
  ]);
  assert.equal(linesOf(whole, "grepfunction", "--name", "\\w+", "--no-body", "--signature", "one"), [
    `${source}:1: double one(double x)`,
  ]);
  assert.is(inCache(whole, ["grepfunction", "--name", "on"]).code, 1);
  assert.is(jsonOf(whole, "grepfunction", "--name", "two")[0].line, 3);
});

test("checkout copies a library to a new directory", () => {
  const directory = newFolder();
  const dry = inCache(whole, ["checkout", "--signature", ONE, "-n"], { directory });
  assert.is(dry.code, 0);
  assert.is(dry.stdout.trim().split("\n").length, 4);
  assert.equal(readdirSync(directory), []);
  const { code, stdout } = inCache(whole, ["checkout", "--signature", ONE, "--categories", "inc,src"], {
    directory,
  });
  assert.is(code, 0);
  assert.is(stdout.trim(), join(directory, `jitcheckout-${ONE}`));
  assert.equal(readdirSync(stdout.trim()).sort(), [`${ONE}.cpp`, `${ONE}.h`]);
  const none = inCache(whole, ["checkout", "--signature", "nothing"], { directory });
  assert.is(none.code, 1);
  assert.is(none.stdout, "");
  assert.match(none.stderr, "there are no files of nothing");
  assert.equal(readdirSync(directory), [`jitcheckout-${ONE}`]);
});

test("a part of a signature neither copies nor removes, and is told with those that contain it", () => {
  const cache = filled();
  const before = filesOf(cache.cacheDir);
  const part = ONE.slice(0, 3);
  for (const command of [["clean"], ["clean", "--dry-run"], ["checkout"], ["clean", "--categories", "log"]]) {
    const { code, stdout, stderr } = inCache(cache, [...command, "--signature", part]);
    assert.is(code, 1, command.join(" "));
    assert.is(stdout, "");
    assert.match(
      stderr,
      `there are no files of ${part} in ${cache.cacheDir}; the whole signature is expected`,
    );
    assert.match(stderr, `\n  ${ONE}\n`);
    assert.not.match(stderr, TWO);
  }
  assert.equal(jsonOf(cache, "clean", "--signature", part).similar, [ONE]);
  assert.match(
    inCache(cache, ["clean", "--signature", "nothing"]).stderr,
    /there are no files of nothing in \S+\n$/,
  );
  assert.equal(filesOf(cache.cacheDir), before);
  // The library is there, but without a file of that kind.
  linesOf(cache, "clean", "--signature", ONE, "--categories", "log");
  assert.equal(linesOf(cache, "clean", "--signature", ONE, "--categories", "log"), ["0 files removed, 0 B"]);
  const none = inCache(cache, ["checkout", "--signature", ONE, "--categories", "log"]);
  assert.is(none.code, 1);
  assert.match(none.stderr, new RegExp(`there are no files of ${ONE} in \\S+\\n$`));
});

test("clean removes what is chosen, and tells it before", () => {
  const cache = filled();
  const before = filesOf(cache.cacheDir);
  const would = linesOf(cache, "clean", "--dry-run");
  assert.ok(would.every((line) => line.startsWith(`rm ${cache.cacheDir}/`)));
  assert.equal(filesOf(cache.cacheDir), before);
  linesOf(cache, "clean", "--signature", TWO);
  assert.equal(
    entriesOf(cache).filter((name) => name.includes(TWO)),
    [],
  );
  assert.is(entriesOf(cache).length, 5);
  linesOf(cache, "clean", "--categories", "log,src");
  assert.equal(entriesOf(cache), [`include/${ONE}.h`, `lib/libtyped-mpi-${ONE}.so`, `manifest/${ONE}.json`]);
  // The options before the command, as dijitso has them.
  assert.is(typedMpi(["cache", "-n", "--cache-dir", cache.cacheDir, "clean"]).code, 0);
  assert.is(entriesOf(cache).length, 3);
  assert.equal(linesOf(cache, "clean")[0]?.replace(/,.*/, ""), "3 files removed");
  assert.equal(entriesOf(cache), []);
  assert.equal(jsonOf(cache, "clean").removed, []);
});

test("clean leaves what another process has loaded, unless it is forced", async () => {
  const cache = filled();
  const jit = new URL("../../src/jit/index.js", import.meta.url).href;
  const script = `
    import { loadLibrary } from ${JSON.stringify(jit)};
    const library = loadLibrary(${JSON.stringify(TWO)}, ${JSON.stringify(cache)});
    console.log(library !== undefined);
    process.stdin.resume();`;
  const child = spawn(process.execPath, ["--input-type=module", "-e", script], {
    env: PLAIN,
    stdio: ["pipe", "pipe", "inherit"],
  });
  try {
    assert.is(
      await new Promise((resolve) => child.stdout.once("data", (data) => resolve(String(data)))),
      "true\n",
    );
    const before = entriesOf(cache);
    const lines = linesOf(cache, "clean");
    assert.equal(lines, ["0 files removed, 0 B", `${ONE} is in use and stays`, `${TWO} is in use and stays`]);
    assert.equal(entriesOf(cache), before);
    linesOf(cache, "clean", "--force");
    assert.equal(entriesOf(cache), []);
  } finally {
    child.stdin.end();
    await new Promise((resolve) => child.once("close", resolve));
  }
});

test("verify lists what is damaged and exits with 1", () => {
  const cache = filled();
  assert.match(
    linesOf(cache, "verify").at(-1) as string,
    /^2 libraries with 7 files, .*: all as they were built$/,
  );
  const library = createLibFilename(ONE, cache);
  const bytes = readFileSync(library);
  bytes[100] = (bytes[100] as number) ^ 1;
  writeFileSync(library, bytes);
  truncateSync(join(cache.cacheDir, "log", `${TWO}.txt`), 1);
  const { code, stdout } = inCache(cache, ["verify"]);
  assert.is(code, 1);
  assert.match(stdout, `damaged: ${library} has other content`);
  assert.match(stdout, /damaged: \S+\.txt has 1 bytes, not \d+/);
  assert.match(stdout, "2 problems");
  assert.equal(
    jsonOf(cache, "verify").problems.map((each: { signature: string }) => each.signature),
    [ONE, TWO],
  );
});

test("stats has the counts and the size", () => {
  const cache = filled();
  mkdirSync(join(cache.cacheDir, "stats"), { recursive: true });
  writeFileSync(join(cache.cacheDir, "stats", "3.jsonl"), '\n{"hits":3,"misses":1,"bytes":2500000}');
  const statistics = jsonOf(cache, "stats");
  assert.is(statistics.hits, 3);
  assert.is(statistics.maxSize, 5 * 2 ** 30);
  const lines = linesOf(cache, "stats");
  assert.match(lines[0] as string, /^hits +3 +75\.0 %$/);
  assert.match(lines.at(-1) as string, /^size +2\.5\d? MB, of 5\.37 GB$/);
});

test("gc removes what was used longest ago", () => {
  const cache = filled();
  const manifest = (signature: string) => join(cache.cacheDir, "manifest", `${signature}.json`);
  utimesSync(manifest(ONE), 1_000_000, 1_000_000);
  utimesSync(manifest(TWO), 2_000_000, 2_000_000);
  const before = entriesOf(cache);
  assert.equal(jsonOf(cache, "gc", "--max-size", "1G").removed, []);
  assert.match(linesOf(cache, "gc", "--max-size", "1", "--dry-run")[0] as string, `would remove ${TWO}`);
  assert.equal(entriesOf(cache), before);
  // One is older, but two is linked with it.
  assert.equal(jsonOf(cache, "gc", "--max-size", "1").removed, [TWO, ONE]);
  assert.equal(entriesOf(cache), []);
});

test("a directory that is no cache is refused", () => {
  const cache = newCache();
  mkdirSync(join(cache.cacheDir, "lib"), { recursive: true });
  writeFileSync(createLibFilename(ONE, cache), "");
  for (const command of ["clean", "gc", "verify"]) {
    const { code, stderr } = inCache(cache, [command]);
    assert.is(code, 1);
    assert.match(stderr, `${cache.cacheDir} is no cache`);
  }
  assert.ok(existsSync(createLibFilename(ONE, cache)));
});

test("a cache that does not exist is empty, and is not made", () => {
  const cache = newCache();
  for (const command of ["show", "clean", "verify", "stats", "gc", "path", "config"]) {
    assert.is(inCache(cache, [command]).code, 0, command);
  }
  assert.is(existsSync(cache.cacheDir), false);
});

const WRONG: Record<string, [args: string[], message: RegExp]> = {
  "an unknown command": [["cleen"], /unknown command "cleen"/],
  "an unknown option": [["show", "--colour"], /--colour/],
  "an option of another command": [["show", "--dry-run"], /--dry-run/],
  "an argument too many": [["clean", "all"], /all/],
  "an option without its value": [["gc", "--max-size"], /--max-size/],
  "a size that is none": [["gc", "--max-size", "much"], /--max-size: expected a size .*"much"/],
  "a kind of file that does not exist": [["show", "--categories", "inc,dll"], /--categories: .*"dll"/],
  "a missing pattern": [["grep"], /--pattern is missing/],
  "a broken expression": [["grep", "--regexmode", "--pattern", "("], /--pattern: Invalid regular expression/],
  "a missing name": [["grepfunction"], /--name is missing/],
  "a missing signature": [["checkout"], /--signature is missing/],
  "a hostile signature": [["clean", "--signature", "../x"], /--signature: expected letters/],
  "an unknown key": [["config", "--key", "build.cxxflag"], /--key: there is no "build.cxxflag"/],
};

for (const [what, [args, message]] of Object.entries(WRONG)) {
  test(`${what} exits with 2 and the usage`, () => {
    const { code, stdout, stderr } = inCache(whole, args);
    assert.is(code, 2, stderr);
    assert.is(stdout, "");
    assert.match(stderr, message);
    assert.match(stderr, "Usage: typed-mpi cache ");
  });
}

test("help of all and of each command has examples; without a command it goes to stderr", () => {
  const all = typedMpi(["cache", "--help"]);
  assert.is(all.code, 0);
  assert.is(typedMpi(["help", "cache"]).stdout, all.stdout);
  for (const name of [
    "config",
    "show",
    "clean",
    "grep",
    "grepfunction",
    "checkout",
    "verify",
    "stats",
    "gc",
    "path",
  ]) {
    assert.match(all.stdout, new RegExp(`^  ${name} +\\w`, "m"));
    const one = typedMpi(["cache", name, "-h"]);
    assert.is(one.code, 0);
    assert.match(one.stdout, `Examples:\n`);
    assert.is(typedMpi(["cache", "help", name]).stdout, one.stdout);
  }
  const none = typedMpi(["cache"]);
  assert.is(none.code, 2);
  assert.is(none.stderr, all.stdout);
});

test("sizes are read and shown", () => {
  const sizes: [string, number][] = [
    ["500M", 5e8],
    ["1.5 GB", 1.5e9],
    ["2GiB", 2 ** 31],
    ["10k", 1e4],
    ["12", 12],
    ["7B", 7],
  ];
  for (const [text, bytes] of sizes) assert.is(parseBytes("--max-size", text), bytes, text);
  for (const text of ["", "-1", "1e3", "M", "5i", "1X"]) {
    assertThrows(() => parseBytes("--max-size", text), { code: "ERR_USAGE" });
  }
  const shown = [0, 999, 1000, 12_345, 999_499, 999_500, 5e12].map(formatBytes);
  assert.equal(shown, ["0 B", "999 B", "1.00 kB", "12.3 kB", "999 kB", "1.00 MB", "5.00 TB"]);
});

test.run();

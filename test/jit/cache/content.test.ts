import {
  chmodSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { basename, join } from "node:path";
import { gunzipSync } from "node:zlib";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { isMiss } from "../../../src/jit/cache/entry.js";
import { isDefinition } from "../../../src/jit/cache/function-text.js";
import { holdShared, tryExclusive } from "../../../src/jit/cache/lock.js";
import { lookupEntry } from "../../../src/jit/cache/lookup.js";
import { readManifest } from "../../../src/jit/cache/manifest.js";
import { createLockFilename, createManifestFilename } from "../../../src/jit/cache/names.js";
import { readStatistics } from "../../../src/jit/cache/statistics.js";
import {
  type CacheParams,
  cleanCache,
  compressSourceCode,
  createIncFilename,
  createLibFilename,
  createSrcFilename,
  extractFiles,
  extractFunction,
  extractLibSignatures,
  globCache,
  grepCache,
  readInc,
  readLog,
  readSrc,
  storeInc,
  storeLog,
  storeSrc,
} from "../../../src/jit/index.js";
import { assertThrows } from "../../harness/assert.js";
import { filesOf, leftovers, newFolder } from "../caches.js";
import { buildLibraries, newCache, ONE, TWO } from "./libraries.js";

const test = suite("content of a cache");

const isThere = (signature: string, cache: CacheParams): boolean => !isMiss(lookupEntry(signature, cache));
const matched = (found: Map<string, readonly { line: number }[]>): [string, number[]][] =>
  [...found].map(([name, matches]) => [basename(name), matches.map(({ line }) => line)]);

test("what is stored is read again, compressed or not", () => {
  const cache = newCache();
  assert.is(readSrc(ONE, cache), undefined);
  assert.is(readInc(ONE, cache), undefined);
  assert.is(readLog(ONE, cache), undefined);
  assert.is(storeSrc(ONE, "int é;\n", cache), createSrcFilename(ONE, cache));
  assert.is(storeInc(ONE, Buffer.from("int x;"), cache), createIncFilename(ONE, cache));
  storeLog(ONE, "", cache);
  assert.is(readSrc(ONE, cache), "int é;\n");
  assert.is(readInc(ONE, cache), "int x;");
  assert.is(readLog(ONE, cache), "");
  for (const use of [readSrc, readInc, readLog]) {
    assertThrows(() => use("../one", cache), { code: "ERR_INVALID_ARG_VALUE", argument: "signature" });
  }
  for (const use of [storeSrc, storeInc, storeLog]) {
    assertThrows(() => use("../one", "", cache), { code: "ERR_INVALID_ARG_VALUE", argument: "signature" });
  }
  assert.equal(filesOf(cache.cacheDir), [`include/${ONE}.h`, `log/${ONE}.txt`, `src/${ONE}.cpp`]);
});

test("compressSourceCode keeps, deletes, and compresses anew", () => {
  const cache = newCache();
  const file = storeSrc(ONE, "first", cache);
  assert.is(compressSourceCode(file, { ...cache, srcStorage: "keep" }), file);
  assert.is(compressSourceCode(file, cache), `${file}.gz`);
  assert.is(compressSourceCode(file, cache), `${file}.gz`);
  storeSrc(ONE, "second", cache);
  compressSourceCode(file, cache);
  assert.is(gunzipSync(readFileSync(`${file}.gz`)).toString(), "second");
  assert.equal(filesOf(cache.cacheDir), [`src/${ONE}.cpp.gz`]);
  storeSrc(ONE, "third", cache);
  assert.is(compressSourceCode(file, { ...cache, srcStorage: "delete" }), undefined);
  assert.is(existsSync(file), false);
});

test("the source code of a C library is found although the parameters are those of C++", () => {
  const cache = newCache();
  storeSrc(ONE, "int c;", { ...cache, srcPostfix: ".c" });
  assert.is(readSrc(ONE, cache), "int c;");
  assert.equal(
    (globCache(cache).src ?? []).map((name) => basename(name)),
    [`${ONE}.c`],
  );
});

test("globCache lists the cache's own files, by kind", () => {
  const cache = newCache();
  assert.equal(globCache(cache), { inc: [], src: [], lib: [], log: [] });
  buildLibraries(cache);
  const names = (files: string[] | undefined) => (files ?? []).map((name) => basename(name));
  for (const stranger of ["lib/libm.so", "src/a.b.cpp", "src/README", "log/x.txt.1.ab.tmp"]) {
    writeFileSync(join(cache.cacheDir, stranger), "");
  }
  const { inc, src, lib, log } = globCache(cache);
  assert.equal(names(inc), [`${ONE}.h`]);
  assert.equal(names(src), [`${ONE}.cpp.gz`, `${TWO}.cpp.gz`]);
  assert.equal(names(lib), [`libtyped-mpi-${ONE}.so`, `libtyped-mpi-${TWO}.so`]);
  assert.equal(names(log), [`${ONE}.txt`, `${TWO}.txt`]);
  assert.equal(lib, [createLibFilename(ONE, cache), createLibFilename(TWO, cache)]);
  assert.equal(Object.keys(globCache(cache, ["lib"])), ["lib"]);
  assert.equal(extractLibSignatures(cache), [ONE, TWO]);
  assertThrows(() => globCache(cache, ["dll" as "lib"]), {
    code: "ERR_INVALID_ARG_VALUE",
    argument: "categories",
  });
});

test("grepCache finds lines, in compressed code and in what libraries are linked with", () => {
  const cache = newCache();
  buildLibraries(cache);
  assert.equal(matched(grepCache(/one\(/, cache)), [
    [`${ONE}.h`, [1]],
    [`${ONE}.cpp.gz`, [1]],
    [`${TWO}.cpp.gz`, [3]],
  ]);
  assert.equal(matched(grepCache(/return/g, cache, { categories: ["src"], signature: ONE.slice(0, 8) })), [
    [`${ONE}.cpp.gz`, [3]],
  ]);
  const [[name, matches] = ["", []]] = [...grepCache(/libtyped-mpi-one/, cache, { categories: ["lib"] })];
  assert.is(name, createLibFilename(TWO, cache));
  assert.is(matches[0]?.text, `libtyped-mpi-${ONE}.so => ${createLibFilename(ONE, cache)}`);
  assert.is(grepCache(/nothing/, cache).size, 0);
  assertThrows(() => grepCache("x" as unknown as RegExp, cache), { code: "ERR_INVALID_ARG_TYPE" });
});

test("extractFunction ends where the braces close, whatever is in strings and comments", () => {
  const body = [
    "double f(double x)  // not yet: }",
    "{",
    "  const char *s = \"}{}\"; char c = '}'; int n = 1'000;",
    '  /* } */ if (x > 0) { return R"a(}")a"[0]; }',
    "  return x;",
    "}",
  ];
  assert.is(extractFunction([...body, "int g() { return 1; }"]), body.join("\n"));
  assert.is(extractFunction(`${body.join("\r\n")}\r\nint g();`), body.join("\n"));
  assert.is(extractFunction(["int f() {}", "int g() {}"]), "int f() {}");
  assert.is(extractFunction(["int f(int x);", "int g() {}"]), "int f(int x);");
  assert.is(extractFunction(["A(int x): a{x}, b{1}", "{ c(); }", "next"]), "A(int x): a{x}, b{1}\n{ c(); }");
  assert.is(extractFunction(["int f() {", "if (1) {", "}"]), "int f() {\nif (1) {\n}");
  assert.is(extractFunction([]), "");
});

test("isDefinition tells a definition from a declaration and a call", () => {
  const is = (code: string): boolean => isDefinition(code, code.indexOf("f("));
  for (const code of [
    "int f(int x) { return x; }",
    "int f(int x,\n      int (*g)(char)) // not; yet\n  const noexcept(true)\n{",
    "auto f(int x) -> int {",
    "f(int x) : a(x), b{1} {}",
  ]) {
    assert.is(is(code), true, code);
  }
  for (const code of [
    "int f(int);\nint g() {}",
    "if (f(x)) {",
    "while (f(x) > 2) {",
    "x = f(1); }\nint g() {",
    "f(",
    "x = f(a) + b{1};",
  ]) {
    assert.is(is(code), false, code);
  }
});

test("extractFiles copies a library out, with its source code unpacked", () => {
  const cache = newCache();
  buildLibraries(cache);
  const path = newFolder();
  const directory = extractFiles(ONE, cache, { prefix: "out-", path });
  assert.is(directory, join(path, `out-${ONE}`));
  assert.equal(readdirSync(directory).sort(), [
    `libtyped-mpi-${ONE}.so`,
    `${ONE}.cpp`,
    `${ONE}.h`,
    `${ONE}.txt`,
  ]);
  assert.is(readFileSync(join(directory, `${ONE}.cpp`), "utf8"), readSrc(ONE, cache));
  assert.equal(readdirSync(extractFiles(TWO, cache, { path, categories: ["inc", "src"] })), [`${TWO}.cpp`]);
  assertThrows(() => extractFiles("nothing", cache, { path }), { code: "ERR_INVALID_ARG_VALUE" });
  assert.equal(readdirSync(path).sort(), [`out-${ONE}`, TWO].sort());
  assert.is(isThere(TWO, cache), true);
});

test("cleanCache only tells, unless it is to do", () => {
  const cache = newCache();
  buildLibraries(cache);
  const before = filesOf(cache.cacheDir);
  const { removed, inUse, bytes } = cleanCache(cache);
  assert.equal(filesOf(cache.cacheDir), before);
  assert.equal(
    removed.map((name) => name.slice(cache.cacheDir.length + 1)).sort(),
    before.filter((name) => !name.startsWith("stats/")),
  );
  assert.equal(inUse, []);
  assert.ok(bytes > 10_000);
  const known = readStatistics(cache).bytes;
  assert.equal(cleanCache(cache, { dryRun: false }).removed.toSorted(), removed.toSorted());
  assert.equal(
    filesOf(cache.cacheDir).filter((name) => !name.startsWith("stats/")),
    [],
  );
  assert.is(readStatistics(cache).bytes, Math.max(0, known - bytes));
  assert.is(isThere(ONE, cache), false);
  assert.equal(cleanCache(cache, { dryRun: false }).removed, []);
});

test("cleaning libraries or headers removes the entry; sources and logs only themselves", () => {
  const cache = newCache();
  buildLibraries(cache);
  const used = statSync(createManifestFilename(ONE, cache)).mtimeMs;
  cleanCache(cache, { dryRun: false, categories: ["src", "log"] });
  const manifest = readManifest(createManifestFilename(ONE, cache));
  assert.is(manifest?.source, null);
  assert.is(manifest?.log, null);
  assert.is.not(manifest?.header, null);
  assert.ok(Math.abs(statSync(createManifestFilename(ONE, cache)).mtimeMs - used) < 1);
  assert.is(isThere(TWO, cache), true);
  assert.equal(globCache(cache, ["src", "log"]), { src: [], log: [] });
  cleanCache(cache, { dryRun: false, categories: ["inc"], signature: ONE });
  assert.is(existsSync(createManifestFilename(ONE, cache)), false);
  assert.is(existsSync(createLibFilename(ONE, cache)), true);
  assert.is(existsSync(createManifestFilename(TWO, cache)), true);
  cleanCache(cache, { dryRun: false, categories: ["lib"] });
  assert.is(existsSync(createManifestFilename(TWO, cache)), false);
  assert.equal(extractLibSignatures(cache), []);
  assert.equal(leftovers(cache.cacheDir), []);
});

test("what is in use stays, unless it is forced", () => {
  const cache = newCache();
  buildLibraries(cache);
  holdShared(createManifestFilename(ONE, cache));
  const release = tryExclusive(createLockFilename(TWO, cache));
  assert.equal(cleanCache(cache, { dryRun: false }).inUse.toSorted(), [ONE, TWO]);
  assert.is(isThere(TWO, cache), true);
  release?.();
  assert.equal(cleanCache(cache, { dryRun: false }).inUse, [ONE]);
  assert.equal(extractLibSignatures(cache), [ONE]);
  cleanCache(cache, { dryRun: false, force: true });
  assert.equal(extractLibSignatures(cache), []);
});

test("files that are not the cache's own are not touched, nor is another directory", () => {
  const cache = newCache();
  buildLibraries(cache);
  const strangers = [
    "lib/libm.so",
    "src/main.cpp",
    "include/config.h",
    "log/build.txt",
    "README",
    "manifest/x.y.json",
  ];
  for (const name of strangers) writeFileSync(join(cache.cacheDir, name), name);
  cleanCache(cache, { dryRun: false });
  assert.equal(
    filesOf(cache.cacheDir).filter((name) => !name.startsWith("stats/")),
    strangers.toSorted(),
  );

  const project = newCache();
  mkdirSync(join(project.cacheDir, "lib"), { recursive: true });
  const library = createLibFilename(ONE, project);
  writeFileSync(library, "");
  assertThrows(() => cleanCache(project, { dryRun: false }), {
    code: "ERR_JIT_CACHE",
    message: project.cacheDir,
  });
  assert.is(existsSync(library), true);
});

test("a torn manifest and its files go, too", () => {
  const cache = newCache();
  buildLibraries(cache);
  writeFileSync(createManifestFilename(ONE, cache), "{");
  rmSync(createManifestFilename(TWO, cache));
  chmodSync(createLibFilename(TWO, cache), 0o400);
  cleanCache(cache, { dryRun: false });
  assert.equal(
    filesOf(cache.cacheDir).filter((name) => !name.startsWith("stats/")),
    [],
  );
});

test.run();

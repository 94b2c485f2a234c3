import { existsSync, statSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { readLibraryBinary, writeLibraryBinary } from "../../../src/jit/cache/library-binary.js";
import * as names from "../../../src/jit/cache/names.js";
import { assertThrows } from "../../harness/assert.js";
import { filesOf } from "../caches.js";
import { cacheIn, newCache } from "./store-fixture.js";

const functions = [
  names.createLogFilename,
  names.createIncBasename,
  names.createIncFilename,
  names.createSrcBasename,
  names.createSrcFilename,
  names.createLibBasename,
  names.createLibFilename,
  names.createLibname,
  names.createFailDirPath,
  names.createManifestFilename,
  names.createLockFilename,
];

test("names are where dijitso has them", () => {
  const cache = cacheIn("/cache", { libPostfix: ".so", srcPostfix: ".cpp", failDirRoot: "/failed" });
  assert.equal(
    functions.map((create) => create("s", cache)),
    [
      "/cache/log/s.txt",
      "s.h",
      "/cache/include/s.h",
      "s.cpp",
      "/cache/src/s.cpp",
      "libtyped-mpi-s.so",
      "/cache/lib/libtyped-mpi-s.so",
      "typed-mpi-s",
      "/failed/jitfailure-s",
      "/cache/manifest/s.json",
      "/cache/lock/s.lock",
    ],
  );
  assert.is(names.createFailDirPath("s", { ...cache, failDirRoot: "" }), join(process.cwd(), "jitfailure-s"));
  assert.is(names.createIncFilename("s", { ...cache, cacheDir: "~/c" }), join(homedir(), "c/include/s.h"));
});

test("hostile signatures are refused by every function", () => {
  const cache = cacheIn("/cache");
  for (const hostile of [
    "",
    "..",
    "../x",
    "a/b",
    "a\\b",
    "a\0",
    "a;b",
    "-l",
    "a.b",
    "a\n",
    "é",
    "x".repeat(201),
  ]) {
    for (const create of functions) {
      assertThrows(() => create(hostile, cache), { code: "ERR_INVALID_ARG_VALUE", argument: "signature" });
    }
  }
  assertThrows(() => names.assertSignature(1 as unknown as string), { code: "ERR_INVALID_ARG_TYPE" });
  names.assertSignature("x".repeat(200));
});

test("directories are made, writable by no others even if the umask allows it", () => {
  const umask = process.umask(0);
  try {
    const cache = newCache();
    names.ensureDirs(cache);
    for (const make of [names.makeIncDir, names.makeSrcDir, names.makeLibDir, names.makeLogDir]) {
      assert.is(statSync(make(cache)).mode & 0o777, 0o755);
    }
    assert.ok(existsSync(join(cache.cacheDir, "manifest")));
  } finally {
    process.umask(umask);
  }
});

test("a library is written at once and read again, and nothing else stays", () => {
  const cache = newCache();
  const data = Uint8Array.from({ length: 9000 }, (_, i) => i);
  const filename = writeLibraryBinary(data, "s", cache);
  assert.equal([...readLibraryBinary(filename)], [...data]);
  assert.is(statSync(filename).mode & 0o022, 0);
  assert.equal(filesOf(cache.cacheDir), ["lib/libtyped-mpi-s.so"]);
  assertThrows(() => writeLibraryBinary("x" as unknown as Uint8Array, "s", cache), {
    code: "ERR_INVALID_ARG_TYPE",
  });
  assertThrows(() => writeLibraryBinary(data, "../s", cache), { code: "ERR_INVALID_ARG_VALUE" });
});

test.run();

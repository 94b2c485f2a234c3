import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { sessionDefaultParams } from "../../src/jit/config.js";
import {
  checkParamsKeys,
  copyParams,
  defaultBuildParams,
  defaultCacheParams,
  defaultCxxCompiler,
  defaultCxxDebugFlags,
  defaultCxxFlags,
  defaultCxxReleaseFlags,
  defaultGeneratorParams,
  defaultParams,
  type GivenParams,
  mergeParams,
  validateParams,
} from "../../src/jit/params.js";
import { assertThrows } from "../harness/assert.js";
import { inSession } from "./session.js";

test("the defaults are those of dijitso, under their names in camelCase", () =>
  inSession(({ home }) => {
    const { cache, build, generator } = defaultParams();
    assert.equal(cache, defaultCacheParams());
    assert.equal(build, defaultBuildParams());
    assert.equal(generator, defaultGeneratorParams());
    assert.equal(generator, {});
    assert.equal(
      [cache.incDir, cache.srcDir, cache.libDir, cache.logDir, cache.commDir],
      ["include", "src", "lib", "log", "comm"],
    );
    assert.equal([cache.incPostfix, cache.srcPostfix, cache.logPostfix], [".h", ".cpp", ".txt"]);
    assert.equal([cache.libPrefix, cache.libBasename, cache.libPostfix], ["lib", "typed-mpi-", ".so"]);
    assert.equal([cache.srcStorage, cache.enableBuildLog, cache.fsync], ["compress", true, false]);
    assert.is(cache.cacheDir, join(home, ".cache", "typed-mpi"));
    assert.equal([build.cxx, build.cc, build.debug, build.language], ["c++", "cc", false, "c++"]);
    assert.equal(build.cxxflags, defaultCxxFlags());
    assert.equal(defaultCxxFlags(), ["-Wall", "-shared", "-fPIC", "-std=c++11"]);
    assert.equal(build.cxxflagsDebug, defaultCxxDebugFlags());
    assert.equal(defaultCxxDebugFlags(), ["-g", "-O0"]);
    assert.equal(build.cxxflagsOpt, defaultCxxReleaseFlags());
    assert.ok(defaultCxxReleaseFlags().includes("-O3"));
  }));

test("the environment is in the defaults", () =>
  inSession(({ home, set }) => {
    set({ CXX: "g++ -m64", CC: "clang", XDG_CACHE_HOME: "/x" });
    assert.is(defaultCxxCompiler(), "g++ -m64");
    assert.is(defaultBuildParams().cc, "clang");
    assert.is(defaultCacheParams().cacheDir, "/x/typed-mpi");
    set({ XDG_CACHE_HOME: "relative" });
    assert.is(defaultCacheParams().cacheDir, join(home, ".cache/typed-mpi"));
    set({ TYPED_MPI_CACHE_DIR: "/y", XDG_CACHE_HOME: "/x" });
    assert.is(defaultCacheParams().cacheDir, "/y");
    set({ HOME: "" });
    assert.match(defaultCacheParams().cacheDir, /^\/.*typed-mpi-\d+$/);
  }));

test("validateParams completes what is given, in one form", () =>
  inSession(({ here, home }) => {
    const params = validateParams({
      cache: { cacheDir: "~/c", layers: "shared/", failDirRoot: "", tempDirRoot: "../t", maxSize: 0 },
      build: {
        cxxflags: "-O1",
        libs: ["m", "dl"],
        includeDirs: ["inc", "~"],
        rpathDirs: ["$ORIGIN/../x", "r"],
      },
      generator: { degree: 2 },
    });
    assert.is(params.cache.cacheDir, join(home, "c"));
    assert.equal(params.cache.layers, [join(here, "shared")]);
    assert.is(params.cache.failDirRoot, "");
    assert.is(params.cache.tempDirRoot, join(here, "..", "t"));
    assert.is(params.cache.maxSize, 0);
    assert.is(params.cache.lockTimeout, 600);
    assert.equal(params.build.cxxflags, ["-O1"]);
    assert.equal(params.build.libs, ["m", "dl"]);
    assert.equal(params.build.includeDirs, [join(here, "inc"), home]);
    assert.equal(params.build.rpathDirs, ["$ORIGIN/../x", join(here, "r")]);
    assert.equal(params.generator, { degree: 2 });
  }));

test("what is undefined is as if not given", () =>
  inSession(() => {
    const nothing = { cache: { cacheDir: undefined }, build: undefined, generator: undefined };
    assert.equal(validateParams(nothing as never), validateParams());
    assert.equal(validateParams(), sessionDefaultParams());
  }));

test("what validateParams returns cannot be changed, nor is what was given", () =>
  inSession(() => {
    const cxxflags = ["-O1"];
    const given = { build: { cxxflags }, generator: { a: 1 } };
    const { cache, build, generator } = validateParams(given);
    assert.is(Reflect.set(build, "debug", true), false);
    assert.throws(() => (build.cxxflags as string[]).push("-g"), /not extensible/);
    assert.throws(() => (cache.layers as string[]).push("x"), /not extensible/);
    assert.throws(() => Object.assign(generator, { b: 1 }), /not extensible/);
    cxxflags.push("-g");
    given.generator.a = 2;
    assert.equal(build.cxxflags, ["-O1"]);
    assert.equal(generator, { a: 1 });
  }));

test("the name of the source follows the language unless it is set", () =>
  inSession(() => {
    assert.is(validateParams({ build: { language: "c" } }).cache.srcPostfix, ".c");
    assert.is(validateParams({ build: { language: "c++" } }).cache.srcPostfix, ".cpp");
    const own = { build: { language: "c" }, cache: { srcPostfix: ".cc" } } as const;
    assert.is(validateParams(own).cache.srcPostfix, ".cc");
    assert.is(mergeParams(validateParams(own), { build: { language: "c++" } }).cache.srcPostfix, ".cc");
  }));

test("unknown names are errors with the nearest known one", () =>
  inSession(() => {
    const near: readonly [object, string][] = [
      [{ cache: { cache_dir: "x" } }, 'params.cache: no name "cache_dir"; did you mean "cacheDir"?'],
      [{ cache: { cacheDri: "x" } }, 'did you mean "cacheDir"?'],
      [{ cache: { src_storage: "keep" } }, 'did you mean "srcStorage"?'],
      [{ build: { CXXFLAGS: "-O" } }, 'params.build: no name "CXXFLAGS"; did you mean "cxxflags"?'],
      [{ build: { include_dirs: "x" } }, 'did you mean "includeDirs"?'],
      [{ bulid: {} }, 'params: no group "bulid"; did you mean "build"?'],
      [{ build: { frobnicate: 1 } }, 'no name "frobnicate"; known are language, cxx, '],
      [{ cache: { constructor: 1 } }, 'no name "constructor"'],
      [JSON.parse('{ "build": { "__proto__": 1 } }'), 'no name "__proto__"'],
    ];
    for (const [given, message] of near) {
      assertThrows(() => validateParams(given), { code: "ERR_JIT_PARAMS", name: "JitError", message });
      assertThrows(() => checkParamsKeys(defaultParams(), given), { code: "ERR_JIT_PARAMS", message });
    }
    checkParamsKeys(defaultParams(), { generator: { anything: 1 } });
  }));

test("a wrong value is an error that names the parameter", () =>
  inSession(() => {
    const [type, value, range] = [
      "ERR_INVALID_ARG_TYPE",
      "ERR_INVALID_ARG_VALUE",
      "ERR_OUT_OF_RANGE",
    ] as const;
    const wrong: readonly [string, unknown, string][] = [
      ["cache.cacheDir", 3, type],
      ["cache.cacheDir", "", value],
      ["cache.cacheDir", "a\0b", value],
      ["cache.cacheDir", "~root/x", value],
      ["cache.cacheDir", null, type],
      ["cache.libDir", "../lib", value],
      ["cache.libDir", "/lib", value],
      ["cache.libDir", "", value],
      ["cache.srcDir", "a//b", value],
      ["cache.logDir", "manifest", value],
      ["cache.libPostfix", "/x.so", value],
      ["cache.libBasename", "a/b", value],
      ["cache.enableBuildLog", "true", type],
      ["cache.srcStorage", "zip", value],
      ["cache.layers", [1], type],
      ["cache.layers", { 0: "a" }, type],
      ["cache.maxSize", -1, range],
      ["cache.maxSize", 1.5, range],
      ["cache.maxSize", "5G", type],
      ["cache.lockTimeout", Number.NaN, range],
      ["cache.lockTimeout", Number.POSITIVE_INFINITY, range],
      ["build.timeout", 0, range],
      ["build.timeout", 3_000_000, range],
      ["build.timeout", 10n, type],
      ["build.language", "fortran", value],
      ["build.cxx", "  ", value],
      ["build.cxx", ["g++"], type],
      ["build.cxxflags", [""], value],
      ["build.cxxflags", 7, type],
      ["build.libs", ["m", "a\0"], value],
      ["build.debug", 1, type],
    ];
    for (const [path, wrongValue, code] of wrong) {
      const [group, name] = path.split(".") as [string, string];
      const given = { [group]: { [name]: wrongValue } } as GivenParams;
      const error = assertThrows(() => validateParams(given), { code });
      const argument = String(Reflect.get(error, "argument")).replace(/\[\d\]$/, "");
      assert.is(argument, `params.${path}`, error.message);
    }
    const groups: readonly [unknown, string][] = [
      [3, "params"],
      [null, "params"],
      [[], "params"],
      [{ cache: "x" }, "params.cache"],
      [{ build: [] }, "params.build"],
      [{ cache: null }, "params.cache"],
      [{ build: null }, "params.build"],
      [{ generator: null }, "params.generator"],
      [{ generator: new Map() }, "params.generator"],
    ];
    for (const [given, argument] of groups) {
      assertThrows(() => validateParams(given as never), { code: type, argument });
    }
  }));

test("copies share no list, and merging changes nothing that was given", () =>
  inSession(() => {
    const params = validateParams({ build: { libs: "m" }, generator: { a: 1, b: 1 } });
    const copy = copyParams(params);
    assert.equal(copy, params);
    (copy.build.libs as string[]).push("dl");
    (copy.cache.layers as string[]).push("/x");
    assert.equal([params.build.libs, params.cache.layers], [["m"], []]);
    const merged = mergeParams(params, { build: { debug: true }, generator: { b: 2, c: 3 } });
    assert.equal([merged.build.debug, merged.build.libs, params.build.debug], [true, ["m"], false]);
    assert.equal(merged.generator, { a: 1, b: 2, c: 3 });
    assert.equal(params.generator, { a: 1, b: 1 });
    assert.is(merged.cache, params.cache);
  }));

test("a relative path is that of the directory in which it is given", () =>
  inSession(({ here }) => {
    mkdirSync("below");
    const before = validateParams({ cache: { cacheDir: "c" } });
    process.chdir("below");
    assert.is(before.cache.cacheDir, join(here, "c"));
    assert.is(validateParams({ cache: { cacheDir: "c" } }).cache.cacheDir, join(here, "below", "c"));
    process.chdir(here);
  }));

test.run();

import { chmodSync, chownSync, mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { discoverConfigFilename, readConfigFile, sessionDefaultParams } from "../../src/jit/config.js";
import { validateParams } from "../../src/jit/params.js";
import { assertThrows } from "../harness/assert.js";
import { inSession, type Session } from "./session.js";

const basename = ".typed-mpi.json";

const write = (directory: string, contents: unknown): string => {
  const filename = join(directory, basename);
  writeFileSync(filename, typeof contents === "string" ? contents : JSON.stringify(contents), {
    mode: 0o600,
  });
  return filename;
};

/** Asserts what the error about the session says. */
function fails(session: Session, message: string | RegExp, environment: Record<string, string> = {}): Error {
  session.set(environment);
  return assertThrows(sessionDefaultParams, { code: "ERR_JIT_PARAMS", name: "JitError", message });
}

test("without a file there is nothing in it", () =>
  inSession(() => {
    assert.is(discoverConfigFilename(), undefined);
    assert.equal(readConfigFile(), {});
  }));

test("it is found here, then where TYPED_MPI_CONF says, then at home", () =>
  inSession(({ here, home, set }) => {
    const named = join(here, "named");
    mkdirSync(named);
    const [inHome, inNamed, inHere] = [write(home, {}), write(named, {}), write(here, {})];
    const other = join(here, "other.json");
    writeFileSync(other, "{}");
    set({ TYPED_MPI_CONF: named });
    assert.is(discoverConfigFilename(), inHere);
    rmSync(inHere);
    assert.is(discoverConfigFilename(), inNamed);
    set({ TYPED_MPI_CONF: "other.json" });
    assert.is(discoverConfigFilename(), other);
    set({ TYPED_MPI_CONF: "" });
    assert.is(discoverConfigFilename(), inHome);
    rmSync(inNamed);
    set({ TYPED_MPI_CONF: named });
    assert.is(discoverConfigFilename(), inHome, "a directory without the file is passed over");
  }));

test("defaults, then file, then environment, then parameters", () =>
  inSession(({ home, here, set }) => {
    write(home, {
      cache: { cacheDir: "from-file", srcStorage: "keep", layers: ["a", "/b"] },
      build: { cxx: "clang++", cxxflags: ["-O1", "-g"], libs: "m", timeout: 7 },
      generator: { degree: 2, list: [1] },
    });
    set({});
    const { cache, build, generator } = validateParams();
    assert.is(cache.cacheDir, join(home, "from-file"), "relative to the file");
    assert.equal(cache.layers, [join(home, "a"), "/b"]);
    assert.equal([cache.srcStorage, cache.libDir], ["keep", "lib"]);
    assert.equal([build.cxx, build.cc, build.timeout], ["clang++", "cc", 7]);
    assert.equal([build.cxxflags, build.libs], [["-O1", "-g"], ["m"]]);
    assert.equal(generator, { degree: 2, list: [1] });

    set({ TYPED_MPI_CACHE_DIR: "from-environment", TYPED_MPI_CACHE_LAYERS: "/c::/d", CXX: "g++", CC: "tcc" });
    const over = validateParams();
    assert.is(over.cache.cacheDir, join(here, "from-environment"));
    assert.equal(over.cache.layers, ["/c", "/d"]);
    assert.equal([over.build.cxx, over.build.cc, over.build.timeout], ["g++", "tcc", 7]);

    const last = validateParams({
      cache: { cacheDir: "/given" },
      build: { cxx: "icpx" },
      generator: { degree: 3 },
    });
    assert.equal([last.cache.cacheDir, last.cache.srcStorage], ["/given", "keep"]);
    assert.equal([last.build.cxx, last.build.cc], ["icpx", "tcc"]);
    assert.equal(last.generator, { degree: 3, list: [1] });
  }));

test("file and environment are read once", () =>
  inSession(({ here, set }) => {
    write(here, { build: { timeout: 5 } });
    set({ CXX: "g++" });
    const first = sessionDefaultParams();
    write(here, { build: { timeout: 6 } });
    process.env["CXX"] = "clang++";
    assert.is(sessionDefaultParams(), first);
    assert.equal([validateParams().build.timeout, validateParams().build.cxx], [5, "g++"]);
    assert.is(readConfigFile().build?.timeout, 5);
    assert.throws(() => Object.assign(readConfigFile().build ?? {}, { timeout: 6 }), /read only/);
    set({});
    assert.is(validateParams().build.timeout, 6);
  }));

test("what is wrong in the file is told with its name", () =>
  inSession((session) => {
    const filename = join(session.here, basename);
    const wrong: readonly [unknown, string | RegExp][] = [
      ['{ "cache": ', /JSON/],
      ["[1]", "params: expected an object"],
      ["null", "params: expected an object"],
      [{ cach: {} }, 'no group "cach"; did you mean "cache"?'],
      [{ cache: { cache_dir: "x" } }, 'params.cache: no name "cache_dir"; did you mean "cacheDir"?'],
      [{ cache: { maxSize: "5G" } }, "params.cache.maxSize: expected a number of bytes"],
      [{ build: { cxxflags: ["-O", 3] } }, "params.build.cxxflags[1]: expected a string"],
      [{ generator: [] }, "params.generator: expected an object"],
      [{ cache: null }, "params.cache: expected an object, got null"],
    ];
    for (const [contents, message] of wrong) {
      write(session.here, contents);
      const error = fails(session, message);
      assert.ok(error.message.startsWith(`${filename}: `), error.message);
    }
    write(session.here, '\uFEFF{ "build": { "timeout": 9 } }');
    session.set({});
    assert.is(validateParams().build.timeout, 9, "after a byte order mark");
    rmSync(filename);
    mkdirSync(filename);
    fails(session, /EISDIR/);
  }));

test("what is wrong in the environment is told with the name of the variable", () =>
  inSession((session) => {
    fails(session, "CXX: params.build.cxx: expected a command", { CXX: " " });
    fails(session, "TYPED_MPI_CACHE_DIR: params.cache.cacheDir: only one's own home", {
      TYPED_MPI_CACHE_DIR: "~other/x",
    });
    fails(session, /TYPED_MPI_CONF: there is no file or directory \/no\/where/, {
      TYPED_MPI_CONF: "/no/where",
    });
  }));

test("a file that others could write is not used unless it is named", () =>
  inSession((session) => {
    const filename = write(session.here, { build: { timeout: 4 } });
    chmodSync(filename, 0o666);
    fails(session, `can be written by everybody, and could run any program as the compiler: run chmod o-w`);
    session.set({ TYPED_MPI_CONF: filename });
    assert.is(validateParams().build.timeout, 4);
    chmodSync(filename, 0o644);
    session.set({});
    assert.is(validateParams().build.timeout, 4);
    if (process.getuid?.() !== 0) return; // Only root can give files away.
    chownSync(filename, 12345, 12345);
    fails(session, `${filename} belongs to user 12345`);
  }));

test.run();

import { mkdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { engine } from "../../../src/ffi/index.js";
import { createLibBasename } from "../../../src/jit/cache/names.js";
import { makeCompileCommand, makeUnique } from "../../../src/jit/compiler/command.js";
import { runCompiler } from "../../../src/jit/compiler/run.js";
import { type BuildParams, defaultBuildParams, defaultCacheParams } from "../../../src/jit/params.js";
import { script, workspace } from "./workspace.js";

const test = suite("makeCompileCommand");

/** A library of a cache in `root`, compiled in the way of `build`. */
function compile(
  root: string,
  signature: string,
  source: string,
  dependencies: string[],
  build: BuildParams,
) {
  const cache = { ...defaultCacheParams(), cacheDir: root };
  const library = join(root, "lib", createLibBasename(signature, cache));
  const src = `${signature}.${build.language === "c" ? "c" : "cpp"}`;
  for (const name of ["lib", "include"]) mkdirSync(join(root, name), { recursive: true });
  writeFileSync(join(root, src), source);
  const command = makeCompileCommand(src, library, dependencies, build, cache, { depFile: "included.d" });
  const result = runCompiler(command, { cwd: root, timeout: 60, label: "" }).sync();
  assert.is(result.exitCode, 0, `${command.join(" ")}\n${result.output}`);
  return { library, output: result.output, included: readFileSync(join(root, "included.d"), "utf8") };
}

const compilers: [string, Partial<BuildParams>][] = [
  ...["gcc", "clang", "tcc", "mpicc.openmpi", "mpicc.mpich", "gcc -pipe"].map(
    (cc): [string, Partial<BuildParams>] => [`C, ${cc}`, { language: "c", cc }],
  ),
  ...["g++", "clang++", "clang", "mpicc.openmpi", "mpicc.mpich", "mpicxx.openmpi", "mpicxx.mpich"].map(
    (cxx): [string, Partial<BuildParams>] => [`C++, ${cxx}`, { cxx }],
  ),
  ['C++, "g++ -pipe"', { cxx: "g++ -pipe" }],
  ["C++, flags that do not say shared", { cxxflags: "-O1".split(" ") }],
  ["C++, optimized when it is linked", { cxxflags: ["-flto"] }],
  ["C, to debug", { language: "c", debug: true }],
];

for (const [name, given] of compilers) {
  test(`${name}: libraries are built, depend on each other, and can be moved`, () => {
    const build = { ...defaultBuildParams(), ...given };
    const root = join(workspace(), "first");
    mkdirSync(join(root, "include"), { recursive: true });
    const declare = build.language === "c" ? "" : 'extern "C" ';
    writeFileSync(join(root, "include", "square.h"), `${declare}double square(double);\n`);
    compile(root, "square", `#include "square.h"\ndouble square(double x) { return x * x; }`, [], build);
    const source = `#include "square.h"\n${declare}double fourth(double x) { return square(square(x)); }`;
    const { library, included, output } = compile(root, "fourth", source, ["square"], build);
    assert.match(included, join(root, "include", "square.h"));
    if (!name.includes("tcc")) assert.is(output, "");
    const moved = `${root}-moved`;
    renameSync(root, moved);
    const loaded = engine().load(library.replace(root, moved));
    assert.is(loaded.func("fourth", "double", ["double"])(3), 81);
  });
}

const cache = { ...defaultCacheParams(), cacheDir: "/the/cache" };

test("the parts of a command, each once and in their order", () => {
  const build: BuildParams = {
    ...defaultBuildParams(),
    cxx: "g++ -m64",
    includeDirs: ["/i", "/the/cache/include", "/i"],
    libDirs: ["/l"],
    rpathDirs: ["/l", "$ORIGIN/../x", "/l"],
    libs: ["m"],
  };
  const [program, ...args] = makeCompileCommand("s.cpp", "s.so", ["dep"], build, cache, { depFile: "s.d" });
  assert.match(program as string, /^\/.*\/g\+\+$/);
  assert.is(
    args.join(" "),
    "-m64 -Wall -shared -fPIC -std=c++11 -O3 -fno-math-errno -fno-trapping-math -ffinite-math-only -pipe -fno-use-linker-plugin " +
      "-I/i -I/the/cache/include -MD -MF s.d s.cpp -L/l -L/the/cache/lib " +
      "-Wl,-rpath,$ORIGIN -Wl,-rpath,/l -Wl,-rpath,$ORIGIN/../x -ltyped-mpi-dep -lm -o s.so",
  );
});

test("gcc's linker goes without its plugin unless something may be optimized when it is linked", () => {
  const without = (given: Partial<BuildParams>): boolean =>
    makeCompileCommand(
      "s.cpp",
      "s.so",
      [],
      { ...defaultBuildParams(), cxx: "g++", ...given },
      cache,
    ).includes("-fno-use-linker-plugin");
  assert.ok(without({}));
  assert.ok(without({ libs: ["m"] }));
  assert.ok(without({ language: "c", cc: "mpicc.openmpi" }));
  for (const given of [
    { cxx: "g++ -flto" },
    { cxxflags: ["-flto=auto"] },
    { cxxflags: ["-fuse-linker-plugin"] },
    { cxxflags: ["-O1", "fat.a"] },
    { cxxflags: ["-Wl,-lx"] },
    { libs: ["m", "x"] },
    { cxx: "clang++" },
    { cxx: script(workspace(), "another", "exit 1") },
  ]) {
    assert.not(without(given), JSON.stringify(given));
  }
});

test("relative directories of the parameters are made absolute", () => {
  const build = { ...defaultBuildParams(), includeDirs: ["inc"], libDirs: ["lib"], rpathDirs: ["lib"] };
  const command = makeCompileCommand("s.cpp", "s.so", [], build, cache);
  for (const word of [
    `-I${process.cwd()}/inc`,
    `-L${process.cwd()}/lib`,
    `-Wl,-rpath,${process.cwd()}/lib`,
  ]) {
    assert.ok(command.includes(word), word);
  }
});

test("a directory whose name has a comma", () => {
  const build = { ...defaultBuildParams(), rpathDirs: ["/a,b"] };
  const command = makeCompileCommand("s.cpp", "s.so", [], build, cache).join(" ");
  assert.match(command, " -Xlinker -rpath -Xlinker /a,b ");
});

test("a source of another ending is told the language; unusual library names are linked by file name", () => {
  const odd = { ...cache, libPrefix: "x-", libPostfix: ".bin" };
  const words = makeCompileCommand("s.gen", "s.so", ["dep"], defaultBuildParams(), odd).join(" ");
  assert.match(words, " -x c++ s.gen -x none ");
  assert.match(words, " -l:x-typed-mpi-dep.bin ");
});

test("Microsoft's compiler has its own forms", () => {
  const cl = script(workspace(), "cl", "exit 1");
  const build = { ...defaultBuildParams(), cxx: cl, includeDirs: ["/i"], libDirs: ["/l"], libs: ["user32"] };
  const windows = { ...cache, libPrefix: "", libPostfix: ".dll" };
  assert.is(
    makeCompileCommand("s.cpp", "s.dll", ["dep"], build, windows, { depFile: "s.json" }).join(" "),
    `${cl} /W3 /LD /O2 /nologo /EHsc /I/i /I/the/cache/include /sourceDependencies s.json /Tps.cpp ` +
      "/link /LIBPATH:/l /LIBPATH:/the/cache/lib typed-mpi-dep.lib user32.lib /OUT:s.dll",
  );
});

test("makeUnique keeps the first of each", () => {
  assert.equal(makeUnique(["b", "a", "b", "c", "a"]), ["b", "a", "c"]);
});

test.run();

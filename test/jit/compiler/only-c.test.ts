import { readFileSync } from "node:fs";
import { join } from "node:path";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import type { CompilerFamily } from "../../../src/jit/compiler/identity.js";
import { librariesOfC } from "../../../src/jit/compiler/only-c.js";
import { type Generated, type GivenParams, JitError, jit, setLogHandler } from "../../../src/jit/index.js";
import { defaultBuildParams } from "../../../src/jit/params.js";
import { newFolder } from "../caches.js";
import { script, workspace } from "./workspace.js";

setLogHandler(() => {});

const told = suite("librariesOfC: what a source tells");

const SUM = 'extern "C" double sum(const double *x) { return x[0] + x[1]; }\n';

/** Of code for a compiler of this family, with these flags and libraries. */
function libraries(
  source: string,
  {
    command = ["/usr/bin/g++"],
    family = "gcc",
    flags = ["-O3"],
    libs = [] as string[],
    language = "c++",
  } = {},
): readonly string[] | undefined {
  const build = {
    ...defaultBuildParams(),
    language: language as "c" | "c++",
    cxxflags: flags,
    libs,
  };
  return librariesOfC(source, { command, family: family as CompilerFamily }, build);
}

told("C's library alone, and that of mathematics where headers are included", () => {
  assert.equal(libraries(SUM), ["c"]);
  for (const header of ["math.h", "cmath", "stdint.h", "cstdint", "stdbool.h", "cstring"]) {
    assert.equal(libraries(`#include <${header}>\n${SUM}`), ["m", "c"], header);
    assert.equal(libraries(`${SUM}  # include<${header}> // it\n`), ["m", "c"], header);
  }
  assert.equal(libraries(SUM, { libs: ["m"] }), ["c"]);
  assert.equal(libraries("/* a new one */ int f(void) { return 1; }", { language: "c" }), ["c"]);
  assert.equal(libraries(SUM, { family: "clang", command: ["/usr/bin/clang++", "-O2"] }), ["c"]);
  assert.equal(
    libraries(SUM, { flags: [...defaultBuildParams().cxxflags, "-march=native", "-g", "-DX=1"] }),
    ["c"],
  );
});

for (const [what, source] of [
  ["a header of C++", `#include <vector>\n${SUM}`],
  ["one of several headers", `#include <math.h>\n#include <string>\n${SUM}`],
  ["a header of the user's", `#include "math.h"\n${SUM}`],
  ["a header that a macro names", `#define H <vector>\n#include H\n${SUM}`],
  ["an allocation", 'extern "C" double *f() { return new double[3]; }'],
  ["an exception", 'extern "C" void f() { throw 1; }'],
  ["a virtual function", "struct S { virtual void f(); };"],
  ["a source that takes long to compile", SUM + " ".repeat(40_000)],
] as const) {
  told(`more may be needed: ${what}`, () => assert.is(libraries(source), undefined));
}

for (const flag of [
  ...[
    "-fopenmp",
    "-fsanitize=address",
    "-Ofast",
    "-ffast-math",
    "-mpc32",
    "--coverage",
    "-pg",
    "-nodefaultlibs",
  ],
  ...["-rtlib=libgcc", "-lx", "-Wl,-x", "-Xlinker", "@flags", "-specs=x", "x.o", "libx.a"],
]) {
  told(`more may be needed: ${flag}`, () => {
    assert.is(libraries(SUM, { flags: [flag] }), undefined);
    assert.is(libraries(SUM, { command: ["/usr/bin/g++", flag] }), undefined);
  });
}

told("more may be needed: a library, the wrapper of an MPI, a compiler that nobody knows", () => {
  assert.is(libraries(SUM, { libs: ["m", "x"] }), undefined);
  assert.is(libraries(SUM, { command: ["/usr/bin/mpicxx.mpich"] }), undefined);
  for (const family of ["other", "tcc", "msvc"]) assert.is(libraries(SUM, { family }), undefined);
});

told.run();

const built = suite("libraries of code that may need C's alone");

let count = 0;

/** Builds `source`; what it was compiled by, and whether C++'s library is loaded with it. */
function compiled(source: string, given: GivenParams["build"] = {}) {
  const cacheDir = newFolder();
  const generate = (): Generated => ({ source });
  const { library, signature } = jit(
    source,
    `only ${count++}`,
    { cache: { cacheDir }, build: given },
    { generate },
  );
  const manifest = JSON.parse(readFileSync(join(cacheDir, "manifest", `${signature}.json`), "utf8"));
  const hasCxx = readFileSync(library.path).includes("libstdc++");
  return { library, isLean: manifest.build.command.includes("-nostdlib"), hasCxx };
}

for (const [name, given] of [
  ["g++", { cxx: "g++" }],
  ["clang++", { cxx: "clang++" }],
  ["gcc", { language: "c", cc: "gcc" }],
  ["g++, to debug", { cxx: "g++", debug: true }],
] as const) {
  const c = given.language === "c" ? "" : 'extern "C" ';

  built(`${name}: it is linked with nothing else`, () => {
    const { library, isLean, hasCxx } = compiled(`${c}int five(void) { return 5; }\n`, given);
    assert.is(library.func("int five(void)")(), 5);
    assert.ok(isLean);
    assert.not(hasCxx);
  });

  built(`${name}: it calls functions of C's libraries`, () => {
    const source = `#include <math.h>\n#include <stdlib.h>\n${c}double f(double x) { double *p = (double *)malloc(8); *p = sin(x); double y = *p + exp(x); free(p); return y; }\n`;
    const { library, isLean } = compiled(source, given);
    assert.is(library.func("double f(double)")(0.5), Math.sin(0.5) + Math.exp(0.5));
    assert.ok(isLean);
  });
}

// What C++ itself, or a function without its header, needs of libraries is not seen in the text.
for (const [what, source, expected] of [
  [
    "objects that are destroyed at the end",
    'static int n = 2; struct S { int v; S() : v(n) {} ~S() { n = 0; } }; static S s; extern "C" int f() { return s.v; }',
    2,
  ],
  [
    "a function of gcc's own library",
    '#include <stdint.h>\nextern "C" int f() { volatile __int128 a = 7, b = 2; return (int)(a / b); }',
    3,
  ],
  [
    "mathematics without a header",
    'extern "C" double cbrt(double); static volatile double x = 27; extern "C" int f() { return (int)cbrt(x); }',
    3,
  ],
  [
    "threads that are told to link nothing",
    '#include <stdlib.h>\nextern "C" int pthread_self(); extern "C" int f() { return pthread_self() != 0; }',
    1,
  ],
] as const) {
  built(`${what}: built, whatever it takes`, () => {
    const { library } = compiled(source, { cxx: "g++" });
    assert.is(library.func("int f()")(), expected);
  });
}

built("what needs C++'s library after all has it", () => {
  const source =
    'static int g(volatile int *x) { return *x; } extern "C" int f() { volatile int x = 4; static int v = g(&x); return v; }';
  const { isLean, hasCxx, library } = compiled(source, { cxx: "g++" });
  assert.is(library.func("int f()")(), 4);
  assert.not(isLean);
  assert.ok(hasCxx);
});

built("an error in the code is told once, with the command that links all", () => {
  const cacheDir = newFolder();
  try {
    jit(
      0,
      "wrong",
      { cache: { cacheDir, failDirRoot: newFolder() } },
      { generate: () => ({ source: "int f( { }\n" }) },
    );
    assert.unreachable();
  } catch (error) {
    assert.instance(error, JitError);
    const { command = [], output = "" } = error as JitError;
    assert.not(command.includes("-nostdlib"));
    assert.is(output.split("error:").length, 2);
  }
});

built("compilers that take offence at what they do not need are asked as ever", () => {
  const given = { cxx: "clang++", cxxflags: ["-Werror", "-O1"] };
  assert.ok(compiled('extern "C" int f() { return 5; }\n', given).isLean);
  assert.not(
    compiled('extern "C" int f() { return 5; }\n', {
      ...given,
      cxxflags: [...given.cxxflags, "-rtlib=libgcc"],
    }).isLean,
  );
});

built("a compiler that fails is asked once more, with all that it links with, and no more", () => {
  const directory = workspace();
  const cxx = script(directory, "g++", `echo run >> ${directory}/runs; sleep 0.3; exit 3`);
  try {
    jit(
      0,
      "slow",
      { cache: { cacheDir: newFolder(), failDirRoot: newFolder() }, build: { cxx } },
      { generate: () => ({ source: SUM }) },
    );
    assert.unreachable();
  } catch (error) {
    assert.match((error as Error).message, "failed with exit code 3");
  }
  assert.is(readFileSync(join(directory, "runs"), "utf8"), "run\nrun\n");
});

built("a function that is nowhere is told of as ever: when the library is loaded", () => {
  const cacheDir = newFolder();
  const source = 'extern "C" int nowhere_at_all(); extern "C" int f() { return nowhere_at_all(); }\n';
  try {
    jit(0, "nowhere", { cache: { cacheDir } }, { generate: () => ({ source }) });
    assert.unreachable();
  } catch (error) {
    assert.match((error as Error).message, "nowhere_at_all");
  }
});

built.run();

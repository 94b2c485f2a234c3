import { readFileSync } from "node:fs";
import { join } from "node:path";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { librariesOfC, missedLibraries } from "../../../src/jit/compiler/only-c.js";
import { type Generated, type GivenParams, JitError, jit, setLogHandler } from "../../../src/jit/index.js";
import { defaultBuildParams } from "../../../src/jit/params.js";
import { newFolder } from "../caches.js";

setLogHandler(() => {});

const told = suite("librariesOfC: what a source tells");

const build = defaultBuildParams();
const SUM = 'extern "C" double sum(const double *x) { return x[0] + x[1]; }\n';

told("C's library alone, and that of mathematics where headers are included", () => {
  assert.equal(librariesOfC(SUM, ["g++", "-O3"], build), ["c"]);
  for (const header of ["math.h", "cmath", "stdint.h", "cstdint", "stdbool.h", "cstring"]) {
    assert.equal(librariesOfC(`#include <${header}>\n${SUM}`, ["g++"], build), ["m", "c"], header);
    assert.equal(librariesOfC(`${SUM}  # include<${header}> // it\n`, ["g++"], build), ["m", "c"], header);
  }
  assert.equal(librariesOfC(SUM, ["gcc"], { ...build, libs: ["m"] }), ["c"]);
});

for (const [what, source] of [
  ["a header of C++", `#include <vector>\n${SUM}`],
  ["one of several headers", `#include <math.h>\n#include <string>\n${SUM}`],
  ["a header of the user's", `#include "math.h"\n${SUM}`],
  ["a header that a macro names", `#define H <vector>\n#include H\n${SUM}`],
  ["an allocation", 'extern "C" double *f() { return new double[3]; }'],
  ["an exception", 'extern "C" void f() { throw 1; }'],
  ["a virtual function", "struct S { virtual void f(); };"],
] as const) {
  told(`more may be needed: ${what}`, () => assert.is(librariesOfC(source, ["g++"], build), undefined));
}

for (const flag of [
  "-fopenmp",
  "-fsanitize=address",
  "-Ofast",
  "-ffast-math",
  "-lx",
  "-Wl,-x",
  "x.o",
  "libx.a",
  "--coverage",
  "-pg",
]) {
  told(`more may be needed: ${flag}`, () => assert.is(librariesOfC(SUM, ["g++", flag], build), undefined));
}

told("more may be needed: a library", () => {
  assert.is(librariesOfC(SUM, ["g++"], { ...build, libs: ["m", "x"] }), undefined);
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
  ["mpicxx of MPICH", { cxx: "mpicxx.mpich" }],
] as const) {
  const c = given.language === "c" ? "" : 'extern "C" ';

  built(`${name}: it is linked with nothing else`, () => {
    const { library, isLean, hasCxx } = compiled(`${c}int five(void) { return 5; }\n`, given);
    assert.is(library.func("int five(void)")(), 5);
    assert.ok(isLean);
    assert.not(hasCxx && !name.startsWith("mpi"));
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
    assert.not(missedLibraries(output));
  }
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

import { basename } from "node:path";
import type { BuildParams } from "../params.js";
import { flagsOf } from "./command.js";
import type { Compiler } from "./identity.js";

/*
 * To link with the library of C++ takes a quarter of the time of a small build, since the linker reads all that is in
 * it. Much of generated code needs nothing of it.
 */

/** Headers whose functions are in the libraries of C, or nowhere. */
const HEADERS: ReadonlySet<string> = new Set(
  ["complex", "fenv", "float", "inttypes", "limits", "math", "stddef", "stdint", "stdlib", "string"].flatMap(
    (name) => [`${name}.h`, `c${name}`],
  ),
)
  .add("stdbool.h")
  // What it declares takes -fopenmp, which is not harmless.
  .add("omp.h");

const INCLUDE = /^[ \t]*#[ \t]*include\b(.*)$/gm;

/** What compiles to calls into the library of C++. */
const WORDS = /\b(?:new|delete|throw|try|catch|typeid|dynamic_cast|virtual)\b/;

/** Flags that change nothing in what is linked with. Others may: start-up files, libraries, another linker. */
const HARMLESS =
  /^-(?:O[0-3sg]?|g[0-3]?|W(?![alp],).*|w|std=.+|fPIC|shared|pipe|m(?:arch|tune|cpu)=.+|[DUI].+|f(?:no-)?(?:math-errno|trapping-math|finite-math-only|rounding-math|strict-aliasing|wrapv|unroll-loops|use-linker-plugin|fp-contract=.+|vect-cost-model=.+))$/;

/** Characters. What is longer takes so long that hardly anything is gained, and too much lost by compiling it twice. */
const SHORT = 32_768;

/**
 * The libraries that are likely to be all that this code needs: C's and that of mathematics. Only linking tells for sure.
 * @returns undefined if more may be needed, or the compiler is none that can be told so
 */
export function librariesOfC(
  source: string,
  { command: [program = "", ...args], family }: Compiler,
  build: BuildParams,
): readonly string[] | undefined {
  if (process.platform !== "linux" || (family !== "gcc" && family !== "clang")) return undefined;
  // The wrappers of an MPI add flags of their own.
  if (basename(program).startsWith("mpi") || build.libs.some((lib) => lib !== "m")) return undefined;
  if (![...args, ...flagsOf(build)].every((word) => HARMLESS.test(word))) return undefined;
  if (source.length > SHORT || (build.language === "c++" && WORDS.test(source))) return undefined;
  const included = [...source.matchAll(INCLUDE)].map(([, what = ""]) => /^\s*<([\w.]+)>/.exec(what)?.[1]);
  if (!included.every((name) => name !== undefined && HEADERS.has(name))) return undefined;
  return included.length > 0 ? ["m", "c"] : ["c"];
}

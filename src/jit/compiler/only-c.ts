import type { BuildParams } from "../params.js";

/*
 * To link with the library of C++ takes a quarter of the time of a small build, since the linker reads all that is in
 * it. Much of generated code needs nothing of it.
 */

/** Headers whose functions are in the libraries of C, or nowhere. */
const HEADERS: ReadonlySet<string> = new Set(
  ["complex", "fenv", "float", "inttypes", "limits", "math", "stddef", "stdint", "stdlib", "string"].flatMap(
    (name) => [`${name}.h`, `c${name}`],
  ),
).add("stdbool.h");

const INCLUDE = /^[ \t]*#[ \t]*include\b(.*)$/gm;

/** What compiles to calls into the library of C++. */
const WORDS = /\b(?:new|delete|throw|try|catch|typeid|dynamic_cast|virtual)\b/;

/** What makes compilers link with more than the code asks for. */
const FLAGS =
  /^-(?:fopenmp|fsanitize|ffast-math|Ofast|funsafe|fprofile|-coverage|pg?$|l|Wl,|static|nostd|stdlib)|\.[ao]$/;

/**
 * The libraries that are likely to be all that this code needs: C's and that of mathematics. Only linking tells for sure.
 * @param words The compiler's command and its flags.
 * @returns undefined if more may be needed.
 */
export function librariesOfC(
  source: string,
  words: readonly string[],
  { libs }: BuildParams,
): readonly string[] | undefined {
  if (libs.some((lib) => lib !== "m") || words.some((word) => FLAGS.test(word))) return undefined;
  const included = [...source.matchAll(INCLUDE)].map(
    ([, what = ""]) => /^\s*<([\w.]+)>/.exec(what)?.[1] ?? "",
  );
  if (!included.every((name) => HEADERS.has(name)) || WORDS.test(source)) return undefined;
  return included.length > 0 ? ["m", "c"] : ["c"];
}

/** Whether a compiler that wrote this missed something in the libraries. */
export const missedLibraries = (output: string): boolean =>
  /\bundefined (?:reference|symbol)|\bld returned \d|linker command failed/.test(output);

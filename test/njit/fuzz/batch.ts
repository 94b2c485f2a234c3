import { hash } from "node:crypto";
import { type GivenParams, JitError, type JitLibrary, jit } from "../../../src/jit/index.js";
import { NODE_API } from "../../../src/njit/emit/node-api.js";
import { PRELUDE } from "../../../src/njit/emit/prelude.js";
import { njit } from "../../../src/njit/njit.js";
import { type Translation, translate } from "../../../src/njit/run/compile.js";
import { Specialisation } from "../../../src/njit/run/specialisation.js";
import { type AnyFunction, FunctionSource } from "../../../src/njit/source/source.js";
import { BOOL, elementOfArray, F64, I64, type Type } from "../../../src/njit/types.js";
import type { Parameter, Program } from "./generator.js";
import { guardedClasses } from "./reference.js";
import { textOf } from "./tree.js";

/* Many programs in one library: the compiler is started once for all. */

/** A program, compiled and as JavaScript. */
export interface Prepared {
  readonly program: Program;
  readonly reference: (...args: unknown[]) => unknown;
  /** An NjitError if it is refused; any other error is a defect. */
  readonly compiled: Specialisation | Error;
}

/** Of the C compiler, and where it works. */
export interface Compiler {
  readonly cc?: string;
  readonly flags: readonly string[];
  /** A directory for libraries, and for what could not be compiled. */
  readonly directory: string;
}

export function prepare(programs: readonly Program[], compiler: Compiler): Prepared[] {
  const translations = programs.map(translationOf);
  const compiled = compileAll(programs, translations, compiler);
  return programs.map((program, i) => ({
    program,
    reference: referenceOf(program),
    compiled: compiled[i] as Specialisation | Error,
  }));
}

function compileAll(
  programs: readonly Program[],
  translations: readonly (Translation | Error)[],
  compiler: Compiler,
): (Specialisation | Error)[] {
  const codes = translations.map((each, i) =>
    each instanceof Error ? "" : renamed(each.code, i, programs[i]?.seed ?? 0),
  );
  try {
    const library = libraryOf([PRELUDE, ...codes].join("\n"), compiler);
    return translations.map((each, i) =>
      each instanceof Error
        ? each
        : new Specialisation(typesOf(programs[i]?.parameters ?? []), each, partOf(library, i), 0),
    );
  } catch (error) {
    if (!(error instanceof JitError)) throw error;
    if (programs.length === 1) return [error];
    // One of them is no C: the others are compiled without it.
    const middle = programs.length >> 1;
    const parts = [
      [0, middle],
      [middle, programs.length],
    ] as const;
    return parts.flatMap(([from, to]) =>
      compileAll(programs.slice(from, to), translations.slice(from, to), compiler),
    );
  }
}

function libraryOf(code: string, { cc = "cc", flags, directory }: Compiler): JitLibrary {
  const params: GivenParams = {
    cache: { cacheDir: directory, failDirRoot: directory },
    build: { language: "c", cc, cflags: flags, cxxflagsOpt: [], libs: ["m"], timeout: 600 },
  };
  return jit(code, `fuzz-${hash("sha256", code)}`, params, { generate: () => ({ source: code }) }).library;
}

/** What all libraries define under the same name. */
const NAMES = ["njit_call"];

/** The code of a library as a part of one. */
function renamed(code: string, part: number, seed: number): string {
  const own = new RegExp(`\\bnjit_tuple_\\d+\\b|\\b(plain_)?[fh]\\d*_${seed}_\\d+\\b`, "g");
  const names = [...NAMES, ...new Set(code.match(own))];
  const define = names.map((name) => `#define ${name} ${name}__${part}`);
  // Node knows one function of a library.
  const body = code.slice(PRELUDE.length).replace(NODE_API, "");
  return [...define, body, ...names.map((name) => `#undef ${name}`)].join("\n");
}

const partOf = (library: JitLibrary, part: number): JitLibrary =>
  new Proxy(library, {
    get(target, key) {
      if (key !== "native") return Reflect.get(target, key, target) as unknown;
      return (name: string, ...rest: unknown[]) =>
        Reflect.apply(target.native as (...args: unknown[]) => unknown, target, [
          `${name}__${part}`,
          ...rest,
        ]);
    },
  });

const typesOf = (parameters: readonly Parameter[]): Type[] =>
  parameters.map((parameter) => {
    switch (parameter) {
      case "tame":
      case "number":
        return F64;
      case "boolean":
        return BOOL;
      case "bigint":
        return I64;
      default: {
        const element = elementOfArray(parameter);
        if (element === undefined) throw new TypeError(`${parameter} is no array`);
        return { kind: "array", element };
      }
    }
  });

/** The functions as the compiler is given them, and what they capture. */
function functionsOf(program: Program): { main: AnyFunction; captures: Record<string, AnyFunction> } {
  const captures: Record<string, AnyFunction> = {};
  let main: AnyFunction = () => undefined;
  for (const { name, body } of program.functions) {
    main = new Function(`return ${textOf(body)}`)() as AnyFunction;
    captures[name] = njit(main, { captures: { ...captures } });
  }
  return { main, captures };
}

function translationOf(program: Program): Translation | Error {
  try {
    const { main, captures } = functionsOf(program);
    return translate(new FunctionSource(main, captures), typesOf(program.parameters), program.mode);
  } catch (error) {
    return error as Error;
  }
}

export const textOfProgram = (program: Pick<Program, "functions">, isReference = false): string =>
  program.functions.map(({ body }) => textOf(body, isReference)).join("\n");

function referenceOf(program: Program): (...args: unknown[]) => unknown {
  const classes = guardedClasses(program.mode);
  const text = `"use strict";\n${textOfProgram(program, true)}\nreturn ${program.functions.at(-1)?.name};`;
  return new Function(...Object.keys(classes), text)(...Object.values(classes)) as (
    ...args: unknown[]
  ) => unknown;
}

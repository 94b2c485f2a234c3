import { accessSync, closeSync, constants, openSync, readSync, realpathSync, statSync } from "node:fs";
import { cpus } from "node:os";
import { basename, delimiter, isAbsolute, resolve, sep } from "node:path";
import { JitError } from "../error.js";
import type { BuildParams } from "../params.js";
import { type Effect, perform, runAsync, runSync, type Steps } from "../steps.js";
import { runCompiler } from "./run.js";

/** What kinds of command line there are; see the table of `command.ts`. Others are taken to be like gcc. */
export type CompilerFamily = "gcc" | "clang" | "tcc" | "msvc" | "other";

/** A compiler that is installed. */
export interface Compiler {
  /** Its absolute path, then the arguments that `CXX` or `CC` give it. */
  readonly command: readonly string[];
  readonly family: CompilerFamily;
}

/** Programs that run the compiler which follows them, or, by a link of its name, the next one on PATH. */
const LAUNCHERS: ReadonlySet<string> = new Set(["ccache", "sccache", "distcc", "icecc", "buildcache"]);

/** What each kind of MPI wrapper takes its compiler from, by the language it is for. */
const WRAPPED = {
  c: { variables: ["OMPI_CC", "MPICH_CC", "I_MPI_CC"], fallback: ["gcc", "cc"] },
  "c++": { variables: ["OMPI_CXX", "MPICH_CXX", "I_MPI_CXX"], fallback: ["g++", "c++"] },
} as const;

/** What changes the result of a compiler besides its command line. */
const VARIABLES: readonly string[] = [
  ...["CPATH", "C_INCLUDE_PATH", "CPLUS_INCLUDE_PATH", "LIBRARY_PATH", "COMPILER_PATH", "GCC_EXEC_PREFIX"],
  ...["SDKROOT", "MACOSX_DEPLOYMENT_TARGET", "INCLUDE", "LIB", "CL", "_CL_"],
  ...["OMPI_CFLAGS", "OMPI_CXXFLAGS", "OMPI_CPPFLAGS", "OMPI_LDFLAGS", "OMPI_LIBS"],
  ...["MPICH_CFLAGS", "MPICH_CXXFLAGS", "MPICH_CPPFLAGS", "MPICH_LDFLAGS", "MPICH_LIBS"],
  ...WRAPPED.c.variables,
  ...WRAPPED["c++"].variables,
];

/**
 * The compiler that `build` asks for: `build.cxx`, or `build.cc` for C, looked for on PATH if it is no path.
 * @returns Its absolute path (links are kept: a wrapper goes by its name), arguments and family.
 * @throws JitError `ERR_JIT_COMPILER_NOT_FOUND`; `ERR_JIT_PARAMS` if a quote in it is not closed.
 */
export function findCompiler(build: BuildParams): Compiler {
  const key = placeOf(build, settings());
  let compiler = found.get(key);
  if (compiler === undefined) {
    const command = findCommand(build);
    compiler = { command, family: familyOf(executables(command).at(-1) as string) };
    found.set(key, compiler);
  }
  return compiler;
}

const found = new Map<string, Compiler>();

/** All that decides which program it is, but for what is in the directories. */
const placeOf = (build: BuildParams, set: readonly string[]): string =>
  [build.language, textOf(build), process.env["PATH"], process.cwd(), ...set].join("\0");

function findCommand(build: BuildParams): [string, ...string[]] {
  const [program, ...args] = splitCommand(textOf(build));
  const path = program === undefined ? undefined : findProgram(program);
  if (path === undefined) throw notFound(build, program ?? "");
  return [path, ...args];
}

/** The variables that compilers mind, as they are set now. */
const settings = (): string[] =>
  VARIABLES.flatMap((name) => {
    const value = process.env[name];
    return value ? [`${name}=${value}`] : [];
  });

const known = new Map<string, string>();

/** What was looked at before anybody asked, and until when that is good: a process may be older than its compiler. */
const prepared = new Map<string, { readonly identity: string; readonly until: number }>();

/** For how long, in milliseconds. */
const PREPARED = 1000;

/** Looks at the compiler now, for a call that comes soon. @throws JitError as {@link findCompiler} */
export function prepareIdentity(build: BuildParams): void {
  const set = settings();
  prepared.set(placeOf(build, set), {
    identity: identityOf(build, set),
    until: performance.now() + PREPARED,
  });
}

/**
 * Text that changes whenever the compiler does: path, size and time of change of the program that `build` asks
 * for and of those that it runs in turn (ccache, the wrappers of an MPI), its arguments, and the environment
 * variables that compilers mind. Nothing is run, and a process looks at the files once.
 * @throws JitError as {@link findCompiler}.
 */
export function compilerIdentity(build: BuildParams): string {
  const set = settings();
  const key = placeOf(build, set);
  let identity = known.get(key);
  if (identity === undefined) {
    const early = prepared.get(key);
    const isGood = early !== undefined && performance.now() < early.until;
    identity = isGood ? early.identity : identityOf(build, set);
    known.set(key, identity);
  }
  return identity;
}

function identityOf(build: BuildParams, set: readonly string[]): string {
  const command = findCommand(build);
  const [program, ...args] = command;
  const native = isNative(args) ? [targetIdentity(args)] : [];
  const files = executables(command).map(fileIdentity);
  return [basename(program), ...args, ...files, ...set, ...native].join("\n");
}

/**
 * What the code is for: platform and architecture, with the model and the features of the CPU if `flags` tell
 * the compiler to look at it (`-march=native` and its like).
 */
export function targetIdentity(flags: readonly string[]): string {
  const target = `${process.platform}-${process.arch}`;
  return isNative(flags) ? `${target}\n${processor()}` : target;
}

/** The first line that the compiler prints about itself, `"tcc version 0.9.27"`; "" if it prints none. A process asks once. */
export const compilerVersion = (compiler: Compiler): Effect<string> => ({
  sync: () => runSync(askVersion(compiler)),
  async: () => runAsync(askVersion(compiler)),
});

const versions = new Map<string, string>();

function* askVersion({ command, family }: Compiler): Steps<string> {
  const key = command.join("\0");
  const asked = versions.get(key);
  if (asked !== undefined) return asked;
  const option = { gcc: ["--version"], clang: ["--version"], tcc: ["-v"], msvc: [], other: ["--version"] }[
    family
  ];
  const { output } = yield* perform(
    runCompiler([...command, ...option], { cwd: process.cwd(), timeout: 30, label: "" }),
  );
  const version = output.split("\n", 1)[0]?.trim() ?? "";
  versions.set(key, version);
  return version;
}

const textOf = (build: BuildParams): string => (build.language === "c" ? build.cc : build.cxx);

// The words of a command, the quotes in a word, and what a backslash escapes within `"`.
const [WORD, QUOTE, ESCAPE] =
  process.platform === "win32"
    ? ([/(?:[^\s"]|"[^"]*")+/g, /"([^"]*)"/g, /(?!)/g] as const)
    : ([
        /(?:[^\s"'\\]|"(?:[^"\\]|\\.)*"|'[^']*'|\\.)+/gs,
        /"((?:[^"\\]|\\.)*)"|'([^']*)'|\\(.)/gs,
        /\\(["\\$`])/g,
      ] as const);

/** Words as a shell has them. A text that as a whole is the path of a program is one word. */
function splitCommand(text: string): string[] {
  if (/^[\w+.-]+$/.test(text)) return [text];
  if (text.includes(sep) && isProgram(resolve(text))) return [text];
  if (text.replace(WORD, "").trim() !== "") {
    throw new JitError("ERR_JIT_PARAMS", `The compiler command ${text} has a quote that is not closed.`);
  }
  const unquote = (_: string, double?: string, single?: string, escaped?: string): string =>
    double?.replace(ESCAPE, "$1") ?? single ?? escaped ?? "";
  return (text.match(WORD) ?? []).map((word) => word.replace(QUOTE, unquote));
}

/** The path of a program by its name, as a shell finds it. */
function findProgram(name: string, accept: (path: string) => boolean = () => true): string | undefined {
  const suffixes = process.platform === "win32" ? ["", ".exe", ".cmd", ".bat"] : [""];
  const isPath = isAbsolute(name) || name.includes("/") || name.includes(sep);
  const directories = isPath ? [""] : searchPath().split(delimiter);
  for (const directory of directories) {
    for (const suffix of suffixes) {
      const path = isPath ? resolve(name + suffix) : resolve(directory, name + suffix);
      if (isProgram(path) && accept(path)) return path;
    }
  }
  return undefined;
}

const searchPath = (): string =>
  process.env["PATH"] || ["/usr/local/bin", "/usr/bin", "/bin"].join(delimiter);

function isProgram(path: string): boolean {
  try {
    // Most of PATH is without it, and an exception costs more than all the rest.
    if (!statSync(path, { throwIfNoEntry: false })?.isFile()) return false;
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

/** The programs that `command` comes to run, one by means of the other; the last one compiles. */
function executables(command: readonly string[]): string[] {
  const [program, ...args] = command as [string, ...string[]];
  const name = basename(program);
  const next = (found: string | undefined): string[] =>
    found === undefined ? [program] : [program, ...executables([found])];
  if (LAUNCHERS.has(name)) return next(firstProgram(args));
  const isLauncher = (path: string) => LAUNCHERS.has(basename(realpathSync.native(path)));
  if (isLauncher(program)) return next(findProgram(name, (path) => !isLauncher(path)));
  if (name.startsWith("mpi"))
    return next(wrapped(/cxx|c\+\+|CC|g\+\+|icp|clang\+\+|dpc/.test(name) ? "c++" : "c"));
  return [program];
}

function firstProgram(words: readonly string[]): string | undefined {
  const name = words.find((word) => !word.startsWith("-") && !word.includes("="));
  return name === undefined ? undefined : findProgram(name);
}

/** What a wrapper of an MPI runs. Which one it was configured with only running it would tell. */
function wrapped(language: "c" | "c++"): string | undefined {
  const { variables, fallback } = WRAPPED[language];
  const set = variables.flatMap((name) => process.env[name]?.trim().split(/\s+/)[0] || []);
  return [...set, ...fallback].map((name) => findProgram(name)).find((path) => path !== undefined);
}

/** By the name of the program, or of what it is a link to: `c++` says nothing, `/usr/bin/clang++-14` does. */
function familyOf(program: string): CompilerFamily {
  for (const path of [program, realpathSync.native(program)]) {
    const name = basename(path).replace(/\.exe$/i, "");
    if (/^(?:cl|clang-cl)$/i.test(name)) return "msvc";
    if (/clang|^icp?x$|^dpcpp$/.test(name)) return "clang";
    if (/(?:^|-)tcc(?:$|-)/.test(name)) return "tcc";
    if (/gcc|g\+\+/.test(name) && process.platform !== "darwin") return "gcc";
  }
  return process.platform === "darwin" ? "clang" : "other"; // Apple's gcc is clang.
}

function fileIdentity(path: string): string {
  const real = realpathSync.native(path);
  // Exact to a microsecond.
  const { size, mtimeMs } = statSync(real);
  return `${real} ${size} ${mtimeMs}`;
}

const NATIVE: ReadonlySet<string> = new Set(["-march=native", "-mcpu=native", "-mtune=native", "-xhost"]);

const isNative = (flags: readonly string[]): boolean => flags.some((flag) => NATIVE.has(flag.toLowerCase()));

/** What `/proc/cpuinfo` says of the code that a CPU runs; on ARM also lines that begin with "CPU ". */
const TELLING: ReadonlySet<string> = new Set([
  ...["vendor_id", "cpu family", "model", "model name", "stepping", "flags"],
  ...["Features", "isa", "cpu"],
]);

let cpu: string | undefined;

/** The first CPU: those of a host are alike. The start of the file is enough, which has a part for each of them. */
function processor(): string {
  if (cpu !== undefined) return cpu;
  try {
    const buffer = Buffer.alloc(16384);
    const file = openSync("/proc/cpuinfo", "r");
    const length = readSync(file, buffer, 0, buffer.length, 0);
    closeSync(file);
    const blank = buffer.indexOf("\n\n");
    const first = buffer.toString("latin1", 0, blank < 0 ? length : blank);
    const fields = first.split("\n").map((line) => {
      const colon = line.indexOf(":");
      return [line.slice(0, colon).trim(), line.slice(colon + 1).trim()] as const;
    });
    const telling = fields.filter(([name]) => TELLING.has(name) || name.startsWith("CPU "));
    cpu = telling.map((field) => field.join(": ")).join("\n");
  } catch {
    cpu = "";
  }
  cpu ||= cpus()[0]?.model ?? "unknown";
  return cpu;
}

function notFound(build: BuildParams, program: string): JitError {
  const c = build.language === "c";
  const [what, parameter, variable] = c ? ["C", "cc", "CC"] : ["C++", "cxx", "CXX"];
  const where = program.includes("/")
    ? "is no program that can be run"
    : `was not found on PATH (${searchPath()})`;
  const problem =
    program === "" ? `No ${what} compiler is given` : `The ${what} compiler "${program}" ${where}`;
  return new JitError(
    "ERR_JIT_COMPILER_NOT_FOUND",
    `${problem}: install one (apt-get install ${c ? "gcc" : "g++"}), or name it by $${variable} or build.${parameter}.`,
  );
}

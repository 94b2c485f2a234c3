import { basename, extname, isAbsolute, join, resolve } from "node:path";
import { cacheRoot, createLibBasename, createLibname } from "../cache/names.js";
import type { BuildParams, CacheParams } from "../params.js";
import { type CompilerFamily, findCompiler } from "./identity.js";

/** What {@link makeCompileCommand} can be told besides the parameters. */
export interface CommandOptions {
  /** File that the compiler writes the names of all included headers to. Default: none is written. */
  readonly depFile?: string | undefined;
  /** Where the headers of dependencies are. Default: the cache's include directory. */
  readonly incDirs?: readonly string[] | undefined;
  /** All that gcc and clang link with besides `build.libs`. Default: what they link with themselves. */
  readonly onlyLibs?: readonly string[] | undefined;
}

/** How a family of compilers says what every build has to say. */
interface Dialect {
  readonly flag: (flag: string) => readonly string[];
  /** What makes it a shared library; added where the flags lack it. */
  readonly shared: readonly string[];
  /** What makes it faster, or quieter. */
  readonly always: readonly string[];
  /** What makes it faster where nothing is optimized when it is linked. */
  readonly withoutLto: readonly string[];
  readonly includeDir: (directory: string) => string;
  readonly depFile: (filename: string) => readonly string[];
  readonly source: (filename: string, language: "c" | "c++") => readonly string[];
  /** What separates the compiler's arguments from the linker's. */
  readonly link: readonly string[];
  readonly libDir: (directory: string) => string;
  readonly rpath: (directory: string) => readonly string[];
  readonly lib: (name: string) => string;
  /** A library by its file name, for names that {@link lib} cannot say. */
  readonly libFile: (basename: string) => string;
  readonly output: (filename: string) => readonly string[];
}

/** File name endings that compilers know. Any other needs to be told. */
const ENDINGS: Readonly<Record<"c" | "c++", ReadonlySet<string>>> = {
  c: new Set([".c"]),
  "c++": new Set([".cpp", ".cc", ".cxx", ".c++", ".C"]),
};

const DARWIN: boolean = process.platform === "darwin";

const likeGcc: Dialect = {
  flag: (flag) => [flag],
  shared: ["-shared", "-fPIC"],
  always: ["-pipe"],
  withoutLto: [],
  includeDir: (directory) => `-I${directory}`,
  depFile: (filename) => ["-MD", "-MF", filename],
  source: (filename, language) =>
    ENDINGS[language].has(extname(filename)) ? [filename] : ["-x", language, filename, "-x", "none"],
  link: [],
  libDir: (directory) => `-L${directory}`,
  rpath: (directory) =>
    directory.includes(",") ? ["-Xlinker", "-rpath", "-Xlinker", directory] : [`-Wl,-rpath,${directory}`],
  lib: (name) => `-l${name}`,
  libFile: (filename) => `-l:${filename}`,
  // Those that are linked with the library look for it by this name, in the directory that they are in.
  output: (filename) => [
    ...(DARWIN ? [`-Wl,-install_name,@rpath/${basename(filename)}`] : []),
    "-o",
    filename,
  ],
};

/** What the flags of gcc that are the defaults mean to Microsoft's compiler, which has neither PIC nor C++11. */
const MSVC_FLAGS: Readonly<Record<string, readonly string[]>> = {
  "-shared": ["/LD"],
  "-fPIC": [],
  "-Wall": ["/W3"],
  "-std=c++11": [],
  "-std=c11": ["/std:c11"],
  "-g": ["/Z7"],
  "-O0": ["/Od"],
  "-O3": ["/O2"],
  "-fno-math-errno": [],
  "-fno-trapping-math": [],
  "-ffinite-math-only": [],
};

/** Links with nothing but the libraries that are named, and fails if that is not enough. */
const ONLY_NAMED: readonly string[] = ["-nostdlib", "-Wl,-z,defs"];

const DIALECTS: Readonly<Record<CompilerFamily, Dialect>> = {
  // The linker would load a plugin, and that ask about each file.
  gcc: { ...likeGcc, withoutLto: ["-fno-use-linker-plugin"] },
  clang: likeGcc,
  other: likeGcc,
  tcc: {
    ...likeGcc,
    always: [], // It makes no temporary files.
    source: (filename, language) =>
      ENDINGS[language].has(extname(filename)) ? [filename] : ["-x", language, filename],
    rpath: (directory) => [`-Wl,-rpath=${directory}`],
  },
  msvc: {
    flag: (flag) => MSVC_FLAGS[flag] ?? [flag],
    shared: ["/LD"],
    always: ["/nologo", "/EHsc"],
    withoutLto: [],
    includeDir: (directory) => `/I${directory}`,
    depFile: (filename) => ["/sourceDependencies", filename],
    source: (filename, language) => [`${language === "c" ? "/Tc" : "/Tp"}${filename}`],
    link: ["/link"],
    libDir: (directory) => `/LIBPATH:${directory}`,
    rpath: () => [], // Windows looks in the directory of the library.
    lib: (name) => `${name}.lib`,
    libFile: (filename) => filename.replace(/\.dll$/i, ".lib"),
    output: (filename) => [`/OUT:${filename}`],
  },
};

/** The directory of the library itself, so that the cache can be moved with all that is in it. */
const ORIGIN: string = DARWIN ? "@loader_path" : "$ORIGIN";

/** The directories in their order, each of them once. */
export const makeUnique = (directories: readonly string[]): string[] => [...new Set(directories)];

/** The flags of a build, as gcc has them. */
export const flagsOf = ({ language, debug, ...build }: BuildParams): string[] => [
  ...(language === "c" ? build.cflags : build.cxxflags),
  ...(debug ? build.cxxflagsDebug : build.cxxflagsOpt),
];

/**
 * The command line that compiles and links a library in one go, to be run without a shell.
 * @param srcFilename The code. Relative names are for the directory in which the command is run.
 * @param libFilename What is written.
 * @param dependencies Signatures of libraries in the cache to link with.
 * @returns The compiler's absolute path and its arguments. Directories of the parameters are absolute in it.
 * @throws JitError `ERR_JIT_COMPILER_NOT_FOUND`.
 */
export function makeCompileCommand(
  srcFilename: string,
  libFilename: string,
  dependencies: readonly string[],
  build: BuildParams,
  cache: CacheParams,
  { depFile, incDirs = [join(cacheRoot(cache.cacheDir), cache.incDir)], onlyLibs }: CommandOptions = {},
): string[] {
  const { command, family } = findCompiler(build);
  const dialect = DIALECTS[family];
  const flags = flagsOf(build).flatMap(dialect.flag);
  const ownDir = join(cacheRoot(cache.cacheDir), cache.libDir);
  const libDirs = dependencies.length === 0 ? build.libDirs : [...build.libDirs, ownDir];
  const options = [
    ...flags,
    ...dialect.shared.filter((flag) => !flags.includes(flag)),
    ...dialect.always.filter((flag) => !flags.includes(flag)),
    ...(mayNeedLto([...command, ...flags], build) ? [] : dialect.withoutLto),
    ...absolute([...build.includeDirs, ...incDirs]).map(dialect.includeDir),
    ...(depFile === undefined ? [] : dialect.depFile(depFile)),
    ...(onlyLibs === undefined ? [] : ONLY_NAMED),
  ];
  const linked = [
    ...absolute(libDirs).map(dialect.libDir),
    ...makeUnique([ORIGIN, ...absolute(build.rpathDirs)]).flatMap(dialect.rpath),
    ...dependencies.map((signature) => dependency(signature, dialect, cache)),
    ...[...build.libs, ...(onlyLibs ?? []).filter((lib) => !build.libs.includes(lib))].map(dialect.lib),
    ...dialect.output(libFilename),
  ];
  return [...command, ...options, ...dialect.source(srcFilename, build.language), ...dialect.link, ...linked];
}

/** Whether what is linked may be optimized then: it is asked for, or objects of others are linked, which may ask for it. */
const mayNeedLto = (words: readonly string[], { libs }: BuildParams): boolean =>
  libs.some((lib) => lib !== "m") || words.some((word) => /lto|linker-plugin|^-l|^-Wl,|\.[ao]$/.test(word));

/** `$ORIGIN/x`, `@rpath/x` and their like are for the loader to resolve. */
const absolute = (directories: readonly string[]): string[] =>
  makeUnique(directories.map((path) => (isAbsolute(path) || /^[$@]/.test(path) ? path : resolve(path))));

function dependency(signature: string, dialect: Dialect, cache: CacheParams): string {
  const filename = createLibBasename(signature, cache);
  const name = createLibname(signature, cache);
  const usual = DARWIN || dialect.link.length > 0 || filename === `lib${name}.so`;
  return usual ? dialect.lib(name) : dialect.libFile(filename);
}

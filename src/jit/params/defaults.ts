import { homedir, tmpdir, userInfo } from "node:os";
import { isAbsolute, join } from "node:path";
import type { BuildParams, CacheParams, GeneratorParams, Params } from "../params.js";

/* What holds if neither a configuration file, nor the environment, nor the program says anything. */

/** Endings of source files; the default of `cache.srcPostfix`. */
export const sourcePostfixes: Readonly<Record<BuildParams["language"], string>> = {
  "c++": ".cpp",
  c: ".c",
};

const libraryPostfixes: Partial<Record<NodeJS.Platform, string>> = {
  win32: ".dll",
  cygwin: ".dll",
  darwin: ".dylib",
};

/** The defaults of `cache`, with the environment as it is now. */
export const defaultCacheParams = (): CacheParams => ({
  cacheDir: process.env["TYPED_MPI_CACHE_DIR"] || defaultCacheDir(),
  incDir: "include",
  srcDir: "src",
  libDir: "lib",
  logDir: "log",
  commDir: "comm",
  failDirRoot: "",
  tempDirRoot: "",
  enableBuildLog: true,
  srcStorage: "compress",
  srcPostfix: sourcePostfixes["c++"],
  incPostfix: ".h",
  logPostfix: ".txt",
  libPostfix: libraryPostfixes[process.platform] ?? ".so",
  libPrefix: "lib",
  libBasename: "typed-mpi-",
  layers: [],
  overlayDir: "",
  maxSize: 5 * 2 ** 30,
  lockTimeout: 600,
  fsync: false,
  checkSource: false,
});

/** The defaults of `build`, with `$CXX` and `$CC` as they are now. */
export const defaultBuildParams = (): BuildParams => ({
  language: "c++",
  cxx: defaultCxxCompiler(),
  cc: process.env["CC"] || "cc",
  cxxflags: defaultCxxFlags(),
  cflags: ["-Wall", "-shared", "-fPIC", "-std=c11"],
  cxxflagsDebug: defaultCxxDebugFlags(),
  cxxflagsOpt: defaultCxxReleaseFlags(),
  includeDirs: [],
  libDirs: [],
  rpathDirs: [],
  libs: [],
  debug: false,
  timeout: 300,
});

/** The defaults of `generator`: none. */
export const defaultGeneratorParams = (): GeneratorParams => ({});

/** The defaults of all groups, before a configuration file is read. */
export const defaultParams = (): Params => ({
  cache: defaultCacheParams(),
  build: defaultBuildParams(),
  generator: defaultGeneratorParams(),
});

/** `$CXX`, with its arguments if it has some, else `c++`. */
export const defaultCxxCompiler = (): string => process.env["CXX"] || "c++";

/** The flags of every C++ library. */
export const defaultCxxFlags = (): readonly string[] => ["-Wall", "-shared", "-fPIC", "-std=c++11"];

/** What is added to them if `build.debug` is set. */
export const defaultCxxDebugFlags = (): readonly string[] => ["-g", "-O0"];

/** What is added to them otherwise. They let the compiler assume finite numbers, and that nobody reads errno. */
export const defaultCxxReleaseFlags = (): readonly string[] => [
  "-O3",
  "-fno-math-errno",
  "-fno-trapping-math",
  "-ffinite-math-only",
];

function defaultCacheDir(): string {
  const caches = process.env["XDG_CACHE_HOME"];
  if (caches !== undefined && isAbsolute(caches)) return join(caches, "typed-mpi"); // The standard ignores others.
  const home = homeDirectory();
  // In a container a user may have no home; whether the directory is safe is checked before it is used.
  return home === undefined ? join(tmpdir(), `typed-mpi-${userId()}`) : join(home, ".cache", "typed-mpi");
}

/** The home of the user, or undefined if there is none. */
export function homeDirectory(): string | undefined {
  try {
    // As homedir() does on all but Windows, which Node has to translate first.
    const set = process.platform === "win32" ? undefined : process.env["HOME"];
    const home = set || homedir();
    return isAbsolute(home) ? home : undefined;
  } catch {
    return undefined;
  }
}

const userId = (): number | string => process.getuid?.() ?? userInfo().username;

import { freezeParams, sessionDefaultParams } from "./config.js";
import { mergeParams } from "./params/merge.js";

export {
  defaultBuildParams,
  defaultCacheParams,
  defaultCxxCompiler,
  defaultCxxDebugFlags,
  defaultCxxFlags,
  defaultCxxReleaseFlags,
  defaultGeneratorParams,
  defaultParams,
} from "./params/defaults.js";
export { checkParamsKeys, copyParams, mergeParams } from "./params/merge.js";

/** Where and how libraries are kept. Paths may begin with `~`. */
export interface CacheParams {
  /** The root. Default `$TYPED_MPI_CACHE_DIR`, else `typed-mpi` in `$XDG_CACHE_HOME` or `~/.cache`. */
  readonly cacheDir: string;
  readonly incDir: string;
  readonly srcDir: string;
  readonly libDir: string;
  readonly logDir: string;
  readonly commDir: string;
  /** Where failed builds leave their directories. Default "": the current directory. */
  readonly failDirRoot: string;
  /** Where builds are done. Default "": `temp` in `cacheDir`, which is on the same file system. */
  readonly tempDirRoot: string;
  readonly enableBuildLog: boolean;
  /** What becomes of the source code of a library that was built. */
  readonly srcStorage: "keep" | "delete" | "compress";
  /** `.cpp`, or `.c` for C. */
  readonly srcPostfix: string;
  readonly incPostfix: string;
  readonly logPostfix: string;
  /** `.so`; `.dylib` on macOS, `.dll` on Windows. */
  readonly libPostfix: string;
  readonly libPrefix: string;
  readonly libBasename: string;
  /** Caches that are read when the library is not in `cacheDir`, and never written. In this order. */
  readonly layers: readonly string[];
  /** What is written instead of a `cacheDir` that cannot be. Default "": one in the system's temporary directory. */
  readonly overlayDir: string;
  /** Bytes; when there are more, those used least recently are removed. 0: no limit. Default 5 GiB. */
  readonly maxSize: number;
  /** How long to wait for another process that builds the same library, in seconds. Default 600. */
  readonly lockTimeout: number;
  /** Whether files are flushed to the disk before they are published. Default false: what is torn is found out. */
  readonly fsync: boolean;
  /** Whether to generate the code also for a hit, and compare it with what was built. Default false. */
  readonly checkSource: boolean;
}

/** How libraries are built. */
export interface BuildParams {
  /** What the generated code is written in. Default `"c++"`. */
  readonly language: "c++" | "c";
  /** The C++ compiler, with arguments if need be. Default `$CXX`, else `c++`. */
  readonly cxx: string;
  /** The C compiler. Default `$CC`, else `cc`. */
  readonly cc: string;
  readonly cxxflags: readonly string[];
  readonly cflags: readonly string[];
  readonly cxxflagsDebug: readonly string[];
  readonly cxxflagsOpt: readonly string[];
  readonly includeDirs: readonly string[];
  readonly libDirs: readonly string[];
  readonly rpathDirs: readonly string[];
  readonly libs: readonly string[];
  readonly debug: boolean;
  /** Seconds after which the compiler is killed. Default 300. */
  readonly timeout: number;
}

/** What the generator makes of it is its own affair; it is part of the signature. */
export type GeneratorParams = Readonly<Record<string, unknown>>;

/** All parameters, with their defaults filled in. */
export interface Params {
  readonly cache: CacheParams;
  readonly build: BuildParams;
  readonly generator: GeneratorParams;
}

/** What users give: a string stands for a list of one. */
export interface GivenParams {
  readonly cache?: Partial<Given<CacheParams>> | undefined;
  readonly build?: Partial<Given<BuildParams>> | undefined;
  readonly generator?: GeneratorParams | undefined;
}

type Given<Group> = {
  readonly [Name in keyof Group]: Group[Name] extends readonly string[] ? Group[Name] | string : Group[Name];
};

/**
 * Completes and checks parameters. They come over the environment, that over the configuration file, and that over
 * the defaults; see {@link sessionDefaultParams}.
 *
 * @param given What is to differ. A string stands for a list of one, a path may be relative to the current directory.
 * @returns Complete parameters, frozen; groups that are not given are the same objects in each call.
 * @throws {@link JitError} `ERR_JIT_PARAMS` for an unknown name, with the nearest known one, and for what is wrong with
 *   the configuration file or the environment; TypeError and RangeError, whose `argument` names the parameter, for values.
 */
export function validateParams(given: GivenParams = {}): Params {
  return freezeParams(mergeParams(sessionDefaultParams(), given));
}

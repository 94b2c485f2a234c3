/** Stable codes of {@link JitError}. */
export type JitErrorCode =
  /** The compiler was run and failed. */
  | "ERR_JIT_COMPILE"
  | "ERR_JIT_COMPILER_NOT_FOUND"
  /** It ran longer than `build.timeout`. */
  | "ERR_JIT_COMPILER_TIMEOUT"
  /** It ended well without a library, or wrote more output than is kept. */
  | "ERR_JIT_COMPILER_OUTPUT"
  /** A parameter, environment variable or configuration file is wrong. */
  | "ERR_JIT_PARAMS"
  /** The generated code differs from what is cached under the same signature. */
  | "ERR_JIT_MISMATCH"
  /**
   * Another process has held the lock of the signature for longer than `cache.lockTimeout`; or this one would wait for a
   * call of its own.
   */
  | "ERR_JIT_LOCK_TIMEOUT"
  /** Somebody else could have put something into the cache directory. */
  | "ERR_JIT_UNSAFE_CACHE"
  /** The cache cannot be written, and neither can an overlay. */
  | "ERR_JIT_CACHE"
  /** A dependency is not in the cache. */
  | "ERR_JIT_DEPENDENCY"
  /** The system's loader refused the library. */
  | "ERR_JIT_LOAD"
  /** The library has no such function, or its prototype cannot be understood. */
  | "ERR_JIT_SYMBOL"
  /** Whoever should have built the library did not. */
  | "ERR_JIT_NOT_BUILT"
  /** What `receive` returned is no library that `send` was given. */
  | "ERR_JIT_RECEIVED"
  /** The other processes did not do their part in time, now or in an earlier call on the communicator. */
  | "ERR_JIT_DEADLINE"
  /** The process has another build of the same library loaded: it must be started anew. */
  | "ERR_JIT_STALE";

/** Details of a {@link JitError}. */
export interface JitErrorDetails extends ErrorOptions {
  readonly signature?: string | undefined;
  /** The directory with what a failed build leaves. */
  readonly failDir?: string | undefined;
  /** The compiler's command line. */
  readonly command?: readonly string[] | undefined;
  /** What the compiler wrote, or the end of it. */
  readonly output?: string | undefined;
  readonly exitCode?: number | undefined;
}

/** Why a library could not be built, stored or loaded. Match on `code`. */
export class JitError extends Error {
  override readonly name: string = "JitError";
  readonly code: JitErrorCode;
  readonly signature: string | undefined;
  readonly failDir: string | undefined;
  readonly command: readonly string[] | undefined;
  readonly output: string | undefined;
  readonly exitCode: number | undefined;

  constructor(code: JitErrorCode, message: string, details: JitErrorDetails = {}) {
    super(message, "cause" in details ? { cause: details.cause } : undefined);
    this.code = code;
    this.signature = details.signature;
    this.failDir = details.failDir;
    this.command = details.command;
    this.output = details.output;
    this.exitCode = details.exitCode;
  }
}

import { hash } from "node:crypto";
import { readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { cannotWrite } from "./cache/cannot-write.js";
import { copyLocked } from "./cache/copy.js";
import { type Entry, isMiss } from "./cache/entry.js";
import { withLock } from "./cache/lock.js";
import { lookupEntry } from "./cache/lookup.js";
import { createIncBasename, createLibBasename, createSrcBasename } from "./cache/names.js";
import { stageTextParts, type TextParts } from "./cache/parts.js";
import { publishEntry, removeEntry } from "./cache/publish.js";
import { removeStaging, stagingDirectory } from "./cache/staging.js";
import { flagsOf, makeCompileCommand } from "./compiler/command.js";
import { firstDiagnostics } from "./compiler/diagnostics.js";
import { compilerVersion, findCompiler } from "./compiler/identity.js";
import { librariesOfC } from "./compiler/only-c.js";
import { buryGuards, type Compilation, type Started, startCompiler } from "./compiler/run.js";
import { JitError, type JitErrorCode } from "./error.js";
import { writeFailureDirectory } from "./failure.js";
import { log } from "./log.js";
import { type GivenParams, type Params, validateParams } from "./params.js";
import { perform, runSync, type Steps } from "./steps.js";

/** What a generator makes of what is to be compiled. */
export interface Generated {
  /** Stored as `<signature>.h`, where the code of libraries that depend on this one finds it. */
  readonly header?: string | null | undefined;
  readonly source: string;
  /** Signatures of libraries that jit returned before: they are linked with, and loaded with this one. */
  readonly dependencies?: readonly string[] | undefined;
}

/** What `buildSharedLibrary` tells, as dijitso's does. */
export interface BuildResult {
  /** 0 if the library was built, else the compiler's exit code, or -1 if it has none. */
  readonly status: number;
  /** What the compiler wrote. */
  readonly output: string;
  readonly libFilename: string | undefined;
  /** Why there is no library; its `failDir` has all that is needed to see for oneself. */
  readonly errInfo: JitError | undefined;
}

/**
 * Compiles a shared library and stores it in the cache, whatever is there already.
 * @param signature What it is stored under: a file name.
 * @param header Its header, or null if it has none.
 * @param source The code, in `params.build.language`.
 * @param dependencies Signatures of libraries in the cache that it needs.
 * @throws JitError if it could not even be tried: no compiler, a dependency that is not there, a cache that cannot
 *   be written. What the compiler does not like is in the result.
 */
export function buildSharedLibrary(
  signature: string,
  header: string | null | undefined,
  source: string,
  dependencies: readonly string[] = [],
  params: GivenParams = {},
): BuildResult {
  try {
    const complete = validateParams(params);
    const built = runSync(
      withLock(signature, complete.cache, () =>
        build(signature, signature, { header, source, dependencies }, complete),
      ),
    );
    return { status: 0, output: built.output, libFilename: built.entry.libFilename, errInfo: undefined };
  } catch (error) {
    if (!(error instanceof JitError) || error.output === undefined) throw error;
    return { status: error.exitCode ?? -1, output: error.output, libFilename: undefined, errInfo: error };
  }
}

/** An entry that was just built. */
export interface Built {
  readonly entry: Entry;
  /** What the compiler wrote. */
  readonly output: string;
}

/**
 * Compiles generated code and publishes it in the cache. The lock of the signature should be held.
 * @throws JitError
 */
export function* build(
  signature: string,
  name: string,
  { header, source, dependencies = [] }: Generated,
  params: Params,
  onPublished: () => void = () => {},
): Steps<Built> {
  const { cache } = params;
  const compiler = findCompiler(params.build);
  const needed: Entry[] = [];
  for (const dependency of dependencies) needed.push(yield* dependencyEntry(dependency, signature, params));
  const directory = stagingDirectory(signature, cache);
  try {
    const [src, lib] = [createSrcBasename(signature, cache), createLibBasename(signature, cache)];
    try {
      writeFileSync(join(directory, src), source);
      if (header) writeFileSync(join(directory, createIncBasename(signature, cache)), header);
    } catch (cause) {
      throw cannotWrite(cache.cacheDir, cause, signature);
    }
    const compileCommand = (onlyLibs?: readonly string[]): string[] => {
      // Names, not paths: what is compiled does not tell where.
      const command = makeCompileCommand(src, lib, dependencies, params.build, cache, {
        depFile: DEPENDENCY_FILE,
        onlyLibs,
      });
      // Debuggers are told where the source was, which is another place each time.
      const isTold = hasDebugInformation(params) && compiler.family !== "msvc" && compiler.family !== "tcc";
      return isTold ? [...command, `-ffile-prefix-map=${directory}=.`] : command;
    };
    const start = (command: readonly string[], spent = 0): Started => {
      log.debug(`building ${signature}: ${command.join(" ")}`);
      return startCompiler(command, {
        cwd: directory,
        timeout: params.build.timeout - spent,
        label: name,
      });
    };
    const libraries = dependencies.length > 0 ? undefined : librariesOfC(source, compiler, params.build);
    let command = compileCommand(libraries);
    const started = start(command);
    let texts: TextParts;
    try {
      texts = stageTextParts(signature, directory, source, header ?? undefined, cache);
    } catch (error) {
      started.abandon();
      throw error;
    }
    let compilation = yield* perform(started.ended);
    // Whatever is wrong: who guessed that less is enough does not say so.
    if (libraries !== undefined && (compilation.exitCode ?? 0) > 0) {
      const { seconds: spent } = compilation;
      command = compileCommand();
      compilation = yield* perform(start(command, spent).ended);
      compilation = { ...compilation, seconds: compilation.seconds + spent };
    }
    const libFilename = join(directory, lib);
    const failure = failureOf(compilation, libFilename);
    if (failure !== undefined && NO_SPACE.test(compilation.output)) throw noSpace(signature, directory);
    if (failure !== undefined) throw fail(failure, signature, header, source, command, compilation, params);
    const staged = {
      directory,
      libFilename,
      name,
      source,
      header: header ?? undefined,
      texts,
      log: cache.enableBuildLog ? `${command.join(" ")}\n\n${compilation.output}` : undefined,
      dependencies: needed,
      depFile: join(directory, DEPENDENCY_FILE),
      command,
      compiler: yield* perform(compilerVersion(compiler)),
      seconds: compilation.seconds,
    };
    const entry = publishEntry(signature, staged, cache);
    onPublished();
    return { entry, output: compilation.output };
  } finally {
    buryGuards();
    removeStaging(directory);
  }
}

const hasDebugInformation = ({ build }: Params): boolean =>
  flagsOf(build).some((flag) => /^-g(?!0)/.test(flag));

/** What the compiler writes the names of the included headers to. */
const DEPENDENCY_FILE = "included.d";

/** What the tools of all compilers say then, since the system does. */
const NO_SPACE = /No space left on device|Disk quota exceeded/;

const noSpace = (signature: string, directory: string): JitError =>
  new JitError("ERR_JIT_CACHE", `${directory}: no space left to build in`, { signature });

/** A dependency, in the cache that is written: the linker and the loader look for it there. */
function* dependencyEntry(dependency: string, signature: string, { cache }: Params): Steps<Entry> {
  const found = lookupEntry(dependency, cache);
  if (isMiss(found)) {
    throw new JitError(
      "ERR_JIT_DEPENDENCY",
      `${signature} depends on ${dependency}, which cannot be used: ${found.reason}. Call jit for it first`,
      { signature },
    );
  }
  const { header } = found.manifest;
  if (header !== null && !isWhole(join(found.cacheDir, header.path), header.sha256)) {
    removeEntry(dependency, { ...cache, cacheDir: found.cacheDir });
    throw new JitError(
      "ERR_JIT_DEPENDENCY",
      `The header of ${dependency} was damaged: it was removed. Call jit for it again`,
      { signature },
    );
  }
  return yield* copyLocked(found, cache);
}

/** A hit does not look at the header, which only the code of others includes. */
function isWhole(filename: string, sha256: string): boolean {
  try {
    return hash("sha256", readFileSync(filename)) === sha256;
  } catch {
    return false;
  }
}

interface Failure {
  readonly code: JitErrorCode;
  readonly what: string;
}

function failureOf(compilation: Compilation, libFilename: string): Failure | undefined {
  const { exitCode, signal, timedOut, flooded, seconds } = compilation;
  if (timedOut)
    return {
      code: "ERR_JIT_COMPILER_TIMEOUT",
      what: `was killed after ${seconds.toFixed(1)} s (build.timeout)`,
    };
  if (flooded) return { code: "ERR_JIT_COMPILER_OUTPUT", what: "was killed because its output had no end" };
  if (exitCode !== 0) {
    return {
      code: "ERR_JIT_COMPILE",
      what: signal === null ? `failed with exit code ${exitCode}` : `died of ${signal}`,
    };
  }
  const size = statSync(libFilename, { throwIfNoEntry: false })?.size ?? 0;
  return size > 0 ? undefined : { code: "ERR_JIT_COMPILER_OUTPUT", what: "ended well but wrote no library" };
}

/** Leaves a failure directory behind. */
function fail(
  { code, what }: Failure,
  signature: string,
  header: string | null | undefined,
  source: string,
  command: readonly string[],
  { output, exitCode }: Compilation,
  params: Params,
): JitError {
  let failDir: string | undefined;
  let place: string;
  try {
    failDir = writeFailureDirectory(
      { signature, header: header ?? undefined, source, command, output },
      params,
    );
    place = `Source, log and a script to recompile are in ${failDir}`;
  } catch (error) {
    place = `A failure directory could not be written: ${(error as Error).message}`;
  }
  const diagnostics = firstDiagnostics(output)
    .map((line) => `\n  ${line}`)
    .join("");
  return new JitError(code, `${command[0]} ${what}${diagnostics}\n${place}`, {
    signature,
    failDir,
    command,
    output,
    exitCode: exitCode ?? undefined,
  });
}

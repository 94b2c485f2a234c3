import { readFileSync, type Stats, statSync } from "node:fs";
import { delimiter, dirname, join, resolve } from "node:path";
import { JitError } from "./error.js";
import { log } from "./log.js";
import { defaultParams, homeDirectory } from "./params/defaults.js";
import { mergeParams } from "./params/merge.js";
import type { GivenParams, Params } from "./params.js";

/*
 * What holds for a whole process: the defaults, over them the configuration file, over it the environment. What a
 * program gives comes over all of these. File and environment are read once, when they are first needed, so that
 * one program has one cache whatever it does to its environment or its current directory.
 */

const basename = ".typed-mpi.json";

let file: { readonly filename: string | undefined; readonly contents: GivenParams } | undefined;
let session: Params | undefined;

/**
 * Finds the configuration file `.typed-mpi.json`: in the current directory, then as `$TYPED_MPI_CONF` says (the file,
 * or a directory that has it), then in the user's home, then in /etc/typed-mpi.
 *
 * @returns Its absolute path, or undefined if there is none.
 * @throws {@link JitError} `ERR_JIT_PARAMS` if `$TYPED_MPI_CONF` does not exist, or if the file in the current directory
 *   is another user's, or everybody's to write (it says which compiler to run): `$TYPED_MPI_CONF` may name it.
 */
export function discoverConfigFilename(): string | undefined {
  const named = namedByEnvironment();
  const here = resolve(basename);
  const hereStat = statOf(here);
  if (hereStat !== undefined) {
    if (here !== named) assertTrusted(here, hereStat);
    return here;
  }
  if (named !== undefined) return named;
  const home = homeDirectory();
  const others = [home, "/etc/typed-mpi"].filter((directory) => directory !== undefined);
  return others.map((directory) => join(directory, basename)).find((filename) => statOf(filename));
}

function namedByEnvironment(): string | undefined {
  const given = process.env["TYPED_MPI_CONF"];
  if (given === undefined || given === "") return undefined;
  const path = resolve(given);
  const stat = statOf(path);
  if (stat === undefined) {
    throw new JitError("ERR_JIT_PARAMS", `TYPED_MPI_CONF: there is no file or directory ${path}`);
  }
  if (!stat.isDirectory()) return path;
  const filename = join(path, basename);
  return statOf(filename) === undefined ? undefined : filename;
}

function statOf(path: string): Stats | undefined {
  try {
    return statSync(path, { throwIfNoEntry: false });
  } catch {
    return undefined; // In a directory that cannot be entered, or the path goes through a file.
  }
}

function assertTrusted(filename: string, stat: Stats): void {
  const user = process.getuid?.();
  if (user === undefined) return; // Windows.
  const foreign = stat.uid !== user && stat.uid !== 0;
  if (!foreign && (stat.mode & 0o002) === 0) return;
  const problem = foreign ? `belongs to user ${stat.uid}` : "can be written by everybody";
  const advice = foreign ? "remove it" : `run chmod o-w '${filename}'`;
  throw new JitError(
    "ERR_JIT_PARAMS",
    `${filename} ${problem}, and could run any program as the compiler: ${advice}, or trust it with TYPED_MPI_CONF='${filename}'`,
  );
}

/**
 * Reads the configuration file, once per process: JSON `{ "cache": {}, "build": {}, "generator": {} }` with the names
 * of the parameters. Relative paths in it begin at its own directory.
 *
 * @returns What is in it, as it is written there; an empty object if there is no file.
 * @throws {@link JitError} `ERR_JIT_PARAMS` if it cannot be found safely, read or understood.
 */
export const readConfigFile = (): GivenParams => readFile().contents;

function readFile(): NonNullable<typeof file> {
  if (file !== undefined) return file;
  const filename = discoverConfigFilename();
  if (filename === undefined) {
    file = { filename, contents: {} };
    return file;
  }
  log.info(() => `using the configuration file ${filename}`);
  let contents: unknown;
  try {
    contents = JSON.parse(readFileSync(filename, "utf8").replace(/^\uFEFF/, ""));
  } catch (cause) {
    throw new JitError("ERR_JIT_PARAMS", `${filename}: ${(cause as Error).message}`, { cause });
  }
  deepFreeze(contents);
  file = { filename, contents: contents as GivenParams };
  return file;
}

function deepFreeze(value: unknown): void {
  if (typeof value !== "object" || value === null) return;
  for (const part of Object.values(value)) deepFreeze(part);
  Object.freeze(value);
}

/** The variables, and which parameters each of them sets. An empty one is as if it were not set. */
const variables: readonly (readonly [name: string, given: (value: string) => GivenParams])[] = [
  ["TYPED_MPI_CACHE_DIR", (cacheDir) => ({ cache: { cacheDir } })],
  [
    "TYPED_MPI_CACHE_LAYERS",
    (paths) => ({ cache: { layers: paths.split(delimiter).filter((path) => path !== "") } }),
  ],
  ["CXX", (cxx) => ({ build: { cxx } })],
  ["CC", (cc) => ({ build: { cc } })],
];

/**
 * The parameters of this process before the program gives its own: the defaults, then the configuration file, then
 * the environment (`TYPED_MPI_CACHE_DIR`, `TYPED_MPI_CACHE_LAYERS` separated as PATH is, `CXX`, `CC`). Made once per process.
 *
 * @returns Complete parameters, frozen.
 * @throws {@link JitError} `ERR_JIT_PARAMS` that names the file or the variable that is wrong.
 */
export function sessionDefaultParams(): Params {
  if (session !== undefined) return session;
  const { filename, contents } = readFile();
  let params = defaultParams();
  if (filename !== undefined) params = mergeFrom(filename, params, contents, dirname(filename));
  for (const [name, given] of variables) {
    const value = process.env[name];
    if (value) params = mergeFrom(name, params, given(value), process.cwd());
  }
  session = freezeParams(params);
  return session;
}

/** Neither a file nor a variable is an argument: what is wrong with it is told as an error of the cache. */
function mergeFrom(source: string, params: Params, given: GivenParams, directory: string): Params {
  try {
    return mergeParams(params, given, `${source}: params`, directory);
  } catch (cause) {
    if (cause instanceof JitError) throw cause;
    throw new JitError("ERR_JIT_PARAMS", (cause as Error).message, { cause });
  }
}

/** Freezes the groups and their lists; the values of `generator` are the program's. */
export function freezeParams(params: Params): Params {
  for (const group of [params.cache, params.build]) {
    for (const value of Object.values(group)) if (Array.isArray(value)) Object.freeze(value);
    Object.freeze(group);
  }
  Object.freeze(params.generator);
  return Object.freeze(params);
}

/** Forgets the file and the environment, for tests. @internal */
export function forgetSession(): void {
  file = undefined;
  session = undefined;
}

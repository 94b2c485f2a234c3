import { basename } from "node:path";
import { type ParseArgsConfig, parseArgs } from "node:util";
import { type Category, categories, globCache, signatureOfFile } from "../../jit/cache/listing.js";
import { cacheRoot } from "../../jit/cache/names.js";
import type { CacheParams, Params } from "../../jit/params.js";
import { usageError } from "../error.js";

/** What was given on the command line, by name of the option. */
export type Values = Readonly<Record<string, string | boolean | undefined>>;

/** The options of a command, as `parseArgs` takes them. */
export type Options = NonNullable<ParseArgsConfig["options"]>;

/** One command of `typed-mpi cache`. */
export interface CacheCommand {
  /** What it does, in one line. */
  readonly summary: string;
  /** Options and examples. */
  readonly details: string;
  readonly options: Options;
  /** Takes what it wants from the values first, so that a wrong one is an error before anything is done. */
  run(values: Values, params: Params): Outcome;
}

/** What a command found out. */
export interface Outcome {
  readonly exitCode: 0 | 1;
  /** Printed by `--json`. */
  readonly data: unknown;
  /** Printed otherwise. */
  readonly lines: readonly string[];
  /** What was asked for and is not there: printed to stderr. */
  readonly problem?: string;
}

/** What every command takes. */
const COMMON: Options = {
  "cache-dir": { type: "string", short: "r" },
  json: { type: "boolean" },
  verbose: { type: "boolean", short: "v" },
  help: { type: "boolean", short: "h" },
};

export const DRY_RUN: Options = { "dry-run": { type: "boolean", short: "n" } };

/** @throws CommandError `ERR_USAGE` for an option that is not known, or lacks its value */
export function parseOptions(args: readonly string[], options: Options, usage: string): Values {
  try {
    return parseArgs({ args: [...args], options: { ...COMMON, ...options } }).values as Values;
  } catch (error) {
    throw usageError(`${(error as Error).message}\n\n${usage}`);
  }
}

/**
 * The kinds of files in `--categories`: `all`, or some separated by commas.
 * @throws CommandError `ERR_USAGE`
 */
export function chosenCategories(
  values: Values,
  otherwise: readonly Category[] = categories,
): readonly Category[] {
  const given = values["categories"];
  if (given === undefined) return otherwise;
  if (given === "all") return categories;
  const names = String(given).split(",");
  const wrong = names.find((name) => !(categories as readonly string[]).includes(name));
  if (wrong === undefined) return categories.filter((each) => names.includes(each));
  throw usageError(`--categories: expected all or some of ${categories.join(",")}, got "${wrong}"`);
}

/** The text of an option, or undefined. An empty one is as if it were not given. */
export const text = (values: Values, name: string): string | undefined =>
  typeof values[name] === "string" && values[name] !== "" ? values[name] : undefined;

/** @throws CommandError `ERR_USAGE` if the option is missing */
export function required(values: Values, name: string): string {
  const value = text(values, name);
  if (value === undefined) throw usageError(`--${name} is missing`);
  return value;
}

/**
 * The whole signature of a library: what copies or removes does so for one, and never for all whose signatures contain it.
 * Refuses what cannot be the name of a library.
 * @throws CommandError `ERR_USAGE`
 */
export function signatureOption(values: Values): string | undefined {
  const signature = text(values, "signature");
  if (signature === undefined || /^\w[\w-]{0,199}$/.test(signature)) return signature;
  throw usageError(`--signature: expected letters, digits, "_" and "-", got ${JSON.stringify(signature)}`);
}

function signaturesIn(cache: CacheParams): string[] {
  const files = Object.entries(globCache(cache)) as [Category, string[]][];
  const signatures = files.flatMap(([category, names]) =>
    names.map((name) => signatureOfFile(basename(name), category, cache) as string),
  );
  return [...new Set(signatures)].sort();
}

/** How many signatures are named that may have been meant. */
const mostNamed = 10;

/** What is said where there is no file of the signature: which ones contain it. Nothing was done. */
export function nothingOf(signature: string, cache: CacheParams): Outcome {
  const error = `there are no files of ${signature} in ${cacheRoot(cache.cacheDir)}`;
  const known = signaturesIn(cache);
  const similar = known.includes(signature) ? [] : known.filter((each) => each.includes(signature));
  const named = [...similar.slice(0, mostNamed), ...(similar.length > mostNamed ? ["..."] : [])];
  const advice =
    named.length === 0 ? "" : `; the whole signature is expected, as one of\n  ${named.join("\n  ")}`;
  return { exitCode: 1, data: { error, similar }, lines: [], problem: `${error}${advice}` };
}

import { resolve } from "node:path";
import { invalidType, invalidValue, outOfRange } from "../../argument-error.js";
import type { BuildParams, CacheParams } from "../params.js";
import { homeDirectory } from "./defaults.js";

/* What each parameter has to be, and how it is brought into its one form. */

/** Returns the value in its one form, or throws a TypeError or RangeError about `argument`. */
type Check<Value> = (value: unknown, argument: string, from: string) => Value;

/** One check for each parameter of a group. */
export type Checks<Group> = { readonly [Name in keyof Group]: Check<Group[Name]> };

/** Longer times than this are not kept by the timers of Node, which count milliseconds in 31 bits. */
const longestTime = 2_000_000;

/** The folders that the store has besides those that can be named. */
const ownFolders: readonly string[] = ["manifest", "lock", "temp", "quarantine", "stats"];

const flag: Check<boolean> = (value, argument) => {
  if (typeof value !== "boolean") throw invalidType(argument, "true or false", value);
  return value;
};

/** Text that can be an argument of a program, or a part of one. */
const text: Check<string> = (value, argument) => {
  if (typeof value !== "string") throw invalidType(argument, "a string", value);
  if (value.includes("\0")) throw invalidValue(argument, "expected text without NUL", value);
  return value;
};

const command: Check<string> = (value, argument, from) => {
  const line = text(value, argument, from);
  if (line.trim() === "") throw invalidValue(argument, "expected a command", value);
  return line;
};

/** A part of a file name. */
const namePart: Check<string> = (value, argument, from) => {
  const part = text(value, argument, from);
  if (/[/\\]/.test(part))
    throw invalidValue(argument, "expected a part of a file name, without slashes", value);
  return part;
};

/** A path inside `cacheDir`, so that the cache stays one directory. */
const folder: Check<string> = (value, argument, from) => {
  const path = text(value, argument, from);
  const parts = path.split(/[/\\]/);
  if (parts.some((part) => part === "" || part === "." || part === ".." || part.includes(":"))) {
    throw invalidValue(argument, "expected the name of a folder in cacheDir", value);
  }
  if (ownFolders.includes(parts[0] as string)) {
    throw invalidValue(argument, `expected none of the folders ${ownFolders.join(", ")}`, value);
  }
  return path;
};

const absolute: Check<string> = (value, argument, from) => {
  const path = text(value, argument, from);
  if (path === "") throw invalidValue(argument, "expected a path", value);
  if (!path.startsWith("~")) return resolve(from, path);
  if (!/^~([/\\]|$)/.test(path)) {
    throw invalidValue(argument, "only one's own home can be written with ~ (a name may begin ./~)", value);
  }
  const home = homeDirectory();
  if (home === undefined) throw invalidValue(argument, "there is no home directory for ~", value);
  return resolve(home, `.${path.slice(1)}`);
};

/** Empty means that there is a default. */
const absoluteOrNone: Check<string> = (value, argument, from) =>
  value === "" ? "" : absolute(value, argument, from);

/** `$ORIGIN` and `@loader_path` are for the loader to resolve. */
const loaderPath: Check<string> = (value, argument, from) =>
  typeof value === "string" && /^[$@]/.test(value)
    ? text(value, argument, from)
    : absolute(value, argument, from);

const nonEmpty: Check<string> = (value, argument, from) => {
  if (value === "") throw invalidValue(argument, "expected a string that is not empty", value);
  return text(value, argument, from);
};

const list =
  (item: Check<string>): Check<readonly string[]> =>
  (value, argument, from) => {
    if (typeof value === "string") return [item(value, argument, from)];
    if (!Array.isArray(value)) throw invalidType(argument, "a list of strings, or one string", value);
    return Array.from(value, (entry: unknown, i) => item(entry, `${argument}[${i}]`, from));
  };

const oneOf =
  <Choice extends string>(...choices: readonly Choice[]): Check<Choice> =>
  (value, argument) => {
    const found = choices.find((choice) => choice === value);
    if (found !== undefined) return found;
    throw invalidValue(
      argument,
      `expected one of ${choices.map((choice) => `"${choice}"`).join(", ")}`,
      value,
    );
  };

const seconds =
  (least: number): Check<number> =>
  (value, argument) => {
    if (typeof value !== "number") throw invalidType(argument, "a number of seconds", value);
    if (value >= least && value <= longestTime) return value;
    throw outOfRange(argument, `${least} to ${longestTime} seconds`, value);
  };

const bytes: Check<number> = (value, argument) => {
  if (typeof value !== "number") throw invalidType(argument, "a number of bytes", value);
  if (Number.isSafeInteger(value) && value >= 0) return value;
  throw outOfRange(argument, "a whole number of bytes, or 0 for no limit", value);
};

export const cacheChecks: Checks<CacheParams> = {
  cacheDir: absolute,
  incDir: folder,
  srcDir: folder,
  libDir: folder,
  logDir: folder,
  commDir: folder,
  failDirRoot: absoluteOrNone,
  tempDirRoot: absoluteOrNone,
  enableBuildLog: flag,
  srcStorage: oneOf("keep", "delete", "compress"),
  srcPostfix: namePart,
  incPostfix: namePart,
  logPostfix: namePart,
  libPostfix: namePart,
  libPrefix: namePart,
  libBasename: namePart,
  layers: list(absolute),
  overlayDir: absoluteOrNone,
  maxSize: bytes,
  lockTimeout: seconds(0),
  fsync: flag,
  checkSource: flag,
};

export const buildChecks: Checks<BuildParams> = {
  language: oneOf("c++", "c"),
  cxx: command,
  cc: command,
  cxxflags: list(nonEmpty),
  cflags: list(nonEmpty),
  cxxflagsDebug: list(nonEmpty),
  cxxflagsOpt: list(nonEmpty),
  includeDirs: list(absolute), // The compiler runs in a directory of its own.
  libDirs: list(loaderPath),
  rpathDirs: list(loaderPath),
  libs: list(nonEmpty),
  debug: flag,
  timeout: seconds(0.001),
};

import { types } from "node:util";
import leven from "leven";
import { invalidType } from "../../argument-error.js";
import { JitError } from "../error.js";
import type { GivenParams, Params } from "../params.js";
import { buildChecks, type Checks, cacheChecks } from "./checks.js";
import { sourcePostfixes } from "./defaults.js";

/* Parameters over parameters: unknown names and wrong values are errors, wherever they come from. */

/**
 * A copy that shares no list with the original; the values of `generator` are shared.
 *
 * @throws Nothing.
 */
export const copyParams = (params: Params): Params => ({
  cache: { ...params.cache, layers: [...params.cache.layers] },
  build: copyLists({ ...params.build }),
  generator: { ...params.generator },
});

function copyLists<Group extends object>(group: Group): Group {
  for (const [name, value] of Object.entries(group)) {
    if (Array.isArray(value)) Reflect.set(group, name, [...value]);
  }
  return group;
}

/**
 * Checks that each name is known. `generator` may have any.
 *
 * @param known Parameters that have all the names.
 * @param given What users or files give.
 * @param where What the error calls it, `"params"` by default.
 * @throws {@link JitError} `ERR_JIT_PARAMS` with the nearest known name; TypeError if a group is no object.
 */
export function checkParamsKeys(known: Params, given: GivenParams, where: string = "params"): void {
  checkNames(known, given, where, "group");
  for (const group of ["cache", "build"] as const) {
    checkNames(known[group], orNone(given[group]), `${where}.${group}`, "name");
  }
  checkObject(orNone(given.generator), `${where}.generator`);
}

/** What is undefined is as if not given; null is an error. */
const orNone = (group: object | undefined): object => (group === undefined ? {} : group);

function checkObject(given: unknown, where: string): asserts given is object {
  if (typeof given !== "object" || given === null || Array.isArray(given) || types.isMap(given)) {
    throw invalidType(where, "an object", given);
  }
}

/** @throws JitError `ERR_JIT_PARAMS` with the nearest known name; TypeError if `given` is no object */
export function checkNames(known: object, given: object, where: string, what: string): void {
  checkObject(given, where);
  const names = Object.keys(known);
  for (const name of Object.keys(given)) {
    if (names.includes(name)) continue;
    throw new JitError(
      "ERR_JIT_PARAMS",
      `${where}: no ${what} ${JSON.stringify(name)}; ${adviceFor(name, names)}`,
    );
  }
}

/** What to say of a name that is unknown: the one that was meant, if one is near enough, or those that there are. */
export function adviceFor(name: string, names: readonly string[]): string {
  const near = nearest(name, names);
  return near === undefined ? `known are ${names.join(", ")}` : `did you mean "${near}"?`;
}

/**
 * Lays what is given over parameters that are complete: values are checked, brought into their one form (a
 * string becomes a list, a path absolute), and `undefined` is as if not given. `srcPostfix` follows `language` unless
 * it is set to something else. `generator` is merged name by name.
 *
 * @param from The directory that relative paths begin at. Default: the current one.
 * @returns New parameters; nothing given is changed, and a group that nothing is given for is the same object.
 * @throws {@link JitError} `ERR_JIT_PARAMS` for unknown names; TypeError and RangeError, with the name of the
 *   parameter in `argument`, for values.
 */
export function mergeParams(
  params: Params,
  given: GivenParams,
  where: string = "params",
  from: string = process.cwd(),
): Params {
  checkParamsKeys(params, given, where);
  const build = mergeGroup(buildChecks, params.build, given.build, `${where}.build`, from);
  const cache = mergeGroup(cacheChecks, params.cache, given.cache, `${where}.cache`, from);
  const isDefault = cache.srcPostfix === sourcePostfixes[params.build.language];
  const follows =
    isDefault && given.cache?.srcPostfix === undefined && build.language !== params.build.language;
  return {
    cache: follows ? { ...cache, srcPostfix: sourcePostfixes[build.language] } : cache,
    build,
    generator: { ...params.generator, ...given.generator },
  };
}

function mergeGroup<Group extends object>(
  checks: Checks<Group>,
  base: Group,
  given: object | undefined,
  where: string,
  from: string,
): Group {
  if (given === undefined) return base;
  const merged: Group = { ...base };
  for (const name of Object.keys(given) as (keyof Group & string)[]) {
    const value: unknown = Reflect.get(given, name);
    if (value !== undefined) merged[name] = checks[name](value, `${where}.${name}`, from);
  }
  return merged;
}

/** The name that was meant, if one is near enough: `cache_dir` is `cacheDir`, and so is `cachDir`. */
function nearest(name: string, names: readonly string[]): string | undefined {
  const folded = fold(name.slice(0, 60));
  let best: string | undefined;
  let least = Math.max(2, Math.floor(folded.length / 3)) + 1;
  for (const candidate of names) {
    const distance = leven(folded, fold(candidate));
    if (distance >= least) continue;
    least = distance;
    best = candidate;
  }
  return best;
}

const fold = (name: string): string => name.replace(/[-_]/g, "").toLowerCase();

import { types } from "node:util";
import { isBuiltIn } from "./canonical.js";
import type { GivenParams } from "./params.js";

/*
 * What jit returned before, found without reading the environment, hashing or copying anything: less than a
 * microsecond. Two calls are the same if their names and parameters are equal, wherever those are kept.
 */

interface Remembered<Result> {
  readonly given: GivenParams | undefined;
  /** Where relative paths in them began. */
  readonly directory: string;
  readonly result: Result;
}

/** Results by name and parameters. */
export class MemoryCache<Result> {
  readonly #byName = new Map<string, Remembered<Result>[]>();

  get(name: string, given: GivenParams | undefined): Result | undefined {
    const candidates = this.#byName.get(name);
    if (candidates === undefined) return undefined;
    const directory = process.cwd();
    for (const { given: before, directory: then, result } of candidates) {
      if (then === directory && isEqual(before, given)) return result;
    }
    return undefined;
  }

  /** Keeps a copy of the parameters, which the user may change; of those that cannot be compared nothing. */
  set(name: string, given: GivenParams | undefined, result: Result): void {
    if (!isComparable(given) || this.get(name, given) !== undefined) return;
    const entry = { given: structuredClone(given), directory: process.cwd(), result };
    this.#byName.set(name, [...(this.#byName.get(name) ?? []), entry]);
  }
}

/** Whether two values are equal as parameters: plain objects and lists by what is in them. */
function isEqual(a: unknown, b: unknown): boolean {
  if (Object.is(a, b)) return true;
  if (typeof a !== "object" || typeof b !== "object" || a === null || b === null) return false;
  if (Array.isArray(a)) {
    if (!Array.isArray(b) || a.length !== b.length || !hasElementsOnly(b)) return false;
    for (let i = 0; i < a.length; i++) if (!(i in b) || !isEqual(a[i], b[i])) return false;
    return true;
  }
  // Anything else but a plain object is looked up the long way, by its hash.
  if (!isPlain(a) || !isPlain(b)) return false;
  let count = 0;
  for (const key in a) {
    count++;
    if (!(key in b) || !isEqual(a[key], b[key])) return false;
  }
  for (const _ in b) count--;
  return count === 0;
}

/** Whether it has elements and nothing else; what is refused must not be taken for what is known. */
const hasElementsOnly = (list: readonly unknown[]): boolean =>
  isBuiltIn(list) && Object.keys(list).length === list.length;

/** Whether it is made of plain objects, lists without holes, and values that are no objects. */
function isComparable(value: unknown): boolean {
  if (typeof value !== "object" || value === null)
    return typeof value !== "function" && typeof value !== "symbol";
  if (types.isProxy(value)) return false;
  if (Array.isArray(value)) return Object.keys(value).length === value.length && value.every(isComparable);
  return isPlain(value) && Object.values(value).every(isComparable);
}

function isPlain(value: object): value is Record<string, unknown> {
  const prototype = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null;
}

import type { GivenParams } from "./params.js";

/*
 * What jit returned before, found without reading the environment, hashing or copying anything: less than a
 * microsecond. Two calls are the same if their names and parameters are equal, wherever those are kept.
 */

interface Remembered<Result> {
  readonly given: GivenParams | undefined;
  readonly result: Result;
}

/** Results by name and parameters. */
export class MemoryCache<Result> {
  readonly #byName = new Map<string, Remembered<Result>[]>();

  get(name: string, given: GivenParams | undefined): Result | undefined {
    const candidates = this.#byName.get(name);
    if (candidates === undefined) return undefined;
    for (const { given: before, result } of candidates) {
      if (isEqual(before, given)) return result;
    }
    return undefined;
  }

  /** Keeps a copy of the parameters, which the user may change. */
  set(name: string, given: GivenParams | undefined, result: Result): void {
    const others = (this.#byName.get(name) ?? []).filter(({ given: before }) => !isEqual(before, given));
    this.#byName.set(name, [...others, { given: structuredClone(given), result }]);
  }

  clear(): void {
    this.#byName.clear();
  }
}

/** Whether two values are equal as parameters: plain objects and lists by what is in them. */
function isEqual(a: unknown, b: unknown): boolean {
  if (Object.is(a, b)) return true;
  if (typeof a !== "object" || typeof b !== "object" || a === null || b === null) return false;
  if (Array.isArray(a)) {
    if (!Array.isArray(b) || a.length !== b.length) return false;
    for (let i = 0; i < a.length; i++) if (!isEqual(a[i], b[i])) return false;
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

function isPlain(value: object): value is Record<string, unknown> {
  const prototype = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null;
}

import type { BoundsMode } from "./generator.js";
import { type AnyArray, ARRAYS, type ArrayName } from "./values.js";

/* Arrays that treat an index outside as the compiled functions do, for the JavaScript that tells what is right. */

const METHODS = ["fill", "subarray", "set"];

/** What guarded arrays guard: copying from one goes by its memory, as from any array. */
const unguarded = new WeakMap<object, AnyArray>();

/** A numeric key of an array, or a name. */
const isIndex = (key: string): boolean => String(Number(key)) === key || key === "-0";

function outside(array: AnyArray, key: string): boolean {
  const i = Number(key);
  return !(Number.isInteger(i) && i >= 0 && i < array.length);
}

/** An array that throws a RangeError for an index outside, or gives NaN and drops what is stored. */
export function guarded<Kind extends AnyArray>(array: Kind, mode: BoundsMode): Kind {
  const isStrict = mode !== "js";
  const check = (key: string, isRefused: boolean): boolean => {
    if (!outside(array, key)) return true;
    if (isRefused) throw new RangeError(`index ${key} is outside`);
    return false;
  };
  // There is no bigint to stand for undefined.
  const isReadRefused = isStrict || array instanceof BigInt64Array;
  const proxy: Kind = new Proxy(array, {
    get(target, key) {
      if (typeof key === "string" && isIndex(key))
        return check(key, isReadRefused) ? target[Number(key)] : Number.NaN;
      const value: unknown = Reflect.get(target, key, target);
      if (typeof value !== "function" || typeof key !== "string" || !METHODS.includes(key)) return value;
      return (...args: unknown[]): unknown => {
        const plain = args.map((arg) => unguarded.get(arg as object) ?? arg);
        const made = Reflect.apply(value, target, plain) as AnyArray;
        return key === "subarray" ? guarded(made, mode) : made;
      };
    },
    set(target, key, value) {
      if (typeof key === "string" && isIndex(key) && check(key, isStrict))
        Reflect.set(target, key, value, target);
      return true;
    },
  });
  unguarded.set(proxy, array);
  return proxy;
}

/** The classes, whose instances are guarded. */
export const guardedClasses = (mode: BoundsMode): Record<ArrayName, unknown> =>
  Object.fromEntries(
    Object.entries(ARRAYS).map(([name, Class]) => [
      name,
      // Called with new: what it returns is what is made.
      function make(length: number) {
        return guarded(new Class(length) as AnyArray, mode);
      },
    ]),
  ) as Record<ArrayName, unknown>;

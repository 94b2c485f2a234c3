import { types } from "node:util";

/* What the structured clone algorithm clones, by the prototypes of its instances. */

/** How the instances of a class are walked through. */
export type Shape = "object" | "array" | "map" | "set" | "error" | "leaf" | "buffer" | "view";

/** The classes of views, by their number in a stream. New ones are added at the end. */
export const VIEWS = [
  "Int8Array",
  "Uint8Array",
  "Uint8ClampedArray",
  "Int16Array",
  "Uint16Array",
  "Int32Array",
  "Uint32Array",
  "Float32Array",
  "Float64Array",
  "BigInt64Array",
  "BigUint64Array",
  "DataView",
  "Buffer",
  "Float16Array",
] as const;

const ERRORS = [
  "Error",
  "EvalError",
  "RangeError",
  "ReferenceError",
  "SyntaxError",
  "TypeError",
  "URIError",
] as const;

interface CloneableClass {
  readonly shape: Shape;
  /** Whether it is one, and does not only have its prototype: V8 would write that as a plain object. */
  readonly is: (value: unknown) => boolean;
}

const named = (
  names: readonly string[],
  shape: Shape,
  is: CloneableClass["is"],
): [string, CloneableClass][] => names.map((name) => [name, { shape, is }]);

const CLASSES: ReadonlyMap<string, CloneableClass> = new Map([
  ...named(["Object"], "object", () => true),
  ...named(["Array"], "array", Array.isArray),
  ...named(["Map"], "map", types.isMap),
  ...named(["Set"], "set", types.isSet),
  ...named(ERRORS, "error", types.isNativeError),
  ...named(["Date"], "leaf", types.isDate),
  ...named(["RegExp"], "leaf", types.isRegExp),
  ...named(["Boolean", "Number", "String", "BigInt"], "leaf", types.isBoxedPrimitive),
  ...named(["ArrayBuffer"], "buffer", types.isArrayBuffer),
  ...named(VIEWS, "view", ArrayBuffer.isView),
]);

/** What is known of the prototypes that were met. */
const known = new WeakMap<object, CloneableClass | null>([
  [Buffer.prototype, CLASSES.get("Buffer") as CloneableClass],
]);

/** How to walk through it; undefined for what is not cloned, or would arrive as something else. */
export function shapeOf(value: object): Shape | undefined {
  const prototype: object | null = Object.getPrototypeOf(value);
  if (prototype === Object.prototype || prototype === null) return "object";
  if (prototype === Array.prototype) return "array";
  let found = known.get(prototype);
  if (found === undefined) {
    found = classOf(prototype) ?? null;
    known.set(prototype, found);
  }
  return found?.is(value) ? found.shape : undefined;
}

/**
 * The class whose instances have this prototype, of this realm or another: test runners load programs into
 * contexts of their own. A class that is written in JavaScript cannot pretend to be native.
 */
function classOf(prototype: object): CloneableClass | undefined {
  const made: unknown = Object.getOwnPropertyDescriptor(prototype, "constructor")?.value;
  if (typeof made !== "function" || made.prototype !== prototype) return undefined;
  const source = Function.prototype.toString.call(made);
  const name = /^function (\w+)\(\) \{ \[native code\] \}$/.exec(source)?.[1];
  return name === undefined || name === "Buffer" ? undefined : CLASSES.get(name);
}

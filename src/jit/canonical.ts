import { hash } from "node:crypto";
import { types } from "node:util";
import { invalidType, invalidValue } from "../argument-error.js";

/* One text for each value, so that two values with the same text make the same library. */

/** Bytes above which a typed array stands in the text with its hash, not with all that is in it. */
const longBytes = 64;

/** The way to the value that is looked at, to name it and to see whether it holds itself. */
interface Trail {
  readonly root: string;
  readonly keys: (string | number)[];
  readonly holders: object[];
}

/**
 * A text that is the same for values that are, and different for all others: it does not depend on the order of
 * keys in objects, maps and sets, and tells `1`, `"1"`, `1n`, `true`, `null`, `undefined`, `-0`, `NaN`, holes of lists,
 * dates and each kind of typed array apart. It is well-formed Unicode, and no text is the beginning of another's.
 *
 * @param root What the value is called in errors, such as `"params.generator"`.
 * @throws TypeError that names the place of a function, a symbol, an instance of a class (whose private state cannot
 *   be seen), also of one that extends Array, Map and the like, a list or map with properties of its own, or an
 *   object that holds itself.
 */
export const canonicalText = (value: unknown, root: string): string =>
  textOf(value, { root, keys: [], holders: [] });

function textOf(value: unknown, trail: Trail): string {
  switch (typeof value) {
    case "string":
      return JSON.stringify(value); // Escapes halves of surrogate pairs, which would all become one byte sequence.
    case "number":
      return Object.is(value, -0) ? "-0;" : `${value};`;
    case "bigint":
      return `${value}n;`;
    case "boolean":
    case "undefined":
      return `${value};`;
    case "object":
      return value === null ? "null;" : textOfObject(value, trail);
    default:
      throw unusable(trail, value);
  }
}

function textOfObject(value: object, trail: Trail): string {
  if (trail.holders.includes(value)) {
    throw invalidValue(pathOf(trail), "holds itself, and so has no signature", value);
  }
  trail.holders.push(value);
  const text = Array.isArray(value) ? textOfList(value, trail) : textOfOther(value, trail);
  trail.holders.pop();
  return text;
}

function textOfOther(value: object, trail: Trail): string {
  if (isPlain(value)) return textOfPlain(value as Readonly<Record<string, unknown>>, trail);
  if (ArrayBuffer.isView(value)) {
    if (!isBuiltInView(value)) throw unusable(trail, value);
    const name = Buffer.isBuffer(value) ? "Buffer" : Object.prototype.toString.call(value).slice(8, -1);
    return textOfBytes(name, new Uint8Array(value.buffer, value.byteOffset, value.byteLength));
  }
  if (!isBuiltIn(value) || Reflect.ownKeys(value).length > 0) throw unusable(trail, value);
  if (types.isAnyArrayBuffer(value)) return textOfBytes("ArrayBuffer", new Uint8Array(value));
  if (types.isDate(value)) return `Date(${value.getTime()})`;
  if (types.isMap(value)) return textOfMap(value, trail);
  if (types.isSet(value)) return `Set(${sortedTexts([...value], trail)})`;
  throw unusable(trail, value);
}

function textOfList(list: readonly unknown[], trail: Trail): string {
  if (!isPlainList(list)) throw unusable(trail, list);
  let text = "[";
  for (let i = 0; i < list.length; i++) {
    const value = list[i];
    trail.keys.push(i);
    text += value === undefined && !(i in list) ? "hole;" : textOf(value, trail);
    trail.keys.pop();
  }
  return `${text}]`;
}

function textOfPlain(object: Readonly<Record<string, unknown>>, trail: Trail): string {
  const keys = Object.keys(object);
  if (keys.length > 1) keys.sort();
  let text = "{";
  for (const key of keys) {
    trail.keys.push(key);
    text += JSON.stringify(key) + textOf(object[key], trail);
    trail.keys.pop();
  }
  const symbol = Object.getOwnPropertySymbols(object)[0];
  if (symbol !== undefined) throw unusable(trail, symbol);
  return `${text}}`;
}

function textOfMap(map: ReadonlyMap<unknown, unknown>, trail: Trail): string {
  const texts: string[] = [];
  for (const [key, value] of map) {
    const keyText = textOf(key, trail);
    trail.keys.push(keyText);
    texts.push(keyText + textOf(value, trail));
    trail.keys.pop();
  }
  return `Map(${texts.sort().join("")})`;
}

const sortedTexts = (values: readonly unknown[], trail: Trail): string =>
  values
    .map((value) => textOf(value, trail))
    .sort()
    .join("");

function textOfBytes(name: string, bytes: Uint8Array): string {
  const text = bytes.length > longBytes ? hash("sha256", bytes) : Buffer.from(bytes).toString("hex");
  return `${name}(${bytes.length}:${text})`;
}

/** Made by `{}`, `JSON.parse`, `Object.create(null)`, here or in another realm. */
function isPlain(value: object): boolean {
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === null || isRoot(prototype);
}

/** `Object.prototype`, here or in another realm. */
const isRoot = (prototype: unknown): boolean =>
  prototype === Object.prototype ||
  (prototype !== null &&
    Object.getPrototypeOf(prototype) === null &&
    Object.hasOwn(prototype as object, "isPrototypeOf"));

/** Of a class that extends none but Object. */
export function isBuiltIn(value: object): boolean {
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype !== null && isRoot(Object.getPrototypeOf(prototype));
}

/** A typed array, a Buffer or a DataView, and no class that extends one: these have no `BYTES_PER_ELEMENT`. */
function isBuiltInView(view: ArrayBufferView): boolean {
  const prototype: unknown = Object.getPrototypeOf(view);
  if (prototype === Buffer.prototype || isBuiltIn(view)) return true;
  return prototype !== null && Object.hasOwn(prototype as object, "BYTES_PER_ELEMENT");
}

/** An array with nothing but elements: `length` is the last of its properties. */
const isPlainList = (list: readonly unknown[]): boolean =>
  isBuiltIn(list) && Reflect.ownKeys(list).at(-1) === "length";

const unusable = (trail: Trail, value: unknown): Error =>
  invalidType(
    pathOf(trail),
    "plain data (numbers, strings, lists, plain objects, dates, typed arrays, maps, sets)",
    value,
  );

const pathOf = (trail: Trail): string =>
  trail.keys.reduce<string>((path, key) => path + step(key), trail.root);

function step(key: string | number): string {
  if (typeof key === "number") return `[${key}]`;
  return /^[A-Za-z_$][\w$]*$/.test(key) ? `.${key}` : `[${JSON.stringify(key)}]`;
}

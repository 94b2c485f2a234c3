import { invalidType, outOfRange } from "../argument-error.js";
import {
  type AsyncNativeFunction,
  type CType,
  FfiError,
  type Library,
  type NativeArgument,
  type NativeFunction,
} from "../ffi/index.js";
import { JitError } from "./error.js";
import { type PrototypeType, parsePrototype } from "./prototype.js";

/** What a function of a library takes for one parameter. */
export type CArgument = number | bigint | boolean | string | ArrayBufferView | null;

type First<Text extends string> = Text extends `${" " | "\n"}${infer Rest}` ? First<Rest> : Text;

/** What a C function of this prototype returns, as far as its first words tell. */
export type CResult<Prototype extends string> = string extends Prototype
  ? number | bigint | undefined
  : Prototype extends `${infer Before}(${string}`
    ? Before extends `${string}*${string}`
      ? bigint
      : First<Before> extends `void ${string}`
        ? undefined
        : First<Before> extends
              | `${"float" | "double" | "char" | "bool" | "short" | "int" | "signed" | "unsigned int"} ${string}`
              | `${"int8_t" | "int16_t" | "int32_t" | "uint8_t" | "uint16_t" | "uint32_t"} ${string}`
          ? number
          : number | bigint | undefined
    : number | bigint | undefined;

/** A function of a library. */
export type CFunction<Prototype extends string = string> = (...args: CArgument[]) => CResult<Prototype>;

/** A shared library that was built, verified and loaded. It stays loaded until the process ends. */
export class JitLibrary {
  readonly signature: string;
  /** The file it was loaded from. */
  readonly path: string;
  readonly #library: Library;

  /** @internal Made by `jit`. */
  constructor(signature: string, path: string, library: Library) {
    this.signature = signature;
    this.path = path;
    this.#library = library;
  }

  /** Whether it, or a library it depends on, exports `name`. */
  has(name: string): boolean {
    return this.#library.has(name);
  }

  /** The address of an exported function or datum. @throws JitError `ERR_JIT_SYMBOL` */
  symbol(name: string): bigint {
    return this.#find(name, () => this.#library.symbol(name));
  }

  /**
   * Declares an exported function by its C prototype: `library.func("double norm(const double *x, int n)")`.
   *
   * What it is called with is checked: integers are in the range of their type, and a pointer to numbers takes a
   * TypedArray of these numbers (`const double *` a Float64Array), an address as bigint, or null. A `void *` takes
   * any view; a `const char *` also a string, which is passed as UTF-8; a `bool` true, false, 1 or 0. 64-bit integers
   * and pointers are returned as bigint.
   * @throws JitError `ERR_JIT_SYMBOL` if the library has no such function or the prototype is not understood; the
   *   function throws TypeError and RangeError for bad arguments
   */
  func<Prototype extends string>(prototype: Prototype): CFunction<Prototype> {
    if (typeof prototype !== "string")
      throw invalidType("prototype", 'a string like "double f(int)"', prototype);
    const { name, result, parameters } = parsePrototype(prototype);
    const types = parameters.map(({ type }) => type);
    const native = this.#find(name, () => this.#library.func(name, result.type, types));
    const convert = parameters.map((parameter, i) => converter(parameter, `${name}: argument ${i + 1}`));
    const call = (...given: CArgument[]): unknown => {
      if (given.length !== convert.length) {
        throw outOfRange(name, `${convert.length} arguments (${prototype})`, given.length);
      }
      const args = given.map((value, i) => (convert[i] as Convert)(value));
      return native(...args);
    };
    return call as CFunction<Prototype>;
  }

  /** @internal A function as the engine gives it, which checks nothing. */
  native<Result extends CType>(
    name: string,
    result: Result,
    types: readonly CType[],
  ): NativeFunction<Result> {
    return this.#find(name, () => this.#library.func(name, result, types));
  }

  /** @internal The same, to be called on another thread. */
  asyncNative<Result extends CType>(
    name: string,
    result: Result,
    types: readonly CType[],
  ): AsyncNativeFunction<Result> {
    return this.#find(name, () => this.#library.asyncFunc(name, result, types));
  }

  #find<T>(name: string, look: () => T): T {
    try {
      return look();
    } catch (cause) {
      if (!(cause instanceof FfiError)) throw cause;
      throw new JitError("ERR_JIT_SYMBOL", `${this.signature} has no function "${name}" (${this.path})`, {
        signature: this.signature,
        cause,
      });
    }
  }
}

/**
 * A factory function of a library, `void *name()`.
 * @returns A function that returns the address.
 * @throws JitError `ERR_JIT_SYMBOL` if there is none of that name
 */
export function extractFactoryFunction(library: JitLibrary, name: string): () => bigint {
  if (!(library instanceof JitLibrary)) throw invalidType("library", "a library from jit", library);
  if (typeof name !== "string" || !/^[A-Za-z_]\w*$/.test(name)) throw invalidType("name", "a C name", name);
  return library.func(`void *${name}()`) as () => bigint;
}

type Convert = (value: unknown) => NativeArgument;

/** The smallest and largest values. */
const RANGES: Partial<Record<CType, readonly [bigint, bigint]>> = Object.fromEntries(
  [8n, 16n, 32n, 64n].flatMap((bits) => [
    [`int${bits}`, [-(2n ** (bits - 1n)), 2n ** (bits - 1n) - 1n]],
    [`uint${bits}`, [0n, 2n ** bits - 1n]],
  ]),
);

/** The TypedArrays whose elements a pointer may point to. */
const ARRAYS: Partial<Record<CType, readonly string[]>> = {
  int8: ["Int8Array", "Uint8Array"],
  uint8: ["Uint8Array", "Uint8ClampedArray", "Int8Array"],
  int16: ["Int16Array"],
  uint16: ["Uint16Array"],
  int32: ["Int32Array"],
  uint32: ["Uint32Array"],
  int64: ["BigInt64Array"],
  uint64: ["BigUint64Array"],
  float: ["Float32Array"],
  double: ["Float64Array"],
};

function converter(parameter: PrototypeType, argument: string): Convert {
  const { type } = parameter;
  if (type === "pointer") return pointer(parameter, argument);
  if (type === "float" || type === "double") {
    return (value) => {
      if (typeof value !== "number") throw invalidType(argument, `a number (${parameter.text})`, value);
      return value;
    };
  }
  // Another value would be undefined behaviour in C.
  const [least, most] = parameter.isBool ? [0n, 1n] : (RANGES[type] as readonly [bigint, bigint]);
  const isWide = type === "int64" || type === "uint64";
  const [low, high] = [Number(least), Number(most)];
  return (value) => {
    if (typeof value === "boolean") return Number(value);
    if (typeof value === "bigint") {
      if (value < least || value > most) throw outOfRange(argument, `${least} to ${most}`, value);
      return isWide ? value : Number(value);
    }
    if (typeof value !== "number") throw invalidType(argument, `an integer (${parameter.text})`, value);
    if (!Number.isInteger(value) || value < low || value > high || (isWide && !Number.isSafeInteger(value))) {
      throw outOfRange(argument, `an integer from ${least} to ${most}`, value);
    }
    return value;
  };
}

function pointer({ text, target, isText }: PrototypeType, argument: string): Convert {
  const classes = target === undefined ? undefined : ARRAYS[target];
  const expected = `${classes?.join(" or ") ?? "a view"}${isText ? ", a string" : ""}, an address or null (${text})`;
  return (value) => {
    if (value === null || typeof value === "bigint") return value;
    if (isText && typeof value === "string") return Buffer.from(`${value}\0`);
    if (!ArrayBuffer.isView(value)) throw invalidType(argument, expected, value);
    const tag = (value as Uint8Array)[Symbol.toStringTag];
    if (classes !== undefined && !classes.includes(tag)) throw invalidType(argument, expected, value);
    if (value.byteLength === 0)
      throw outOfRange(argument, "a view that is neither empty nor detached", value);
    return value;
  };
}

import { createRequire } from "node:module";
import { types } from "node:util";
import { threadId } from "node:worker_threads";
import { bindLoader, type Loader } from "./dlopen.js";
import {
  type AsyncNativeFunction,
  type CType,
  type Engine,
  type Library,
  type LoadOptions,
  type NativeArgument,
  type NativeFunction,
  type NativeResult,
  STACK_OF_THREAD,
} from "./engine.js";
import { FfiError, noLibrary, noSymbol, notNow, unsupported } from "./error.js";
import { isWide, toWide } from "./wide.js";

type FfiRs = typeof import("ffi-rs");
type TypeName = keyof FfiRs["DataType"];

/**
 * ffi-rs has no int8 and no uint16. It could pass them as uint8 and int16, but how a narrow argument is
 * extended is part of the calling convention.
 */
const ARGUMENT_TYPES: Partial<Record<CType, TypeName>> = {
  uint8: "U8",
  int16: "I16",
  int32: "I32",
  uint32: "U32",
  int64: "BigInt",
  uint64: "BigInt",
  float: "Float",
  double: "Double",
  pointer: "BigInt",
};

/** ffi-rs declares that functions return float, but throws when one does. */
const { float: _, ...RETURNED } = ARGUMENT_TYPES;
const RESULT_TYPES: Partial<Record<CType, TypeName>> = { ...RETURNED, void: "Void" };

/** The key under which ffi-rs keeps the program itself, whose exports include those of the C library. */
const PROGRAM = "typed-mpi: the program";

/** The engine for hosts without a binary of koffi: a call costs 2 to 10 us, and there are no callbacks. */
export const ffiRsEngine = (): Engine => {
  // Addresses of symbols come from dlsym, which Windows has not.
  if (process.platform === "win32") {
    throw new FfiError("ERR_FFI_ENGINE", 'The FFI engine "ffi-rs" is not supported on Windows: use koffi.');
  }
  const require = createRequire(import.meta.url);
  const ffi = require("ffi-rs") as FfiRs;
  ffi.open({ library: PROGRAM, path: "" });
  const program = { func: declare.bind(null, ffi, PROGRAM) as Library["func"] };
  const loader = bindLoader(program);
  // memmove of nothing hands its first argument through: this is how a view becomes an address, and an
  // address the external that ffi-rs makes buffers of.
  const memmove = program.func("memmove", "pointer", ["pointer", "pointer", "uint64"]);
  const external = (address: bigint) =>
    ffi.load({
      library: PROGRAM,
      funcName: "memmove",
      retType: ffi.DataType.External,
      paramsType: [ffi.DataType.BigInt, ffi.DataType.BigInt, ffi.DataType.BigInt],
      paramsValue: [toWide("int64", address), toWide("int64", address), 0n],
    });
  return {
    name: "ffi-rs",
    stackSize: STACK_OF_THREAD,
    version: (require("ffi-rs/package.json") as { version: string }).version,
    load: (path, options) => new FfiRsLibrary(ffi, loader, path, options),
    addressOf: (view) => (view.byteLength === 0 ? 0n : memmove(view, view, 0n)),
    bytesAt(address, byteLength) {
      if (byteLength === 0) return new Uint8Array(0);
      const { buffer, byteOffset } = ffi.createExternalBuffer(external(address), byteLength);
      return new Uint8Array(buffer, byteOffset, byteLength);
    },
    // ffi-rs queues the JavaScript function to the event loop: C goes on at once, with a meaningless result.
    callback() {
      throw unsupported("ffi-rs", "callbacks");
    },
  };
};

class FfiRsLibrary implements Library {
  static #opened = 0;

  readonly path: string | null;
  readonly #ffi: FfiRs;
  readonly #loader: Loader;
  readonly #handle: bigint;
  /** ffi-rs keeps libraries by name, for all threads. */
  readonly #key: string = `typed-mpi: ${threadId}.${FfiRsLibrary.#opened++}`;

  constructor(ffi: FfiRs, loader: Loader, path: string | null, options: LoadOptions = {}) {
    this.path = path;
    this.#ffi = ffi;
    this.#loader = loader;
    // Ours comes first: what the library does while it is being opened must see the scope that was asked for.
    this.#handle = loader.open(path, options);
    if (options.now && this.#handle === 0n) throw notNow(path);
    try {
      ffi.open({ library: this.#key, path: path ?? "" });
    } catch (cause) {
      throw noLibrary(path, (cause as Error).message, cause);
    }
  }

  has(name: string): boolean {
    return this.#loader.symbol(this.#handle, name) !== 0n;
  }

  symbol(name: string): bigint {
    const address = this.#loader.symbol(this.#handle, name);
    if (address === 0n) throw noSymbol(this.path, name);
    return address;
  }

  func<R extends CType>(name: string, result: R, args: readonly CType[]): NativeFunction<R> {
    if (!this.has(name)) throw noSymbol(this.path, name);
    return declare(this.#ffi, this.#key, name, result, args);
  }

  asyncFunc<R extends CType>(name: string, result: R, args: readonly CType[]): AsyncNativeFunction<R> {
    if (!this.has(name)) throw noSymbol(this.path, name);
    return declare(this.#ffi, this.#key, name, result, args, true) as unknown as AsyncNativeFunction<R>;
  }

  close(): void {
    this.#ffi.close(this.#key);
    this.#loader.close(this.#handle);
  }
}

/** `name` of the library that ffi-rs keeps as `library`. */
function declare<R extends CType>(
  ffi: FfiRs,
  library: string,
  name: string,
  result: R,
  args: readonly CType[],
  runInNewThread = false,
): NativeFunction<R> {
  const { DataType } = ffi;
  const find = (types: Partial<Record<CType, TypeName>>, type: CType, use: string): number => {
    const known = types[type];
    if (known === undefined) throw unsupported("ffi-rs", `${type} as ${use} of ${name}`);
    return DataType[known];
  };
  const retType = find(RESULT_TYPES, result, "result");
  const declared = args.map((type) => find(ARGUMENT_TYPES, type, "argument"));
  return (...values: NativeArgument[]): NativeResult<R> => {
    const paramsType = [...declared];
    const paramsValue = args.map((type, i) => {
      const value = values[i] as NativeArgument;
      if (type !== "pointer" || !ArrayBuffer.isView(value)) return convert(name, type, value);
      paramsType[i] = DataType.U8Array;
      return bytesOf(value);
    });
    const returned: unknown = ffi.load({
      library,
      funcName: name,
      retType,
      paramsType,
      paramsValue,
      runInNewThread,
    });
    const widened = (value: unknown): NativeResult<R> =>
      (isWide(result) ? toWide(result, value as bigint) : value) as NativeResult<R>;
    return (
      runInNewThread ? (returned as Promise<unknown>).then(widened) : widened(returned)
    ) as NativeResult<R>;
  };
}

/** Getters of the prototypes of views, which no view can hide behind a property or a prototype of its own. */
const getters = (prototype: object): ((view: ArrayBufferView) => [ArrayBuffer, number, number]) => {
  const get = (view: ArrayBufferView, name: string): unknown =>
    Object.getOwnPropertyDescriptor(prototype, name)?.get?.call(view);
  return (view) => [
    get(view, "buffer") as ArrayBuffer,
    get(view, "byteOffset") as number,
    get(view, "byteLength") as number,
  ];
};
const ofTypedArray = getters(Object.getPrototypeOf(Uint8Array.prototype) as object);
const ofDataView = getters(DataView.prototype);

/** ffi-rs aborts the process for a DataView and for an array of another prototype. */
const bytesOf = (view: ArrayBufferView): Uint8Array =>
  new Uint8Array(...(types.isDataView(view) ? ofDataView(view) : ofTypedArray(view)));

/** What ffi-rs takes for `value`. It refuses other values with an empty message, so this does it before. */
function convert(name: string, type: CType, value: NativeArgument): number | bigint {
  if (value === null && type === "pointer") return 0n;
  if (isWide(type) && (typeof value === "bigint" || Number.isSafeInteger(value))) {
    return toWide("int64", value as number | bigint);
  }
  if (!isWide(type) && typeof value === "number") return value;
  throw new FfiError(
    "ERR_FFI_TYPE",
    `${name}: ${String(value)} (${typeof value}) cannot be passed as ${type}`,
  );
}

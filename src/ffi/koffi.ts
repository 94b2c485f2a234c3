import { createRequire } from "node:module";
import type { LibraryHandle, TypeObject } from "koffi";
import type {
  AsyncNativeFunction,
  Callback,
  CType,
  Engine,
  Library,
  LoadOptions,
  NativeArgument,
  NativeFunction,
  NativeResult,
} from "./engine.js";
import { noLibrary, noSymbol } from "./error.js";
import { isWide, toWide } from "./wide.js";

type Koffi = typeof import("koffi");

const KOFFI_TYPES: Record<CType, string> = {
  void: "void",
  int8: "int8_t",
  uint8: "uint8_t",
  int16: "int16_t",
  uint16: "uint16_t",
  int32: "int32_t",
  uint32: "uint32_t",
  int64: "int64_t",
  uint64: "uint64_t",
  float: "float",
  double: "double",
  pointer: "void *",
};

/** The default engine: the fastest (about 50 ns a call), and complete on every Node. */
export const koffiEngine = (): Engine => {
  const koffi = loadKoffi();
  return {
    name: "koffi",
    version: koffi.version,
    stackSize: stackSizeOf(koffi),
    load: (path, options) => new KoffiLibrary(koffi, path, options),
    addressOf: (view) => (view.byteLength === 0 ? 0n : koffi.address(view)),
    bytesAt: (address, byteLength) => new Uint8Array(koffi.view(address, byteLength)),
    callback: (result, args, fn) => registerCallback(koffi, result, args, fn),
  };
};

/** What koffi gives a call on another thread, if nobody has loaded a library with it yet: by default an eighth of that. */
const ASYNC_STACK = 1024 * 1024;

function stackSizeOf(koffi: Koffi): Engine["stackSize"] {
  try {
    koffi.config({ async_stack_size: ASYNC_STACK });
  } catch {
    // Somebody else has.
  }
  const { sync_stack_size: sync, async_stack_size: async } = koffi.config() as Record<string, number>;
  return { sync: sync as number, async: async as number };
}

/**
 * koffi's binary, without koffi's own loader where it can be found at once: that takes three times as long, to
 * find the same file and to add what is deprecated.
 */
function loadKoffi(): Koffi {
  const require = createRequire(import.meta.url);
  const [system, folder] = ["-", "_"].map((joint) => process.platform + joint + process.arch);
  try {
    const native = require(`@koromix/koffi-${system}/${folder}/koffi.node`) as Koffi;
    if (isKnown(native.version)) return native;
  } catch {
    // Its package is out of our sight (pnpm), or its binary is for another C library: koffi looks further.
  }
  return require("koffi") as Koffi;
}

/** Whether it is a version as our manifest asks for: another one may be installed beside it. */
function isKnown(version: string): boolean {
  const [major = 0, minor = 0] = version.split(".").map(Number);
  return major === 3 && minor >= 3;
}

class KoffiLibrary implements Library {
  readonly path: string | null;
  readonly #handle: LibraryHandle;

  constructor(koffi: Koffi, path: string | null, options: LoadOptions = {}) {
    this.path = path;
    try {
      this.#handle = koffi.load(path, { lazy: !options.now, global: options.global ?? false });
    } catch (cause) {
      throw noLibrary(path, (cause as Error).message, cause);
    }
  }

  has(name: string): boolean {
    try {
      this.#handle.symbol(name);
      return true;
    } catch {
      return false;
    }
  }

  symbol(name: string): bigint {
    return this.#find(name, () => this.#handle.symbol(name) as bigint);
  }

  func<R extends CType>(name: string, result: R, args: readonly CType[]): NativeFunction<R> {
    const fn = this.#find(name, () =>
      this.#handle.func(
        name,
        KOFFI_TYPES[result],
        args.map((type) => KOFFI_TYPES[type]),
      ),
    );
    if (!isWide(result)) return fn;
    // koffi returns small 64-bit results as numbers and null pointers as null.
    return (...values: NativeArgument[]) => BigInt(fn(...values) ?? 0) as NativeResult<R>;
  }

  asyncFunc<R extends CType>(name: string, result: R, args: readonly CType[]): AsyncNativeFunction<R> {
    const fn = this.#find(name, () =>
      this.#handle.func(
        name,
        KOFFI_TYPES[result],
        args.map((type) => KOFFI_TYPES[type]),
      ),
    );
    return (...values) =>
      new Promise((resolve, reject) => {
        fn.async(...values, (error: unknown, value: number | bigint | null) => {
          if (error) reject(error);
          else resolve((isWide(result) ? BigInt(value ?? 0) : value) as NativeResult<R>);
        });
      });
  }

  close(): void {
    this.#handle.unload();
  }

  #find<T>(name: string, look: () => T): T {
    try {
      return look();
    } catch (cause) {
      throw noSymbol(this.path, name, cause);
    }
  }
}

/** koffi never gives the memory of a prototype back, so each signature is declared once. */
const callbackTypes = new Map<string, TypeObject>();

function callbackType(koffi: Koffi, result: CType, args: readonly CType[]): TypeObject {
  const signature = `${result}(${args})`;
  let type = callbackTypes.get(signature);
  if (type === undefined) {
    const proto = koffi.proto(
      KOFFI_TYPES[result],
      args.map((arg) => KOFFI_TYPES[arg]),
    );
    type = koffi.pointer(proto);
    callbackTypes.set(signature, type);
  }
  return type;
}

function registerCallback(
  koffi: Koffi,
  result: CType,
  args: readonly CType[],
  fn: (...args: never[]) => unknown,
): Callback {
  // koffi gives small 64-bit values as numbers, null pointers as null, and the largest uint64 as -1.
  const widened = (...values: (number | bigint | null)[]): unknown =>
    fn(...(values.map((value, i) => widen(args[i] as CType, value)) as never[]));
  let address: bigint | undefined = koffi.register(
    args.some(isWide) ? widened : fn,
    callbackType(koffi, result, args),
  );
  return {
    address,
    close() {
      if (address !== undefined) koffi.unregister(address);
      address = undefined;
    },
  };
}

const widen = (type: CType, value: number | bigint | null): number | bigint | null =>
  isWide(type) ? toWide(type, value ?? 0) : value;

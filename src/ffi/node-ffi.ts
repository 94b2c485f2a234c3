import { bindLoader } from "./dlopen.js";
import type {
  Callback,
  CType,
  Engine,
  Library,
  LoadOptions,
  NativeArgument,
  NativeFunction,
  NativeResult,
} from "./engine.js";
import { STACK_OF_THREAD } from "./engine.js";
import { FfiError, noLibrary, noSymbol, notNow, unsupported } from "./error.js";
import { isWide, toWide } from "./wide.js";

/** The part of node:ffi used here. Its names of the C types are those of the contract. */
interface NodeFfi {
  readonly DynamicLibrary: new (path: string | null) => DynamicLibrary;
  getRawPointer(view: ArrayBufferView): bigint;
  toArrayBuffer(address: bigint, byteLength: number, copy: boolean): ArrayBuffer;
}

interface DynamicLibrary {
  close(): void;
  getFunction(name: string, signature: Signature): (...args: NativeArgument[]) => unknown;
  getSymbol(name: string): bigint;
  registerCallback(signature: Signature, fn: (...args: never[]) => unknown): bigint;
  unregisterCallback(address: bigint): void;
}

interface Signature {
  readonly return: CType;
  readonly arguments: readonly CType[];
}

/** Node's own engine: nothing to install, a call costs 30 to 150 ns; experimental. */
export const nodeEngine = (): Engine => {
  const ffi = process.getBuiltinModule("node:ffi") as NodeFfi | undefined;
  if (ffi === undefined) {
    throw new FfiError(
      "ERR_FFI_ENGINE",
      `The FFI engine "node" needs Node >= 26.1 with node:ffi; this is ${process.version} without it.`,
    );
  }
  const windows = process.platform === "win32";
  // Callbacks belong to a library; the program is never closed. Windows has no handle of it.
  const program = new ffi.DynamicLibrary(windows ? "kernel32.dll" : null);
  const loader = windows ? undefined : bindLoader(new NodeLibrary(ffi, null));
  return {
    name: "node",
    stackSize: STACK_OF_THREAD,
    version: process.versions.node,
    load(path, options: LoadOptions = {}) {
      // node:ffi opens with local scope, lazily. If this fails, so does what follows, which has the loader's text;
      // but not if only a symbol is missing.
      const isOurs = (options.global || options.now) && path !== null;
      const wide = isOurs ? loader?.open(path, options) : undefined;
      if (options.now && wide === 0n) throw notNow(path);
      return new NodeLibrary(ffi, path, () => wide && loader?.close(wide));
    },
    addressOf: (view) => (view.byteLength === 0 ? 0n : ffi.getRawPointer(view)),
    bytesAt: (address, byteLength) => new Uint8Array(ffi.toArrayBuffer(address, byteLength, false)),
    callback: (result, args, fn) => registerCallback(program, result, args, fn),
  };
};

/** An open library, and what its functions were declared as. */
interface Handle {
  readonly library: DynamicLibrary;
  readonly signatures: Map<string, string>;
}

class NodeLibrary implements Library {
  readonly path: string | null;
  readonly #ffi: NodeFfi;
  readonly #onClose: () => void;
  /** node:ffi gives a symbol one signature per handle, so a second signature takes a second handle. */
  readonly #handles: Handle[] = [];

  constructor(ffi: NodeFfi, path: string | null, onClose: () => void = () => {}) {
    this.path = path;
    this.#ffi = ffi;
    this.#onClose = onClose;
    this.#open();
  }

  has(name: string): boolean {
    try {
      this.symbol(name);
      return true;
    } catch {
      return false;
    }
  }

  symbol(name: string): bigint {
    try {
      return (this.#handles[0] as Handle).library.getSymbol(name);
    } catch (cause) {
      throw noSymbol(this.path, name, cause);
    }
  }

  func<R extends CType>(name: string, result: R, args: readonly CType[]): NativeFunction<R> {
    this.symbol(name);
    const signature = `${result}(${args})`;
    const { library, signatures } =
      this.#handles.find((handle) => (handle.signatures.get(name) ?? signature) === signature) ??
      this.#open();
    const fn = library.getFunction(name, { return: result, arguments: args });
    signatures.set(name, signature);
    return callable(fn, args) as NativeFunction<R>;
  }

  asyncFunc(): never {
    throw unsupported("node:ffi", "calls on another thread");
  }

  close(): void {
    for (const { library } of this.#handles) library.close();
    this.#onClose();
  }

  #open(): Handle {
    try {
      const handle = {
        library: new this.#ffi.DynamicLibrary(this.path),
        signatures: new Map<string, string>(),
      };
      this.#handles.push(handle);
      return handle;
    } catch (cause) {
      throw noLibrary(this.path, (cause as Error).message, cause);
    }
  }
}

/** What a callback threw during the call into C that has not returned yet. */
let thrown: { error: unknown } | undefined;

/** `fn` as the contract has it: node:ffi refuses some 64-bit values, and aborts when a callback throws. */
function callable(fn: (...args: NativeArgument[]) => unknown, args: readonly CType[]): NativeFunction {
  const wide = args.flatMap((type, i) => (isWide(type) ? [{ i, type }] : []));
  return (...values: NativeArgument[]) => {
    for (const { i, type } of wide) {
      const value = values[i];
      if (typeof value === "bigint" || typeof value === "number") values[i] = toWide(type, value);
    }
    const result = fn(...values);
    if (thrown !== undefined) rethrow(thrown);
    return result as NativeResult<CType>;
  };
}

function rethrow({ error }: { error: unknown }): never {
  thrown = undefined;
  throw error;
}

function registerCallback(
  library: DynamicLibrary,
  result: CType,
  args: readonly CType[],
  fn: (...args: never[]) => unknown,
): Callback {
  const zero = result === "void" ? undefined : isWide(result) ? 0n : 0;
  // Node aborts the process if this throws, or returns what `result` cannot hold.
  const guarded = (...values: never[]): unknown => {
    if (thrown !== undefined) return zero;
    try {
      return toResult(result, fn(...values));
    } catch (error) {
      thrown = { error };
      return zero;
    }
  };
  let address: bigint | undefined = library.registerCallback({ return: result, arguments: args }, guarded);
  return {
    address,
    close() {
      if (address !== undefined) library.unregisterCallback(address);
      address = undefined;
    },
  };
}

/** How a number becomes a value of the narrow types, wrapping as C does. */
const NARROW: Partial<Record<CType, (value: number) => number>> = {
  int8: (value) => (value << 24) >> 24,
  uint8: (value) => value & 0xff,
  int16: (value) => (value << 16) >> 16,
  uint16: (value) => value & 0xffff,
  int32: (value) => value | 0,
  uint32: (value) => value >>> 0,
  float: Math.fround,
};

function toResult(type: CType, value: unknown): unknown {
  if (type === "void") return undefined;
  if (type === "pointer" && value === null) return 0n;
  if (typeof value !== "number" && typeof value !== "bigint") {
    throw new FfiError("ERR_FFI_TYPE", `The callback returned ${String(value)}, expected ${type}.`);
  }
  if (isWide(type)) return toWide(type, value);
  const narrow = NARROW[type];
  return narrow === undefined ? Number(value) : narrow(Number(value));
}

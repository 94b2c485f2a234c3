/**
 * The contract between this package and a foreign-function library, like Python's ctypes: open a shared
 * library, declare a C function, call it. Only the files of this folder import an FFI package.
 *
 * Calls are as thin as the engine allows: a declared function checks neither the number nor the meaning of
 * its arguments. Whoever declares a function validates what users pass to it.
 */

/** The C types that can be declared; an engine that lacks one says so then. C's `int` is `int32`. */
export type CType =
  | "void"
  | "int8"
  | "uint8"
  | "int16"
  | "uint16"
  | "int32"
  | "uint32"
  | "int64"
  | "uint64"
  | "float"
  | "double"
  | "pointer";

/**
 * What a call takes: a number for the types up to 32 bits, `float` and `double`; a bigint (or a safe
 * integer) for the 64-bit ones, modulo 2^64; for a `pointer` a view (TypedArray, Buffer or DataView), whose
 * first byte is pointed at, an address like a 64-bit integer (-1n is all bits set), or null.
 *
 * A number out of range of a type up to 32 bits is refused by some engines and wrapped by others. A
 * SharedArrayBuffer is passed as a view of it; a detached view is null or refused. No engine keeps a view
 * alive after the call has returned.
 */
export type NativeArgument = number | bigint | ArrayBufferView | null;

/**
 * What a call returns: bigint for 64-bit types and pointers (an address is never negative, null is 0n),
 * number for the rest, undefined for `void`.
 */
export type NativeResult<R extends CType> = R extends "void"
  ? undefined
  : R extends "int64" | "uint64" | "pointer"
    ? bigint
    : number;

/** A declared C function. */
export type NativeFunction<R extends CType = CType> = (...args: NativeArgument[]) => NativeResult<R>;

/** A declared C function that is called on another thread. */
export type AsyncNativeFunction<R extends CType = CType> = (
  ...args: NativeArgument[]
) => Promise<NativeResult<R>>;

/** A JavaScript function that C can call, until it is closed. */
export interface Callback {
  /** What C calls: pass it as a `pointer`. */
  readonly address: bigint;
  /** Gives the trampoline back: C must neither be in it nor call it any more. Closing twice does nothing. */
  close(): void;
}

/** An open shared library. */
export interface Library {
  /** The path or name it was opened by; null for the program itself. */
  readonly path: string | null;
  /** Whether it, or a library it depends on, exports `name`. */
  has(name: string): boolean;
  /**
   * The address of an exported function or datum.
   * @throws FfiError `ERR_FFI_SYMBOL` if there is none of that name.
   */
  symbol(name: string): bigint;
  /**
   * Declares an exported function.
   * @throws FfiError `ERR_FFI_SYMBOL` if there is none of that name, `ERR_FFI_UNSUPPORTED` for a type the
   *   engine cannot pass.
   */
  func<R extends CType>(name: string, result: R, args: readonly CType[]): NativeFunction<R>;
  /**
   * The same for calls on another thread, while JavaScript goes on. What views and addresses point at must be kept
   * alive until the promise is settled.
   * @throws FfiError also `ERR_FFI_UNSUPPORTED` if the engine has no such calls.
   */
  asyncFunc<R extends CType>(name: string, result: R, args: readonly CType[]): AsyncNativeFunction<R>;
  /** Closes the handle; the functions declared from it must not be called any more. */
  close(): void;
}

export interface LoadOptions {
  /** Whether its symbols serve the libraries opened later (RTLD_GLOBAL). Default false. */
  readonly global?: boolean;
  /**
   * Whether all symbols that it needs must be there at once (RTLD_NOW): one that is not is an error then, and the end
   * of the process when it is called otherwise. Default false.
   */
  readonly now?: boolean;
}

export interface Engine {
  readonly name: EngineName;
  /** Version of the package, or of Node for its own engine. */
  readonly version: string;
  /** Bytes of stack that a C function may use when it is called, and when it is called on another thread. */
  readonly stackSize: { readonly sync: number; readonly async: number };
  /**
   * Opens a shared library by path, by a name the system's loader knows, or the program itself by null.
   * Symbols are bound lazily unless `options.now`; the library is never bound deeply.
   * @throws FfiError `ERR_FFI_LIBRARY` with the loader's own text as its message.
   */
  load(path: string | null, options?: LoadOptions): Library;
  /** The address of the first byte of `view`, 0n if it is empty. Valid while the caller holds the view. */
  addressOf(view: ArrayBufferView): bigint;
  /** The `byteLength` bytes at `address`, shared with C: valid while C keeps them. */
  bytesAt(address: bigint, byteLength: number): Uint8Array;
  /**
   * Makes `fn` callable from C, from the thread that runs JavaScript. 64-bit and pointer arguments arrive as
   * bigint. An exception in `fn` is rethrown by the call into C during which it happened, once that returns;
   * until then C gets zeros from its callbacks.
   * @throws FfiError `ERR_FFI_UNSUPPORTED` if the engine has no callbacks.
   */
  callback(result: CType, args: readonly CType[], fn: (...args: never[]) => unknown): Callback;
}

/** What engines say that call on the stack of the thread, which other calls have used a part of. */
export const STACK_OF_THREAD: Engine["stackSize"] = { sync: 1024 * 1024, async: 256 * 1024 };

export type EngineName = "koffi" | "ffi-rs" | "node";

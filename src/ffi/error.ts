/** Stable codes of {@link FfiError}. */
export type FfiErrorCode =
  | "ERR_FFI_ENGINE"
  | "ERR_FFI_LIBRARY"
  | "ERR_FFI_SYMBOL"
  | "ERR_FFI_TYPE"
  | "ERR_FFI_UNSUPPORTED";

/** What went wrong between JavaScript and a shared library, before or instead of the call. */
export class FfiError extends Error {
  override readonly name: string = "FfiError";
  readonly code: FfiErrorCode;

  constructor(code: FfiErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}

const nameOf = (path: string | null): string => path ?? "(the program)";

/** The error of a library that cannot be opened; `text` is what the loader said. */
export const noLibrary = (path: string | null, text: string, cause?: unknown): FfiError =>
  new FfiError("ERR_FFI_LIBRARY", `${nameOf(path)}: ${text}`, { cause });

/** The error of a library that cannot be opened with all that it needs, where the loader's text is not to be had. */
export const notNow = (path: string | null): FfiError =>
  noLibrary(path, "it cannot be opened, or a symbol that it needs is undefined (`ldd -r` tells which)");

/** The error of a library without the symbol `name`. */
export const noSymbol = (path: string | null, name: string, cause?: unknown): FfiError =>
  new FfiError("ERR_FFI_SYMBOL", `${nameOf(path)} has no symbol "${name}"`, { cause });

/** The error of an engine that cannot do `what`. */
export const unsupported = (engine: string, what: string): FfiError =>
  new FfiError(
    "ERR_FFI_UNSUPPORTED",
    `The FFI engine "${engine}" does not support ${what}. TYPED_MPI_FFI=koffi chooses one that does.`,
  );

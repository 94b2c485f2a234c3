import type { Engine, EngineName } from "./engine.js";
import { FfiError } from "./error.js";
import { ffiRsEngine } from "./ffi-rs.js";
import { koffiEngine } from "./koffi.js";
import { nodeEngine } from "./node-ffi.js";

export { addonExports } from "./addon.js";
export type {
  AsyncNativeFunction,
  Callback,
  CType,
  Engine,
  EngineName,
  Library,
  LoadOptions,
  NativeArgument,
  NativeFunction,
  NativeResult,
} from "./engine.js";
export { FfiError, type FfiErrorCode } from "./error.js";

const ENGINES: Record<EngineName, () => Engine> = {
  koffi: koffiEngine,
  "ffi-rs": ffiRsEngine,
  node: nodeEngine,
};

/** The names that `TYPED_MPI_FFI` takes, the default first. */
export const engineNames: readonly EngineName[] = Object.keys(ENGINES) as EngineName[];

const loaded = new Map<EngineName, Engine>();

/**
 * The engine of that name, loaded when first asked for.
 * @param name Default: the environment's `TYPED_MPI_FFI`, else `koffi`.
 * @throws FfiError `ERR_FFI_ENGINE` for an unknown name, or if this Node or this installation lacks it.
 */
export function engine(name: string = process.env["TYPED_MPI_FFI"] || "koffi"): Engine {
  if (!Object.hasOwn(ENGINES, name)) {
    throw new FfiError(
      "ERR_FFI_ENGINE",
      `Unknown FFI engine "${name}" (TYPED_MPI_FFI): expected one of ${engineNames.join(", ")}.`,
    );
  }
  const known = name as EngineName;
  let chosen = loaded.get(known);
  if (chosen === undefined) {
    try {
      chosen = ENGINES[known]();
    } catch (cause) {
      if (cause instanceof FfiError) throw cause;
      throw new FfiError(
        "ERR_FFI_ENGINE",
        `The FFI engine "${known}" cannot be loaded: ${(cause as Error).message}`,
        {
          cause,
        },
      );
    }
    loaded.set(known, chosen);
  }
  return chosen;
}

import { type Engine, engine, FfiError, type Library, type NativeArgument } from "../../ffi/index.js";
import { Abi } from "../abi/abi.js";
import { detectAbi } from "../abi/detect.js";
import { Translation } from "../constants.js";
import { MpiError } from "../error.js";
import type { Launch } from "../library/launcher.js";
import { openLibrary } from "../library/open.js";
import { type PrototypeName, prototypes, versionOf } from "./prototypes.js";
import { cTypeOf, parsePrototype } from "./signature.js";

/** The MPI library that this process has open. */
export interface Binding {
  readonly engine: Engine;
  readonly library: Library;
  /** The file it was loaded from. */
  readonly path: string;
  /** Why this library and no other. */
  readonly reason: string;
  /** The launcher that started this process, if one did. */
  readonly launch: Launch | undefined;
  readonly abi: Abi;
  readonly constants: Translation;
}

let current: Binding | undefined;

/**
 * The library, found and opened when first asked for; MPI_Init is not called.
 * @throws MpiError `ERR_MPI_LIBRARY_NOT_FOUND`, `ERR_MPI_LAUNCHER_MISMATCH`
 */
export function binding(): Binding {
  current ??= open();
  return current;
}

function open(): Binding {
  const chosen = engine();
  const opened = openLibrary();
  const abi = new Abi(detectAbi(opened.library), opened.library, chosen);
  return { engine: chosen, ...opened, abi, constants: new Translation(abi) };
}

type NativeResultOf<Line extends string> = Line extends `MPI_Aint ${string}` ? bigint : number;

/** Every C function of the standard by its name, taking and returning what C does. */
export type Native = {
  readonly [Name in PrototypeName]: (...args: NativeArgument[]) => NativeResultOf<(typeof prototypes)[Name]>;
};

type AnyFunction = (...args: NativeArgument[]) => number;

/** Whether the library has this function. */
export const hasFunction = (name: PrototypeName): boolean => binding().library.has(name);

function bind(name: PrototypeName): AnyFunction {
  const { library, abi, path } = binding();
  const { result, args } = parsePrototype(prototypes[name]);
  const handleType = abi.table.handleType;
  try {
    return library.func(
      name,
      cTypeOf(result, handleType),
      args.map(({ type }) => cTypeOf(type, handleType)),
    ) as AnyFunction;
  } catch (cause) {
    if (!(cause instanceof FfiError) || cause.code !== "ERR_FFI_SYMBOL") throw cause;
    throw new MpiError(
      `${name} is not supported by this MPI (${path}); it came with MPI ${versionOf(name)}`,
      {
        code: "ERR_MPI_UNSUPPORTED",
        operation: name,
        cause,
      },
    );
  }
}

const table: Record<string, AnyFunction> = {};
for (const name of Object.keys(prototypes) as PrototypeName[]) {
  table[name] = (...args) => {
    const fn = bind(name);
    table[name] = fn;
    return fn(...args);
  };
}

/**
 * The C functions. Each is declared by its first call, which replaces it. They hang on a prototype because V8
 * keeps the properties of prototypes in their fast form, whatever their number: 3 ns less a call.
 */
export const native: Native = Object.create(table);

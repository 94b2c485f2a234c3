import * as assert from "uvu/assert";
import {
  type CType,
  type Engine,
  type EngineName,
  engine,
  engineNames,
  FfiError,
  type FfiErrorCode,
} from "../../src/ffi/index.js";
import { compile, FIXTURE } from "./fixture.js";

/** What an engine says that it cannot do. Everything else it must do. */
export interface Lacks {
  readonly argument: readonly CType[];
  readonly result: readonly CType[];
  readonly callbacks: boolean;
  /** Calls on another thread. */
  readonly async: boolean;
}

const LACKS: Record<EngineName, Lacks> = {
  koffi: { argument: [], result: [], callbacks: false, async: false },
  "ffi-rs": {
    argument: ["int8", "uint16"],
    result: ["int8", "uint16", "float"],
    callbacks: true,
    async: false,
  },
  node: { argument: [], result: [], callbacks: false, async: true },
};

/** The path of the compiled {@link FIXTURE}. */
export const fixture: string = compile("fixture", FIXTURE);

/** Gives `suite` each engine that this Node has, and says which it has not. */
export function forEachEngine(suite: (ffi: Engine, lacks: Lacks) => void): void {
  for (const name of engineNames) {
    let ffi: Engine;
    try {
      ffi = engine(name);
    } catch (error) {
      if (name === "koffi" || !(error instanceof FfiError) || error.code !== "ERR_FFI_ENGINE") throw error;
      console.log(`NOT TESTED: the FFI engine "${name}" is not available here. ${error.message}`);
      continue;
    }
    suite(ffi, LACKS[name]);
  }
}

export const throwsCode = (call: () => unknown, code: FfiErrorCode, message: RegExp = /./): void =>
  assert.throws(
    call,
    (error: unknown) => error instanceof FfiError && error.code === code && message.test(error.message),
    `expected ${code} ${message}`,
  );

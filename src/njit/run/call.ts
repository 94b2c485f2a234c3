import { addonExports } from "../../ffi/index.js";
import { getLogger, type JitLibrary } from "../../jit/index.js";

/** What calls C with the slots at an address: Node itself where it can, else the FFI engine. */
export function callOf(library: JitLibrary, isLeaf: boolean, slots: bigint): () => void {
  const byNode = isLeaf ? binderOf(library)?.(Number(slots)) : undefined;
  if (byNode !== undefined) return byNode;
  const call = library.native("njit_call", "void", ["pointer"]);
  return () => call(slots);
}

/** Makes a function of Node for the slots at an address. */
type Binder = (slots: number) => (() => void) | undefined;

/** To load an addon once more would cost memory each time. */
const binders = new WeakMap<JitLibrary, Binder | undefined>();

function binderOf(library: JitLibrary): Binder | undefined {
  if (!binders.has(library)) binders.set(library, loadBinder(library));
  return binders.get(library);
}

function loadBinder({ path, signature }: JitLibrary): Binder | undefined {
  if (process.platform !== "linux") return undefined;
  try {
    const binder = addonExports(path);
    return typeof binder === "function" ? (binder as Binder) : undefined;
  } catch (error) {
    getLogger().debug(() => `${signature}: called by the FFI engine, since ${(error as Error).message}`);
    return undefined;
  }
}

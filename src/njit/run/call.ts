import { addonExports, engine } from "../../ffi/index.js";
import { getLogger, type JitLibrary } from "../../jit/index.js";

/** What calls C with the slots at an address: Node itself where it can, else the FFI engine. */
export function callOf(library: JitLibrary, isLeaf: boolean, slots: bigint): () => void {
  const address = Number(slots);
  const byNode = isLeaf ? binderOf(library)?.(address, Number(engine().addressOf(current))) : undefined;
  if (byNode !== undefined) {
    run ??= byNode;
    return () => {
      current[0] = address;
      (run as Run)();
    };
  }
  const call = library.native("njit_call", "void", ["pointer"]);
  return () => call(slots);
}

type Run = () => void;

/** Where the slots of the call are that is made. */
const current = new Float64Array(new ArrayBuffer(8));

/** Calls what the slots ask for, of whichever library: one function for all, that V8 knows where it compiles a caller. */
let run: Run | undefined;

/** Tells the slots at an address where the library's function is. @returns a `Run` */
type Binder = (slots: number, current: number) => Run | undefined;

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

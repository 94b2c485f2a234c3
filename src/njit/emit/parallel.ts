import type { Loop } from "../ir.js";
import type { Emitter } from "./emitter.js";
import { loop } from "./function.js";

/** A `prange`. */
export function emitParallel(emitter: Emitter, s: Loop): void {
  loop(emitter, s);
}

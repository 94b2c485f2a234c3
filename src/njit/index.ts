/**
 * JavaScript functions compiled to native code, with MPI inside.
 *
 * @packageDocumentation
 */
import "./preload.js";

export { type ArrayClass, alignedArray } from "./aligned.js";
export { NjitError, type NjitErrorCode, type SourceLocation } from "./error.js";
export type { BoundsCheck } from "./infer/program.js";
export { prange } from "./lower/names.js";
export { type Compiled, type NjitOptions, njit } from "./njit.js";
export { type NdRange, NdView, nd, type ViewData } from "./view.js";

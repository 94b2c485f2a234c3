/** Compiled functions, in a cache that is removed with the bench. */
import { join } from "node:path";
import { njit } from "typed-mpi/njit";
import type { Compile } from "./kernels.js";

/** `njit` with its cache in a folder. */
export const compiling =
  (folder: string): Compile =>
  (fn) =>
    njit(fn, { params: { cache: { cacheDir: join(folder, "typed-mpi-njit") } } });

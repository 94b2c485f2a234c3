/** Kernels with MPI inside, one after the other: what the programs of njit and V8 share. */
import { argv } from "node:process";
import { mpi } from "typed-mpi";
import type { Compile } from "./kernels.js";
import { list, measureKernel } from "./measure.js";
import { mpiKernels } from "./mpi-kernels.js";

/** Those of the command line, KERNEL:SIZE:STEPS:BATCHES,... */
export function measureMpiKernels(compile: Compile): void {
  for (const [name = "", ...rest] of list(argv[2])) {
    const [x, steps, batches] = rest.map(Number) as [number, number, number];
    const kernel = mpiKernels[name]?.(compile, x, steps);
    measureKernel(name, 1, batches, kernel && (() => kernel), { x, steps }, mpi.rank() === 0);
  }
}

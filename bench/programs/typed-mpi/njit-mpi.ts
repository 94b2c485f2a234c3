/** njit-mpi STEPS BATCHES KERNEL SIZE FOLDER: a kernel with MPI inside, compiled; the time of one step. */
import { argv } from "node:process";
import { mpi } from "../../../src/index.js";
import { argument, measureKernel } from "../measure.js";
import { mpiKernels } from "../mpi-kernels.js";
import { compiling } from "./njit-common.js";

const [name, folder] = [argv[4] as string, argv[6] as string];
const steps = argument(0);
const kernel = mpiKernels[name]?.(compiling(folder), argument(3), steps);
measureKernel(name, 1, argument(1), kernel, steps, mpi.rank() === 0);

/** njit-mpi KERNEL:SIZE:STEPS:BATCHES,... FOLDER: kernels with MPI inside, compiled; the time of one step. */
import { argv } from "node:process";
import { compiling } from "../compiling.js";
import { measureMpiKernels } from "../mpi-kernel-list.js";

measureMpiKernels(compiling(argv[3] as string));

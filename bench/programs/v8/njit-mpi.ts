/** njit-mpi STEPS BATCHES KERNEL SIZE: a kernel with MPI inside, as V8 runs it with typed-mpi; the time of one step. */
import { argv } from "node:process";
import { mpi } from "../../../src/index.js";
import { argument, measureKernel } from "../measure.js";
import { mpiKernels } from "../mpi-kernels.js";

const name = argv[4] as string;
const steps = argument(0);
const kernel = mpiKernels[name]?.((fn) => fn, argument(3), steps);
measureKernel(name, 1, argument(1), kernel, steps, mpi.rank() === 0);

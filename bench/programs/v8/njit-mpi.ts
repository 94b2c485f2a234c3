/** njit-mpi KERNEL:SIZE:STEPS:BATCHES,...: kernels with MPI inside, as V8 runs them with typed-mpi; the time of one step. */
import { measureMpiKernels } from "../mpi-kernel-list.js";

measureMpiKernels((fn) => fn);

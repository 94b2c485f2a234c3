/** allreduce CALLS BATCHES: one double between two ranks, blocking. */
import { argument, measure } from "../measure.js";
import { COMM_WORLD, DOUBLE, MPI_Allreduce, MPI_Finalize, rank, SUM } from "./mpi.js";

const [data, sum] = [new Float64Array(1), new Float64Array(1)];

function allreduce(calls: number): void {
  for (let i = 0; i < calls; i++) MPI_Allreduce(data, sum, 1, DOUBLE, SUM, COMM_WORLD);
}

measure("allreduce", argument(0), argument(1), 1, rank() === 0, allreduce);
MPI_Finalize();

/** bcast CALLS BATCHES: 8 doubles on COMM_SELF, so that only the cost of the call remains. */
import { argument, measure } from "../measure.js";
import { COMM_SELF, DOUBLE, MPI_Bcast, MPI_Finalize } from "./mpi.js";

const data = new Float64Array(8);

function bcast(calls: number): void {
  for (let i = 0; i < calls; i++) MPI_Bcast(data, 8, DOUBLE, 0, COMM_SELF);
}

measure("bcast", argument(0), argument(1), 1, true, bcast);
MPI_Finalize();

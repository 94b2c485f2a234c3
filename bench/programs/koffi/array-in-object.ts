/** array-in-object CALLS BATCHES: 64 MiB of doubles from rank 0 to rank 1, bare, into a new array each time. */
import { argument, measure } from "../measure.js";
import { COMM_WORLD, DOUBLE, MPI_Barrier, MPI_Finalize, MPI_Recv, MPI_Send, rank, status } from "./mpi.js";

const LENGTH = 8 * 1024 * 1024;
const me = rank();
const values = new Float64Array(LENGTH).fill(1);

function send(calls: number): void {
  for (let i = 0; i < calls; i++) {
    if (me === 0) MPI_Send(values, LENGTH, DOUBLE, 1, 0, COMM_WORLD);
    else {
      const received = new Float64Array(LENGTH);
      MPI_Recv(received, LENGTH, DOUBLE, 0, 0, COMM_WORLD, status);
      if (received[5] !== 1) throw new Error("the work was not done");
    }
    MPI_Barrier(COMM_WORLD);
  }
}

measure("array-in-object", argument(0), argument(1), 1, me === 0, send);
MPI_Finalize();

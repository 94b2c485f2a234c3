/** pingpong CALLS BATCHES BYTES: half a round trip between two ranks, as osu_latency counts it. */
import { argument, measure } from "../measure.js";
import { COMM_WORLD, MPI_Finalize, MPI_Recv, MPI_Send, rank, status, UINT8_T } from "./mpi.js";

const me = rank();
const bytes = argument(2);
const data = new Uint8Array(bytes);

function pingpong(calls: number): void {
  for (let i = 0; i < calls; i++) {
    if (me === 0) {
      MPI_Send(data, bytes, UINT8_T, 1, 1, COMM_WORLD);
      MPI_Recv(data, bytes, UINT8_T, 1, 1, COMM_WORLD, status);
    } else {
      MPI_Recv(data, bytes, UINT8_T, 0, 1, COMM_WORLD, status);
      MPI_Send(data, bytes, UINT8_T, 0, 1, COMM_WORLD);
    }
  }
}

measure("pingpong", argument(0), argument(1), 2, me === 0, pingpong);
MPI_Finalize();

/** point-to-point BATCH_US BATCHES SIZES OPERATIONS: a ping-pong of bare calls. */
import { largest, sizes, sweep, touched } from "../sweep.js";
import { agree, COMM_WORLD, MPI_Finalize, MPI_Recv, MPI_Send, rank, status, UINT8_T } from "./mpi.js";

const me = rank();

function latency(calls: number, out: Uint8Array, into: Uint8Array, bytes: number): void {
  for (let i = 0; i < calls; i++) {
    if (me === 0) {
      MPI_Send(out, bytes, UINT8_T, 1, 1, COMM_WORLD);
      MPI_Recv(into, bytes, UINT8_T, 1, 1, COMM_WORLD, status);
    } else {
      MPI_Recv(into, bytes, UINT8_T, 0, 1, COMM_WORLD, status);
      MPI_Send(out, bytes, UINT8_T, 0, 1, COMM_WORLD);
    }
  }
}

const [out, into] = [touched(largest), touched(largest)];
for (const bytes of sizes) {
  sweep({ rank: me, agree }, "latency", bytes, 2, (calls) => latency(calls, out, into, bytes));
}
MPI_Finalize();

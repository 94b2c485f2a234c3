/** profile CALLS: the same work as typed-mpi's program of this name. */
import { argument } from "../measure.js";
import { profile } from "../profile.js";
import {
  COMM_WORLD,
  DOUBLE,
  MPI_Allreduce,
  MPI_Finalize,
  MPI_Recv,
  MPI_Send,
  rank,
  SUM,
  status,
  UINT8_T,
} from "./mpi.js";

const first = rank() === 0;
const other = 1 - rank();
const [out, into] = [new Uint8Array(1024), new Uint8Array(1024)];
const [data, sum] = [new Float64Array(1), new Float64Array(1)];

await profile("ping-pong", argument(0), 2, first, (calls) => {
  for (let i = 0; i < calls; i++) {
    if (first) {
      MPI_Send(out, 1024, UINT8_T, other, 1, COMM_WORLD);
      MPI_Recv(into, 1024, UINT8_T, other, 1, COMM_WORLD, status);
    } else {
      MPI_Recv(into, 1024, UINT8_T, other, 1, COMM_WORLD, status);
      MPI_Send(out, 1024, UINT8_T, other, 1, COMM_WORLD);
    }
  }
});
await profile("allreduce", argument(0), 1, first, (calls) => {
  for (let i = 0; i < calls; i++) MPI_Allreduce(data, sum, 1, DOUBLE, SUM, COMM_WORLD);
});
MPI_Finalize();

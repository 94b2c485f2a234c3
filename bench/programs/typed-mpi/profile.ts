/** profile CALLS: where the time of half a ping-pong of 1 KiB and of an allreduce of a double goes. */
import { mpi } from "typed-mpi";
import { argument } from "../measure.js";
import { profile } from "../profile.js";

const comm = mpi.COMM_WORLD;
const first = comm.rank === 0;
const other = 1 - comm.rank;
const [out, into] = [new Uint8Array(1024), new Uint8Array(1024)];
const [data, sum] = [new Float64Array(1), new Float64Array(1)];

await profile("ping-pong", argument(0), 2, first, (calls) => {
  for (let i = 0; i < calls; i++) {
    if (first) {
      comm.send(out, other, 1);
      comm.recv(into, other, 1);
    } else {
      comm.recv(into, other, 1);
      comm.send(out, other, 1);
    }
  }
});
await profile("allreduce", argument(0), 1, first, (calls) => {
  for (let i = 0; i < calls; i++) comm.allreduce(data, sum);
});

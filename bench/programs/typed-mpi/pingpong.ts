/** pingpong CALLS BATCHES BYTES: half a round trip between two ranks, as osu_latency counts it. */
import { mpi } from "../../../src/index.js";
import { argument, measure } from "../measure.js";

const comm = mpi.COMM_WORLD;
const data = new Uint8Array(argument(2));

function pingpong(calls: number): void {
  for (let i = 0; i < calls; i++) {
    if (mpi.rank() === 0) {
      comm.send(data, 1, 1);
      comm.recv(data, 1, 1);
    } else {
      comm.recv(data, 0, 1);
      comm.send(data, 0, 1);
    }
  }
}

measure("pingpong", argument(0), argument(1), 2, mpi.rank() === 0, pingpong);

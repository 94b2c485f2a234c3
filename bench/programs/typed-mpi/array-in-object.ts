/** array-in-object CALLS BATCHES: 64 MiB of doubles from rank 0 to rank 1, inside an object. */
import { mpi } from "typed-mpi";
import { argument, measure } from "../measure.js";

const comm = mpi.COMM_WORLD;
const value = { name: "field", values: new Float64Array(8 * 1024 * 1024).fill(1) };

function send(calls: number): void {
  for (let i = 0; i < calls; i++) {
    if (comm.rank === 0) comm.sendObject(value, 1);
    else if (comm.recvObject<typeof value>(0).values[5] !== 1) throw new Error("the work was not done");
    comm.barrier();
  }
}

measure("array-in-object", argument(0), argument(1), 1, comm.rank === 0, send);

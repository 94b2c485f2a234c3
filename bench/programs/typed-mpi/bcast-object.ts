/** bcast-object CALLS BATCHES: a nested structure of about 10 MB from rank 0 to rank 1. */
import { mpi } from "typed-mpi";
import { argument, measure } from "../measure.js";

const ROWS = 70_000;

const comm = mpi.COMM_WORLD;
const value = {
  rows: Array.from({ length: ROWS }, (_, i) => ({
    id: i,
    name: `item ${i}`,
    tags: ["a", "b", `c${i % 10}`],
    position: { x: i * 0.5, y: i * 0.25, z: -i },
    ok: i % 2 === 0,
    values: [i, i + 1, i + 2, i * 1.5],
  })),
};

function bcast(calls: number): void {
  for (let i = 0; i < calls; i++) {
    const received = comm.bcastObject(comm.rank === 0 ? value : null) as typeof value;
    if (received.rows.length !== ROWS) throw new Error("the work was not done");
    comm.barrier();
  }
}

measure("bcast-object", argument(0), argument(1), 1, comm.rank === 0, bcast);

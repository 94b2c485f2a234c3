/** rank CALLS BATCHES: the rank in COMM_WORLD, used as an index would be. */
import { mpi } from "typed-mpi";
import { argument, measure } from "../measure.js";

let sum = 0;

function work(calls: number): void {
  for (let i = 0; i < calls; i++) sum += mpi.rank() + 1;
}

measure("rank", argument(0), argument(1), 1, mpi.rank() === 0, work);
if (sum === 0) throw new Error("the work was not done");

/** rank CALLS BATCHES: the rank in COMM_WORLD, used as an index would be. */
import { argument, measure } from "../measure.js";
import { MPI_Finalize, rank } from "./mpi.js";

let sum = 0;

function work(calls: number): void {
  for (let i = 0; i < calls; i++) sum += rank() + 1;
}

measure("rank", argument(0), argument(1), 1, rank() === 0, work);
if (sum === 0) throw new Error("the work was not done");
MPI_Finalize();

/** bcast CALLS BATCHES: 8 doubles on COMM_SELF, so that only the cost of the call remains. */
import { mpi } from "typed-mpi";
import { argument, measure } from "../measure.js";

const data = new Float64Array(8);

function bcast(calls: number): void {
  for (let i = 0; i < calls; i++) mpi.COMM_SELF.bcast(data, 0);
}

measure("bcast", argument(0), argument(1), 1, true, bcast);

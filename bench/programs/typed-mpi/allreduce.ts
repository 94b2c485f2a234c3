/** allreduce CALLS BATCHES: one double between two ranks, begun and awaited. */
import { mpi } from "typed-mpi";
import { argument, measureAwaited } from "../measure.js";

const comm = mpi.COMM_WORLD;
const [data, sum] = [new Float64Array(1), new Float64Array(1)];

async function allreduce(calls: number): Promise<void> {
  for (let i = 0; i < calls; i++) await comm.iallreduce(data, sum);
}

await measureAwaited("allreduce", argument(0), argument(1), comm.rank === 0, allreduce);

/** allreduce-late CALLS: one double between two ranks, blocking; the time of the rank that comes last. */
import { timeLate } from "../late-call.js";
import { argument } from "../measure.js";
import { COMM_WORLD, DOUBLE, MPI_Allreduce, MPI_Finalize, rank, SUM } from "./mpi.js";

const [data, sum] = [new Float64Array(1), new Float64Array(1)];

const ns = timeLate(argument(0), rank() === 0, () => {
  MPI_Allreduce(data, sum, 1, DOUBLE, SUM, COMM_WORLD);
});
if (rank() === 0) console.log(JSON.stringify({ name: "allreduce-late", ns }));
MPI_Finalize();

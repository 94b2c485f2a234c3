/** iallreduce-late CALLS: one double between two ranks, begun, tested until it is complete, and awaited. */
import { timeLateAwaited } from "../late-call.js";
import { argument } from "../measure.js";
import { COMM_WORLD, DOUBLE, MPI_Finalize, MPI_Iallreduce, MPI_Test, rank, SUM, status } from "./mpi.js";

const [data, sum] = [new Float64Array(1), new Float64Array(1)];
const [request, flag] = [new BigInt64Array(1), new Int32Array(1)];

const complete = {
  // biome-ignore lint/suspicious/noThenProperty: that is what is measured
  then(resolve: (value: number) => void): void {
    resolve(0);
  },
} as PromiseLike<number>;

const ns = await timeLateAwaited(argument(0), rank() === 0, () => {
  MPI_Iallreduce(data, sum, 1, DOUBLE, SUM, COMM_WORLD, request);
  do MPI_Test(request, flag, status);
  while (flag[0] === 0);
  return complete;
});
if (rank() === 0) console.log(JSON.stringify({ name: "iallreduce-late", ns }));
MPI_Finalize();

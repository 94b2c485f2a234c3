/**
 * iallreduce-and-allreduce CALLS ROUNDS: one double between two ranks, awaited and blocking in turn; how many times as long
 * the former takes the rank that comes last.
 */
import { median } from "simple-statistics";
import { mpi } from "typed-mpi";
import { timeLate, timeLateAwaited } from "../late-call.js";
import { argument } from "../measure.js";

const comm = mpi.COMM_WORLD;
const [data, sum] = [new Float64Array(1), new Float64Array(1)];
const [calls, isLate] = [argument(0), comm.rank === 0];

const times: number[] = [];
for (let round = 0; round < argument(1); round++) {
  const awaited = await timeLateAwaited(calls, isLate, () => comm.iallreduce(data, sum));
  times.push(awaited / timeLate(calls, isLate, () => comm.allreduce(data, sum)));
}
if (isLate) console.log(JSON.stringify({ name: "iallreduce-and-allreduce", times: median(times) }));

/** allreduce-late CALLS: one double between two ranks, begun and awaited; the time of the rank that comes last. */
import { mpi } from "typed-mpi";
import { timeLateAwaited } from "../late-call.js";
import { argument } from "../measure.js";

const comm = mpi.COMM_WORLD;
const [data, sum] = [new Float64Array(1), new Float64Array(1)];

const ns = await timeLateAwaited(argument(0), comm.rank === 0, () => comm.iallreduce(data, sum));
if (comm.rank === 0) console.log(JSON.stringify({ name: "allreduce-late", ns }));

/** late-message CALLS: from the sending of a message to the end of the await that receives it. */
import { mpi } from "typed-mpi";
import { since, stampLate } from "../late-message.js";
import { argument, print } from "../measure.js";

const comm = mpi.COMM_WORLD;
const stamp = new BigInt64Array(1);
const ns = new Float64Array(argument(0));
for (let i = 0; i < ns.length; i++) {
  comm.barrier();
  if (comm.rank === 1) {
    stampLate(stamp);
    comm.send(stamp, 0);
  } else {
    await comm.irecv(stamp, 1);
    ns[i] = since(stamp);
  }
}
print("late-message", ns, comm.rank === 0);

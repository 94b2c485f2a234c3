/** late-message CALLS: from the sending of a message to the end of the blocked call that receives it. */
import { since, stampLate } from "../late-message.js";
import { argument, print } from "../measure.js";
import { COMM_WORLD, MPI_Barrier, MPI_Finalize, MPI_Recv, MPI_Send, rank, status, UINT8_T } from "./mpi.js";

const me = rank();
const stamp = new BigInt64Array(1);
const ns = new Float64Array(argument(0));
for (let i = 0; i < ns.length; i++) {
  MPI_Barrier(COMM_WORLD);
  if (me === 1) {
    stampLate(stamp);
    MPI_Send(stamp, 8, UINT8_T, 0, 0, COMM_WORLD);
  } else {
    MPI_Recv(stamp, 8, UINT8_T, 1, 0, COMM_WORLD, status);
    ns[i] = since(stamp);
  }
}
print("late-message", ns, me === 0);
MPI_Finalize();

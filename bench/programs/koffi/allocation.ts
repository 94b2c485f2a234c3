/** allocation CALLS OPERATION: bytes of V8's heap per call. */
import { argv } from "node:process";
import { measureAllocation } from "../allocation.js";
import { argument } from "../measure.js";
import {
  COMM_SELF,
  COMM_WORLD,
  DOUBLE,
  MPI_Allreduce,
  MPI_Barrier,
  MPI_Bcast,
  MPI_Finalize,
  MPI_Recv,
  MPI_Send,
  rank,
  SUM,
  status,
} from "./mpi.js";

/** A sender that runs ahead fills the receiver's queue of unexpected messages; so they meet this often. */
const WINDOW = 64;

const operation = argv[3] as string;
const data = new Float64Array(8);
const sum = new Float64Array(8);

function exchange(calls: number): void {
  for (let i = 0; i < calls; i++) {
    if (rank() === 0) MPI_Send(data, 8, DOUBLE, 1, 1, COMM_WORLD);
    else MPI_Recv(data, 8, DOUBLE, 0, 1, COMM_WORLD, status);
    if (i % WINDOW === 0) MPI_Barrier(COMM_WORLD);
  }
}

const work: Record<string, (calls: number) => void> = {
  send: exchange,
  recv: exchange,
  bcast(calls) {
    for (let i = 0; i < calls; i++) MPI_Bcast(data, 8, DOUBLE, 0, COMM_SELF);
  },
  allreduce(calls) {
    for (let i = 0; i < calls; i++) MPI_Allreduce(data, sum, 8, DOUBLE, SUM, COMM_SELF);
  },
};

const reporter = operation === "recv" ? 1 : 0;
await measureAllocation(operation, argument(0), rank() === reporter, work[operation] as () => void);
MPI_Finalize();

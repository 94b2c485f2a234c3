/** allocation CALLS OPERATION: bytes of V8's heap per call. */
import { argv } from "node:process";
import { mpi } from "typed-mpi";
import { measureAllocation } from "../allocation.js";
import { argument } from "../measure.js";

/** A sender that runs ahead fills the receiver's queue of unexpected messages; so they meet this often. */
const WINDOW = 64;

const operation = argv[3] as string;
const data = new Float64Array(8);
const sum = new Float64Array(8);
const comm = mpi.COMM_WORLD;

/** Where results go, so that they are made. */
const result: unknown[] = [undefined];

function exchange(calls: number): void {
  for (let i = 0; i < calls; i++) {
    if (mpi.rank() === 0) comm.send(data, 1, 1);
    else result[0] = comm.recv(data, 0, 1);
    if (i % WINDOW === 0) comm.barrier();
  }
}

/** One message, and the Status that its receiver gets. */
function exchangeOnce(): object {
  if (mpi.rank() === 1) return comm.recv(data, 0, 1);
  comm.send(data, 1, 1);
  return data;
}

const work: Record<string, (calls: number) => void> = {
  send: exchange,
  recv: exchange,
  bcast(calls) {
    for (let i = 0; i < calls; i++) result[0] = mpi.COMM_SELF.bcast(data, 0);
  },
  allreduce(calls) {
    for (let i = 0; i < calls; i++) result[0] = mpi.COMM_SELF.allreduce(data, sum, mpi.SUM);
  },
};

const reporter = operation === "recv" ? 1 : 0;
await measureAllocation(
  operation,
  argument(0),
  mpi.rank() === reporter,
  work[operation] as () => void,
  operation === "recv" ? exchangeOnce : undefined,
);

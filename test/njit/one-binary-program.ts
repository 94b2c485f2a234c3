/* Prints on rank 0 what a compiled function with MPI inside gives, and the signatures of the libraries on disk. */
import { mpi } from "../../src/index.js";
import { nd, njit } from "../../src/njit/index.js";

const around = njit((x: Float64Array, y: Float64Array, next: number, previous: number) => {
  const receiving = mpi.irecv(y, previous, 1);
  const sending = mpi.isend(x, next, 1);
  mpi.waitAll([receiving, sending]);
  const status = mpi.sendrecv(x, next, 2, y, previous);
  const matrix = nd(new Float64Array(4).fill(next), [2, 2]);
  const requests: mpi.Request[] = [];
  requests.push(mpi.irecv(matrix.subarray(null, 1), previous, 3));
  requests.push(mpi.isend(matrix.subarray(null, 0), next, 3));
  let isFirst = 0;
  while (mpi.testAll(requests) === null) isFirst = 0;
  const root = mpi.reduce(matrix.get(1, 1));
  if (root !== null) isFirst += root;
  mpi.allreduce(mpi.IN_PLACE, x, mpi.MAX);
  const mine = y[0] as number;
  return [mpi.allreduce(mine), status.tag, x[0] as number, isFirst];
});

const { rank, size } = mpi.COMM_WORLD;
const result = around(
  Float64Array.of(rank + 1),
  new Float64Array(1),
  (rank + 1) % size,
  (rank + size - 1) % size,
);
if (rank === 0) console.log(JSON.stringify({ result, code: around.inspectC() }));

/*
 * mpi4py's tutorial: a parallel matrix-vector product. Each rank has some rows of the matrix and as many
 * elements of the vector; allgather gives all of them the whole vector.
 *
 *   mpirun -n 4 node build/examples/tutorial/matrix-vector.js
 */
import assert from "node:assert/strict";
import { mpi } from "typed-mpi";

/** The rows of this rank of A x. */
function matvec(comm: mpi.Communicator, rows: Float64Array, part: Float64Array): Float64Array {
  const m = part.length;
  const n = m * comm.size;
  const x = comm.allgather(part, new Float64Array(n));
  return Float64Array.from({ length: m }, (_, i) => x.reduce((sum, xj, j) => sum + rows[i * n + j]! * xj, 0));
}

const comm = mpi.COMM_WORLD;
const { rank, size } = comm;
const m = 3;
const n = m * size;
const first = m * rank;

// A[i][j] = i + j and x[j] = j, so that (A x)[i] = i S1 + S2, with the sums of j and of j^2.
const rows = Float64Array.from({ length: m * n }, (_, k) => first + Math.floor(k / n) + (k % n));
const part = Float64Array.from({ length: m }, (_, i) => first + i);
const y = matvec(comm, rows, part);

const s1 = ((n - 1) * n) / 2;
const s2 = ((n - 1) * n * (2 * n - 1)) / 6;
assert.deepEqual(
  y,
  Float64Array.from({ length: m }, (_, i) => (first + i) * s1 + s2),
);

const norm = Math.sqrt(comm.allreduce(y.reduce((sum, yi) => sum + yi ** 2, 0)));
if (rank === 0) console.log(`matrix-vector product: ${n} x ${n}, norm ${norm.toFixed(3)}`);

/*
 * mpi4py's tutorial: collective communication of arrays.
 *
 *   mpirun -n 4 node build/examples/tutorial/collective-arrays.js
 */
import assert from "node:assert/strict";
import { mpi } from "typed-mpi";

const comm = mpi.COMM_WORLD;
const { rank, size } = comm;

// Broadcasting: in place, on all.
const data = rank === 0 ? Int32Array.from({ length: 100 }, (_, i) => i) : new Int32Array(100);
comm.bcast(data);
assert.ok(data.every((value, i) => value === i));

// Scattering: row i of a matrix to rank i. Only the root has a send buffer.
const matrix = rank === 0 ? Int32Array.from({ length: 100 * size }, (_, i) => Math.floor(i / 100)) : null;
const row = comm.scatter(matrix, new Int32Array(100));
assert.ok(row.every((value) => value === rank));

// Gathering: only the root has a receive buffer.
const gathered = comm.gather(row, rank === 0 ? new Int32Array(100 * size) : null);
if (rank === 0) assert.deepEqual(gathered, matrix);

// Gathering on all; then with a block of its own length from each.
const ranks = comm.allgather(Float64Array.of(rank), new Float64Array(size));
assert.deepEqual([...ranks], [...ranks.keys()]);

const counts = Array.from({ length: size }, (_, i) => i + 1);
const total = counts.reduce((sum, count) => sum + count, 0);
const { data: varying } = comm.allgatherv(new Float64Array(rank + 1).fill(rank), {
  data: new Float64Array(total),
  counts,
});
assert.equal(varying[total - 1], size - 1);

if (rank === 0) console.log(`collectives of arrays: ${[...ranks].join(" ")}, then ${[...varying].join(" ")}`);

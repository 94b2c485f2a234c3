// TypedArrays travel from and to where they are, as fast as MPI can. After mpi4py's tutorial.
import assert from "node:assert/strict";
import { mpi } from "typed-mpi";

const comm = mpi.COMM_WORLD;
const { rank, size } = comm;
const [left, right] = [(rank - 1 + size) % size, (rank + 1) % size];

// The datatype is that of the array ...
const out = Float64Array.from({ length: 100 }, (_, i) => rank + i);
const into = new Float64Array(100);
const status = comm.sendrecv(out, right, 13, into, left, 13);
assert.deepEqual([status.source, status.tag, status.count(into)], [left, 13, 100]);
assert.equal(into[99], left + 99);

// ... or said: pairs of doubles as complex numbers, a part of an array, a column of a matrix.
const { C_DOUBLE_COMPLEX } = mpi;
comm.sendrecv({ data: out, type: C_DOUBLE_COMPLEX }, right, 14, { data: into, type: C_DOUBLE_COMPLEX }, left);
const matrix = new Float64Array(16).fill(rank); // 4 rows of 4
const column = (j: number) => ({ data: matrix, shape: [4], strides: [4], offset: j });
comm.sendrecv(column(3), right, 15, column(0), left);
assert.deepEqual(matrix.subarray(4, 8), Float64Array.of(left, rank, rank, rank));

if (rank === 0) console.log(`arrays: exchanged by ${size} ranks`);

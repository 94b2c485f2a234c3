/*
 * mpi4py's tutorial: point-to-point communication of arrays, the fast way.
 *
 *   mpirun -n 4 node build/examples/tutorial/point-to-point-arrays.js
 */
import assert from "node:assert/strict";
import { mpi } from "typed-mpi";

const comm = mpi.COMM_WORLD;
const { rank, size } = comm;
const right = (rank + 1) % size;
const left = (rank + size - 1) % size;

// The datatype is that of the TypedArray: MPI_INT32_T, then MPI_DOUBLE.
const integers = Int32Array.from({ length: 1000 }, (_, i) => i + rank);
const from = new Int32Array(1000);
const status = comm.sendrecv(integers, right, 77, from, left, 77);
assert.equal(from[999], 999 + left);
assert.equal(status.count(from), 1000);

const doubles = new Float64Array(100).fill(rank);
const into = new Float64Array(100);
const requests = [comm.irecv(into, left, 13), comm.isend(doubles, right, 13)];
await Promise.all(requests);
assert.ok(into.every((value) => value === left));

// With an explicit datatype: 50 complex numbers in the same memory.
const complex = { data: doubles, count: 50, type: mpi.C_DOUBLE_COMPLEX };
const sending = comm.isend(complex, right, 14);
const got = comm.recv({ data: into, type: mpi.C_DOUBLE_COMPLEX }, left, 14);
sending.wait();
assert.equal(got.count(mpi.C_DOUBLE_COMPLEX), 50);

// A derived one: every tenth element.
using everyTenth = mpi.Datatype.vector(10, 1, 10, mpi.DOUBLE);
const tenth = comm.isend({ data: doubles, count: 1, type: everyTenth }, right, 15);
const packed = new Float64Array(10);
comm.recv(packed, left, 15);
tenth.wait();
assert.ok(packed.every((value) => value === left));

if (rank === 0)
  console.log(`point-to-point of arrays: ${integers.length} integers went around ${size} ranks`);

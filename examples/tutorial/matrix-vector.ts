// y = A x, where every rank has some rows of A and the same rows of x and y. After mpi4py's tutorial.
import assert from "node:assert/strict";
import { mpi } from "typed-mpi";

const size = mpi.size();
const rows = 3; // of each rank
const columns = rows * size;

function multiply(A: Float64Array, x: Float64Array): Float64Array {
  const xAll = mpi.allgather(x, new Float64Array(columns));
  const y = new Float64Array(rows);
  for (let i = 0; i < rows; i++) {
    let sum = 0;
    for (let j = 0; j < columns; j++) sum += (A[i * columns + j] as number) * (xAll[j] as number);
    y[i] = sum;
  }
  return y;
}

// A has 1 everywhere and x counts from 0, so that every element of y is the sum of x.
const first = mpi.rank() * rows;
const x = Float64Array.from({ length: rows }, (_, i) => first + i);
const y = multiply(new Float64Array(rows * columns).fill(1), x);
assert.deepEqual(y, new Float64Array(rows).fill((columns * (columns - 1)) / 2));

if (mpi.rank() === 0) console.log(`matrix-vector: y = ${y[0]} ...`);

/*
 * numba-mpi's exchange of data that does not lie side by side: each rank has a block of a matrix, and gives its
 * right neighbour its last column. A row is a subarray, sent from where it is; a column is packed first.
 *
 *   mpirun -n 4 node build/examples/njit/exchange.js
 */
import assert from "node:assert/strict";
import { mpi } from "typed-mpi";
import { njit } from "typed-mpi/njit";

const ROWS = 4;
const COLUMNS = 5;

/** Copies column `j` of a matrix with `columns` columns. */
function pack(matrix: Float64Array, columns: number, j: number, column: Float64Array): void {
  for (let i = 0; i < column.length; i++) column[i] = matrix[i * columns + j]!;
}

function unpack(column: Float64Array, matrix: Float64Array, columns: number, j: number): void {
  for (let i = 0; i < column.length; i++) matrix[i * columns + j] = column[i]!;
}

/** The last column to the right, into the first column there; then the first row to the left, into the last row. */
const exchange = njit((matrix: Float64Array, rows: number, columns: number) => {
  const size = mpi.size();
  const right = (mpi.rank() + 1) % size;
  const left = (mpi.rank() + size - 1) % size;

  const sent = new Float64Array(rows);
  const received = new Float64Array(rows);
  pack(matrix, columns, columns - 1, sent);
  mpi.sendrecv(sent, right, 1, received, left, 1);
  unpack(received, matrix, columns, 0);

  const firstRow = matrix.subarray(0, columns);
  const lastRow = matrix.subarray((rows - 1) * columns, rows * columns);
  return mpi.sendrecv(firstRow, left, 2, lastRow, right, 2).source;
});

/** 1000 r + 10 i + j in row i and column j of rank r. */
const rank = mpi.rank();
const size = mpi.size();
const [left, right] = [(rank + size - 1) % size, (rank + 1) % size];
const matrix = Float64Array.from(
  { length: ROWS * COLUMNS },
  (_, k) => 1000 * rank + 10 * Math.floor(k / COLUMNS) + (k % COLUMNS),
);

assert.equal(exchange(matrix, ROWS, COLUMNS), right);
const firstColumn = Array.from({ length: ROWS - 1 }, (_, i) => matrix[i * COLUMNS]);
assert.deepEqual(
  firstColumn,
  firstColumn.map((_, i) => 1000 * left + 10 * i + COLUMNS - 1),
);
// The row came after its own rank had put the column of the one on its left, this one, in place.
assert.deepEqual(
  [...matrix.subarray((ROWS - 1) * COLUMNS)],
  [1000 * rank + COLUMNS - 1, ...Array.from({ length: COLUMNS - 1 }, (_, j) => 1000 * right + j + 1)],
);
if (rank === 0) console.log(`exchange: a column to the right and a row to the left on ${size} ranks`);

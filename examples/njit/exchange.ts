/*
 * numba-mpi's exchange of data that does not lie side by side: each rank has a block of a matrix, and gives its
 * right neighbour its last column, its left one its first row. Both are sent from where they are.
 *
 *   mpirun -n 4 node build/examples/njit/exchange.js
 */
import assert from "node:assert/strict";
import { mpi } from "typed-mpi";
import { type NdView, nd, njit } from "typed-mpi/njit";

const ROWS = 4;
const COLUMNS = 5;

/** The last column to the right, into the first column there; then the first row to the left, into the last row. */
const exchange = njit((block: NdView<Float64Array>) => {
  const rows = block.shape[0]!;
  const columns = block.shape[1]!;
  const size = mpi.size();
  const right = (mpi.rank() + 1) % size;
  const left = (mpi.rank() + size - 1) % size;

  mpi.sendrecv(block.subarray(null, columns - 1), right, 1, block.subarray(null, 0), left, 1);
  return mpi.sendrecv(block.subarray(0, null), left, 2, block.subarray(rows - 1, null), right, 2).source;
});

/** 1000 r + 10 i + j in row i and column j of rank r. */
const rank = mpi.rank();
const size = mpi.size();
const [left, right] = [(rank + size - 1) % size, (rank + 1) % size];
const matrix = Float64Array.from(
  { length: ROWS * COLUMNS },
  (_, k) => 1000 * rank + 10 * Math.floor(k / COLUMNS) + (k % COLUMNS),
);

assert.equal(exchange(nd(matrix, [ROWS, COLUMNS])), right);
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

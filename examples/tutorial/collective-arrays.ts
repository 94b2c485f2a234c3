// Broadcast, scatter, gather and all-gather of TypedArrays. After mpi4py's tutorial.
import assert from "node:assert/strict";
import { mpi } from "typed-mpi";

const rank = mpi.rank();
const size = mpi.size();

const data = new Int32Array(100);
if (rank === 0) data.set(data.map((_, i) => i));
mpi.bcast(data, 0);
assert.ok(data.every((value, i) => value === i));

const rows = rank === 0 ? Int32Array.from({ length: size * 10 }, (_, i) => Math.floor(i / 10)) : null;
const row = mpi.scatter(rows, new Int32Array(10));
assert.ok(row.every((value) => value === rank));

const gathered = mpi.gather(row, rank === 0 ? new Int32Array(size * 10) : null);
assert.deepEqual(gathered, rows);

// Blocks of different lengths: rank i gives i + 1 elements.
const counts = Array.from({ length: size }, (_, i) => i + 1);
const total = counts.reduce((sum, count) => sum + count, 0);
const all = { data: new Float32Array(total), counts };
mpi.COMM_WORLD.allgatherv(new Float32Array(rank + 1).fill(rank), all);
assert.deepEqual(
  [...all.data],
  counts.flatMap((count, i) => Array(count).fill(i)),
);

if (rank === 0) console.log(`collective arrays: ${[...all.data]}`);

// Reductions that MPI does not know: an Op in JavaScript, and a function over any plain data.
import assert from "node:assert/strict";
import { mpi } from "typed-mpi";

const comm = mpi.COMM_WORLD;
const { rank, size } = comm;

// Pairs of mean and count: each rank has measured a few values.
const mine = { mean: rank, count: rank + 1 };
const whole = comm.allreduceObject(mine, (a, b) => {
  const count = a.count + b.count;
  return { mean: (a.mean * a.count + b.mean * b.count) / count, count };
});
assert.equal(whole.count, (size * (size + 1)) / 2);
assert.ok(Math.abs(whole.mean - (2 * (size - 1)) / 3) < 1e-12);

// The same over arrays, element by element, by the library: the longer of two vectors (x, y).
if (mpi.library().ffi !== "ffi-rs") {
  const longest = mpi.Op.create((a: Float64Array, b: Float64Array) => {
    for (let i = 0; i < b.length; i += 2) {
      const [x, y] = [a[i] as number, a[i + 1] as number];
      if (Math.hypot(x, y) > Math.hypot(b[i] as number, b[i + 1] as number)) b.set([x, y], i);
    }
  });
  const pair = (values: Float64Array) => ({ data: values, type: mpi.C_DOUBLE_COMPLEX });
  const result = new Float64Array(2);
  comm.allreduce(pair(Float64Array.of(rank, rank + 1)), pair(result), longest);
  longest.free();
  assert.deepEqual(result, Float64Array.of(size - 1, size));
}

if (rank === 0) console.log(`user reduction: mean ${whole.mean.toFixed(3)} of ${whole.count} values`);

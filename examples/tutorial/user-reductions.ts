/*
 * mpi4py's tutorial: reductions by functions of one's own.
 *
 *   mpirun -n 4 node build/examples/tutorial/user-reductions.js
 */
import assert from "node:assert/strict";
import { mpi } from "typed-mpi";

const comm = mpi.COMM_WORLD;
const { rank, size } = comm;

// Of arrays: complex numbers are multiplied, pairs (real, imaginary). The function gets many elements at once.
using product = mpi.Op.create<Float64Array>((a, b) => {
  for (let i = 0; i < b.length; i += 2) {
    const [re, im] = [a[i]! * b[i]! - a[i + 1]! * b[i + 1]!, a[i]! * b[i + 1]! + a[i + 1]! * b[i]!];
    b.set([re, im], i);
  }
});
const quarterTurn = { data: Float64Array.of(0, 1), type: mpi.C_DOUBLE_COMPLEX };
const turned = { data: new Float64Array(2), type: mpi.C_DOUBLE_COMPLEX };
comm.allreduce(quarterTurn, turned, product);
const angle = (size * Math.PI) / 2;
assert.ok(Math.hypot(turned.data[0]! - Math.cos(angle), turned.data[1]! - Math.sin(angle)) < 1e-12);

// Of structures in memory: mean and spread in one pass, by Chan's formula.
const Moments = mpi.Datatype.struct({ count: mpi.INT32_T, mean: mpi.DOUBLE, m2: mpi.DOUBLE });
using combineMoments = mpi.Op.create<DataView>((invec, inoutvec) => {
  const others = Moments.records(invec);
  for (const [i, own] of Moments.records(inoutvec).entries()) {
    const other = others[i]!;
    const count = other.count + own.count;
    const delta = own.mean - other.mean;
    own.m2 += other.m2 + (delta ** 2 * other.count * own.count) / count;
    own.mean = other.mean + (delta * own.count) / count;
    own.count = count;
  }
});
const memory = new ArrayBuffer(Moments.extent);
Object.assign(Moments.record(memory), { count: 2, mean: rank + 0.5, m2: 0.5 }); // of rank and rank + 1
const all = new ArrayBuffer(Moments.extent);
comm.allreduce({ data: memory, type: Moments }, { data: all, type: Moments }, combineMoments);
const { count, mean } = Moments.record(all);
assert.equal(count, 2 * size);
assert.ok(Math.abs(mean - size / 2) < 1e-12);

// Of objects: any function of two values, in the order of ranks.
interface Words {
  readonly text: string;
  readonly lengths: ReadonlyMap<string, number>;
}
const word = "abcdefgh".slice(0, rank + 1);
const words = comm.reduceObject<Words>(
  { text: word, lengths: new Map([[word, word.length]]) },
  (left, right) => ({
    text: `${left.text} ${right.text}`,
    lengths: new Map([...left.lengths, ...right.lengths]),
  }),
);
if (rank === 0) assert.equal(words?.lengths.size, size);

// And by predefined operations: the largest value, and where it is.
const largest = comm.allreduceObject([(rank * 7) % 5, rank], mpi.MAXLOC);
if (rank === 0)
  console.log(`user-defined reductions: mean ${mean}, words "${words?.text}", largest ${largest}`);

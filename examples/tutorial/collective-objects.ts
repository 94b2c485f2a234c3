/*
 * mpi4py's tutorial: collective communication of objects.
 *
 *   mpirun -n 4 node build/examples/tutorial/collective-objects.js
 */
import assert from "node:assert/strict";
import { mpi } from "typed-mpi";

const comm = mpi.COMM_WORLD;
const { rank, size } = comm;

// Broadcasting: what the root has, all have.
const data = { key1: [7, 2.72, 2n ** 64n], key2: ["abc", "xyz"] };
assert.deepEqual(comm.bcastObject(rank === 0 ? data : null), data);

// Scattering: one for each process.
const squares = rank === 0 ? Array.from({ length: size }, (_, i) => ({ square: (i + 1) ** 2 })) : null;
const mine = comm.scatterObject(squares);
assert.deepEqual(mine, { square: (rank + 1) ** 2 });

// Gathering: back to the root, in the order of ranks.
const gathered = comm.gatherObject(mine);
if (rank === 0) assert.deepEqual(gathered, squares);
else assert.equal(gathered, null);

if (rank === 0) console.log(`collectives of objects: ${gathered?.map(({ square }) => square).join(" ")}`);

// Broadcast, scatter and gather of any plain data. After mpi4py's tutorial.
import assert from "node:assert/strict";
import { mpi } from "typed-mpi";

const comm = mpi.COMM_WORLD;
const { rank, size } = comm;

const settings = comm.bcastObject(rank === 0 ? { key: [7, 2.72, 2n], names: ["abc", "xyz"] } : null);
assert.deepEqual(settings, { key: [7, 2.72, 2n], names: ["abc", "xyz"] });

const work = rank === 0 ? Array.from({ length: size }, (_, i) => ({ part: (i + 1) ** 2 })) : null;
const mine = comm.scatterObject(work);
assert.deepEqual(mine, { part: (rank + 1) ** 2 });

const results = comm.gatherObject(mine.part * 10);
assert.deepEqual(results, rank === 0 ? Array.from({ length: size }, (_, i) => 10 * (i + 1) ** 2) : null);

if (rank === 0) console.log(`collective objects: ${JSON.stringify(results)}`);

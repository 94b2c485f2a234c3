/*
 * mpi4py's tutorial: point-to-point communication of objects, blocking and nonblocking.
 *
 *   mpirun -n 4 node build/examples/tutorial/point-to-point-objects.js
 */
import assert from "node:assert/strict";
import { mpi } from "typed-mpi";

const comm = mpi.COMM_WORLD;
const { rank, size } = comm;

const data = { a: 7, b: 3.14, when: new Date(0), tags: new Set(["x", "y"]) };

// Blocking: rank 0 sends, all others receive. Nothing tells the receiver how long it will be, nor need it know.
if (rank === 0) for (let dest = 1; dest < size; dest++) comm.sendObject(data, dest, 11);
else assert.deepEqual(comm.recvObject<typeof data>(0, 11), data);

// Nonblocking: both are begun before either is awaited, so that a ring cannot deadlock, not even of one.
const right = (rank + 1) % size;
const left = (rank + size - 1) % size;
const sending = comm.isendObject({ from: rank, data }, right, 12);
const received = await comm.irecvObject<{ from: number; data: typeof data }>(left, 12);
await sending;
assert.deepEqual(received, { from: left, data });

if (rank === 0) console.log(`point-to-point of objects: rank 0 received that of rank ${received.from}`);

// Sending and receiving any plain data, with and without blocking. After mpi4py's tutorial.
import assert from "node:assert/strict";
import { mpi } from "typed-mpi";

const comm = mpi.COMM_WORLD;
const { rank, size } = comm;
const data = { a: 7, b: 3.14, when: new Date(0), tags: new Set(["x", "y"]) };

// Blocking: rank 0 sends to all others, which know neither the size nor the shape.
if (rank === 0) for (let dest = 1; dest < size; dest++) comm.sendObject(data, dest, 11);
else assert.deepEqual(comm.recvObject(0, 11), data);

// Nonblocking: everyone to the right, while the event loop goes on.
const sent = comm.isendObject({ from: rank }, (rank + 1) % size, 12);
const received = await comm.irecvObject((rank - 1 + size) % size, 12);
await sent;
assert.deepEqual(received, { from: (rank - 1 + size) % size });

if (rank === 0) console.log(`objects: exchanged by ${size} ranks`);

/*
 * mpi4py's tutorial: messages whose length and sender nobody knows beforehand. A probe tells both, and then
 * there is time to make room.
 *
 *   mpirun -n 4 node build/examples/tutorial/dynamic-data.js
 */
import assert from "node:assert/strict";
import { mpi } from "typed-mpi";

const comm = mpi.COMM_WORLD;
const { rank, size } = comm;

// Each rank has another number of results for rank 0, which receives them as they come.
const results = Float64Array.from({ length: 10 * rank + 1 }, (_, i) => rank + i / 100);
const sending = comm.isend(results, 0, rank);

let received = 0;
if (rank === 0) {
  for (let i = 0; i < size; i++) {
    const { source, tag, ...rest } = describe(comm.probe());
    const buffer = new Float64Array(rest.length);
    comm.recv(buffer, source, tag);
    assert.equal(buffer.length, 10 * source + 1);
    assert.equal(tag, source);
    received += buffer.length;
  }
  assert.equal(received, size + (10 * size * (size - 1)) / 2);
}
await sending;
comm.barrier(); // a message of what follows must not come while rank 0 takes any

// With several threads or receives at work, a matched probe keeps the message for the one that found it.
const right = (rank + 1) % size;
const more = comm.isend(results, right, 99);
const message = comm.mprobe(mpi.ANY_SOURCE, 99);
const buffer = new Float64Array(describe(message.status).length);
message.recv(buffer);
await more;
assert.equal(Math.floor(buffer[0]!), message.status.source);

if (rank === 0) console.log(`dynamic data: ${received} results from ${size} ranks`);

function describe(status: mpi.Status): { source: number; tag: number; length: number } {
  const { source, tag } = status;
  return { source, tag, length: status.count(Float64Array) ?? 0 };
}

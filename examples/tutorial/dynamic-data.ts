// Messages whose length only the sender knows: probe, allocate, receive. After mpi4py's tutorial.
import assert from "node:assert/strict";
import { mpi } from "typed-mpi";

const comm = mpi.COMM_WORLD;
const { rank, size } = comm;

if (rank > 0) comm.send(new Float64Array(rank * 10).fill(rank), 0, 7);
else {
  const lengths = new Map<number, number>();
  for (let n = 1; n < size; n++) {
    const message = comm.mprobe(mpi.ANY_SOURCE, 7); // nobody else can receive it now
    const values = new Float64Array(message.status.count(mpi.DOUBLE) ?? 0);
    const { source } = message.recv(values);
    assert.ok(values.every((value) => value === source));
    lengths.set(source, values.length);
  }
  for (let source = 1; source < size; source++) assert.equal(lengths.get(source), source * 10);
  console.log(`dynamic data: ${lengths.size} messages of unknown length`);
}

/** point-to-point BATCH_US BATCHES SIZES OPERATIONS FOLDER: a ping-pong in a compiled loop. */
import { mpi } from "typed-mpi";
import { compiling } from "../compiling.js";
import { folder, isAsked, largest, sizes, sweep, touched } from "../sweep.js";
import { world } from "../world.js";

const comm = mpi.COMM_WORLD;

const latency = compiling(folder)((calls: number, other: number, out: Uint8Array, into: Uint8Array): void => {
  for (let i = 0; i < calls; i++) {
    if (other === 1) {
      mpi.send(out, other, 1);
      mpi.recv(into, other, 1);
    } else {
      mpi.recv(into, other, 1);
      mpi.send(out, other, 1);
    }
  }
});

const [outgoing, incoming] = [touched(largest), touched(largest)];
for (const bytes of isAsked("latency") ? sizes : []) {
  const [out, into] = [outgoing.subarray(0, bytes), incoming.subarray(0, bytes)];
  sweep(world, "latency", bytes, 2, (calls) => latency(calls, 1 - comm.rank, out, into));
}

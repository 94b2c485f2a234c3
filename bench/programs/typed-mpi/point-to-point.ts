/** point-to-point BATCH_US BATCHES SIZES OPERATIONS: two ranks, as osu_latency, osu_bw and osu_bibw count it. */
import { mpi } from "typed-mpi";
import { isAsked, largest, sizes, sweep, touched } from "../sweep.js";
import { world } from "../world.js";

const WINDOW = 64;

const comm = mpi.COMM_WORLD;
const first = comm.rank === 0;
const other = 1 - comm.rank;
const [outgoing, incoming] = [touched(largest), touched(largest)];
const signal = new Uint8Array(4);

function latency(calls: number, out: Uint8Array, into: Uint8Array): void {
  for (let i = 0; i < calls; i++) {
    if (first) {
      comm.send(out, other, 1);
      comm.recv(into, other, 1);
    } else {
      comm.recv(into, other, 1);
      comm.send(out, other, 1);
    }
  }
}

function bandwidth(calls: number, out: Uint8Array, into: Uint8Array): void {
  const requests: mpi.Request[] = new Array(WINDOW);
  for (let i = 0; i < calls; i++) {
    for (let j = 0; j < WINDOW; j++) {
      requests[j] = first ? comm.isend(out, other, 1) : comm.irecv(into, other, 1);
    }
    mpi.waitAll(requests);
    if (first) comm.recv(signal, other, 2);
    else comm.send(signal, other, 2);
  }
}

function bidirectional(calls: number, out: Uint8Array, into: Uint8Array): void {
  const requests: mpi.Request[] = new Array(2 * WINDOW);
  for (let i = 0; i < calls; i++) {
    for (let j = 0; j < WINDOW; j++) requests[j] = comm.irecv(into, other, 1);
    for (let j = 0; j < WINDOW; j++) requests[WINDOW + j] = comm.isend(out, other, 1);
    mpi.waitAll(requests);
    if (first) comm.recv(signal, other, 2);
    else comm.send(signal, other, 2);
  }
}

const operations = {
  latency: [latency, 2],
  bandwidth: [bandwidth, WINDOW],
  bidirectional: [bidirectional, WINDOW],
} as const;
for (const [name, [work, parts]] of Object.entries(operations)) {
  if (!isAsked(name)) continue;
  for (const bytes of sizes) {
    const [out, into] = [outgoing.subarray(0, bytes), incoming.subarray(0, bytes)];
    sweep(world, name, bytes, parts, (calls) => work(calls, out, into));
  }
}

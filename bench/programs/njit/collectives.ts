/** collectives BATCH_US BATCHES SIZES OPERATIONS FOLDER: the collectives that compiled functions have, each in a compiled loop. */
import { mpi } from "typed-mpi";
import { compiling } from "../compiling.js";
import { folder, isAsked, largest, sizes, sweep, touched } from "../sweep.js";
import { world } from "../world.js";

const comm = mpi.COMM_WORLD;
const { size } = comm;
const compile = compiling(folder);

const barrier = compile((calls: number): void => {
  for (let i = 0; i < calls; i++) mpi.barrier();
});
const bcast = compile((calls: number, size: number, data: Uint8Array): void => {
  for (let i = 0; i < calls; i++) mpi.bcast(data, i % size);
});
const gather = compile((calls: number, size: number, own: Uint8Array, into: Uint8Array): void => {
  for (let i = 0; i < calls; i++) mpi.gather(own, into, i % size);
});
const scatter = compile((calls: number, size: number, all: Uint8Array, got: Uint8Array): void => {
  for (let i = 0; i < calls; i++) mpi.scatter(all, got, i % size);
});
const allgather = compile((calls: number, own: Uint8Array, into: Uint8Array): void => {
  for (let i = 0; i < calls; i++) mpi.allgather(own, into);
});
const alltoall = compile((calls: number, all: Uint8Array, into: Uint8Array): void => {
  for (let i = 0; i < calls; i++) mpi.alltoall(all, into);
});
const reduce = compile((calls: number, size: number, own: Float32Array, sum: Float32Array): void => {
  for (let i = 0; i < calls; i++) mpi.reduce(own, sum, mpi.SUM, i % size);
});
const allreduce = compile((calls: number, own: Float32Array, sum: Float32Array): void => {
  for (let i = 0; i < calls; i++) mpi.allreduce(own, sum, mpi.SUM);
});
const scan = compile((calls: number, own: Float32Array, sum: Float32Array): void => {
  for (let i = 0; i < calls; i++) mpi.scan(own, sum, mpi.SUM);
});

type Work = (calls: number) => void;

const [ownBytes, gotBytes] = [touched(largest), touched(largest)];
const [allBytes, intoBytes] = [touched(size * largest), touched(size * largest)];

function movements(bytes: number): Record<string, Work> {
  const [own, got] = [ownBytes.subarray(0, bytes), gotBytes.subarray(0, bytes)];
  const [all, into] = [allBytes.subarray(0, size * bytes), intoBytes.subarray(0, size * bytes)];
  return {
    bcast: (calls) => bcast(calls, size, own),
    gather: (calls) => gather(calls, size, own, into),
    scatter: (calls) => scatter(calls, size, all, got),
    allgather: (calls) => allgather(calls, own, into),
    alltoall: (calls) => alltoall(calls, all, into),
  };
}

function reductions(bytes: number): Record<string, Work> {
  const [own, sum] = [new Float32Array(bytes / 4).fill(1), new Float32Array(bytes / 4).fill(1)];
  return {
    reduce: (calls) => reduce(calls, size, own, sum),
    allreduce: (calls) => allreduce(calls, own, sum),
    scan: (calls) => scan(calls, own, sum),
  };
}

function measure(name: string, bytes: number | undefined, work: Work): void {
  if (isAsked(name)) sweep(world, name, bytes, 1, work);
}

measure("barrier", undefined, barrier);
for (const bytes of sizes) {
  for (const [name, work] of Object.entries(movements(bytes))) measure(name, bytes, work);
  if (bytes % 4 !== 0) continue;
  for (const [name, work] of Object.entries(reductions(bytes))) measure(name, bytes, work);
}

/**
 * collectives BATCH_US BATCHES SIZES OPERATIONS: every blocking collective. A size is what one rank has for another, or
 * gets; the ranks take turns as root, as in Intel's MPI Benchmarks, so that none runs ahead.
 */
import { mpi } from "typed-mpi";
import { isAsked, largest, sizes, sweep, touched } from "../sweep.js";
import { world } from "../world.js";

const comm = mpi.COMM_WORLD;
const { rank, size } = comm;

const [own, received] = [touched(largest), touched(largest)];
const [many, gathered] = [touched(size * largest), touched(size * largest)];

type Call = (root: number) => void;

/** What moves bytes. */
function movements(bytes: number): Record<string, Call> {
  const [mine, got] = [own.subarray(0, bytes), received.subarray(0, bytes)];
  const [all, into] = [many.subarray(0, size * bytes), gathered.subarray(0, size * bytes)];
  const counts = new Array(size).fill(bytes);
  const [allBlocks, intoBlocks] = [
    { data: all, counts },
    { data: into, counts },
  ];
  const displs = counts.map((count, i) => count * i);
  const types = counts.map(() => mpi.UINT8_T);
  const [allTyped, intoTyped] = [
    { data: all, counts, displs, types },
    { data: into, counts, displs, types },
  ];
  return {
    bcast: (root) => comm.bcast(mine, root),
    gather: (root) => comm.gather(mine, rank === root ? into : null, root),
    scatter: (root) => comm.scatter(rank === root ? all : null, got, root),
    allgather: () => comm.allgather(mine, into),
    alltoall: () => comm.alltoall(all, into),
    gatherv: (root) => comm.gatherv(mine, rank === root ? intoBlocks : null, root),
    scatterv: (root) => comm.scatterv(rank === root ? allBlocks : null, got, root),
    allgatherv: () => comm.allgatherv(mine, intoBlocks),
    alltoallv: () => comm.alltoallv(allBlocks, intoBlocks),
    alltoallw: () => comm.alltoallw(allTyped, intoTyped),
  };
}

/** What adds floats. */
function reductions(bytes: number): Record<string, Call> {
  const length = bytes / 4;
  const floats = (array: Uint8Array, count: number) => new Float32Array(array.buffer, 0, count);
  const [mine, got] = [floats(own, length), floats(received, length)];
  const all = floats(many, size * length);
  const counts = new Array(size).fill(length);
  return {
    reduce: (root) => comm.reduce(mine, rank === root ? got : null, mpi.SUM, root),
    allreduce: () => comm.allreduce(mine, got, mpi.SUM),
    scan: () => comm.scan(mine, got, mpi.SUM),
    exscan: () => comm.exscan(mine, got, mpi.SUM),
    reduceScatterBlock: () => comm.reduceScatterBlock(all, got, mpi.SUM),
    reduceScatter: () => comm.reduceScatter(all, got, counts, mpi.SUM),
  };
}

function measure(name: string, bytes: number | undefined, call: Call): void {
  if (!isAsked(name)) return;
  sweep(world, name, bytes, 1, (calls) => {
    for (let i = 0; i < calls; i++) call(i % size);
  });
}

measure("barrier", undefined, () => comm.barrier());
for (const bytes of sizes) {
  for (const [name, call] of Object.entries(movements(bytes))) measure(name, bytes, call);
  if (bytes % 4 !== 0) continue;
  for (const [name, call] of Object.entries(reductions(bytes))) measure(name, bytes, call);
}

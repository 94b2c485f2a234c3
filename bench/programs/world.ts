/** The ranks of a sweep that typed-mpi runs. */
import { mpi } from "typed-mpi";
import type { Ranks } from "./sweep.js";

const comm = mpi.COMM_WORLD;

export const world: Ranks = {
  rank: comm.rank,
  agree: (value) => comm.bcast(Float64Array.of(value))[0] as number,
};

/** What a peer is to the harness. */
import type { Mpi, Program } from "../launch.js";

export type PeerName =
  | "typed-mpi"
  | "ffi-rs"
  | "node-ffi"
  | "njit"
  | "koffi"
  | "v8"
  | "mpi4py"
  | "numba"
  | "numba-mpi"
  | "numba-mpi4py"
  | "c"
  | "dijitso"
  | "limit";

/** Where things are: the sources of the bench, its compiled programs, and a folder to be removed after it. */
export interface Places {
  readonly root: string;
  readonly compiled: string;
  readonly temporary: string;
}

/** A peer that is there, for one MPI. */
export interface Ready {
  /** What exactly it is, for the header of the results. */
  readonly version: string;
  /** Why it can take no part in jobs of this MPI, if it cannot. */
  readonly withoutJobs?: string | undefined;
  /** @param nodeOptions those of the case; for peers that run in Node. */
  program(name: string, nodeOptions: readonly string[]): Promise<Program>;
}

export interface Missing {
  readonly missing: string;
}

/** One that cannot take part under some MPI says why, and is listed as missing. */
export interface Peer {
  readonly name: PeerName;
  readonly title: string;
  find(mpi: Mpi, places: Places): Promise<Ready | Missing>;
}

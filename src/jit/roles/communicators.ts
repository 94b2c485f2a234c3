import { invalidType, outOfRange } from "../../argument-error.js";
import { UNDEFINED } from "../../mpi/constants.js";
import type { Communicator } from "../../mpi/index.js";
import { JitError } from "../error.js";
import { discoverPathAccessRanks } from "./partition.js";

/** Who builds a library: rank 0, one process for each disk, or each process. */
export type BuildOn = "root" | "node" | "process";

/** What a process does for a library that is not there. */
export type Role = "builder" | "receiver" | "waiter";

/** A role, and the communicators for what it takes. Both are the caller's to free. */
export interface CommsAndRole {
  /** Of the processes that the library is copied between; null if it is not, or not by this process. */
  readonly copyComm: Communicator | null;
  /** Of the processes that wait for each other; null if nobody waits. */
  readonly waitComm: Communicator | null;
  readonly role: Role;
  /** Frees both. Collective. */
  free(): void;
}

const BUILD_ON: readonly BuildOn[] = ["root", "node", "process"];

/** @throws RangeError for anything else */
export function assertBuildOn(buildon: unknown): asserts buildon is BuildOn {
  if (!BUILD_ON.includes(buildon as BuildOn))
    throw outOfRange("buildon", '"root", "node" or "process"', buildon);
}

/**
 * A communicator of some of the processes, in this order of ranks. Collective over `comm`.
 * @param ranks Their ranks in `comm`, the same on all of them; on the others, theirs.
 * @see MPI_Comm_split, MPI 4.0 section 7.4.2
 */
export function createSubcomm(comm: Communicator, ranks: readonly number[]): Communicator {
  const place = Array.isArray(ranks) ? ranks.indexOf(comm.rank) : -1;
  if (place < 0) throw invalidType("ranks", "a list of ranks with that of this process in it", ranks);
  return comm.split(Math.min(...ranks), place) as Communicator;
}

/**
 * A communicator of the processes that share the directory, and the rank in `comm` of the lowest of them. Collective.
 * @param commDir The path of the directory for this process.
 * @throws as `discoverPathAccessRanks`
 */
export function createNodeComm(
  comm: Communicator,
  commDir: string,
): { readonly nodeComm: Communicator; readonly nodeRoot: number } {
  const ranks = discoverPathAccessRanks(comm, commDir);
  return { nodeComm: createSubcomm(comm, ranks), nodeRoot: ranks[0] as number };
}

/**
 * A communicator of the lowest processes of all nodes; null for the others. Collective.
 * @param nodeRoot The rank in `comm` of the lowest process of this one's node.
 */
export const createNodeRootsComm = (comm: Communicator, nodeRoot: number): Communicator | null =>
  comm.split(comm.rank === nodeRoot ? 0 : UNDEFINED, comm.rank);

const withFree = (
  role: Role,
  copyComm: Communicator | null,
  waitComm: Communicator | null,
): CommsAndRole => ({
  role,
  copyComm,
  waitComm,
  free() {
    copyComm?.free();
    waitComm?.free();
  },
});

/** Rank 0 builds, and copies the library to one process of each other node; all others wait. Collective. */
export function createCommsAndRoleRoot(comm: Communicator, nodeRoot: number): CommsAndRole {
  const copyComm = createNodeRootsComm(comm, nodeRoot);
  const role = comm.rank === 0 ? "builder" : comm.rank === nodeRoot ? "receiver" : "waiter";
  return withFree(role, copyComm, comm.dup());
}

/** The lowest process of each node builds; the others of the node wait. Collective. */
export function createCommsAndRoleNode(
  comm: Communicator,
  nodeComm: Communicator,
  nodeRoot: number,
): CommsAndRole {
  return withFree(comm.rank === nodeRoot ? "builder" : "waiter", null, nodeComm.dup());
}

/**
 * Each process builds. Collective.
 * @throws JitError `ERR_JIT_PARAMS` on all processes if some of them share their directories
 */
export function createCommsAndRoleProcess(comm: Communicator, nodeComm: Communicator): CommsAndRole {
  const shared = comm.allreduce(nodeComm.size > 1 ? 1 : 0);
  if (shared > 0) {
    throw new JitError(
      "ERR_JIT_PARAMS",
      `buildon "process" asks for a directory for each process, but ${shared} of ${comm.size} share theirs`,
    );
  }
  return withFree("builder", null, null);
}

/**
 * The role of this process, and the communicators for it. Collective.
 * @param commDir The path of the directory for this process: those that share it are a node.
 * @param buildon Who builds. Default `"node"`.
 * @throws as `discoverPathAccessRanks`, and `createCommsAndRoleProcess`; RangeError for another `buildon`
 */
export function createCommsAndRole(
  comm: Communicator,
  commDir: string,
  buildon: BuildOn = "node",
): CommsAndRole {
  assertBuildOn(buildon);
  const { nodeComm, nodeRoot } = createNodeComm(comm, commDir);
  try {
    if (buildon === "root") return createCommsAndRoleRoot(comm, nodeRoot);
    if (buildon === "node") return createCommsAndRoleNode(comm, nodeComm, nodeRoot);
    return createCommsAndRoleProcess(comm, nodeComm);
  } finally {
    nodeComm.free();
  }
}

import { ANY_SOURCE, ANY_TAG } from "../mpi/index.js";

/*
 * The operations of MPI inside compiled functions: for each what it takes, in the order of the public function, and how
 * C calls it. In the templates `{send}` is an argument, `{send.n}` the number of its elements, `{send.type}` their
 * datatype, `{comm}` the communicator.
 */

/** What an argument is. */
export type MpiArgument =
  /** An array, or a part of one. */
  | "buffer"
  /** The same, or IN_PLACE. */
  | "buffer or in place"
  /** A rank to send to or the root: an integer, or PROC_NULL. */
  | "rank"
  /** The same, or ANY_SOURCE. */
  | "source"
  | "tag"
  | "any tag"
  | "op"
  | "request"
  | "requests";

export interface MpiParameter {
  readonly name: string;
  readonly is: MpiArgument;
  /** Undefined: it must be given. */
  readonly fallback?: number | "sum";
}

export interface MpiCall {
  readonly parameters: readonly MpiParameter[];
  /** The call; without one it is written by hand. */
  readonly c?: string;
  readonly gives: "void" | "int" | "f64" | "status" | "request" | "buffer" | "bool";
  /** Whether a number can stand for the buffers, as in `allreduce(x, SUM)`; the call with `&in`, `&out` and one element. */
  readonly scalar?: string;
  /** How the lengths of its buffers must go together, in C, where C alone would not see it. */
  readonly lengths?: string;
}

/** What can be called, by its public name. */
export type MpiCallName =
  | "rank"
  | "size"
  | "wtime"
  | "barrier"
  | "send"
  | "recv"
  | "sendrecv"
  | "isend"
  | "irecv"
  | "wait"
  | "waitAll"
  | "probe"
  | "bcast"
  | "reduce"
  | "allreduce"
  | "scan"
  | "gather"
  | "scatter"
  | "allgather"
  | "alltoall";

const buf: MpiParameter = { name: "buf", is: "buffer" };
const dest: MpiParameter = { name: "dest", is: "rank" };
const tag: MpiParameter = { name: "tag", is: "tag", fallback: 0 };
const source: MpiParameter = { name: "source", is: "source", fallback: ANY_SOURCE };
const anyTag: MpiParameter = { name: "tag", is: "any tag", fallback: ANY_TAG };
const root: MpiParameter = { name: "root", is: "rank", fallback: 0 };
const send: MpiParameter = { name: "send", is: "buffer" };
const sendOrInPlace: MpiParameter = { name: "send", is: "buffer or in place" };
const recv: MpiParameter = { name: "recv", is: "buffer" };
const op: MpiParameter = { name: "op", is: "op", fallback: "sum" };

const MESSAGE = "{buf}, {buf.n}, {buf.type}";
const status = "(void *)STATUS";

/** By the name of the public function. */
export const MPI_CALLS: Readonly<Record<MpiCallName, MpiCall>> = {
  rank: { parameters: [], c: "MPI_Comm_rank({comm}, &out)", gives: "int" },
  size: { parameters: [], c: "MPI_Comm_size({comm}, &out)", gives: "int" },
  wtime: { parameters: [], gives: "f64" },
  barrier: { parameters: [], c: "MPI_Barrier({comm})", gives: "void" },
  send: { parameters: [buf, dest, tag], c: `MPI_Send(${MESSAGE}, {dest}, {tag}, {comm})`, gives: "void" },
  recv: {
    parameters: [buf, source, anyTag],
    c: `MPI_Recv(${MESSAGE}, {source}, {tag}, {comm}, ${status})`,
    gives: "status",
  },
  sendrecv: {
    parameters: [
      send,
      dest,
      { name: "sendtag", is: "tag" },
      recv,
      source,
      { name: "recvtag", is: "any tag", fallback: ANY_TAG },
    ],
    c: `MPI_Sendrecv({send}, {send.n}, {send.type}, {dest}, {sendtag}, {recv}, {recv.n}, {recv.type}, {source}, {recvtag}, {comm}, ${status})`,
    gives: "status",
  },
  isend: {
    parameters: [buf, dest, tag],
    c: `MPI_Isend(${MESSAGE}, {dest}, {tag}, {comm}, &out)`,
    gives: "request",
  },
  irecv: {
    parameters: [buf, source, anyTag],
    c: `MPI_Irecv(${MESSAGE}, {source}, {tag}, {comm}, &out)`,
    gives: "request",
  },
  wait: {
    parameters: [{ name: "request", is: "request" }],
    c: `MPI_Wait(&{request}, ${status})`,
    gives: "status",
  },
  waitAll: {
    parameters: [{ name: "requests", is: "requests" }],
    c: "MPI_Wait(&{request}, STATUS_IGNORE)",
    gives: "void",
  },
  probe: {
    parameters: [source, anyTag],
    c: `MPI_Probe({source}, {tag}, {comm}, ${status})`,
    gives: "status",
  },
  bcast: { parameters: [buf, root], c: `MPI_Bcast(${MESSAGE}, {root}, {comm})`, gives: "buffer" },
  reduce: {
    parameters: [sendOrInPlace, recv, op, root],
    c: "MPI_Reduce({send}, {recv}, {recv.n}, {recv.type}, {op}, {root}, {comm})",
    gives: "buffer",
    lengths: "{send.n} == {recv.n}",
  },
  allreduce: {
    parameters: [sendOrInPlace, recv, op],
    c: "MPI_Allreduce({send}, {recv}, {recv.n}, {recv.type}, {op}, {comm})",
    scalar: "MPI_Allreduce(&in, &out, 1, {scalar.type}, {op}, {comm})",
    gives: "buffer",
    lengths: "{send.n} == {recv.n}",
  },
  scan: {
    parameters: [sendOrInPlace, recv, op],
    c: "MPI_Scan({send}, {recv}, {recv.n}, {recv.type}, {op}, {comm})",
    scalar: "MPI_Scan(&in, &out, 1, {scalar.type}, {op}, {comm})",
    gives: "buffer",
    lengths: "{send.n} == {recv.n}",
  },
  gather: {
    parameters: [send, recv, root],
    c: "MPI_Gather({send}, {send.n}, {send.type}, {recv}, {send.n}, {recv.type}, {root}, {comm})",
    gives: "buffer",
    lengths: "!is_root || {recv.n} == {send.n} * ranks",
  },
  scatter: {
    parameters: [send, recv, root],
    c: "MPI_Scatter({send}, {recv.n}, {send.type}, {recv}, {recv.n}, {recv.type}, {root}, {comm})",
    gives: "buffer",
    lengths: "!is_root || {send.n} == {recv.n} * ranks",
  },
  allgather: {
    parameters: [send, recv],
    c: "MPI_Allgather({send}, {send.n}, {send.type}, {recv}, {send.n}, {recv.type}, {comm})",
    gives: "buffer",
    lengths: "{recv.n} == {send.n} * ranks",
  },
  alltoall: {
    parameters: [send, recv],
    c: "MPI_Alltoall({send}, {send.n} / ranks, {send.type}, {recv}, {recv.n} / ranks, {recv.type}, {comm})",
    gives: "buffer",
    lengths: "{send.n} == {recv.n} && {send.n} % ranks == 0",
  },
};

/** The C functions, with how C declares what they take; handles are as wide as a pointer in every ABI here. */
export const MPI_FUNCTIONS: Readonly<Record<string, string>> = {
  MPI_Comm_rank: "intptr_t, int *",
  MPI_Comm_size: "intptr_t, int *",
  MPI_Barrier: "intptr_t",
  MPI_Send: "const void *, int, intptr_t, int, int, intptr_t",
  MPI_Recv: "void *, int, intptr_t, int, int, intptr_t, void *",
  MPI_Sendrecv: "const void *, int, intptr_t, int, int, void *, int, intptr_t, int, int, intptr_t, void *",
  MPI_Isend: "const void *, int, intptr_t, int, int, intptr_t, intptr_t *",
  MPI_Irecv: "void *, int, intptr_t, int, int, intptr_t, intptr_t *",
  MPI_Wait: "intptr_t *, void *",
  MPI_Probe: "int, int, intptr_t, void *",
  MPI_Bcast: "void *, int, intptr_t, int, intptr_t",
  MPI_Reduce: "const void *, void *, int, intptr_t, intptr_t, int, intptr_t",
  MPI_Allreduce: "const void *, void *, int, intptr_t, intptr_t, intptr_t",
  MPI_Scan: "const void *, void *, int, intptr_t, intptr_t, intptr_t",
  MPI_Gather: "const void *, int, intptr_t, void *, int, intptr_t, int, intptr_t",
  MPI_Scatter: "const void *, int, intptr_t, void *, int, intptr_t, int, intptr_t",
  MPI_Allgather: "const void *, int, intptr_t, void *, int, intptr_t, intptr_t",
  MPI_Alltoall: "const void *, int, intptr_t, void *, int, intptr_t, intptr_t",
};

import { ANY_SOURCE, ANY_TAG } from "../mpi/index.js";

/*
 * The operations of MPI inside compiled functions: for each what it takes, in the order of the public function, and how
 * C calls it. In the templates `{send}` is an argument, `{send.n}` the number of its elements, `{send.type}` their
 * datatype; `{n}` and `{type}` are those of the buffer that is no IN_PLACE; `{comm}` is the communicator, `{peers}` how
 * many processes each of it sends to.
 */

/** What an argument is. */
export type MpiArgument =
  /** An array, a part of one, or a view. */
  | "buffer"
  /** A rank to send to: an integer, or PROC_NULL. */
  | "dest"
  /** The same, or ANY_SOURCE. */
  | "source"
  | "root"
  | "tag"
  | "any tag"
  | "op"
  /** A variable that holds one, or an element of a list. */
  | "request"
  | "requests"
  /** A request that is to be kept elsewhere. */
  | "new request";

export interface MpiParameter {
  readonly name: string;
  readonly is: MpiArgument;
  /** Undefined: it must be given. */
  readonly fallback?: number | "sum";
  /** Of a buffer: where IN_PLACE may stand for it. */
  readonly inPlace?: "everywhere" | "on the root";
  /** Of a buffer: only the root looks at it, and null may stand for it elsewhere. */
  readonly isForRoot?: boolean;
  /** Of a buffer: its elements follow each other, since each process has a part of it, or they are combined. */
  readonly isDense?: boolean;
}

export interface MpiCall {
  readonly parameters: readonly MpiParameter[];
  /** The call; without one it is written by hand. */
  readonly c?: string;
  readonly gives:
    | "void"
    | "int"
    | "f64"
    | "status"
    /** Null unless the call sets its flag. */
    | "status or null"
    | "completion"
    | "statuses"
    | "request"
    | "buffer";
  /** Of an int the least that it can be; default 0. */
  readonly least?: number;
  /** Whether a number can stand for the buffers, as in `allreduce(x, SUM)`; the call with `{in}`, `{out}` and one element. */
  readonly scalar?: string;
  /** In C, which processes get the result of such a one; the others get null. Undefined: all. */
  readonly scalarFor?: string;
  /** How the lengths of its buffers must go together, in C, where C alone would not see it. */
  readonly lengths?: string;
  /** How the length of the one must be if the other is IN_PLACE. */
  readonly lengthsInPlace?: string;
  /** Whether it knows no communicator: it is a function, or a method of a request. */
  readonly isAlone?: boolean;
}

/** What can be called, by its public name. */
export type MpiCallName =
  | "rank"
  | "size"
  | "wtime"
  | "barrier"
  | "send"
  | "ssend"
  | "recv"
  | "sendrecv"
  | "isend"
  | "issend"
  | "irecv"
  | "wait"
  | "test"
  | "waitAll"
  | "testAll"
  | "waitAny"
  | "testAny"
  | "probe"
  | "iprobe"
  | "bcast"
  | "reduce"
  | "allreduce"
  | "scan"
  | "exscan"
  | "gather"
  | "scatter"
  | "allgather"
  | "alltoall";

const buf: MpiParameter = { name: "buf", is: "buffer" };
const dest: MpiParameter = { name: "dest", is: "dest" };
const tag: MpiParameter = { name: "tag", is: "tag", fallback: 0 };
const source: MpiParameter = { name: "source", is: "source", fallback: ANY_SOURCE };
const anyTag: MpiParameter = { name: "tag", is: "any tag", fallback: ANY_TAG };
const root: MpiParameter = { name: "root", is: "root", fallback: 0 };
const send: MpiParameter = { name: "send", is: "buffer" };
const recv: MpiParameter = { name: "recv", is: "buffer" };
const dense = { isDense: true } as const;
const op: MpiParameter = { name: "op", is: "op", fallback: "sum" };
const request: MpiParameter = { name: "request", is: "request" };
const requests: MpiParameter = { name: "requests", is: "requests" };

const MESSAGE = "{buf}, {buf.n}, {buf.type}";
const BOTH = "{send}, {send.n}, {send.type}, {recv}, {recv.n}, {recv.type}";

/** Of an array of one part for each process. */
const dealt = (parts: string): string => BOTH.replace(`{${parts}.n}`, `(int)({${parts}.n} / {peers})`);

const sending = (name: string): MpiCall => ({
  parameters: [buf, dest, tag],
  c: `${name}(${MESSAGE}, {dest}, {tag}, {comm})`,
  gives: "void",
});

const beginning = (name: string): MpiCall => ({
  parameters: [buf, dest, tag],
  c: `${name}(${MESSAGE}, {dest}, {tag}, {comm}, {out})`,
  gives: "request",
});

/** A reduction whose result each process gets one of. */
const reduction = (name: string, more: Partial<MpiCall> = {}): MpiCall => ({
  parameters: [{ ...send, ...dense, inPlace: "everywhere" }, { ...recv, ...dense }, op],
  c: `${name}({send}, {recv}, {n}, {type}, {op}, {comm})`,
  scalar: `${name}({in}, {out}, 1, {scalar.type}, {op}, {comm})`,
  gives: "buffer",
  lengths: "{send.n} == {recv.n}",
  ...more,
});

/** By the name of the public function or method. */
export const MPI_CALLS: Readonly<Record<MpiCallName, MpiCall>> = {
  rank: { parameters: [], gives: "int" },
  size: { parameters: [], gives: "int", least: 1 },
  wtime: { parameters: [], gives: "f64", isAlone: true },
  barrier: { parameters: [], c: "MPI_Barrier({comm})", gives: "void" },
  send: sending("MPI_Send"),
  ssend: sending("MPI_Ssend"),
  recv: {
    parameters: [buf, source, anyTag],
    c: `MPI_Recv(${MESSAGE}, {source}, {tag}, {comm}, {status})`,
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
    c: "MPI_Sendrecv({send}, {send.n}, {send.type}, {dest}, {sendtag}, {recv}, {recv.n}, {recv.type}, {source}, {recvtag}, {comm}, {status})",
    gives: "status",
  },
  isend: beginning("MPI_Isend"),
  issend: beginning("MPI_Issend"),
  irecv: {
    parameters: [buf, source, anyTag],
    c: `MPI_Irecv(${MESSAGE}, {source}, {tag}, {comm}, {out})`,
    gives: "request",
  },
  wait: { parameters: [request], gives: "status", isAlone: true },
  test: { parameters: [request], gives: "status or null", isAlone: true },
  waitAll: { parameters: [requests], gives: "void", isAlone: true },
  testAll: { parameters: [requests], gives: "statuses", isAlone: true },
  waitAny: { parameters: [requests], gives: "completion", isAlone: true },
  testAny: { parameters: [requests], gives: "completion", isAlone: true },
  probe: {
    parameters: [source, anyTag],
    c: "MPI_Probe({source}, {tag}, {comm}, {status})",
    gives: "status",
  },
  iprobe: {
    parameters: [source, anyTag],
    c: "MPI_Iprobe({source}, {tag}, {comm}, {flag}, {status})",
    gives: "status or null",
  },
  bcast: { parameters: [buf, root], c: `MPI_Bcast(${MESSAGE}, {root}, {comm})`, gives: "buffer" },
  reduce: {
    parameters: [
      { ...send, ...dense, inPlace: "on the root" },
      { ...recv, ...dense, isForRoot: true },
      op,
      root,
    ],
    c: "MPI_Reduce({send}, {recv}, {n}, {type}, {op}, {root}, {comm})",
    scalar: "MPI_Reduce({in}, {out}, 1, {scalar.type}, {op}, {root}, {comm})",
    scalarFor: "{rank} == {root}",
    gives: "buffer",
    lengths: "{send.n} == {recv.n}",
  },
  allreduce: reduction("MPI_Allreduce"),
  scan: reduction("MPI_Scan"),
  exscan: reduction("MPI_Exscan", { scalarFor: "{rank} > 0" }),
  gather: {
    parameters: [{ ...send, inPlace: "on the root" }, { ...recv, ...dense, isForRoot: true }, root],
    c: `MPI_Gather(${dealt("recv")}, {root}, {comm})`,
    gives: "buffer",
    lengths: "{recv.n} == {send.n} * {peers}",
    lengthsInPlace: "{recv.n} % {peers} == 0",
  },
  scatter: {
    parameters: [{ ...send, ...dense, isForRoot: true }, { ...recv, inPlace: "on the root" }, root],
    c: `MPI_Scatter(${dealt("send")}, {root}, {comm})`,
    gives: "buffer",
    lengths: "{send.n} == {recv.n} * {peers}",
    lengthsInPlace: "{send.n} % {peers} == 0",
  },
  allgather: {
    parameters: [
      { ...send, inPlace: "everywhere" },
      { ...recv, ...dense },
    ],
    c: `MPI_Allgather(${dealt("recv")}, {comm})`,
    gives: "buffer",
    lengths: "{recv.n} == {send.n} * {peers}",
    lengthsInPlace: "{recv.n} % {peers} == 0",
  },
  alltoall: {
    parameters: [
      { ...send, ...dense, inPlace: "everywhere" },
      { ...recv, ...dense },
    ],
    c: `MPI_Alltoall(${dealt("send").replace("{recv.n}", "(int)({recv.n} / {peers})")}, {comm})`,
    gives: "buffer",
    lengths: "{send.n} == {recv.n} && {send.n} % {peers} == 0",
    lengthsInPlace: "{recv.n} % {peers} == 0",
  },
};

/** `list.push(request)` */
export const PUSH: MpiCall = {
  parameters: [requests, { name: "request", is: "new request" }],
  gives: "void",
  isAlone: true,
};

const SEND = "const void *, int, intptr_t, int, int, intptr_t";
const DEALT = "const void *, int, intptr_t, void *, int, intptr_t";
const REDUCTION = "const void *, void *, int, intptr_t, intptr_t, intptr_t";

/** The C functions, with how C declares what they take; handles are as wide as a pointer in every ABI here. */
export const MPI_FUNCTIONS: Readonly<Record<string, string>> = {
  MPI_Barrier: "intptr_t",
  MPI_Send: SEND,
  MPI_Ssend: SEND,
  MPI_Recv: "void *, int, intptr_t, int, int, intptr_t, void *",
  MPI_Sendrecv: "const void *, int, intptr_t, int, int, void *, int, intptr_t, int, int, intptr_t, void *",
  MPI_Isend: `${SEND}, intptr_t *`,
  MPI_Issend: `${SEND}, intptr_t *`,
  MPI_Irecv: "void *, int, intptr_t, int, int, intptr_t, intptr_t *",
  MPI_Wait: "intptr_t *, void *",
  MPI_Test: "intptr_t *, int *, void *",
  MPI_Request_get_status: "intptr_t, int *, void *",
  MPI_Request_free: "intptr_t *",
  MPI_Probe: "int, int, intptr_t, void *",
  MPI_Iprobe: "int, int, intptr_t, int *, void *",
  MPI_Bcast: "void *, int, intptr_t, int, intptr_t",
  MPI_Reduce: "const void *, void *, int, intptr_t, intptr_t, int, intptr_t",
  MPI_Allreduce: REDUCTION,
  MPI_Scan: REDUCTION,
  MPI_Exscan: REDUCTION,
  MPI_Gather: `${DEALT}, int, intptr_t`,
  MPI_Scatter: `${DEALT}, int, intptr_t`,
  MPI_Allgather: `${DEALT}, intptr_t`,
  MPI_Alltoall: `${DEALT}, intptr_t`,
  MPI_Type_create_hvector: "int, int, intptr_t, intptr_t, intptr_t *",
  MPI_Type_commit: "intptr_t *",
  MPI_Type_free: "intptr_t *",
};
